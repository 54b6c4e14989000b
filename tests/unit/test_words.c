/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/file.h"
#include "bundle/words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The published list, where it is there: byte, even word, odd word. */
Test(words, table_is_the_published_list)
{
	const char *source = getenv("KEYHAUL_SRC");
	char path[4096], even[32], odd[32];
	unsigned byte, lines = 0;
	FILE *list;

	(void)snprintf(path, sizeof(path), "%s/../shared/data/pgp-words.tsv", source ? source : ".");
	list = fopen(path, "r");
	if (!list) {
		cr_skip_test("../shared/data/pgp-words.tsv is not there");
		return;
	}
	while (fscanf(list, "%2x %31s %31s", &byte, even, odd) == 3) {
		cr_assert_eq(byte, lines);
		cr_assert_str_eq(words_of((unsigned char)byte, 0), even);
		cr_assert_str_eq(words_of((unsigned char)byte, 1), odd);
		lines++;
	}
	cr_assert_eq(lines, 256u);
	(void)fclose(list);
}

/* The digest that the list's keepers publish, and the rule that no word stands twice. */
Test(words, digest)
{
	unsigned char digest[FILE_DIGEST], back[WORDS_COUNT];
	char hex[2 * FILE_DIGEST + 1] = "", text[WORDS_TEXT];
	static const char *const bad[] = {
		"", "00", "XX02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
		"AB02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
		"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021",
	};
	struct kh_error err;

	cr_assert_eq(file_sha256("mekmitasdigoat", 14, digest, &err), 0);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	cr_assert_eq(words_text(hex, text, &err), 0);
	cr_assert_str_eq(text, "optic onlooker ringbolt recover upset almighty steamship hemisphere billiard butterfat "
			       "classic letterhead reward filament waffle midsummer berserk speculate cement revival "
			       "ribcage repellent commence combustion freedom component standard disruptive physique "
			       "liberty acme typewriter");
	cr_assert_eq(words_digest(hex, back, &err), 0);
	cr_assert_arr_eq(back, digest, sizeof(digest));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(words_text(bad[i], text, &err), -1, "%s", bad[i]);
		cr_assert_eq(err.code, KH_E_INPUT);
	}
	for (unsigned a = 0; a < 512; a++)
		for (unsigned b = a + 1; b < 512; b++)
			cr_assert_str_neq(words_of((unsigned char)a, a / 256), words_of((unsigned char)b, b / 256));
}

Test(words, typed)
{
	static const struct {
		const char *text;
		bool same;
	} rows[] = {
		{"optic", true}, {"OPTIC", true}, {" Optic\t", true}, {"optic\r\n", true}, {"opti", false}, {"optics", false},
		{"optic onlooker", false}, {"", false}, {" ", false}, {"passenger", false}, {"0ptic", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_assert_eq(words_same(rows[i].text, 0x8d, 0), rows[i].same, "'%s'", rows[i].text);
	cr_assert(words_same("algol", 0x09, 2));
	cr_assert(!words_same("algol", 0x09, 3));
}
