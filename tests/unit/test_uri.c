/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/log.h"
#include "pkcs11/uri.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct kh_error err;

/* What is taken from the command line and from a bundle, and what the refusal names. */
Test(uri, says_what_it_does_not_take)
{
	static const struct {
		const char *text;
		const char *line;   /* the command line's refusal; NULL: taken */
		const char *bundle; /* a bundle's */
	} cases[] = {
		{"pkcs11:", NULL, NULL},
		{"pkcs11:token=a;manufacturer=b;model=c;serial=d;object=e;id=%01%ff;type=private", NULL, NULL},
		{"pkcs11:token=T?module-path=/m.so", NULL, "module-path"},
		{"pkcs11:?module-path=/m.so&pin-source=/pin", NULL, "module-path"},
		{"pkcs11:token=T?pin-source=/pin", NULL, "pin-source"},
		{"pkcs11:token=T?pin-value=1", NULL, "pin-value"},
		{"pkcs11:slot-id=3", NULL, "slot-id"},
		{"pkcs11:token=T?pin-source=%7Ccat", "command", "pin-source"},
		{"pkcs11:token=T?pin-source=|cat", "command", "pin-source"},
		{"pkcs11:token=T?pin-source=file:", "empty", "pin-source"},
		{"pkcs11:token=T;pin-value=1", "belongs behind", "pin-value"},
		{"pkcs11:token=T;module-path=/m.so", "belongs behind", "module-path"},
		{"pkcs11:token=T?serial=1", "belongs before", "belongs before"},
		{"pkcs11:token=T;token=U", "twice", "twice"},
		{"pkcs11:token=T?pin-value=1&pin-value=2", "twice", "pin-value"},
		{"pkcs11:token=T;x-vendor=1", "x-vendor", "x-vendor"},
		{"pkcs11:token=T?module-name=softhsm2", "module-name", "module-name"},
		{"pkcs11:library-version=2.6", "library-version", "library-version"},
		{"pkcs11:token=%zz", "", ""},
		{"pkcs11:token=%4", "", ""},
		{"pkcs11:type=banana", "type", "type"},
		{"pkcs11:token=a b", "0x20", "0x20"},
		{"pkcs11:token=\xc3\xa9", "0xC3", "0xC3"},
		{"PKCS11:token=T", "pkcs11:", "pkcs11:"},
		{"http://x", "pkcs11:", "pkcs11:"},
		{"", "pkcs11:", "pkcs11:"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int from = URI_FROM_COMMAND_LINE; from <= URI_FROM_BUNDLE; from++) {
			const char *refusal = from == URI_FROM_BUNDLE ? cases[i].bundle : cases[i].line;
			char text[256];
			struct uri *u = NULL;
			int rc;

			(void)snprintf(text, sizeof(text), "%s", cases[i].text); /* it is written to */
			rc = uri_parse(text, (enum uri_from)from, &u, &err);
			cr_assert_eq(rc, refusal ? -1 : 0, "%s from %d: %s", cases[i].text, from, rc ? err.msg : "taken");
			if (refusal)
				cr_assert(err.code == KH_E_INPUT && !u && (strstr(err.msg, refusal) || strstr(err.hint, refusal)),
					  "%s from %d: %s", cases[i].text, from, err.msg);
			uri_free(u);
		}
	log_reset();
}

Test(uri, pin_value_is_decoded_and_wiped_from_argv)
{
	char text[] = "pkcs11:token=T?pin-value=a%3Ab%25%7C&module-path=/m.so";
	struct secret *pin;
	struct uri *u = NULL;

	cr_assert_eq(uri_parse(text, URI_FROM_COMMAND_LINE, &u, &err), 0, "%s", err.msg);
	cr_assert_str_eq(text, "pkcs11:token=T?pin-value=***********&module-path=/m.so");
	cr_assert_str_eq(uri_text(u), "pkcs11:token=T?module-path=/m.so");
	cr_assert(strstr(log_warnings(), "pin-value") && uri_has_pin(u));
	pin = uri_take_pin(u);
	cr_assert_str_eq(secret_text(pin), "a:b%|");
	cr_assert(!uri_has_pin(u) && !uri_take_pin(u));
	cr_assert_str_eq(uri_module_path(u), "/m.so");
	secret_free(pin);
	uri_free(u);
	for (size_t i = 0; i < 4; i++) {
		static const char *const bad[] = {"pkcs11:?pin-value=", "pkcs11:?pin-value=%00", "pkcs11:?pin-value=%4",
						  "pkcs11:?pin-value=%zz"};
		char copy[64];

		(void)snprintf(copy, sizeof(copy), "%s", bad[i]);
		cr_assert(uri_parse(copy, URI_FROM_COMMAND_LINE, &u, &err) == -1 && strstr(err.msg, "pin-value"), "%s",
			  bad[i]);
	}
	log_reset();
}

Test(uri, parts_come_back)
{
	static const struct {
		const char *text, *path;
	} sources[] = {
		{"pkcs11:?pin-source=/a/pin", "/a/pin"},	   {"pkcs11:?pin-source=file:/a/pin", "/a/pin"},
		{"pkcs11:?pin-source=file:///a/pin", "/a/pin"}, {"pkcs11:?pin-source=file%3A%2Fa%20b", "/a b"},
		{"pkcs11:token=T", NULL},
	};
	CK_OBJECT_CLASS object_class = 0;
	struct uri *u = NULL;
	size_t len = 0;

	cr_assert_eq(uri_parse("pkcs11:object=a%3Bb%00c;id=%00%fF;type=secret-key", URI_FROM_BUNDLE, &u, &err), 0);
	cr_assert(uri_object(u, &len) && len == 5 && memcmp(uri_object(u, &len), "a;b\0c", 5) == 0);
	cr_assert(uri_id(u, &len) && len == 2 && memcmp(uri_id(u, &len), "\x00\xff", 2) == 0);
	cr_assert(uri_class(u, &object_class) && object_class == CKO_SECRET_KEY && uri_has_object(u));
	cr_assert(!uri_module_path(u) && !uri_pin_source(u));
	uri_free(u);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		cr_assert_eq(uri_parse(sources[i].text, URI_FROM_COMMAND_LINE, &u, &err), 0);
		cr_assert(sources[i].path ? uri_pin_source(u) && strcmp(uri_pin_source(u), sources[i].path) == 0
					  : !uri_pin_source(u),
			  "%s", sources[i].text);
		cr_assert(!uri_has_object(u));
		uri_free(u);
	}
}

/* What is printed can be read again and names the same. */
Test(uri, formats_what_it_reads)
{
	static const unsigned char id[] = {0x00, 0xAB};
	struct buf text = BUF_INIT(URI_MAX);
	CK_TOKEN_INFO info, other;
	struct uri *u = NULL;
	size_t len;

	memset(&info, ' ', sizeof(info));
	memcpy(info.label, "a;b/c?", 6);
	memcpy(info.serialNumber, "7", 1);
	other = info;
	other.serialNumber[0] = '8';
	cr_assert_eq(uri_format_object(&info, CKO_PRIVATE_KEY, "k\x01\xff", 3, id, 2, &text, &err), 0);
	cr_assert_eq(uri_parse(buf_text(&text), URI_FROM_BUNDLE, &u, &err), 0, "%s: %s", buf_text(&text), err.msg);
	cr_assert(uri_matches_token(u, &info, NULL, 0) && !uri_matches_token(u, &other, NULL, 0));
	cr_assert(uri_object(u, &len) && len == 3 && memcmp(uri_object(u, &len), "k\x01\xff", 3) == 0);
	cr_assert(uri_id(u, &len) && len == 2 && memcmp(uri_id(u, &len), id, 2) == 0);
	uri_free(u);
	text.len = 0;
	cr_assert_eq(uri_format_token(&info, &text, &err), 0);
	cr_assert_eq(uri_parse(buf_text(&text), URI_FROM_BUNDLE, &u, &err), 0);
	cr_assert(!uri_has_object(u) && uri_matches_token(u, &info, NULL, 0));
	uri_free(u);
	buf_free(&text);
}
