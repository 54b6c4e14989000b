/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/log.h"
#include "fake_token.h"
#include "pkcs11/ckm.h"
#include "pkcs11/ckr.h"
#include "pkcs11/keygen.h"
#include "pkcs11/uri.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define READY (CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED)

static struct kh_error err;

static struct uri *uri_of(const char *text)
{
	struct uri *u = NULL;

	cr_assert_eq(uri_parse(text, URI_FROM_COMMAND_LINE, &u, &err), 0, "%s: %s", text, err.msg);
	return u;
}

/* A session with the fake token, as the commands have one. */
static struct token open_token(void)
{
	struct token t;

	cr_assert_eq(token_of_slot(fake_reset(), 0, &t, &err), 0, "%s", err.msg);
	cr_assert_eq(token_open(&t, false, &err), 0, "%s", err.msg);
	return t;
}

/* Which token a URI finds among: A/1, A/2 (the same label), B/3, one that fails, one not initialised. */
Test(pkcs11, token_is_found_or_told_why)
{
	static const struct {
		const char *uri;
		int rc;
		enum kh_code code;
		CK_SLOT_ID slot;
		const char *says, *hint;
	} cases[] = {
		{"pkcs11:token=B", 0, KH_OK, 2, NULL, NULL},
		{"pkcs11:serial=2", 0, KH_OK, 1, NULL, NULL},
		{"pkcs11:token=A;serial=1", 0, KH_OK, 0, NULL, NULL},
		{"pkcs11:token=A;slot-id=1", 0, KH_OK, 1, NULL, NULL},
		{"pkcs11:token=A", -1, KH_E_INPUT, 0, "2 tokens match", "serial=2"},
		{"pkcs11:", -1, KH_E_INPUT, 0, "3 tokens match", "serial=3"},
		{"pkcs11:token=C", -1, KH_E_TOKEN, 0, "C_GetTokenInfo on slot 3: CKR_DEVICE_ERROR (0x30)", ""},
		{"pkcs11:token=Blank", -1, KH_E_TOKEN, 0, "not initialised", "initialise"},
		{"pkcs11:manufacturer=Other", -1, KH_E_TOKEN, 0, "no other token matches", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CK_FUNCTION_LIST *fn = fake_reset();
		struct uri *u = uri_of(cases[i].uri);
		struct token t;

		fake_slot(0, "A", "1", READY);
		fake_slot(1, "A", "2", READY);
		fake_slot(2, "B", "3", READY);
		fake_slot(3, "C", "4", READY);
		fake_slot(4, "Blank", "", 0);
		fake.failing_slot = 3;
		cr_assert_eq(token_find(fn, u, &t, &err), cases[i].rc, "%s", cases[i].uri);
		if (cases[i].rc == 0)
			cr_assert_eq(t.slot, cases[i].slot, "%s", cases[i].uri);
		else
			cr_assert(err.code == cases[i].code && strstr(err.msg, cases[i].says) &&
					  strstr(err.hint, cases[i].hint),
				  "%s: %s / %s", cases[i].uri, err.msg, err.hint);
		cr_assert_eq(fake.opens, 0);
		uri_free(u);
	}
}

Test(pkcs11, slot_counts_that_cannot_be_are_refused)
{
	static const CK_ULONG counts[] = {TOKEN_SLOTS_MAX + 1, (CK_ULONG)-1};
	struct uri *u = uri_of("pkcs11:token=T");
	CK_FUNCTION_LIST *fn;
	struct token t;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		fn = fake_reset();
		fake.said_slots = counts[i];
		cr_assert_eq(token_find(fn, u, &t, &err), -1);
		cr_assert_eq(err.code, KH_E_TOKEN);
	}
	fn = fake_reset();
	fake.gave_slots = 3; /* there was room for one */
	cr_assert(token_find(fn, u, &t, &err) == -1 && strstr(err.msg, "gave 3 slots") && err.hint[0]);
	uri_free(u);
}

/* What logging in takes, by the token's flags; the refusals come before any PIN is asked for. */
Test(pkcs11, login_is_judged_by_the_flags)
{
	static const struct {
		CK_FLAGS flags;
		int rc;
		enum token_login kind;
		const char *says;
	} cases[] = {
		{READY, 0, TOKEN_LOGIN_PIN, NULL},
		{READY | CKF_USER_PIN_COUNT_LOW, 0, TOKEN_LOGIN_PIN, NULL},
		{READY | CKF_PROTECTED_AUTHENTICATION_PATH, 0, TOKEN_LOGIN_PROTECTED, NULL},
		{CKF_TOKEN_INITIALIZED, 0, TOKEN_LOGIN_NONE, NULL},
		{CKF_TOKEN_INITIALIZED | CKF_USER_PIN_LOCKED, 0, TOKEN_LOGIN_NONE, NULL},
		{READY | CKF_USER_PIN_FINAL_TRY, -1, TOKEN_LOGIN_NONE, "CKF_USER_PIN_FINAL_TRY"},
		{READY | CKF_USER_PIN_FINAL_TRY | CKF_PROTECTED_AUTHENTICATION_PATH, -1, TOKEN_LOGIN_NONE, "FINAL_TRY"},
		{READY | CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY, -1, TOKEN_LOGIN_NONE, "CKF_USER_PIN_LOCKED"},
		{READY | CKF_USER_PIN_TO_BE_CHANGED, -1, TOKEN_LOGIN_NONE, "CKF_USER_PIN_TO_BE_CHANGED"},
		{CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED, -1, TOKEN_LOGIN_NONE, "no user PIN"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CK_FUNCTION_LIST *fn = fake_reset();
		enum token_login kind;
		struct token t;

		fake_slot(0, "T", "1", cases[i].flags);
		cr_assert_eq(token_of_slot(fn, 0, &t, &err), 0);
		cr_assert_eq(token_login_kind(&t, &kind, &err), cases[i].rc, "case %zu", i);
		cr_assert_eq(kind, cases[i].kind, "case %zu", i);
		if (cases[i].says)
			cr_assert(err.code == KH_E_TOKEN && strstr(err.msg, cases[i].says) && err.hint[0], "case %zu: %s",
				  i, err.msg);
		cr_assert_eq(fake.logins, 0);
	}
	log_reset();
}

/* What the token says of PINs and of who is logged in, before one is sent. */
static void check_no_try(void)
{
	static const struct {
		CK_ULONG least;
		size_t len;
		unsigned logins;
	} lengths[] = {{0, 1, 1}, {4, 4, 1}, {4, 3, 0}, {14, 14, 1}, {64, 14, 0}, {65, 14, 1},
		       {CK_UNAVAILABLE_INFORMATION, 1, 1}};
	static const struct {
		CK_STATE state;
		CK_RV rv;
		int rc;
		bool was;
	} states[] = {{CKS_RO_PUBLIC_SESSION, CKR_OK, 0, false},	{CKS_RO_USER_FUNCTIONS, CKR_OK, 0, true},
		      {CKS_RW_USER_FUNCTIONS, CKR_OK, 0, true},		{CKS_RW_SO_FUNCTIONS, CKR_OK, -1, false},
		      {CKS_RW_SO_FUNCTIONS, CKR_GENERAL_ERROR, 0, false}, {CKS_RO_PUBLIC_SESSION, CKR_DEVICE_REMOVED, -1, false}};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct secret *pin = secret_copy("user:pass word", lengths[i].len, &err);
		struct token t = open_token();

		t.info.ulMinPinLen = lengths[i].least;
		cr_assert_eq(token_login(&t, pin, &err), lengths[i].logins ? 0 : -1, "length %zu", i);
		cr_assert_eq(fake.logins, lengths[i].logins, "length %zu", i);
		if (!lengths[i].logins)
			cr_assert(err.code == KH_E_TOKEN && err.native == CKR_PIN_LEN_RANGE && strstr(err.hint, "no try"));
		token_close(&t);
		secret_free(pin);
	}
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct token t = open_token();

		fake.state = states[i].state;
		fake.session_info = states[i].rv;
		cr_assert_eq(token_login_state(&t, &err), states[i].rc, "state %zu", i);
		cr_assert_eq(t.was_logged_in, states[i].was, "state %zu", i);
		token_close(&t);
		cr_assert(fake.logins == 0 && fake.logouts == 0, "state %zu", i);
	}
	log_reset();
}

/* One try, whatever the answer; logged out by whoever logged in. */
Test(pkcs11, pin_is_tried_once)
{
	static const struct {
		CK_RV rv;
		int rc;
		unsigned logouts;
	} cases[] = {
		{CKR_OK, 0, 1},		      {CKR_USER_ALREADY_LOGGED_IN, 0, 0}, {CKR_PIN_INCORRECT, -1, 0},
		{CKR_PIN_LEN_RANGE, -1, 0},   {CKR_PIN_LOCKED, -1, 0},		  {CKR_PIN_EXPIRED, -1, 0},
		{CKR_TOKEN_NOT_PRESENT, -1, 0}, {CKR_FUNCTION_CANCELED, -1, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct secret *pin = secret_copy("user:pass word", 14, &err);
		struct token t = open_token();

		fake.login = cases[i].rv;
		cr_assert_eq(token_login(&t, pin, &err), cases[i].rc);
		cr_assert_str_eq(fake.login_pin, "user:pass word");
		cr_assert_str_empty(secret_text(pin), "it is wiped when C_Login has returned");
		if (cases[i].rc)
			cr_assert(err.code == KH_E_TOKEN && err.native == cases[i].rv && strstr(err.msg, "C_Login") &&
				  strstr(err.msg, ckr_name(cases[i].rv)) && !strstr(err.msg, "pass word"));
		token_close(&t);
		token_close(&t);
		cr_assert(fake.logins == 1 && fake.logouts == cases[i].logouts && fake.closes == 1, "case %zu", i);
		secret_free(pin);
	}
	check_no_try();
}

Test(pkcs11, protected_path_gets_no_pin_and_sessions_are_read_only)
{
	struct token t = open_token();

	cr_assert_eq(fake.open_flags, CKF_SERIAL_SESSION);
	cr_assert_eq(token_login(&t, NULL, &err), 0);
	cr_assert(fake.login_pin_was_null);
	token_close(&t);
	t.token_objects = true;
	cr_assert_eq(token_open(&t, false, &err), 0);
	cr_assert(fake.open_flags == (CKF_SERIAL_SESSION | CKF_RW_SESSION) && t.read_write);
	token_close(&t);
	fake.open = CKR_SESSION_COUNT;
	cr_assert_eq(token_open(&t, false, &err), -1);
	token_close(&t);
	cr_assert(fake.closes == 2 && token_is_gone(CKR_DEVICE_REMOVED) && !token_is_gone(CKR_PIN_INCORRECT));
	cr_assert(token_is_gone(CKR_SESSION_HANDLE_INVALID) && token_is_gone(CKR_SESSION_CLOSED) &&
		  token_is_gone(CKR_TOKEN_NOT_PRESENT));
}

/* Attributes that are not there, not said, too long, or of a length that cannot be. */
Test(pkcs11, attributes_are_read_with_distrust)
{
	struct token t = open_token();
	CK_OBJECT_HANDLE o = fake_secret(CKK_AES, 32, "key", 1);
	struct buf out = BUF_INIT(64);
	CK_KEY_TYPE number;
	struct attr_read type = ATTR_READ(CKA_KEY_TYPE, number);
	struct key k;
	bool there;

	cr_assert_eq(key_read(&t, o, &k, &err), 0);
	cr_assert(k.spec == KEYSPEC_SYMMETRIC_DEFAULT && k.bits == 256 && k.sensitive == BUNDLE_TRUE &&
		  k.local == BUNDLE_ABSENT && !k.has_key_gen_mechanism && k.check_value_len == 0);
	fake_get(o, CKA_SENSITIVE)->rv = CKR_ATTRIBUTE_SENSITIVE;
	cr_assert_eq(key_read(&t, o, &k, &err), 0);
	cr_assert(k.sensitive == BUNDLE_ABSENT && k.extractable == BUNDLE_TRUE);
	fake_get(o, CKA_SENSITIVE)->rv = CKR_OK;
	fake_get(o, CKA_SENSITIVE)->unwritten = true; /* CKR_OK, and nothing written, is not CK_TRUE */
	cr_assert_eq(key_read(&t, o, &k, &err), 0);
	cr_assert_eq(k.sensitive, BUNDLE_ABSENT);
	fake_get(o, CKA_SENSITIVE)->unwritten = false;
	fake_get(o, CKA_KEY_TYPE)->unwritten = true;
	cr_assert_eq(attr_read_all(&t, o, &type, 1, &err), 0); /* alone, so that the code is CKR_OK */
	cr_assert_not(type.there);
	fake_get(o, CKA_KEY_TYPE)->unwritten = false;
	fake_get(o, CKA_SENSITIVE)->value[0] = 2;
	cr_assert_eq(key_read(&t, o, &k, &err), 0);
	cr_assert_eq(k.sensitive, BUNDLE_ABSENT);
	fake.stops_early = true;
	cr_assert_eq(key_read(&t, o, &k, &err), 0);
	cr_assert(k.object_class == CKO_SECRET_KEY && k.type == CKK_AES && k.extractable == BUNDLE_ABSENT &&
		  k.label_len == 0 && k.bits == 0);
	fake.stops_early = false;
	cr_assert_eq(attr_read_bytes(&t, o, CKA_MODULUS, &out, &there, &err), 0);
	cr_assert(!there && out.len == 0);
	cr_assert_eq(attr_read_bytes(&t, o, CKA_LABEL, &out, &there, &err), 0);
	cr_assert(there && out.len == 3 && memcmp(out.data, "key", 3) == 0);
	fake_get(o, CKA_LABEL)->said_len = 65;
	cr_assert_eq(attr_read_bytes(&t, o, CKA_LABEL, &out, &there, &err), -1);
	fake_get(o, CKA_LABEL)->said_len = KEY_LABEL_MAX + 1;
	cr_assert(key_read(&t, o, &k, &err) == -1 && err.code == KH_E_TOKEN && strstr(err.msg, "257 bytes"));
	fake_get(o, CKA_LABEL)->said_len = 0;
	fake.get = CKR_DEVICE_REMOVED;
	cr_assert(key_read(&t, o, &k, &err) == -1 && err.native == CKR_DEVICE_REMOVED && err.hint[0]);
	buf_free(&out);
	token_close(&t);
}

Test(pkcs11, searches_end_and_are_closed)
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
Test(pkcs11, key_is_found_or_told_why)
{
	static const struct {
		const char *uri;
		const char *label; /* found; NULL: refused */
		const char *says, *hint;
	} cases[] = {
		{"pkcs11:object=one", "one", NULL, NULL},
		{"pkcs11:object=two;id=%03", "two", NULL, NULL},
		{"pkcs11:id=%02", "two", NULL, NULL},
		{"pkcs11:object=two", NULL, "2 keys match 'two'", "id 03"},
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

Test(pkcs11, keys_are_told_haulable_or_why_not)
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
		{CKK_AES, 32, CKA_WRAP_WITH_TRUSTED, true, KEYSPEC_SYMMETRIC_DEFAULT, "CKA_WRAP_WITH_TRUSTED"},
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
	token_close(&t);
}
