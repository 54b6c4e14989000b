/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "material.h"

#include "aws/partition.h"

#include <openssl/rand.h>
#include <openssl/x509.h>
#include <string.h>

#define CHINA_AES_LEN 16

size_t material_len(enum keyspec spec, const char *region)
{
	bool china = strcmp(partition_of_region(region)->id, "aws-cn") == 0;

	return china && spec == KEYSPEC_SYMMETRIC_DEFAULT ? CHINA_AES_LEN : keyspec_info(spec)->secret_len;
}

struct secret *material_der(EVP_PKEY *key, struct kh_error *err)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	struct secret *out = NULL;
	int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;

	if (len > 0)
		out = secret_copy(der, (size_t)len, err);
	else
		kh_fail(err, KH_E_SYSTEM, 0, "PKCS#8: OpenSSL failed");
	if (der)
		OPENSSL_clear_free(der, len > 0 ? (size_t)len : 0);
	PKCS8_PRIV_KEY_INFO_free(info);
	return out;
}

EVP_PKEY *material_pkey(const struct secret *plain, struct kh_error *err)
{
	const unsigned char *at = secret_bytes(plain);
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)secret_len(plain));

	if (!key)
		kh_fail(err, KH_E_SYSTEM, 0, "the key material: OpenSSL cannot read it");
	return key;
}

int material_generate(struct pool *pool, enum keyspec spec, const char *region, struct secret **out,
		      struct kh_error *err)
{
	const struct keyspec_info *info = keyspec_info(spec);
	EVP_PKEY *key = NULL;
	size_t len = material_len(spec, region);

	if (len) {
		*out = secret_new(len, err);
		if (!*out)
			return -1;
		secret_set_len(*out, len);
		if (RAND_bytes(secret_data(*out), (int)len) == 1)
			return 0;
		secret_free(*out);
		*out = NULL;
		return kh_fail(err, KH_E_SYSTEM, 0, "random bytes: OpenSSL failed");
	}
	if (info->kind == KEYSPEC_RSA && pool_take(pool, info->bits, &key, err))
		return -1;
	if (info->kind == KEYSPEC_EC)
		key = EVP_EC_gen(info->group);
	if (!key)
		return kh_fail(err, KH_E_SYSTEM, 0, "making a key of %s: OpenSSL failed", info->name);
	*out = material_der(key, err);
	EVP_PKEY_free(key);
	return *out ? 0 : -1;
}

static int public_id(const struct simkey *key, const struct secret *plain, char out[KEYSTORE_MATERIAL_ID],
		     struct kh_error *err)
{
	EVP_PKEY *pkey = material_pkey(plain, err);
	unsigned char *der = NULL;
	int len, rc = -1;

	if (!pkey)
		return -1;
	len = i2d_PUBKEY(pkey, &der);
	if (len <= 0)
		kh_fail(err, KH_E_SYSTEM, 0, "the public key: OpenSSL failed");
	else
		rc = simkey_material_id(key, der, (size_t)len, out, err);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	return rc;
}

int material_id(const struct simkey *key, const struct secret *plain, char out[KEYSTORE_MATERIAL_ID],
		struct kh_error *err)
{
	if (keyspec_info(key->spec)->secret_len)
		return simkey_material_id(key, secret_bytes(plain), secret_len(plain), out, err);
	return public_id(key, plain, out, err);
}

int material_adopt(struct simkey *key, struct secret **plain, struct kh_error *err)
{
	char id[KEYSTORE_MATERIAL_ID];
	struct material *m = NULL;

	if (material_id(key, *plain, id, err) || simkey_material_add(key, id, MATERIAL_CURRENT, &m, err))
		return -1;
	m->plain = *plain;
	*plain = NULL;
	return 0;
}
