/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "proof_step.h"

#include "attr.h"
#include "call.h"
#include "ckr.h"
#include "key.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <string.h>

#define BLOCK 16
#define CHECK_VALUE 3 /* bytes (PKCS#11 v3.1 section 4.10.2) */
#define MAC_MAX 64

/* What the token makes of a challenge with the key inside it, and what OpenSSL makes of it with the opened key. */
struct comparison {
	unsigned char token[MAC_MAX], host[MAC_MAX];
	CK_ULONG token_len;
	size_t host_len;
};

static const struct {
	CK_MECHANISM_TYPE mechanism;
	const char *hash;
	unsigned bits;
} macs[] = {
	{CKM_SHA224_HMAC, "SHA224", 224}, {CKM_SHA256_HMAC, "SHA256", 256}, {CKM_SHA384_HMAC, "SHA384", 384},
	{CKM_SHA512_HMAC, "SHA512", 512}, {CKM_SHA_1_HMAC, "SHA1", 160},
};
#define MACS (sizeof(macs) / sizeof(macs[0]))

static int verdict(const struct comparison *c, const char *by, struct proof *out, struct kh_error *err)
{
	if (c->host_len == 0 || c->token_len != c->host_len || memcmp(c->token, c->host, c->host_len) != 0)
		return kh_fail(err, KH_E_CHECK, 0, "what was opened is not the key in the token (%s)", by);
	out->same_by = by;
	return 0;
}

static bool token_mac(const struct token *t, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE type,
		      unsigned char challenge[BLOCK], struct comparison *c)
{
	CK_MECHANISM mechanism = {type, NULL, 0};

	c->token_len = sizeof(c->token);
	return P11_CALL_MECH(t->fn, type, C_SignInit, t->session, &mechanism, key) == CKR_OK &&
	       P11_CALL(t->fn, C_Sign, t->session, challenge, BLOCK, c->token, &c->token_len) == CKR_OK &&
	       c->token_len <= sizeof(c->token);
}

static bool token_block(const struct token *t, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE type,
			unsigned char challenge[BLOCK], struct comparison *c)
{
	unsigned char iv[BLOCK] = {0};
	CK_MECHANISM mechanism = {type, type == CKM_AES_CBC ? iv : NULL, type == CKM_AES_CBC ? BLOCK : 0};

	c->token_len = sizeof(c->token);
	return P11_CALL_MECH(t->fn, type, C_EncryptInit, t->session, &mechanism, key) == CKR_OK &&
	       P11_CALL(t->fn, C_Encrypt, t->session, challenge, BLOCK, c->token, &c->token_len) == CKR_OK &&
	       c->token_len <= sizeof(c->token);
}

/* One block by itself: ECB, and CBC from a zero initial value, which is the same. */
static int host_block(const struct secret *plain, const unsigned char challenge[BLOCK], struct comparison *c,
		      struct kh_error *err)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, secret_len(plain) == 16 ? "AES-128-ECB" : "AES-256-ECB", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0, ret = -1;

	if (cipher != NULL && ctx != NULL && EVP_EncryptInit_ex2(ctx, cipher, secret_bytes(plain), NULL, NULL) > 0 &&
	    EVP_CIPHER_CTX_set_padding(ctx, 0) > 0 && EVP_EncryptUpdate(ctx, c->host, &len, challenge, BLOCK) > 0)
		ret = 0;
	else
		kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot do AES-ECB");
	c->host_len = len > 0 ? (size_t)len : 0;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return ret;
}

/* For tokens that neither sign nor encrypt for us: 24 bits of evidence, and the proof says that it is no more. */
static int same_check_value(const struct token *t, const struct proof_throwaway *w, const struct secret *plain,
			    struct proof *out, struct kh_error *err)
{
	static const unsigned char zeros[BLOCK];
	struct comparison c = {.token_len = CHECK_VALUE};
	struct attr_read read = {.type = CKA_CHECK_VALUE, .data = c.token, .room = sizeof(c.token)};

	if (attr_read_all(t, w->target.key, &read, 1, err) != 0)
		return -1;
	if (!read.there || read.len != CHECK_VALUE)
		return kh_fail(err, KH_E_CHECK, 0,
			       "the token offers nothing to compare the throwaway key with what was opened");
	if (keyspec_info(w->spec)->kind == KEYSPEC_AES) {
		if (host_block(plain, zeros, &c, err) != 0)
			return -1;
	} else if (EVP_Q_digest(NULL, "SHA1", NULL, secret_bytes(plain), secret_len(plain), c.host, &c.host_len) <= 0) {
		return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot do SHA-1");
	}
	c.host_len = CHECK_VALUE;
	proof_warn(out, "the same key by its check value alone (24 bits)");
	return verdict(&c, "check value", out, err);
}

static int same_mac(const struct token *t, const struct proof_throwaway *w, const struct secret *plain,
		    unsigned char challenge[BLOCK], struct proof *out, struct kh_error *err)
{
	struct comparison c = {.token_len = 0};
	unsigned bits = keyspec_info(w->spec)->bits;

	/* the key's own hash first, then any other that the token has */
	for (size_t i = 0; i < 2 * MACS; i++) {
		size_t m = i % MACS;

		if ((macs[m].bits == bits) != (i < MACS) ||
		    !token_mac(t, w->target.key, macs[m].mechanism, challenge, &c))
			continue;
		if (EVP_Q_mac(NULL, "HMAC", NULL, macs[m].hash, NULL, secret_bytes(plain), secret_len(plain), challenge,
			      BLOCK, c.host, sizeof(c.host), &c.host_len) == NULL)
			return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot do HMAC");
		return verdict(&c, "HMAC", out, err);
	}
	return same_check_value(t, w, plain, out, err);
}

int proof_same_secret(const struct token *t, const struct proof_throwaway *w, const struct secret *plain,
		      struct proof *out, struct kh_error *err)
{
	unsigned char challenge[BLOCK];
	struct comparison c = {.token_len = 0};

	if (RAND_bytes(challenge, sizeof(challenge)) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "no randomness");
	if (keyspec_info(w->spec)->kind == KEYSPEC_HMAC)
		return same_mac(t, w, plain, challenge, out, err);
	if (!token_block(t, w->target.key, CKM_AES_ECB, challenge, &c) &&
	    !token_block(t, w->target.key, CKM_AES_CBC, challenge, &c))
		return same_check_value(t, w, plain, out, err);
	if (host_block(plain, challenge, &c, err) != 0)
		return -1;
	return verdict(&c, "AES encryption", out, err);
}

int proof_same_public(const struct token *t, const struct proof_throwaway *w, EVP_PKEY *opened, struct proof *out,
		      struct kh_error *err)
{
	struct buf der = BUF_INIT(ATTR_VALUE_MAX);
	const unsigned char *p;
	EVP_PKEY *public = NULL;
	struct key key;
	int ret = -1;

	if (key_read(t, w->target.key, &key, err) != 0 || key_public(t, &key, &der, err) != 0)
		goto out;
	p = (const unsigned char *)der.data;
	public = der.len > 0 ? d2i_PUBKEY(NULL, &p, (long)der.len) : NULL;
	if (public == NULL) {
		kh_fail(err, KH_E_CHECK, 0, "the token does not give the throwaway's public key to compare with");
		goto out;
	}
	if (EVP_PKEY_eq(public, opened) != 1) {
		kh_fail(err, KH_E_CHECK, 0, "what was opened is not the key in the token (public key)");
		goto out;
	}
	out->same_by = "public key";
	ret = 0;
out:
	EVP_PKEY_free(public);
	buf_free(&der);
	return ret;
}
