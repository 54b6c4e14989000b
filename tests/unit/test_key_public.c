/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/log.h"
#include "bundle/spki.h"
#include "fake_token.h"
#include "pkcs11/call.h"
#include "pkcs11/ckm.h"
#include "pkcs11/ckr.h"
#include "pkcs11/key.h"
#include "rsa_keys.h"

#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

static struct kh_error err;

static struct token open_token(void)
{
	struct token t;

	cr_assert_eq(token_of_slot(fake_reset(), 0, &t, &err), 0, "%s", err.msg);
	cr_assert_eq(token_open(&t, false, &err), 0, "%s", err.msg);
	return t;
}

/* A P-256 key on the fake: the private half without a point, the public half with `point`. */
static void put_ec(const unsigned char *point, size_t len, const unsigned char *public_id)
{
	const struct keyspec_info *info = keyspec_info(KEYSPEC_ECC_NIST_P256);

	for (int half = 0; half < 2; half++) {
		CK_OBJECT_HANDLE o = fake_object();

		fake_set_ulong(o, CKA_CLASS, half ? CKO_PUBLIC_KEY : CKO_PRIVATE_KEY);
		fake_set_ulong(o, CKA_KEY_TYPE, CKK_EC);
		fake_set(o, CKA_EC_PARAMS, info->params, info->params_len);
		fake_set(o, CKA_ID, half ? public_id : (const unsigned char *)"A", 1);
		if (half)
			fake_set(o, CKA_EC_POINT, point, len);
	}
}

static size_t spki_of(EVP_PKEY *key, unsigned char *out)
{
	unsigned char *at = out;

	return (size_t)i2d_PUBKEY(key, &at);
}

/* The point bare and inside an OCTET STRING is the same key; anything else is refused or absent. */
Test(key_public, ec_point_in_both_forms)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char point[67] = {0x04, 0x41}, wanted[256];
	size_t wanted_len, point_len = 0;
	static const struct {
		size_t from, len;
		unsigned char flip, said_len; /* said_len: the OCTET STRING's, when not 0 */
		const char *id;
		int rc;
		bool there;
	} cases[] = {
		{0, 67, 0, 0, "A", 0, true},	  {2, 65, 0, 0, "A", 0, true},	  {0, 66, 0, 0, "A", -1, false},
		{2, 33, 0, 0, "A", -1, false},	  {0, 67, 1, 0, "A", -1, false}, {2, 65, 1, 0, "A", -1, false},
		{0, 35, 0, 0x21, "A", -1, false}, {0, 67, 0, 0x40, "A", -1, false}, {0, 67, 0, 0, "B", 0, false},
	};

	cr_assert_eq(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point + 2, 65, &point_len), 1);
	wanted_len = spki_of(key, wanted);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct token t = open_token();
		struct buf out = BUF_INIT(4096);
		unsigned char bent[67];
		struct key k;

		memcpy(bent, point, sizeof(bent));
		bent[1] = cases[i].said_len ? cases[i].said_len : bent[1];
		bent[60] ^= cases[i].flip; /* no point of the curve any more */
		put_ec(bent + cases[i].from, cases[i].len, (const unsigned char *)cases[i].id);
		cr_assert_eq(key_read(&t, 1, &k, &err), 0);
		cr_assert_eq(k.spec, KEYSPEC_ECC_NIST_P256);
		cr_assert_eq(key_public(&t, &k, &out, &err), cases[i].rc, "case %zu", i);
		if (cases[i].rc)
			cr_assert(err.code == KH_E_TOKEN && strstr(err.msg, "ECC_NIST_P256"), "case %zu: %s", i, err.msg);
		else
			cr_assert(out.len == (cases[i].there ? wanted_len : 0) &&
					  (!out.len || memcmp(out.data, wanted, wanted_len) == 0),
				  "case %zu", i);
		buf_free(&out);
		token_close(&t);
	}
	EVP_PKEY_free(key);
}

/* Two public objects of one CKA_ID: neither is taken to be the key's. */
Test(key_public, two_candidates_are_none)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char point[67] = {0x04, 65};
	struct token t = open_token();
	struct buf out = BUF_INIT(4096);
	size_t len = 0;
	struct key k;

	cr_assert_eq(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point + 2, 65, &len), 1);
	put_ec(point, sizeof(point), (const unsigned char *)"A");
	fake.objects[fake_object() - 1] = fake.objects[1];
	cr_assert_eq(fake_count(), 3);
	cr_assert_eq(key_read(&t, 1, &k, &err), 0);
	cr_assert_eq(key_public(&t, &k, &out, &err), 0);
	cr_assert_eq(out.len, 0);
	buf_free(&out);
	token_close(&t);
	EVP_PKEY_free(key);
}

/* CKA_PUBLIC_KEY_INFO counts where it is given, and must be a key of the spec. */
Test(key_public, public_key_info_is_checked)
{
	static const char *const curves[] = {"P-256", "P-384"};

	for (size_t i = 0; i < 2; i++) {
		EVP_PKEY *key = EVP_EC_gen(curves[i]);
		struct buf out = BUF_INIT(4096);
		unsigned char der[256];
		size_t len = spki_of(key, der);
		struct token t = open_token();
		struct key k;

		put_ec((const unsigned char *)"x", 1, (const unsigned char *)"A");
		fake_set(1, CKA_PUBLIC_KEY_INFO, der, len);
		cr_assert_eq(key_read(&t, 1, &k, &err), 0);
		cr_assert_eq(key_public(&t, &k, &out, &err), i ? -1 : 0);
		cr_assert(i ? err.code == KH_E_TOKEN : out.len == len && memcmp(out.data, der, len) == 0);
		buf_free(&out);
		token_close(&t);
		EVP_PKEY_free(key);
	}
}

/* RSA: modulus and exponent of the private object; leading zeros are no bits. */
Test(key_public, rsa_from_the_private_object)
{
	EVP_PKEY *key = rsa_key(2048);
	unsigned char modulus[257] = {0}, exponent[] = {1, 0, 1}, wanted[512];
	struct token t = open_token();
	struct buf out = BUF_INIT(4096);
	CK_OBJECT_HANDLE o = fake_object();
	BIGNUM *n = NULL;
	struct key k;

	cr_assert_eq(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	cr_assert_eq(BN_bn2binpad(n, modulus + 1, 256), 256);
	fake_set_ulong(o, CKA_CLASS, CKO_PRIVATE_KEY);
	fake_set_ulong(o, CKA_KEY_TYPE, CKK_RSA);
	fake_set(o, CKA_MODULUS, modulus, 257);
	cr_assert_eq(key_read(&t, o, &k, &err), 0);
	cr_assert(k.spec == KEYSPEC_RSA_2048 && k.bits == 2048);
	cr_assert(key_public(&t, &k, &out, &err) == 0 && out.len == 0, "no exponent, no public half");
	fake_set(o, CKA_PUBLIC_EXPONENT, exponent, 3);
	cr_assert_eq(key_read(&t, o, &k, &err), 0);
	cr_assert_eq(key_public(&t, &k, &out, &err), 0, "%s", err.msg);
	cr_assert(out.len == spki_of(key, wanted) && memcmp(out.data, wanted, out.len) == 0);
	modulus[1] = 0x7F;
	fake_set(o, CKA_MODULUS, modulus, 257);
	cr_assert_eq(key_read(&t, o, &k, &err), 0);
	cr_assert(k.spec == KEYSPEC_NONE && k.bits == 2047);
	BN_free(n);
	buf_free(&out);
	EVP_PKEY_free(key);
	token_close(&t);
}

Test(ckr, codes_are_named_once_and_with_what_to_do)
{
	static const struct {
		CK_RV rv;
		const char *msg, *hint;
	} cases[] = {
		{CKR_KEY_UNEXTRACTABLE, "C_WrapKey on key 'k': CKR_KEY_UNEXTRACTABLE (0x6A)", "CKA_EXTRACTABLE"},
		{CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT (0xA0)", "once"},
		{CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT (0xE0)", "still there"},
		{CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED (0x32)", "still there"},
		{0x80000123UL, "CKR_VENDOR_DEFINED (0x80000123)", "log"},
		{0x7777UL, "CKR_? (0x7777)", "log"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(ckr_fail(&err, cases[i].rv, "C_WrapKey", "key 'k'"), -1);
		cr_assert(err.code == KH_E_TOKEN && err.native == cases[i].rv && strstr(err.msg, cases[i].msg) &&
				  strstr(err.hint, cases[i].hint) && strcmp(err.name, ckr_name(cases[i].rv)) == 0,
			  "%s / %s", err.msg, err.hint);
	}
	cr_assert_eq(ckr_fail(&err, CKR_OK, "C_X", NULL), -1);
	cr_assert_str_eq(err.msg, "C_X: CKR_OK (0x0)");
	for (CK_RV rv = 0; rv < 0x300; rv++) {
		const struct ckr *row = ckr_find(rv);

		cr_assert(!row || (row->rv == rv && strncmp(row->name, "CKR_", 4) == 0));
	}
	for (size_t i = 0; i < ckm_count; i++) {
		char number[CKM_NAME_MAX];

		cr_assert_str_eq(ckm_name(ckm_table[i].number, number), ckm_table[i].name, "a number is there twice");
	}
	cr_assert_eq(P11_CALL(fake_reset(), C_GetSlotInfo, 0, &(CK_SLOT_INFO){0}), CKR_OK);
}
