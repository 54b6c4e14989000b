/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * What the test machinery must report. must_report.sh runs each of these by itself
 * and fails when it passes: Criterion alone passes over most of them.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int sink;

Test(must, pass)
{
	cr_assert_eq(sink, 0);
}

Test(must, leak)
{
	char *volatile block = NULL;

	/* Many: a copy of the last one's address may be left on the stack. */
	for (int i = 0; i < 10; i++) {
		block = malloc(100);
		cr_assert_not_null(block);
		memset(block, 'x', 100);
	}
	block = NULL;
}

Test(must, overflow)
{
	volatile size_t past = 16;
	volatile char *block = malloc(16);

	cr_assert_not_null((const void *)block);
	block[past] = 1;
	free((void *)block);
}

Test(must, shift)
{
	volatile int places = 40;

	sink = 1 << places;
	sink = 0;
}

Test(must, uninitialised)
{
	volatile char *block = malloc(16);

	cr_assert_not_null((const void *)block);
	if (block[7] == 'x')
		sink = 0;
	free((void *)block);
}

Test(must, exits)
{
	exit(0);
}

Test(must, exits_at_once)
{
	_exit(0);
}
