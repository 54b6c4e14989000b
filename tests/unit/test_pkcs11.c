/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/log.h"
#include "fake_token.h"
#include "pkcs11/ckm.h"
#include "pkcs11/ckr.h"
#include "pkcs11/keygen.h"
#include "pkcs11/module.h"
#include "pkcs11/uri.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
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

/* Each serial number of many with one label; whole names, and how many more, where there is no room for all. */
static void many_tokens_are_told_apart(void)
{
	char label[33], serial[17];

	for (unsigned labels = 1; labels <= FAKE_SLOTS; labels *= 2) {
		CK_FUNCTION_LIST *fn = fake_reset();
		struct uri *u = uri_of("pkcs11:manufacturer=Maker");
		size_t told = 0;
		struct token t;

		for (unsigned i = 0; i < FAKE_SLOTS; i++) {
			(void)snprintf(label, sizeof(label), "a label of two and thirty bytes%u", i % labels);
			(void)snprintf(serial, sizeof(serial), "serial-number-%02u", i);
			fake_slot(i, label, serial, READY);
		}
		cr_assert(token_find(fn, u, &t, &err) == -1 && strstr(err.msg, "8 tokens match"));
		for (const char *at = err.hint; (at = strstr(at, "serial=serial-number-")) != NULL; at++)
			told++;
		cr_assert(labels < FAKE_SLOTS ? told == 8 : told == 7 && strstr(err.hint, "serial=serial-number-06, and 1 more"), "%s",
			  err.hint);
		cr_assert(labels != 2 || strstr(err.hint, "bytes0' is serial=serial-number-00 or serial=serial-number-02 or"), "%s",
			  err.hint);
		uri_free(u);
	}
}

/* By what can be pasted into a URI. */
static void serials_are_told_as_uris_have_them(void)
{
	CK_FUNCTION_LIST *fn = fake_reset();
	struct uri *u = uri_of("pkcs11:token=A");
	struct token t;

	fake_slot(0, "A", "v2 A;1", READY);
	fake_slot(1, "A", "", READY);
	cr_assert_eq(token_find(fn, u, &t, &err), -1);
	cr_assert_not_null(strstr(err.hint, "'A' is serial=v2%20A%3B1 or slot-id=1"), "%s", err.hint);
	uri_free(u);
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
		{"pkcs11:", -1, KH_E_INPUT, 0, "3 tokens match", "'A' is serial=1 or serial=2; 'B' is serial=3"},
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
	many_tokens_are_told_apart();
	serials_are_told_as_uris_have_them();
}

/* No path is not this program itself; what is loaded offers its names to nobody, and stays (NSS leaks where it goes). */
static void check_module_load(void)
{
	const char *build = getenv("KEYHAUL_BUILD");
	struct module *m = NULL;
	char path[4096];

	cr_assert_eq(module_open("", NULL, &m, &err), -1);
	cr_assert_str_eq(err.msg, "'' is no PKCS#11 module: the path is empty");
	snprintf(path, sizeof(path), "%s/tests/relay/relay.so", build ? build : ".");
	(void)setenv("KEYHAUL_RELAY_HOST", "/nowhere", 1); /* it is loaded, and then no token */
	cr_assert_eq(module_open(path, NULL, &m, &err), -1);
	cr_assert(strstr(err.msg, "C_Initialize") && strstr(err.msg, "CKR_DEVICE_REMOVED"), "%s", err.msg);
	cr_assert_null(dlsym(RTLD_DEFAULT, "relay_pass"));
	cr_assert_not_null(dlopen(path, RTLD_LAZY | RTLD_NOLOAD), "it stays");
}

Test(pkcs11, slot_counts_that_cannot_be_are_refused)
{
	static const CK_ULONG counts[] = {TOKEN_SLOTS_MAX + 1, (CK_ULONG)-1};
	struct uri *u = uri_of("pkcs11:token=T");
	CK_FUNCTION_LIST *fn;
	struct token t;

	check_module_load();
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

/* A length without its bytes, or with the first of them, is no value; bytes that are what buffers are filled with are. */
static void check_told_lengths(const struct token *t, CK_OBJECT_HANDLE o)
{
	static const struct {
		const char *value;
		bool told;
		CK_ULONG bytes;
		size_t len; /* that is taken */
	} cases[] = {
		{"payroll", false, 0, 7}, {"payroll", true, 0, 0}, {"payroll", true, 3, 0},
		{"\xa5\xa5\xa5\xa5\xa5\xa5", false, 0, 6}, {"k\x5a\x5a\x5a\x5a", false, 0, 5}, {"\xa5", false, 0, 1}, {"p", true, 0, 0},
	};
	static const char longer[KEY_LABEL_MAX + 44] = "L";
	struct key k;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_set(o, CKA_LABEL, cases[i].value, strlen(cases[i].value));
		fake_get(o, CKA_LABEL)->told = cases[i].told;
		fake_get(o, CKA_LABEL)->told_bytes = cases[i].bytes;
		cr_assert_eq(key_read(t, o, &k, &err), 0);
		cr_assert(k.label_len == cases[i].len && memcmp(k.label, cases[i].value, k.label_len) == 0, "case %zu", i);
	}
	fake_get(o, CKA_LABEL)->told = false;
	fake_set(o, CKA_LABEL, longer, sizeof(longer));
	cr_assert_eq(key_read(t, o, &k, &err), 0);
	cr_assert(k.label_len == 0 && k.label_is_long);
	fake_set(o, CKA_LABEL, "key", 3);
	cr_assert_eq(key_read(t, o, &k, &err), 0);
	cr_assert(k.label_len == 3 && !k.label_is_long);
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
	check_told_lengths(&t, o);
	cr_assert_eq(key_read(&t, o, &k, &err), 0);
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
