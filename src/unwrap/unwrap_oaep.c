/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "unwrap_layer.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

static const char *const hashes[] = {"SHA1", "SHA256", "SHA224", "SHA384", "SHA512"};
#define HASHES (sizeof(hashes) / sizeof(hashes[0]))

static int set_padding(EVP_PKEY_CTX *ctx, const char *hash, const char *mgf)
{
	return EVP_PKEY_decrypt_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, NULL) > 0 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, mgf, NULL) > 0;
}

/* 0 opened, 1 this pair does not open it, -1 with `err` for anything of our own. */
static int try_pair(EVP_PKEY *key, const char *hash, const char *mgf, const unsigned char *blob, size_t len,
		    struct secret *plain, struct kh_error *err)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	size_t out = secret_cap(plain);
	int ret = -1;

	if (ctx == NULL || !set_padding(ctx, hash, mgf)) {
		kh_fail_memory(err);
		goto done;
	}
	ret = EVP_PKEY_decrypt(ctx, secret_data(plain), &out, blob, len) > 0 ? 0 : 1;
	secret_set_len(plain, ret == 0 ? out : 0);
done:
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return ret;
}

/* Says which hashes would have opened it, for whoever has to find out what a token did. */
static int explain(EVP_PKEY *key, const struct wrapalg_info *alg, const unsigned char *blob, size_t len,
		   struct secret *plain, struct unwrap_report *report, struct kh_error *err)
{
	for (size_t i = 0; i < HASHES * HASHES; i++) {
		const char *hash = hashes[i / HASHES], *mgf = hashes[i % HASHES];
		int r = try_pair(key, hash, mgf, blob, len, plain, err);

		if (r < 0)
			return -1;
		if (r > 0)
			continue;
		report->oaep_hash = hash;
		report->mgf_hash = mgf;
		return kh_fail(err, KH_E_CHECK, 0,
			       "RSAES-OAEP does not open with %s: the hash is %s and the MGF1 hash is %s", alg->hash,
			       hash, mgf);
	}
	return kh_fail(err, KH_E_CHECK, 0,
		       "RSAES-OAEP does not open with any hash: another wrapping key, a label, or no OAEP");
}

int unwrap_oaep(EVP_PKEY *key, const struct wrapalg_info *alg, const unsigned char *blob, size_t len,
		struct secret **plain, struct unwrap_report *report, struct kh_error *err)
{
	struct secret *s = secret_new(len, err);
	int r;

	if (s == NULL)
		return -1;
	r = try_pair(key, alg->hash, alg->hash, blob, len, s, err);
	if (r > 0)
		r = explain(key, alg, blob, len, s, report, err);
	if (r != 0) {
		secret_free(s);
		return -1;
	}
	report->oaep_hash = alg->hash;
	report->mgf_hash = alg->hash;
	*plain = s;
	return 0;
}
