/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "unwrap_layer.h"

#include "base/base64.h"

#include <openssl/err.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 8 /* a semiblock of RFC 3394 */

static const unsigned char iv_3394[BLOCK] = {0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6};
static const unsigned char iv_5649[4] = {0xa6, 0x59, 0x59, 0xa6};

/* 0 opened, 1 not RFC 5649 under this key, -1 with `err`. */
static int open_5649(const struct secret *kek, const unsigned char *blob, size_t len, struct secret *plain,
		     struct kh_error *err)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int out = 0, ret = -1;

	if (cipher == NULL || ctx == NULL) {
		kh_fail_memory(err);
		goto done;
	}
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_DecryptInit_ex2(ctx, cipher, secret_bytes(kek), NULL, NULL) <= 0) {
		kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot do AES-256-WRAP-PAD");
		goto done;
	}
	ret = EVP_DecryptUpdate(ctx, secret_data(plain), &out, blob, (int)len) > 0 && out > 0 ? 0 : 1;
	secret_set_len(plain, ret == 0 ? (size_t)out : 0);
done:
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	ERR_clear_error();
	return ret;
}

/* RFC 3394 section 2.2.2 backwards, keeping the initial value, which no EVP call gives. `out` has `len` bytes. */
static int recover_iv(const struct secret *kek, const unsigned char *blob, size_t len, unsigned char *out,
		      struct kh_error *err)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char b[2 * BLOCK];
	size_t n = len / BLOCK - 1;
	int got, ret = -1;

	memcpy(out, blob, len);
	if (cipher == NULL || ctx == NULL || EVP_DecryptInit_ex2(ctx, cipher, secret_bytes(kek), NULL, NULL) <= 0) {
		kh_fail_memory(err);
		goto done;
	}
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	for (size_t t = 6 * n; t > 0; t--) {
		unsigned char *r = out + BLOCK * ((t - 1) % n + 1);

		memcpy(b, out, BLOCK);
		for (unsigned i = 0; i < sizeof(uint32_t); i++)
			b[BLOCK - 1 - i] ^= (unsigned char)(t >> (8 * i));
		memcpy(b + BLOCK, r, BLOCK);
		if (EVP_DecryptUpdate(ctx, b, &got, b, sizeof(b)) <= 0 || got != (int)sizeof(b)) {
			kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot do AES-256-ECB");
			goto done;
		}
		memcpy(out, b, BLOCK);
		memcpy(r, b + BLOCK, BLOCK);
	}
	ret = 0;
done:
	secret_wipe(b, sizeof(b));
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	ERR_clear_error();
	return ret;
}

static bool is_pkcs7(const unsigned char *data, size_t len)
{
	unsigned char pad = data[len - 1];

	if (pad < 1 || pad > BLOCK)
		return false;
	for (size_t i = 0; i < pad; i++)
		if (data[len - 1 - i] != pad)
			return false;
	return true;
}

static bool is_zero_padded(const unsigned char *data, size_t len)
{
	size_t der = unwrap_der_len(data, len);

	if (der == 0 || der >= len || len - der >= BLOCK)
		return false;
	for (size_t i = der; i < len; i++)
		if (data[i] != 0)
			return false;
	return true;
}

/* `data` is the recovered initial value and behind it `len` bytes. */
static int classify(const unsigned char *data, size_t len, const char **what, struct kh_error *err)
{
	const unsigned char *text = data + BLOCK;
	char iv[2 * BLOCK + 1];

	hex_encode(data, BLOCK, iv);
	if (memcmp(data, iv_3394, BLOCK) == 0) {
		*what = is_pkcs7(text, len)	    ? "RFC 3394 after PKCS#7 padding"
			: is_zero_padded(text, len) ? "RFC 3394 after zero padding"
						    : "RFC 3394 without padding";
		return kh_fail(err, KH_E_CHECK, 0, "it is not RFC 5649 but %s", *what);
	}
	if (memcmp(data, iv_5649, sizeof(iv_5649)) == 0) {
		*what = "RFC 5649 with a wrong length or padding";
		return kh_fail(err, KH_E_CHECK, 0,
			       "it is RFC 5649 with a wrong length or padding: initial value %s over %zu bytes", iv,
			       len);
	}
	if (unwrap_der_len(text, len) != 0) {
		*what = "AES key wrap with a foreign initial value";
		return kh_fail(err, KH_E_CHECK, 0,
			       "it is an AES key wrap with the foreign initial value %s, not RFC 5649's a65959a6", iv);
	}
	*what = "neither RFC 5649 nor RFC 3394";
	return kh_fail(err, KH_E_CHECK, 0,
		       "it is neither RFC 5649 nor RFC 3394 under the key-encryption key: another key, or another "
		       "way of wrapping");
}

/* What was wrapped in another way: the words for the error. Gives -1 always. */
static int explain(const struct secret *kek, const unsigned char *blob, size_t len, const char **what,
		   struct kh_error *err)
{
	struct secret *text = NULL;

	if (len < 3 * BLOCK || len % BLOCK != 0)
		return kh_fail(err, KH_E_CHECK, 0, "%zu bytes do not open as RFC 5649", len);
	text = secret_new(len, err);
	if (text != NULL && recover_iv(kek, blob, len, secret_data(text), err) == 0)
		classify(secret_bytes(text), len - BLOCK, what, err);
	secret_free(text);
	return -1;
}

int unwrap_kwp(const struct secret *kek, const unsigned char *blob, size_t len, struct secret **plain,
	       const char **what, struct kh_error *err)
{
	struct secret *s = secret_new(len, err);
	int r;

	if (s == NULL)
		return -1;
	r = open_5649(kek, blob, len, s, err);
	if (r > 0)
		r = explain(kek, blob, len, what, err);
	if (r != 0) {
		secret_free(s);
		return -1;
	}
	*plain = s;
	*what = "RFC 5649";
	return 0;
}
