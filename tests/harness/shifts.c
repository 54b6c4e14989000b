/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* Shifts too far, on the way out: must_report.sh looks whether a shell test notices. */
#include <stdio.h>

int main(void)
{
	volatile int places = 40;
	volatile int one = 1;

	puts("done");
	fflush(stdout);
	return (one << places) & 0;
}
