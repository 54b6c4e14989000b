/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "canary.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdbool.h>

#define KEK_LEN 32 /* RSA_AES_KEY_WRAP's AES key */
#define KWP_LEN (CANARY_LEN + 7 + 8) /* at most: padded to 8 bytes, and RFC 5649's initial value */

static int openssl_failed(const char *what, struct kh_error *err)
{
	return kh_fail(err, KH_E_SYSTEM, 0, "%s: OpenSSL failed", what);
}

int canary_make(unsigned char out[CANARY_LEN], struct kh_error *err)
{
	return RAND_bytes(out, CANARY_LEN) == 1 ? 0 : openssl_failed("random bytes", err);
}

/* OAEP, the same hash for both, no label. */
static int encrypt(EVP_PKEY *key, const char *hash, const unsigned char *in, size_t len, struct buf *out,
		   struct kh_error *err)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	unsigned char block[SPKI_MODULUS_MAX];
	size_t n = sizeof(block);
	bool done = ctx && EVP_PKEY_encrypt_init(ctx) > 0 &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
		    EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, NULL) > 0 &&
		    EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, hash, NULL) > 0 &&
		    EVP_PKEY_encrypt(ctx, block, &n, in, len) > 0;

	EVP_PKEY_CTX_free(ctx);
	return done ? buf_add(out, block, n, err) : openssl_failed("OAEP", err);
}

static int wrap_kwp(const unsigned char kek[KEK_LEN], const unsigned char canary[CANARY_LEN], struct buf *out,
		    struct kh_error *err)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *kwp = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);
	unsigned char wrapped[KWP_LEN + EVP_MAX_BLOCK_LENGTH];
	int n = 0;
	bool done;

	if (ctx)
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	done = ctx && kwp && EVP_EncryptInit_ex2(ctx, kwp, kek, NULL, NULL) > 0 &&
	       EVP_EncryptUpdate(ctx, wrapped, &n, canary, CANARY_LEN) > 0;
	EVP_CIPHER_free(kwp);
	EVP_CIPHER_CTX_free(ctx);
	return done ? buf_add(out, wrapped, (size_t)n, err) : openssl_failed("AES key wrap", err);
}

int canary_wrap(const unsigned char canary[CANARY_LEN], const unsigned char *spki, size_t spki_len, enum wrapalg alg,
		unsigned bits, struct buf *out, struct kh_error *err)
{
	const struct wrapalg_info *info = wrapalg_info(alg);
	const unsigned char *at = spki;
	unsigned char kek[KEK_LEN]; /* of a canary: no secret */
	struct spki checked = {0};
	EVP_PKEY *key;
	int rc = -1;

	if (spki_parse(spki, spki_len, bits, &checked, err))
		return -1;
	spki_clear(&checked);
	key = d2i_PUBKEY(NULL, &at, (long)spki_len);
	if (!key)
		return openssl_failed("the wrapping key", err);
	if (!info->two_layer)
		rc = encrypt(key, info->hash, canary, CANARY_LEN, out, err);
	else if (RAND_bytes(kek, sizeof(kek)) != 1)
		openssl_failed("random bytes", err);
	else if (!encrypt(key, info->hash, kek, sizeof(kek), out, err))
		rc = wrap_kwp(kek, canary, out, err);
	EVP_PKEY_free(key);
	return rc;
}

int canary_noise(enum wrapalg alg, unsigned bits, struct buf *out, struct kh_error *err)
{
	size_t len = bits / 8 + (wrapalg_info(alg)->two_layer ? KWP_LEN / 8 * 8 : 0);
	unsigned char noise[SPKI_MODULUS_MAX + KWP_LEN];

	if (len > sizeof(noise) || RAND_bytes(noise, (int)len) != 1)
		return openssl_failed("random bytes", err);
	noise[0] = 0;
	return buf_add(out, noise, len, err);
}
