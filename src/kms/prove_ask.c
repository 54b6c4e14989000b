/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "prove.h"

#include "base/log.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

/* How a key of a spec signs and makes MACs; NULL where it does not. */
static const struct {
	const char *algorithm, *digest;
	enum keyspec spec;
	bool pss;
} ways[] = {
	{"RSASSA_PSS_SHA_256", "SHA256", KEYSPEC_RSA_2048, true},
	{"RSASSA_PSS_SHA_256", "SHA256", KEYSPEC_RSA_3072, true},
	{"RSASSA_PSS_SHA_256", "SHA256", KEYSPEC_RSA_4096, true},
	{"ECDSA_SHA_256", "SHA256", KEYSPEC_ECC_NIST_P256, false},
	{"ECDSA_SHA_384", "SHA384", KEYSPEC_ECC_NIST_P384, false},
	{"ECDSA_SHA_512", "SHA512", KEYSPEC_ECC_NIST_P521, false},
	{"ECDSA_SHA_256", "SHA256", KEYSPEC_ECC_SECG_P256K1, false},
	{"HMAC_SHA_224", NULL, KEYSPEC_HMAC_224, false},
	{"HMAC_SHA_256", NULL, KEYSPEC_HMAC_256, false},
	{"HMAC_SHA_384", NULL, KEYSPEC_HMAC_384, false},
	{"HMAC_SHA_512", NULL, KEYSPEC_HMAC_512, false},
};

int prove_challenge(unsigned char out[PROVE_CHALLENGE], struct kh_error *err)
{
	return RAND_bytes(out, PROVE_CHALLENGE) == 1 ? 0 : kh_fail(err, KH_E_SYSTEM, 0, "random bytes: OpenSSL failed");
}

static size_t way_of(const struct prove *p)
{
	size_t i = 0;

	while (i < sizeof(ways) / sizeof(ways[0]) && ways[i].spec != bundle_facts(p->bundle)->key_spec)
		i++;
	return i;
}

/* 1 where the signature is the material's public key's, 0 where not, -1 where OpenSSL cannot. */
static int verify(const struct bundle_blob *spki, size_t way, const unsigned char *digest, size_t digest_len,
		  const struct buf *signature)
{
	const unsigned char *at = spki->data;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki->len);
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	const EVP_MD *md = EVP_get_digestbyname(ways[way].digest);
	int rc = -1;

	if (ctx && md && EVP_PKEY_verify_init(ctx) == 1 &&
	    (!ways[way].pss || (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
				EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
	    EVP_PKEY_CTX_set_signature_md(ctx, md) == 1)
		rc = EVP_PKEY_verify(ctx, (const unsigned char *)buf_text(signature), signature->len, digest, digest_len) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return rc;
}

/* A challenge that KMS signs, checked with the material's own public key. */
static int ask_signature(struct prove *p, struct kh_error *err)
{
	const struct bundle_material *m = bundle_material(p->bundle);
	unsigned char challenge[PROVE_CHALLENGE], digest[EVP_MAX_MD_SIZE];
	struct buf signature = BUF_INIT(0);
	unsigned int len = 0;
	size_t way = way_of(p);
	int good, rc = -1;

	if (prove_challenge(challenge, err))
		return -1;
	if (EVP_Digest(challenge, sizeof(challenge), digest, &len, EVP_get_digestbyname(ways[way].digest), NULL) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "the digest: OpenSSL failed");
	if (ops_sign(&p->target.kms, p->target.arn, ways[way].algorithm, &(struct bundle_blob){digest, len}, &signature, err)) {
		if (!kms_is_denied(err))
			goto out;
		log_warning("Sign is denied: that the private key is the public key's is KMS's word");
		rc = 0;
		goto out;
	}
	good = verify(&m->public_key, way, digest, len, &signature);
	if (good < 0) {
		kh_fail(err, KH_E_SYSTEM, 0, "checking the signature: OpenSSL failed");
		goto out;
	}
	p->verdict = good ? "yes" : "no";
	p->method = "signature";
	rc = prove_add(p, &(struct bundle_proof){.method = p->method, .challenge = {challenge, sizeof(challenge)},
						 .answer = {(const unsigned char *)signature.data, signature.len},
						 .verdict = p->verdict}, err);
out:
	buf_free(&signature);
	return rc;
}

int prove_public(struct prove *p, struct kh_error *err)
{
	const struct bundle_blob *ours = &bundle_material(p->bundle)->public_key;
	struct buf der = BUF_INIT(0);
	int rc = -1;

	if (!ours->data) {
		kh_fail(err, KH_E_CHECK, 0, "the token gave no public key: there is nothing to compare KMS's with");
		return kh_hint(err, "wrap it again with a token that gives the public half, or make a signature with both sides");
	}
	if (ops_public_key(&p->target.kms, p->target.arn, &der, err))
		goto out;
	p->verdict = der.len == ours->len && memcmp(der.data, ours->data, ours->len) == 0 ? "yes" : "no";
	p->method = "public-key";
	rc = prove_add(p, &(struct bundle_proof){.method = p->method, .verdict = p->verdict,
						 .answer = {(const unsigned char *)der.data, der.len}}, err);
	if (!rc && strcmp(p->verdict, "yes") == 0 && strcmp(p->standing.key.key_usage, "SIGN_VERIFY") == 0)
		rc = ask_signature(p, err);
out:
	buf_free(&der);
	return rc;
}

int prove_mac(struct prove *p, struct kh_error *err)
{
	unsigned char challenge[PROVE_CHALLENGE];
	struct buf mac = BUF_INIT(0);
	int rc = -1;

	if (prove_challenge(challenge, err) ||
	    ops_mac(&p->target.kms, p->target.arn, ways[way_of(p)].algorithm,
		    &(struct bundle_blob){challenge, sizeof(challenge)}, &mac, err))
		goto out;
	p->method = "hmac";
	rc = prove_add(p, &(struct bundle_proof){.method = p->method, .challenge = {challenge, sizeof(challenge)},
						 .answer = {(const unsigned char *)mac.data, mac.len}}, err);
out:
	buf_free(&mac);
	return rc;
}
