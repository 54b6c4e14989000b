/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "key.h"

#include "base/log.h"
#include "bundle/spki.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <stdlib.h>

#define PUBLIC_MAX 4096 /* bytes of any part of a public key */

static int no_key(const struct key *k, struct kh_error *err)
{
	ERR_clear_error();
	kh_fail(err, KH_E_TOKEN, 0, "the public half that the token gives of '%s' is no %s key", k->label,
		keyspec_name(k->spec));
	return kh_hint(err, "look at the key's public object with the vendor's tool: it may be another key's");
}

static int key_from(const char *type, OSSL_PARAM *params, EVP_PKEY **out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	int ok = ctx && params && EVP_PKEY_fromdata_init(ctx) == 1 &&
		 EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : -1;
}

static int rsa_key(const struct buf *modulus, const struct buf *exponent, EVP_PKEY **out)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn((const unsigned char *)modulus->data, (int)modulus->len, NULL);
	BIGNUM *e = BN_bin2bn((const unsigned char *)exponent->data, (int)exponent->len, NULL);
	OSSL_PARAM *params = NULL;
	int rc = -1;

	if (bld && n && e && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(bld);
	if (params)
		rc = key_from("RSA", params, out);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	BN_free(e);
	return rc;
}

static int ec_key(const char *group, const unsigned char *point, size_t len, EVP_PKEY **out)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	int rc = -1;

	if (bld && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, len))
		params = OSSL_PARAM_BLD_to_param(bld);
	if (params)
		rc = key_from("EC", params, out);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	return rc;
}

/* CKA_EC_POINT is a DER OCTET STRING of the point (PKCS#11 v3.1 section 6.3.3); some modules give the bare point. */
static int ec_key_of_point(const struct key *k, const struct buf *value, EVP_PKEY **out)
{
	const struct keyspec_info *info = keyspec_info(k->spec);
	const size_t point_len = 2 * ((info->bits + 7) / 8) + 1; /* uncompressed */
	const unsigned char *at = (const unsigned char *)value->data;
	ASN1_OCTET_STRING *string = NULL;
	int rc = -1;

	if (value->len == point_len)
		return ec_key(info->group, at, value->len, out);
	string = d2i_ASN1_OCTET_STRING(NULL, &at, (long)value->len);
	if (string && at == (const unsigned char *)value->data + value->len &&
	    (size_t)ASN1_STRING_length(string) == point_len)
		rc = ec_key(info->group, ASN1_STRING_get0_data(string), point_len, out);
	ASN1_OCTET_STRING_free(string);
	return rc;
}

static int to_spki(const struct key *k, EVP_PKEY *pkey, struct buf *out, struct kh_error *err)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der), rc;

	if (len <= 0)
		return no_key(k, err);
	rc = buf_add(out, der, (size_t)len, err);
	OPENSSL_free(der);
	return rc;
}

/* Reads modulus and exponent from a private or public object. `*done` where both are there. */
static int from_rsa(const struct token *t, const struct key *k, CK_OBJECT_HANDLE object, struct buf *out, bool *done,
		    struct kh_error *err)
{
	struct buf modulus = BUF_INIT(PUBLIC_MAX), exponent = BUF_INIT(PUBLIC_MAX);
	EVP_PKEY *pkey = NULL;
	bool has_modulus = false, has_exponent = false;
	int rc = -1;

	if (attr_read_bytes(t, object, CKA_MODULUS, &modulus, &has_modulus, err) ||
	    attr_read_bytes(t, object, CKA_PUBLIC_EXPONENT, &exponent, &has_exponent, err))
		goto out;
	*done = has_modulus && has_exponent;
	if (!*done)
		rc = 0;
	else if (rsa_key(&modulus, &exponent, &pkey))
		no_key(k, err);
	else
		rc = to_spki(k, pkey, out, err);
out:
	EVP_PKEY_free(pkey);
	buf_free(&modulus);
	buf_free(&exponent);
	return rc;
}

static int from_ec(const struct token *t, const struct key *k, CK_OBJECT_HANDLE object, struct buf *out, bool *done,
		   struct kh_error *err)
{
	struct buf point = BUF_INIT(PUBLIC_MAX);
	EVP_PKEY *pkey = NULL;
	int rc = -1;

	if (attr_read_bytes(t, object, CKA_EC_POINT, &point, done, err))
		goto out;
	if (!*done)
		rc = 0;
	else if (ec_key_of_point(k, &point, &pkey))
		no_key(k, err);
	else
		rc = to_spki(k, pkey, out, err);
out:
	EVP_PKEY_free(pkey);
	buf_free(&point);
	return rc;
}

/* The one public object that belongs to the private key; none where there are none or several. */
static int public_object(const struct token *t, const struct key *k, CK_OBJECT_HANDLE *object, struct kh_error *err)
{
	struct attr_template match = {.n = 0};
	CK_OBJECT_HANDLE *handles = NULL;
	size_t n = 0;

	*object = CK_INVALID_HANDLE;
	if (!k->id_len && !k->label_len)
		return 0;
	attr_add_ulong(&match, CKA_CLASS, CKO_PUBLIC_KEY);
	attr_add_ulong(&match, CKA_KEY_TYPE, k->type);
	if (k->id_len)
		attr_add_bytes(&match, CKA_ID, k->id, k->id_len);
	else
		attr_add_bytes(&match, CKA_LABEL, k->label, k->label_len);
	if (key_search(t, &match, &handles, &n, err))
		return -1;
	if (n == 1)
		*object = handles[0];
	else
		log_debug("%zu public objects belong to '%s'", n, k->label);
	free(handles);
	return 0;
}

static int from_parts(const struct token *t, const struct key *k, struct buf *out, struct kh_error *err)
{
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
	bool done = false;

	if (k->type == CKK_RSA && from_rsa(t, k, k->handle, out, &done, err))
		return -1;
	if (done)
		return 0;
	if (public_object(t, k, &object, err))
		return -1;
	if (object == CK_INVALID_HANDLE)
		return 0;
	return (k->type == CKK_RSA ? from_rsa : from_ec)(t, k, object, out, &done, err);
}

int key_public(const struct token *t, const struct key *k, struct buf *out, struct kh_error *err)
{
	bool done = false;

	if (k->object_class != CKO_PRIVATE_KEY || k->spec == KEYSPEC_NONE)
		return 0;
	if (attr_read_bytes(t, k->handle, CKA_PUBLIC_KEY_INFO, out, &done, err) ||
	    (!done && from_parts(t, k, out, err)))
		return -1;
	if (out->len && spki_check_material((const unsigned char *)out->data, out->len, keyspec_name(k->spec), err))
		return no_key(k, err);
	return 0;
}
