/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/log.h"
#include "fake_token.h"
#include "pkcs11/key.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct kh_error err;

static struct uri *uri_of(const char *text)
{
	struct uri *u = NULL;

	cr_assert_eq(uri_parse(text, URI_FROM_COMMAND_LINE, &u, &err), 0, "%s: %s", text, err.msg);
	return u;
}

static struct token open_token(void)
{
	struct token t;

	cr_assert_eq(token_of_slot(fake_reset(), 0, &t, &err), 0, "%s", err.msg);
	cr_assert_eq(token_open(&t, false, &err), 0, "%s", err.msg);
	return t;
}

Test(key, searches_end_and_are_closed)
{
	struct token t = open_token();
	struct attr_template match = {.n = 0};
	CK_OBJECT_HANDLE *handles = NULL;
	size_t n = 0;

	for (unsigned char i = 0; i < 5; i++)
		fake_secret(CKK_AES, 32, "k", i);
	cr_assert_eq(key_search(&t, &match, &handles, &n, &err), 0);
	cr_assert_eq(n, 5);
	free(handles);
	fake.find_says = 65;
	cr_assert(key_search(&t, &match, &handles, &n, &err) == -1 && strstr(err.msg, "gave 65 objects") && !handles &&
		  err.hint[0]);
	fake.find_says = 0;
	fake.find_forever = true;
	cr_assert(key_search(&t, &match, &handles, &n, &err) == -1 && strstr(err.msg, "10000") && !handles);
	fake.find_forever = false;
	cr_assert(fake.finds_open == 3 && fake.finds_closed == 3);
	fake.find_init = CKR_SESSION_HANDLE_INVALID;
	cr_assert(key_search(&t, &match, &handles, &n, &err) == -1 && err.native == CKR_SESSION_HANDLE_INVALID);
	token_close(&t);
}

/* Exactly one key, or how many and what tells them apart. */
Test(key, key_is_found_or_told_why)
{
	static const struct {
		const char *uri;
		const char *label; /* found; NULL: refused */
		const char *says, *hint;
	} cases[] = {
		{"pkcs11:object=one", "one", NULL, NULL},
		{"pkcs11:object=two;id=%03", "two", NULL, NULL},
		{"pkcs11:id=%02", "two", NULL, NULL},
		{"pkcs11:object=two", NULL, "2 keys match 'two'", ";id=%03"},
		{"pkcs11:object=none", NULL, "no key 'none' matches", "logged in"},
		{"pkcs11:object=one;type=private", NULL, "no key 'one' matches", ""},
		{"pkcs11:object=one;type=cert", NULL, "names no key", "secret-key"},
		{"pkcs11:object=cert", NULL, "no key", ""},
		{"pkcs11:", NULL, "3 keys match", "'one'"},
	};
	struct token t = open_token();
	CK_OBJECT_HANDLE cert = fake_object();

	fake_set_ulong(cert, CKA_CLASS, CKO_CERTIFICATE);
	fake_set(cert, CKA_LABEL, "cert", 4);
	fake_secret(CKK_AES, 32, "one", 1);
	fake_secret(CKK_AES, 32, "two", 2);
	fake_secret(CKK_AES, 32, "two", 3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct uri *u = uri_of(cases[i].uri);
		struct key_query q;
		struct key k;
		int rc = key_query_from_uri(u, &q, &err) || key_find(&t, &q, &k, &err) ? -1 : 0;

		cr_assert_eq(rc, cases[i].label ? 0 : -1, "%s", cases[i].uri);
		if (cases[i].label)
			cr_assert(strcmp(k.label, cases[i].label) == 0 && key_matches_uri(&t, &k, u), "%s", cases[i].uri);
		else
			cr_assert(err.code == KH_E_INPUT && strstr(err.msg, cases[i].says) &&
					  strstr(err.hint, cases[i].hint),
				  "%s: %s / %s", cases[i].uri, err.msg, err.hint);
		uri_free(u);
	}
	token_close(&t);
}

static int find_by(const struct token *t, const char *uri)
{
	struct uri *u = uri_of(uri);
	struct key_query q;
	struct key k;
	int rc = key_query_from_uri(u, &q, &err) || key_find(t, &q, &k, &err) ? -1 : 0;

	uri_free(u);
	return rc;
}

/* The one key that a search gives is not taken for the one that was asked for. */
Test(key, a_search_that_passes_over_its_template_finds_nothing_wrong)
{
	static const struct {
		CK_ATTRIBUTE_TYPE passes_over;
		const char *right, *wrong, *wrong_too;
	} cases[] = {
		{CKA_LABEL, "pkcs11:object=wrongkey", "pkcs11:object=payroll", "pkcs11:object=wrongkey2"},
		{CKA_ID, "pkcs11:id=%01", "pkcs11:id=%11%22", "pkcs11:id=%02"},
		{CKA_CLASS, "pkcs11:object=wrongkey;type=secret-key", "pkcs11:object=wrongkey;type=private",
		 "pkcs11:type=private"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct token t = open_token();
		CK_OBJECT_HANDLE o = fake_secret(CKK_AES, 32, "wrongkey", 1);

		fake.passes_over = cases[i].passes_over;
		cr_assert_eq(find_by(&t, cases[i].right), 0, "%s: %s", cases[i].right, err.msg);
		cr_assert_str_empty(log_warnings());
		cr_assert(find_by(&t, cases[i].wrong) == -1 && err.code == KH_E_INPUT, "%s", cases[i].wrong);
		cr_assert(strstr(log_warnings(), "gave 1 key that is not"), "%s", log_warnings());
		cr_assert_eq(find_by(&t, cases[i].wrong_too), -1, "%s", cases[i].wrong_too);
		fake_get(o, CKA_LABEL)->rv = fake_get(o, CKA_ID)->rv = CKR_ATTRIBUTE_TYPE_INVALID; /* nor one that tells nothing */
		cr_assert(i == 2 || find_by(&t, cases[i].right) == -1, "%s", cases[i].right);
		token_close(&t);
		log_reset();
	}
}

Test(key, keys_are_told_haulable_or_why_not)
{
	static const struct {
		CK_KEY_TYPE type;
		CK_ULONG bytes;
		CK_ATTRIBUTE_TYPE flip;
		bool to;
		enum keyspec spec;
		const char *why; /* NULL: haulable */
	} cases[] = {
		{CKK_AES, 32, CKA_SENSITIVE, true, KEYSPEC_SYMMETRIC_DEFAULT, NULL},
		{CKK_AES, 16, CKA_SENSITIVE, true, KEYSPEC_SYMMETRIC_DEFAULT, NULL},
		{CKK_AES, 24, CKA_SENSITIVE, true, KEYSPEC_NONE, "not 192"},
		{CKK_GENERIC_SECRET, 28, CKA_SENSITIVE, true, KEYSPEC_HMAC_224, NULL},
		{CKK_GENERIC_SECRET, 64, CKA_SENSITIVE, true, KEYSPEC_HMAC_512, NULL},
		{CKK_GENERIC_SECRET, 20, CKA_SENSITIVE, true, KEYSPEC_NONE, "not 160"},
		{CKK_SHA384_HMAC, 48, CKA_SENSITIVE, true, KEYSPEC_HMAC_384, NULL},
		{CKK_SHA384_HMAC, 32, CKA_SENSITIVE, true, KEYSPEC_NONE, "no keys of type"},
		{CKK_DES3, 24, CKA_SENSITIVE, true, KEYSPEC_NONE, "no keys of type 0x15"},
		{CKK_AES, 32, CKA_EXTRACTABLE, false, KEYSPEC_SYMMETRIC_DEFAULT, "not extractable"},
		{CKK_AES, 32, CKA_SENSITIVE, false, KEYSPEC_SYMMETRIC_DEFAULT, "not sensitive"},
		{CKK_AES, 32, CKA_WRAP_WITH_TRUSTED, true, KEYSPEC_SYMMETRIC_DEFAULT, NULL},
	};
	struct token t = open_token();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CK_OBJECT_HANDLE o = fake_secret(cases[i].type, cases[i].bytes, "k", 1);
		char why[KEY_WHY_MAX];
		struct key k;

		fake_set_bool(o, cases[i].flip, cases[i].to);
		cr_assert_eq(key_read(&t, o, &k, &err), 0);
		cr_assert_eq(k.spec, cases[i].spec, "case %zu", i);
		cr_assert_eq(key_is_haulable(&k, why), cases[i].why == NULL, "case %zu: %s", i, why);
		cr_assert(!cases[i].why || strstr(why, cases[i].why), "case %zu: %s", i, why);
		fake.objects[o - 1].used = false;
	}
	{ /* CKA_EXTRACTABLE that is not told is not false */
		CK_OBJECT_HANDLE o = fake_secret(CKK_AES, 32, "k", 1);
		char why[KEY_WHY_MAX];
		struct key k;

		fake_get(o, CKA_EXTRACTABLE)->rv = CKR_ATTRIBUTE_TYPE_INVALID;
		cr_assert_eq(key_read(&t, o, &k, &err), 0);
		cr_assert(k.extractable == BUNDLE_ABSENT && key_is_haulable(&k, why), "%s", why);
	}
	token_close(&t);
}
