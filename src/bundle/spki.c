/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "spki.h"

#include "aws/limits.h"
#include "keyspec.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

/* A public key that this DER begins with, and nothing behind it; NULL. */
static EVP_PKEY *read_key(const unsigned char *der, size_t len, struct kh_error *err)
{
	const unsigned char *at = der;
	EVP_PKEY *key = NULL;

	if (len == 0 || len > KMS_PUBLIC_KEY_MAX) {
		kh_fail(err, KH_E_INPUT, 0, "a public key of %zu bytes: at most %d are taken", len, KMS_PUBLIC_KEY_MAX);
		return NULL;
	}
	key = d2i_PUBKEY(NULL, &at, (long)len);
	ERR_clear_error();
	if (!key) {
		kh_fail(err, KH_E_INPUT, 0, "not a public key (SubjectPublicKeyInfo DER)");
	} else if (at != der + len) {
		kh_fail(err, KH_E_INPUT, 0, "bytes behind the public key");
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static int fail_form(struct kh_error *err)
{
	return kh_fail(err, KH_E_INPUT, 0, "a public key that is not DER as it should be");
}

/* A public key of any kind that is this DER and nothing else; NULL. */
static EVP_PKEY *decode(const unsigned char *der, size_t len, struct kh_error *err)
{
	EVP_PKEY *key = read_key(der, len, err);
	unsigned char *again = NULL;
	int n = key ? i2d_PUBKEY(key, &again) : 0;

	if (key && (n <= 0 || (size_t)n != len || CRYPTO_memcmp(again, der, len) != 0)) {
		fail_form(err);
		EVP_PKEY_free(key);
		key = NULL;
	}
	OPENSSL_free(again);
	ERR_clear_error();
	return key;
}

static size_t put_header(unsigned char *out, unsigned char tag, size_t content)
{
	const unsigned char header[] = {tag, 0x82, (unsigned char)(content >> 8), (unsigned char)content};

	memcpy(out, header, sizeof(header));
	return sizeof(header);
}

#define FORM_HEAD 33 /* bytes before the modulus, its leading zero included */
#define FORM_TAIL 5  /* the exponent behind it */

/*
 * The one DER that a wrapping key can have (RFC 5280 section 4.1.2.7, RFC 8017 appendix A.1.1): size and exponent say
 * all of it but the modulus.
 */
static bool has_form(const struct spki *k, const unsigned char *der, size_t len)
{
	static const unsigned char algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
						  0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
	static const unsigned char exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
	const size_t number = k->modulus_len + 1, pair = 4 + number + sizeof(exponent), string = 1 + 4 + pair;
	unsigned char want[SPKI_MODULUS_MAX + 64];
	size_t n = put_header(want, 0x30, sizeof(algorithm) + 4 + string);

	memcpy(want + n, algorithm, sizeof(algorithm));
	n += sizeof(algorithm);
	n += put_header(want + n, 0x03, string);
	want[n++] = 0;
	n += put_header(want + n, 0x30, pair);
	n += put_header(want + n, 0x02, number);
	want[n++] = 0; /* the modulus has its top bit set */
	memcpy(want + n, k->modulus, k->modulus_len);
	n += k->modulus_len;
	memcpy(want + n, exponent, sizeof(exponent));
	n += sizeof(exponent);
	return n == len && memcmp(want, der, len) == 0;
}

/* What is of that form is read without OpenSSL, whose decoder takes longer than the token's wrap; odd and of full size. */
static bool take_form(const unsigned char *der, size_t len, struct spki *out)
{
	static const unsigned char exponent[] = {1, 0, 1};

	memset(out, 0, sizeof(*out));
	if (len != FORM_HEAD + 256 + FORM_TAIL && len != FORM_HEAD + 384 + FORM_TAIL && len != FORM_HEAD + 512 + FORM_TAIL)
		return false;
	out->modulus_len = len - FORM_HEAD - FORM_TAIL;
	out->bits = (unsigned)(8 * out->modulus_len);
	memcpy(out->modulus, der + FORM_HEAD, out->modulus_len);
	memcpy(out->exponent, exponent, sizeof(exponent));
	out->exponent_len = sizeof(exponent);
	return (out->modulus[0] & 0x80) != 0 && (out->modulus[out->modulus_len - 1] & 1) != 0 && has_form(out, der, len);
}

static int check_numbers(EVP_PKEY *key, struct kh_error *err)
{
	BIGNUM *n = NULL, *e = NULL;
	int rc = -1;

	if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) ||
	    !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e)) {
		kh_fail(err, KH_E_INPUT, 0, "an RSA key without modulus or exponent");
	} else if (!BN_is_word(e, 65537)) {
		char *dec = BN_num_bits(e) <= 64 ? BN_bn2dec(e) : NULL;

		kh_fail(err, KH_E_INPUT, 0, "an RSA key with exponent %s: a wrapping key has 65537",
			dec ? dec : "of many digits");
		OPENSSL_free(dec);
	} else if (!BN_is_odd(n)) {
		kh_fail(err, KH_E_INPUT, 0, "an RSA key with an even modulus");
	} else {
		rc = 0;
	}
	BN_free(n);
	BN_free(e);
	return rc;
}

static int check_rsa(EVP_PKEY *key, unsigned bits, struct kh_error *err)
{
	int have = EVP_PKEY_get_bits(key);

	if (!EVP_PKEY_is_a(key, "RSA")) {
		const char *type = EVP_PKEY_get0_type_name(key);

		return kh_fail(err, KH_E_INPUT, 0, "a key of type %s: a wrapping key is RSA", type ? type : "unknown");
	}
	if (bits ? have != (int)bits : have != 2048 && have != 3072 && have != 4096)
		return bits ? kh_fail(err, KH_E_INPUT, 0, "an RSA key of %d bits instead of %u", have, bits)
			    : kh_fail(err, KH_E_INPUT, 0, "an RSA key of %d bits: 2048, 3072 or 4096 it must be", have);
	return 0;
}

/* What it is instead. */
static int why_not(const unsigned char *der, size_t len, unsigned bits, struct kh_error *err)
{
	EVP_PKEY *key = read_key(der, len, err);

	if (key && check_rsa(key, bits, err) == 0 && check_numbers(key, err) == 0)
		fail_form(err);
	EVP_PKEY_free(key);
	return -1;
}

int spki_parse(const unsigned char *der, size_t len, unsigned bits, struct spki *out, struct kh_error *err)
{
	if (take_form(der, len, out) && (bits == 0 || bits == out->bits))
		return 0;
	memset(out, 0, sizeof(*out));
	return why_not(der, len, bits, err);
}

void spki_clear(struct spki *s)
{
	memset(s, 0, sizeof(*s));
}

/* A curve by its name: OpenSSL gives explicit parameters that are the same curve that name too. */
static bool is_curve(EVP_PKEY *key, const char *group)
{
	char name[64] = "";
	int is_explicit = 1;
	size_t n = 0;

	return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, name, sizeof(name), &n) &&
	       strcmp(name, group) == 0 &&
	       EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit) && !is_explicit;
}

int spki_check_material(const unsigned char *der, size_t len, const char *key_spec, struct kh_error *err)
{
	const struct keyspec_info *info;
	enum keyspec spec = KEYSPEC_NONE;
	EVP_PKEY *key;
	int rc = -1;

	if (keyspec_parse(key_spec, &spec, err))
		return -1;
	info = keyspec_info(spec);
	if (info->kind != KEYSPEC_RSA && info->kind != KEYSPEC_EC)
		return kh_fail(err, KH_E_INPUT, 0, "key spec %s has no public key", key_spec);
	key = decode(der, len, err);
	if (!key)
		return -1;
	if (info->kind == KEYSPEC_RSA ? EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == (int)info->bits
				      : is_curve(key, info->group))
		rc = 0;
	else
		kh_fail(err, KH_E_INPUT, 0, "not a public key of %s", key_spec);
	EVP_PKEY_free(key);
	return rc;
}
