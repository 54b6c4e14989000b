/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "kms/creds.h"
#include "kms/http.h"
#include "kms/profile.h"
#include "kms/sts_xml.h"
#include "kms/wordsplit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

/* What Python's shlex.split gives, words with | between; NULL where it refuses. */
Test(creds, a_command_is_split_as_aws_splits_it)
{
	static const struct {
		const char *line, *words;
	} rows[] = {
		{"a", "a"}, {" a  b\tc\n d\r", "a|b|c|d"}, {"a 'b c' \"d e\"", "a|b c|d e"}, {"a''b \"\" ''", "ab||"},
		{"a\\ b", "a b"}, {"'a\\ b'", "a\\ b"}, {"\"a\\ b\"", "a\\ b"}, {"\"a\\\"b\\\\c\\$\"", "a\"b\\c\\$"},
		{"$HOME `x` a;b|c #d *", "$HOME|`x`|a;b|c|#d|*"}, {"\"it's\" 'say \"x\"'", "it's|say \"x\""},
		{"a'b'\"c\"d", "abcd"}, {"'a\nb'", "a\nb"}, {"\\'", "'"},
		{"", NULL}, {" \t", NULL}, {"a 'b", NULL}, {"a \"b", NULL}, {"a\\", NULL}, {"\"a\\", NULL}, {"'a\\''", NULL},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct kh_error err = {0};
		struct wordsplit w;
		char got[256] = "";
		int rc = wordsplit(rows[i].line, &w, &err);

		for (size_t k = 0; !rc && w.words[k]; k++)
			(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), k ? "|%s" : "%s", w.words[k]);
		cr_assert_eq(rc == 0, rows[i].words != NULL, "%s: %s", rows[i].line, err.msg);
		cr_assert(rc || strcmp(got, rows[i].words) == 0, "%s: %s", rows[i].line, got);
		cr_assert(rc == 0 || err.code == KH_E_INPUT);
		wordsplit_clear(&w);
	}
}

Test(creds, more_words_than_there_is_room_for)
{
	char line[2 * (WORDSPLIT_MAX + 1) + 1] = "";
	struct kh_error err = {0};
	struct wordsplit w;

	for (size_t i = 0; i < WORDSPLIT_MAX; i++)
		strcat(line, "a ");
	cr_assert_eq(wordsplit(line, &w, &err), 0, "%s", err.msg);
	wordsplit_clear(&w);
	strcat(line, "a");
	cr_assert(wordsplit(line, &w, &err));
	wordsplit_clear(&w);
}

/* The value of A/B, NULL where the text is refused. */
Test(creds, stss_xml_is_read_by_paths)
{
	static const struct {
		const char *xml, *value;
	} rows[] = {
		{"<A><B>x</B></A>", "x"}, {"<A xmlns=\"u\"><B>x</B></A>", "x"}, {"<n:A xmlns:n=\"u\"><n:B>x</n:B></n:A>", "x"},
		{"<A><B>\n x&amp;&lt;y \n</B></A>", "x&<y"}, {"<A><B><![CDATA[<x>]]></B></A>", "<x>"}, {"<A><B>a<!-- c -->b</B></A>", "ab"},
		{"<A><C><B>x</B></C></A>", ""}, {"<A/>", ""}, {"<B>x</B>", ""}, {"<A><B/></A>", ""}, {"<A><B>1234567890</B></A>", "1234567890"},
		{"<A><B>x<C>y</C>z</B></A>", "x"},
		{"<A><B>12345678901</B></A>", NULL}, {"<A><B>x</B><B>y</B></A>", NULL}, {"<A><B>x", NULL}, {"", NULL}, {"{}", NULL},
		{"<!DOCTYPE A><A><B>x</B></A>", NULL}, {"<!DOCTYPE A [<!ENTITY e \"x\">]><A><B>&e;</B></A>", NULL}, {"<A><B>&e;</B></A>", NULL},
		{"<A><B>x</B></A><A/>", NULL}, {"<A><B>\x01</B></A>", NULL}, {"<A><B>\xff</B></A>", NULL},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct sts_field f = {"A/B", 10, NULL};
		struct kh_error err = {0};
		struct secret *text = secret_copy(rows[i].xml, strlen(rows[i].xml), &err);
		int rc = sts_xml_read(text, &f, 1, &err);

		cr_assert_eq(rc == 0, rows[i].value != NULL, "%s: %s", rows[i].xml, err.msg);
		cr_assert(rc || strcmp(sts_field_text(&f), rows[i].value) == 0, "%s: %s", rows[i].xml, sts_field_text(&f));
		cr_assert(rc == 0 || err.code == KH_E_KMS);
		sts_fields_clear(&f, 1);
		secret_free(text);
	}
}

Test(creds, deep_xml_is_refused)
{
	struct sts_field f = {"A/B", 10, NULL};
	struct secret *text;
	struct kh_error err = {0};
	char deep[1024] = "";

	for (size_t i = 0; i < 200; i++)
		strcat(deep, "<A>");
	text = secret_copy(deep, strlen(deep), &err);
	cr_assert(sts_xml_read(text, &f, 1, &err));
	cr_assert(strstr(err.msg, "deep"), "%s", err.msg);
	secret_free(text);
}

/* putenv keeps the text itself: what is left in it is what /proc would show. */
Test(creds, the_environment_is_wiped_once_it_was_taken)
{
	static char id[] = "AWS_ACCESS_KEY_ID=AKID", secret[] = "AWS_SECRET_ACCESS_KEY=hidden", token[] = "AWS_SESSION_TOKEN=token",
		    container[] = "AWS_CONTAINER_AUTHORIZATION_TOKEN=pod";
	static const struct http_opts http = {.connect_timeout = 1};
	const struct creds_opts opts = {.http = &http, .attempts = 1};
	const struct profile profile = {.name = "default"};
	struct creds_source *s = NULL;
	struct kh_error err = {0};

	cr_assert(!putenv(id) && !putenv(secret) && !putenv(token) && !putenv(container));
	(void)unsetenv("AWS_CREDENTIAL_EXPIRATION");
	(void)unsetenv("AWS_SECURITY_TOKEN");
	cr_assert_eq(creds_open(&opts, &profile, &s, &err), 0, "%s", err.msg);
	cr_assert_str_eq(secret_text(creds_current(s)->secret_key), "hidden");
	cr_assert_str_eq(secret_text(creds_current(s)->session_token), "token");
	cr_assert(!getenv("AWS_SECRET_ACCESS_KEY") && !getenv("AWS_SESSION_TOKEN") && !getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
	cr_assert_eq(memchr(secret, 'h', sizeof(secret)), NULL);
	cr_assert_eq(memcmp(token + sizeof("AWS_SESSION_TOKEN"), "\0\0\0\0", 4), 0);
	cr_assert_eq(memcmp(container + sizeof("AWS_CONTAINER_AUTHORIZATION_TOKEN"), "\0\0", 2), 0);
	cr_assert_eq(creds_renew(s, 1, &err), 0);
	cr_assert_str_eq(creds_current(s)->provider, "env");
	creds_close(s);
}
