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
#include <string.h>

#define POINT_MAX 512 /* bytes; P-521's has 136 with its DER head */

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

static int rsa_key(const unsigned char *modulus, size_t modulus_len, const unsigned char *exponent,
		   size_t exponent_len, EVP_PKEY **out)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(modulus, (int)modulus_len, NULL);
	BIGNUM *e = BN_bin2bn(exponent, (int)exponent_len, NULL);
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
static int ec_key_of_point(const struct key *k, const unsigned char *value, size_t len, EVP_PKEY **out)
{
	const struct keyspec_info *info = keyspec_info(k->spec);
	const size_t point_len = 2 * ((info->bits + 7) / 8) + 1; /* uncompressed */
	const unsigned char *at = value;
	ASN1_OCTET_STRING *string = NULL;
	int rc = -1;

	if (len == point_len)
		return ec_key(info->group, at, len, out);
	string = d2i_ASN1_OCTET_STRING(NULL, &at, (long)len);
	if (string && at == value + len &&
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

static int from_rsa(const struct key *k, const unsigned char *modulus, size_t modulus_len,
		    const unsigned char *exponent, size_t exponent_len, struct buf *out, struct kh_error *err)
{
	EVP_PKEY *pkey = NULL;
	int rc;

	if (modulus_len == 0 || exponent_len == 0)
		return 0;
	if (rsa_key(modulus, modulus_len, exponent, exponent_len, &pkey))
		rc = no_key(k, err);
	else
		rc = to_spki(k, pkey, out, err);
	EVP_PKEY_free(pkey);
	return rc;
}

/* A search may pass over what it was asked for; the object's own word of its CKA_ID comes with the rest. */
static bool is_of_another(const struct key *k, const struct attr_read *id)
{
	if (k->id_len == 0 || !id->there || (id->len == k->id_len && memcmp(id->data, k->id, id->len) == 0))
		return false;
	log_warning("the token gave a public object with another CKA_ID for '%s': passed over", k->label);
	return true;
}

static int from_rsa_object(const struct token *t, const struct key *k, CK_OBJECT_HANDLE object, struct buf *out,
			   struct kh_error *err)
{
	unsigned char modulus[KEY_MODULUS_MAX], exponent[KEY_EXPONENT_MAX], id[KEY_ID_MAX];
	struct attr_read reads[] = {ATTR_READ(CKA_MODULUS, modulus), ATTR_READ(CKA_PUBLIC_EXPONENT, exponent),
				    ATTR_READ(CKA_ID, id)};

	if (attr_read_all(t, object, reads, 3, err))
		return -1;
	if (is_of_another(k, &reads[2]))
		return 0;
	return from_rsa(k, modulus, reads[0].len, exponent, reads[1].len, out, err);
}

static int from_ec_object(const struct token *t, const struct key *k, CK_OBJECT_HANDLE object, struct buf *out,
			  struct kh_error *err)
{
	unsigned char point[POINT_MAX], id[KEY_ID_MAX];
	struct attr_read reads[] = {ATTR_READ(CKA_EC_POINT, point), ATTR_READ(CKA_ID, id)};
	EVP_PKEY *pkey = NULL;
	int rc;

	if (attr_read_all(t, object, reads, 2, err))
		return -1;
	if (reads[0].len == 0 || is_of_another(k, &reads[1]))
		return 0;
	if (ec_key_of_point(k, point, reads[0].len, &pkey))
		rc = no_key(k, err);
	else
		rc = to_spki(k, pkey, out, err);
	EVP_PKEY_free(pkey);
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

/* What the private key told with its facts costs no call; the rest is on a public object, found by a search. */
int key_public(const struct token *t, const struct key *k, struct buf *out, struct kh_error *err)
{
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
	int rc = 0;

	if (k->object_class != CKO_PRIVATE_KEY || k->spec == KEYSPEC_NONE)
		return 0;
	if (k->public_info_len)
		rc = buf_add(out, k->public_info, k->public_info_len, err);
	else if (k->type == CKK_RSA)
		rc = from_rsa(k, k->modulus, k->modulus_len, k->exponent, k->exponent_len, out, err);
	if (rc == 0 && out->len == 0)
		rc = public_object(t, k, &object, err);
	if (rc == 0 && object != CK_INVALID_HANDLE)
		rc = (k->type == CKK_RSA ? from_rsa_object : from_ec_object)(t, k, object, out, err);
	if (rc)
		return -1;
	if (out->len && spki_check_material((const unsigned char *)out->data, out->len, keyspec_name(k->spec), err))
		return no_key(k, err);
	return 0;
}
