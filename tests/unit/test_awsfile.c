/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "kms/awsfile.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

/* Python's RawConfigParser, line by line; NULL: refused. */
Test(awsfile, reads_files_as_pythons_parser_does)
{
	static const struct {
		const char *text, *section, *option, *value;
	} rows[] = {
		{"[default]\naws_access_key_id = A\n", "default", "aws_access_key_id", "A"},
		{"[default]\nAWS_Access_Key_ID:A\r\n", "default", "aws_access_key_id", "A"},
		{"[default]\nk = a ; not a comment # nor this\n", "default", "k", "a ; not a comment # nor this"},
		{"# c\n; c\n[default]\n  # c\nk=a=b:c\n", "default", "k", "a=b:c"},
		{"[default]\nk = a\n  b\n\n  c\n", "default", "k", "a\nb\n\nc"},
		{"[default]\nk =\n  endpoint_url = x\n  other=y\n", "default", "k", "\nendpoint_url = x\nother=y"},
		{"[default]\n  k = a\n  l = b\n", "default", "l", "b"},
		{"[default]\n  k = a\n    l = b\n", "default", "k", "a\nl = b"},
		{"[default]\nk = a\n# c\n  b\n", "default", "k", "a\nb"},
		{"[DEFAULT]\nregion = r\n[a]\nk = 1\n", "a", "region", "r"},
		{"[a]b]\nk = 1\n", "a]b", "k", "1"},
		{"[a]\nk = 1", "a", "k", "1"},
		{"[a]\nk =\n", "a", "k", ""},
		{"k = 1\n", NULL, NULL, NULL},
		{"[a]\nk = 1\nK = 2\n", NULL, NULL, NULL},
		{"[a]\n[a]\n", NULL, NULL, NULL},
		{"[a]\njust words\n", NULL, NULL, NULL},
		{"[a]\n= 1\n", NULL, NULL, NULL},
		{"[a]\nk =\n  no sign\n", NULL, NULL, NULL},
		{"[]\n", NULL, NULL, NULL},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct awsfile *f = NULL;
		struct kh_error err = {0};
		int rc = awsfile_parse("file", rows[i].text, strlen(rows[i].text), &f, &err);
		const char *value = rc ? NULL : awsfile_get(f, rows[i].section, rows[i].option);

		cr_assert_eq(rc == 0, rows[i].section != NULL, "row %zu: %s", i, err.msg);
		cr_assert(rc == 0 || err.code == KH_E_INPUT);
		cr_assert(rc || (value && strcmp(value, rows[i].value) == 0), "row %zu: '%s'", i, value ? value : "NULL");
		awsfile_free(f);
	}
}

Test(awsfile, finds_the_section_of_a_profile)
{
	static const char text[] = "[default]\nk=1\n[profile a]\nk=2\n[profile \"b c\"]\nk=3\n[profile 'd\" e']\nk=4\n"
				   "[profile\tf]\nk=5\n[g]\nk=6\n[services s]\nkms =\n  endpoint_url = http://x\n"
				   "[profile a b]\nk=7\n";
	static const struct {
		const char *kind, *name, *k;
	} rows[] = {
		{"profile", "default", "1"}, {"profile", "a", "2"},   {"profile", "b c", "3"}, {"profile", "d\" e", "4"},
		{"profile", "f", "5"},	     {"profile", "g", NULL},  {NULL, "g", "6"},	       {"profile", "nothing", NULL},
		{"profile", "a b", NULL},    {NULL, "DEFAULT", NULL},
	};
	struct awsfile *f = NULL;
	struct kh_error err;
	char url[32];

	cr_assert_eq(awsfile_parse("file", text, sizeof(text) - 1, &f, &err), 0, "%s", err.msg);
	for (size_t i = 0; i < N(rows); i++) {
		const char *section = awsfile_section(f, rows[i].kind, rows[i].name);

		cr_assert_eq(section != NULL, rows[i].k != NULL, "row %zu", i);
		cr_assert(!section || strcmp(awsfile_get(f, section, "k"), rows[i].k) == 0, "row %zu", i);
	}
	cr_assert(awsfile_nested(awsfile_get(f, awsfile_section(f, "services", "s"), "kms"), "endpoint_url", url,
				 sizeof(url)));
	cr_assert_str_eq(url, "http://x");
	cr_assert_not(awsfile_nested("flat", "endpoint_url", url, sizeof(url)));
	awsfile_free(f);
}

Test(awsfile, keeps_a_token_of_any_length_whole)
{
	struct awsfile *f = NULL;
	struct kh_error err;
	char text[5000], *at = text;

	at += snprintf(at, sizeof(text), "[default]\naws_session_token = ");
	memset(at, 'x', 4000);
	at[4000] = '\0';
	cr_assert_eq(awsfile_parse("file", text, strlen(text), &f, &err), 0);
	cr_assert_eq(strlen(awsfile_get(f, "default", "aws_session_token")), 4000);
	awsfile_free(f);
	cr_assert(awsfile_parse("file", "[a]\n\0k=1\n", 9, &f, &err));
}
