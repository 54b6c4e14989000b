/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "kms/wipe.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Test(wipe, keeps_content_and_alignment)
{
	char *p = wipe_strdup("secret"), *q;
	unsigned char *z = wipe_calloc(3, 5);

	cr_assert_str_eq(p, "secret");
	q = wipe_realloc(p, 4096);
	cr_assert_str_eq(q, "secret");
	q = wipe_realloc(q, 3);
	cr_assert_eq(memcmp(q, "sec", 3), 0);
	cr_assert_eq((uintptr_t)q % _Alignof(max_align_t), 0);
	for (int i = 0; i < 15; i++)
		cr_assert_eq(z[i], 0);
	cr_assert_null(wipe_calloc(SIZE_MAX, 2));
	cr_assert_null(wipe_malloc(SIZE_MAX));
	wipe_free(q);
	wipe_free(z);
	wipe_free(NULL);
}

Test(wipe, wipes_the_whole_block)
{
	for (size_t size = 1; size < 100; size += 7) {
		unsigned char *p = wipe_malloc(size);
		void *block;

		memset(p, 0xA5, size);
		block = wipe_clean(p);
		for (size_t i = 0; i < size; i++)
			cr_assert_eq(p[i], 0, "byte %zu of %zu", i, size);
		free(block);
	}
	cr_assert_null(wipe_clean(NULL));
}
