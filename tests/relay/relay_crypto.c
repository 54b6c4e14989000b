/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* What the relay seals and opens with OpenSSL, to put other things into a blob than the token did. */
#include "relay_crypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static int oaep(EVP_PKEY *key, const char *hash, const char *mgf, bool seal, const struct relay_blob *in,
		struct relay_blob *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	int ok;

	out->len = sizeof(out->data);
	ok = ctx != NULL && (seal ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) > 0 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
	     EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, NULL) > 0 &&
	     EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, mgf, NULL) > 0 &&
	     (seal ? EVP_PKEY_encrypt : EVP_PKEY_decrypt)(ctx, out->data, &out->len, in->data, in->len) > 0;
	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : -1;
}

int relay_oaep_seal(EVP_PKEY *key, const char *hash, const char *mgf, const struct relay_blob *plain,
		    struct relay_blob *out)
{
	return oaep(key, hash, mgf, true, plain, out);
}

int relay_oaep_open(EVP_PKEY *key, const char *hash, const char *mgf, const struct relay_blob *sealed,
		    struct relay_blob *out)
{
	return oaep(key, hash, mgf, false, sealed, out);
}

static int aes_wrap(const char *mode, const struct relay_blob *kek, const unsigned char *iv, bool seal,
		    const struct relay_blob *in, struct relay_blob *out)
{
	char name[32];
	EVP_CIPHER *cipher = NULL;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0, ok;

	snprintf(name, sizeof(name), "AES-%zu-%s", 8 * kek->len, mode);
	cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	if (ctx != NULL)
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = cipher != NULL && ctx != NULL && in->len + 16 <= sizeof(out->data) &&
	     EVP_CipherInit_ex2(ctx, cipher, kek->data, iv, seal, NULL) > 0 &&
	     EVP_CipherUpdate(ctx, out->data, &len, in->data, (int)in->len) > 0 && len > 0;
	out->len = ok ? (size_t)len : 0;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return ok ? 0 : -1;
}

int relay_kwp_seal(const struct relay_blob *kek, const unsigned char *iv, const struct relay_blob *plain,
		   struct relay_blob *out)
{
	return aes_wrap("WRAP-PAD", kek, iv, true, plain, out);
}

int relay_kwp_open(const struct relay_blob *kek, const struct relay_blob *sealed, struct relay_blob *out)
{
	return aes_wrap("WRAP-PAD", kek, NULL, false, sealed, out);
}

int relay_kw_seal(const struct relay_blob *kek, const struct relay_blob *plain, struct relay_blob *out)
{
	return aes_wrap("WRAP", kek, NULL, true, plain, out);
}

EVP_PKEY *relay_rsa_public(const unsigned char *n, size_t n_len, const unsigned char *e, size_t e_len)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *bn = BN_bin2bn(n, (int)n_len, NULL), *be = BN_bin2bn(e, (int)e_len, NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (bld != NULL && bn != NULL && be != NULL && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) > 0 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) > 0)
		params = OSSL_PARAM_BLD_to_param(bld);
	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(bn);
	BN_free(be);
	return key;
}

static EVP_PKEY *read_pkcs8(const struct relay_blob *in)
{
	const unsigned char *p = in->data;

	return d2i_AutoPrivateKey(NULL, &p, (long)in->len);
}

static int write_pkcs8(EVP_PKEY *key, struct relay_blob *out)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int len = p8 != NULL ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;

	out->len = 0;
	if (len > 0 && (size_t)len <= sizeof(out->data)) {
		memcpy(out->data, der, (size_t)len);
		out->len = (size_t)len;
	}
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(p8);
	return out->len > 0 ? 0 : -1;
}

int relay_pkcs8_other(const struct relay_blob *pkcs8, struct relay_blob *out)
{
	EVP_PKEY *key = read_pkcs8(pkcs8), *other = NULL;
	char group[64];
	size_t len;
	int rc = -1;

	if (key != NULL && EVP_PKEY_is_a(key, "RSA"))
		other = EVP_RSA_gen((unsigned)EVP_PKEY_get_bits(key));
	else if (key != NULL && EVP_PKEY_get_group_name(key, group, sizeof(group), &len) > 0)
		other = EVP_EC_gen(group);
	if (other != NULL)
		rc = write_pkcs8(other, out);
	EVP_PKEY_free(other);
	EVP_PKEY_free(key);
	return rc;
}

int relay_pkcs8_explicit(const struct relay_blob *pkcs8, struct relay_blob *out)
{
	EVP_PKEY *key = read_pkcs8(pkcs8);
	int rc = -1;

	if (key != NULL && EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit") > 0)
		rc = write_pkcs8(key, out);
	EVP_PKEY_free(key);
	return rc;
}
