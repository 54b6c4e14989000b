/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* Leaks and ends well: must_report.sh looks whether a shell test notices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *volatile block = NULL;

	/* Many: a copy of the last one's address may be left on the stack. */
	for (int i = 0; i < 10; i++) {
		block = malloc(100);
		if (block)
			memset(block, 'x', 100);
	}
	block = NULL;
	puts("done");
	fflush(stdout);
	return 0;
}
