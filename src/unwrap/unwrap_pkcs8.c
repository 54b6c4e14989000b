/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "unwrap_layer.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

/* One step into DER: a header of this tag and class inside `*len` bytes; both move behind it. Its content's length. */
static bool der_enter(const unsigned char **p, size_t *len, int tag, int class, size_t *content)
{
	const unsigned char *q = *p;
	long size = 0;
	int got_tag = 0, got_class = 0, r;

	if (*len > SECRET_MAX)
		return false;
	r = ASN1_get_object(&q, &size, &got_tag, &got_class, (long)*len);
	ERR_clear_error();
	/* 0x80 an error, 0x01 indefinite length, which DER does not have */
	if ((r & 0x81) != 0 || got_tag != tag || got_class != class || size < 0)
		return false;
	*len -= (size_t)(q - *p);
	*p = q;
	*content = (size_t)size;
	return *content <= *len;
}

size_t unwrap_der_len(const unsigned char *data, size_t len)
{
	const unsigned char *p = data;
	size_t rest = len, content = 0;

	if (!der_enter(&p, &rest, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &content))
		return 0;
	return (size_t)(p - data) + content;
}

/* Skips a field of this tag; false where another one stands there. */
static bool der_skip(const unsigned char **p, size_t *len, int tag, int class)
{
	const unsigned char *q = *p;
	size_t rest = *len, content = 0;

	if (!der_enter(&q, &rest, tag, class, &content))
		return false;
	*p = q + content;
	*len = rest - content;
	return true;
}

/* RFC 5915 section 3: is there a [1] publicKey; and parameters [0], where repeated, must be a name too. */
static int look_into_ec(const unsigned char *p, size_t len, struct unwrap_pkcs8 *out, struct kh_error *err)
{
	size_t content = 0;

	if (!der_enter(&p, &len, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &content) || content != len ||
	    !der_skip(&p, &len, V_ASN1_INTEGER, V_ASN1_UNIVERSAL) ||
	    !der_skip(&p, &len, V_ASN1_OCTET_STRING, V_ASN1_UNIVERSAL))
		return kh_fail(err, KH_E_CHECK, 0, "the PKCS#8 holds no ECPrivateKey (RFC 5915)");
	if (len > 0 && (p[0] & 0x1f) == 0) {
		if (!der_enter(&p, &len, 0, V_ASN1_CONTEXT_SPECIFIC, &content) || content == 0 ||
		    p[0] != V_ASN1_OBJECT) {
			out->named_curve = false;
			out->explicit_curve = true;
			return kh_fail(err, KH_E_CHECK, 0, "the EC key has explicit parameters, KMS takes named curves only");
		}
		p += content;
		len -= content;
	}
	out->has_public = der_skip(&p, &len, 1, V_ASN1_CONTEXT_SPECIFIC);
	if (len != 0)
		return kh_fail(err, KH_E_CHECK, 0, "the ECPrivateKey has %zu bytes too many", len);
	return 0;
}

static bool is_curve(const ASN1_OBJECT *oid, const struct keyspec_info *info)
{
	unsigned char der[64], *p = der;
	int len = i2d_ASN1_OBJECT(oid, NULL);

	if (len <= 0 || (size_t)len > sizeof(der) || (size_t)len != info->params_len)
		return false;
	return i2d_ASN1_OBJECT(oid, &p) == len && memcmp(der, info->params, (size_t)len) == 0;
}

static int check_algorithm(const PKCS8_PRIV_KEY_INFO *p8, const struct keyspec_info *info, struct kh_error *err)
{
	bool ec = info->kind == KEYSPEC_EC;
	const ASN1_OBJECT *oid = NULL;

	if (PKCS8_pkey_get0(&oid, NULL, NULL, NULL, p8) <= 0 ||
	    OBJ_obj2nid(oid) != (ec ? NID_X9_62_id_ecPublicKey : NID_rsaEncryption))
		return kh_fail(err, KH_E_CHECK, 0, "the PKCS#8 does not hold an %s key", ec ? "EC" : "RSA");
	return 0;
}

static int check_ec(const PKCS8_PRIV_KEY_INFO *p8, const struct keyspec_info *info, struct unwrap_pkcs8 *out,
		    struct kh_error *err)
{
	const X509_ALGOR *alg = NULL;
	const unsigned char *inner = NULL;
	const void *param = NULL;
	int type = 0, len = 0;

	if (PKCS8_pkey_get0(NULL, &inner, &len, &alg, p8) <= 0 || len <= 0)
		return kh_fail(err, KH_E_CHECK, 0, "the PKCS#8 holds no key");
	X509_ALGOR_get0(NULL, &type, &param, alg);
	out->named_curve = type == V_ASN1_OBJECT;
	out->explicit_curve = type == V_ASN1_SEQUENCE;
	if (!out->named_curve)
		return kh_fail(err, KH_E_CHECK, 0, "the EC key has explicit parameters, KMS takes named curves only");
	if (!is_curve(param, info))
		return kh_fail(err, KH_E_CHECK, 0, "the EC key is not on the curve of %s", info->name);
	return look_into_ec(inner, (size_t)len, out, err);
}

static int check_rsa(EVP_PKEY *key, const struct keyspec_info *info, struct kh_error *err)
{
	BIGNUM *third = NULL;

	if (EVP_PKEY_get_bits(key) != (int)info->bits)
		return kh_fail(err, KH_E_CHECK, 0, "the RSA key has %d bits, %s has %u", EVP_PKEY_get_bits(key),
			       info->name, info->bits);
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_FACTOR3, &third) > 0) {
		BN_clear_free(third);
		return kh_fail(err, KH_E_CHECK, 0, "the RSA key has more than two primes");
	}
	ERR_clear_error();
	return 0;
}

static int check_consistent(EVP_PKEY *key, struct kh_error *err)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	int ret = 0;

	if (ctx == NULL)
		return kh_fail_memory(err);
	if (EVP_PKEY_check(ctx) <= 0)
		ret = kh_fail(err, KH_E_CHECK, 0, "the private key's parts do not fit each other");
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return ret;
}

/* The outer PKCS#8 (RFC 5208 section 5), version 0, and how many bytes are behind it. */
static int parse_outer(const unsigned char *data, size_t len, PKCS8_PRIV_KEY_INFO **p8, struct unwrap_pkcs8 *out,
		       struct kh_error *err)
{
	const unsigned char version[] = {V_ASN1_INTEGER, 1, 0};
	const unsigned char *p = data;
	size_t der = unwrap_der_len(data, len), rest = len, content = 0;

	if (der == 0 || !der_enter(&p, &rest, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &content) ||
	    content < sizeof(version) || memcmp(p, version, sizeof(version)) != 0)
		return kh_fail(err, KH_E_CHECK, 0, "what was opened is no PKCS#8 PrivateKeyInfo");
	p = data;
	*p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der);
	ERR_clear_error();
	if (*p8 == NULL || p != data + der)
		return kh_fail(err, KH_E_CHECK, 0, "what was opened is no PKCS#8 PrivateKeyInfo");
	out->trailing = len - der;
	out->trailing_is_zero = out->trailing > 0;
	for (size_t i = der; i < len; i++)
		if (data[i] != 0)
			out->trailing_is_zero = false;
	return 0;
}

int unwrap_pkcs8(const struct secret *plain, enum keyspec spec, struct unwrap_pkcs8 *out, struct kh_error *err)
{
	const struct keyspec_info *info = keyspec_info(spec);
	PKCS8_PRIV_KEY_INFO *p8 = NULL;
	int ret = -1;

	memset(out, 0, sizeof(*out));
	if (info == NULL || (info->kind != KEYSPEC_RSA && info->kind != KEYSPEC_EC))
		return kh_fail(err, KH_E_CHECK, 0, "%s is no key spec of a private key", keyspec_name(spec));
	if (parse_outer(secret_bytes(plain), secret_len(plain), &p8, out, err) != 0 ||
	    check_algorithm(p8, info, err) != 0)
		goto done;
	if (info->kind == KEYSPEC_EC && check_ec(p8, info, out, err) != 0)
		goto done;
	out->key = EVP_PKCS82PKEY(p8);
	ERR_clear_error();
	if (out->key == NULL) {
		kh_fail(err, KH_E_CHECK, 0, "the private key inside the PKCS#8 cannot be read");
		goto done;
	}
	if (info->kind == KEYSPEC_RSA && check_rsa(out->key, info, err) != 0)
		goto done;
	ret = check_consistent(out->key, err);
done:
	PKCS8_PRIV_KEY_INFO_free(p8);
	if (ret != 0) {
		EVP_PKEY_free(out->key);
		out->key = NULL;
	}
	return ret;
}

void unwrap_pkcs8_clear(struct unwrap_pkcs8 *p)
{
	EVP_PKEY_free(p->key);
	p->key = NULL;
}
