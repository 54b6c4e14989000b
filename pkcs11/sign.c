/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sign.h"

#include "call.h"
#include "ckr.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <string.h>

#define INFO_MAX (19 + EVP_MAX_MD_SIZE) /* bytes of a DigestInfo */

/* One digest: the head of its DigestInfo (RFC 8017 §9.2, note 1), and the mechanisms that make it in the token. */
static const struct hash {
	int nid;
	unsigned char head[19];
	CK_MECHANISM_TYPE rsa, ecdsa;
} hashes[] = {
	{NID_sha256, {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
	 CKM_SHA256_RSA_PKCS, CKM_ECDSA_SHA256},
	{NID_sha384, {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30},
	 CKM_SHA384_RSA_PKCS, CKM_ECDSA_SHA384},
	{NID_sha512, {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40},
	 CKM_SHA512_RSA_PKCS, CKM_ECDSA_SHA512},
};

static const struct hash *hash_of(const EVP_MD *md)
{
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (hashes[i].nid == EVP_MD_get_type(md))
			return &hashes[i];
	return NULL;
}

int sign_asks_each_time(const struct token *t, const struct key *k, bool *out, struct kh_error *err)
{
	CK_BBOOL flag = CK_FALSE;
	struct attr_read read[] = {ATTR_READ(CKA_ALWAYS_AUTHENTICATE, flag)};

	if (attr_read_all(t, k->handle, read, 1, err))
		return -1;
	*out = attr_flag(&read[0]) == BUNDLE_TRUE;
	return 0;
}

/* What goes to C_Sign, and by which mechanism: the token's own digest only where it takes no other. */
static int prepare(const struct token *t, const struct key *k, const EVP_MD *md, const void *data, size_t len,
		   struct buf *input, CK_MECHANISM_TYPE *mechanism, struct kh_error *err)
{
	const struct hash *h = hash_of(md);
	bool rsa = k->type == CKK_RSA;
	CK_MECHANISM_TYPE bare = rsa ? CKM_RSA_PKCS : CKM_ECDSA;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_len = 0;

	if (!h || (!rsa && k->type != CKK_EC) || k->object_class != CKO_PRIVATE_KEY) {
		kh_fail(err, KH_E_CHECK, 0, "the key '%s' is no RSA or EC private key", k->label);
		return kh_hint(err, "name the signer's private key: type=private in its URI");
	}
	if (!token_has_mechanism(t, bare, CKF_SIGN)) {
		*mechanism = rsa ? h->rsa : h->ecdsa;
		return buf_add(input, data, len, err);
	}
	*mechanism = bare;
	if (EVP_Digest(data, len, digest, &digest_len, md, NULL) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL made no digest");
	if (rsa && buf_add(input, h->head, sizeof(h->head), err))
		return -1;
	return buf_add(input, digest, digest_len, err);
}

/* r and s, a half each (PKCS#11 v3.1 section 6.3.1), as X9.62 and CMS have them. */
static int to_der(const unsigned char *raw, size_t len, struct buf *out, struct kh_error *err)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, (int)(len / 2), NULL), *s = BN_bin2bn(raw + len / 2, (int)(len / 2), NULL);
	unsigned char *der = NULL;
	int der_len = -1, rc = -1;

	if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL; /* the signature's now */
		der_len = i2d_ECDSA_SIG(sig, &der);
	}
	if (der_len > 0)
		rc = buf_add(out, der, (size_t)der_len, err);
	else
		kh_fail_memory(err);
	OPENSSL_free(der);
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return rc;
}

static int failed(const struct token *t, const char *call, CK_RV rv, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX];

	ckr_fail(err, rv, call, token_words(t, words));
	return rv == CKR_KEY_FUNCTION_NOT_PERMITTED || rv == CKR_KEY_TYPE_INCONSISTENT || rv == CKR_MECHANISM_INVALID
		       ? kh_hint(err, "it is no key that signs: those that 'generate' makes are for being hauled alone; a person's is made with "
				       "the token's own tool, such as pkcs11-tool --keypairgen --usage-sign")
		       : -1;
}

int sign_data(struct token *t, const struct key *k, bool each_time, struct secret *pin, const EVP_MD *md, const void *data,
	      size_t len, struct buf *out, struct kh_error *err)
{
	struct buf input = BUF_INIT(len + INFO_MAX);
	unsigned char raw[SIGN_MAX];
	CK_MECHANISM mechanism = {0, NULL, 0};
	CK_ULONG n = sizeof(raw);
	CK_RV rv;
	int rc = -1;

	if (prepare(t, k, md, data, len, &input, &mechanism.mechanism, err))
		goto out;
	rv = P11_CALL_MECH(t->fn, mechanism.mechanism, C_SignInit, t->session, &mechanism, k->handle);
	if (rv != CKR_OK) {
		failed(t, "C_SignInit", rv, err);
		goto out;
	}
	if (each_time && token_login_again(t, pin, err))
		goto out;
	rv = P11_CALL_MECH(t->fn, mechanism.mechanism, C_Sign, t->session, (CK_BYTE *)input.data, (CK_ULONG)input.len, raw, &n);
	if (rv != CKR_OK)
		failed(t, "C_Sign", rv, err);
	else if (n == 0 || n > sizeof(raw) || (k->type == CKK_EC && n % 2 != 0))
		kh_fail(err, KH_E_TOKEN, 0, "C_Sign: a signature of %lu bytes", (unsigned long)n);
	else
		rc = k->type == CKK_EC ? to_der(raw, n, out, err) : buf_add(out, raw, n, err);
out:
	buf_free(&input);
	return rc;
}
