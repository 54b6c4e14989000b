/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "seal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#define NONCE 12
#define TAG 16

static const EVP_CIPHER *cipher(size_t key_len)
{
	return key_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
}

int seal(const unsigned char *key, size_t key_len, const void *aad, size_t aad_len, const void *plain, size_t len,
	 struct buf *out, struct kh_error *err)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct secret *sealed = secret_new(SEAL_OVERHEAD + len, err);
	unsigned char *p = sealed ? secret_data(sealed) : NULL;
	int n = 0, rc = -1;

	if (!ctx || !p) {
		kh_fail_memory(err);
		goto out;
	}
	if (RAND_bytes(p, NONCE) != 1 || EVP_EncryptInit_ex(ctx, cipher(key_len), NULL, key, p) != 1 ||
	    (aad_len && EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_len) != 1) ||
	    EVP_EncryptUpdate(ctx, p + NONCE, &n, plain, (int)len) != 1 ||
	    EVP_EncryptFinal_ex(ctx, p + NONCE + len, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, p + NONCE + len) != 1) {
		kh_fail(err, KH_E_SYSTEM, 0, "AES-GCM: OpenSSL failed");
		goto out;
	}
	rc = buf_add(out, p, SEAL_OVERHEAD + len, err);
out:
	secret_free(sealed);
	EVP_CIPHER_CTX_free(ctx);
	return rc;
}

int unseal(const unsigned char *key, size_t key_len, const void *aad, size_t aad_len, const void *sealed, size_t len,
	   struct secret **plain, struct kh_error *err)
{
	const unsigned char *p = sealed;
	unsigned char tag[TAG];
	EVP_CIPHER_CTX *ctx;
	struct secret *out = NULL;
	size_t inner;
	int n = 0, rc = -1;

	if (len < SEAL_OVERHEAD)
		return kh_fail(err, KH_E_CHECK, 0, "too short");
	inner = len - SEAL_OVERHEAD;
	memcpy(tag, p + NONCE + inner, TAG);
	ctx = EVP_CIPHER_CTX_new();
	out = secret_new(inner, err);
	if (!ctx || !out) {
		kh_fail_memory(err);
		goto out;
	}
	if (EVP_DecryptInit_ex(ctx, cipher(key_len), NULL, key, p) != 1 ||
	    (aad_len && EVP_DecryptUpdate(ctx, NULL, &n, aad, (int)aad_len) != 1) ||
	    EVP_DecryptUpdate(ctx, secret_data(out), &n, p + NONCE, (int)inner) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) != 1 ||
	    EVP_DecryptFinal_ex(ctx, secret_data(out) + inner, &n) != 1) {
		kh_fail(err, KH_E_CHECK, 0, "not sealed by this key for this");
		goto out;
	}
	secret_set_len(out, inner);
	*plain = out;
	out = NULL;
	rc = 0;
out:
	secret_free(out);
	EVP_CIPHER_CTX_free(ctx);
	return rc;
}
