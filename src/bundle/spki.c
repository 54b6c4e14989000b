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

/* A public key that is this DER and nothing else; NULL. */
static EVP_PKEY *decode(const unsigned char *der, size_t len, struct kh_error *err)
{
	const unsigned char *at = der;
	unsigned char *again = NULL;
	EVP_PKEY *key = NULL;
	int n = 0;

	if (len == 0 || len > KMS_PUBLIC_KEY_MAX) {
		kh_fail(err, KH_E_INPUT, 0, "a public key of %zu bytes: at most %d are taken", len, KMS_PUBLIC_KEY_MAX);
		return NULL;
	}
	key = d2i_PUBKEY(NULL, &at, (long)len);
	if (!key) {
		ERR_clear_error();
		kh_fail(err, KH_E_INPUT, 0, "not a public key (SubjectPublicKeyInfo DER)");
		return NULL;
	}
	if (at == der + len)
		n = i2d_PUBKEY(key, &again);
	if (n <= 0 || (size_t)n != len || CRYPTO_memcmp(again, der, len) != 0) {
		kh_fail(err, KH_E_INPUT, 0, at == der + len ? "a public key that is not DER as it should be"
							    : "bytes behind the public key");
		EVP_PKEY_free(key);
		key = NULL;
	}
	OPENSSL_free(again);
	ERR_clear_error();
	return key;
}

/* Modulus and exponent into `out`, after the checks on them. */
static int take_numbers(EVP_PKEY *key, struct spki *out, struct kh_error *err)
{
	BIGNUM *n = NULL, *e = NULL;
	int rc = -1;

	if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) ||
	    !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e)) {
		kh_fail(err, KH_E_INPUT, 0, "an RSA key without modulus or exponent");
		goto out;
	}
	if (!BN_is_word(e, 65537)) {
		char *dec = BN_num_bits(e) <= 64 ? BN_bn2dec(e) : NULL;

		kh_fail(err, KH_E_INPUT, 0, "an RSA key with exponent %s: a wrapping key has 65537",
			dec ? dec : "of many digits");
		OPENSSL_free(dec);
		goto out;
	}
	if (!BN_is_odd(n)) {
		kh_fail(err, KH_E_INPUT, 0, "an RSA key with an even modulus");
		goto out;
	}
	out->modulus_len = (size_t)BN_bn2bin(n, out->modulus);
	out->exponent_len = (size_t)BN_bn2bin(e, out->exponent);
	rc = 0;
out:
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

int spki_parse(const unsigned char *der, size_t len, unsigned bits, struct spki *out, struct kh_error *err)
{
	EVP_PKEY *key;

	memset(out, 0, sizeof(*out));
	key = decode(der, len, err);
	if (!key)
		return -1;
	if (check_rsa(key, bits, err) || take_numbers(key, out, err)) {
		EVP_PKEY_free(key);
		return -1;
	}
	out->bits = (unsigned)EVP_PKEY_get_bits(key);
	out->key = key;
	return 0;
}

void spki_clear(struct spki *s)
{
	EVP_PKEY_free(s->key);
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
