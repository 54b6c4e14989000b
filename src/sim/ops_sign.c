/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keymeta.h"
#include "material.h"
#include "ops.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <string.h>

#define MESSAGE_MAX 4096
#define SIGNATURE_MAX 6144

/* The hash that ends an algorithm's name: ..._SHA_256. */
static const EVP_MD *hash_of(const char *algorithm)
{
	const char *digits = strrchr(algorithm, '_') + 1;

	if (strcmp(digits, "224") == 0)
		return EVP_sha224();
	if (strcmp(digits, "256") == 0)
		return EVP_sha256();
	return strcmp(digits, "384") == 0 ? EVP_sha384() : EVP_sha512();
}

static struct simkey *usable_key(struct call *c, const char *usage)
{
	struct simkey *key = call_key(c, "KeyId", CALL_ALIAS);

	return key && !call_usable(c, key) && !call_usage(c, key, usage) ? key : NULL;
}

static int incompatible(struct call *c, const struct simkey *key, const char *algorithm)
{
	return reply_fail(c->reply, "InvalidKeyUsageException", "Algorithm %s is incompatible with key spec %s.", algorithm,
			  keyspec_name(key->spec));
}

/* The MAC of the message into `out` (EVP_MAX_MD_SIZE); 0 or -1 with the reply set. */
static int make_mac(struct call *c, const struct simkey *key, unsigned char *out, unsigned int *len)
{
	const char *algorithm = member_text(c->in, "MacAlgorithm");
	const struct secret *plain = simkey_material(key, NULL)->plain;
	struct buf message = BUF_INIT(MESSAGE_MAX);
	struct kh_error err;
	int rc = -1;

	if (!keymeta_has(keymeta_mac(key->spec), algorithm))
		return incompatible(c, key, algorithm);
	if (call_dry_run(c))
		return -1;
	if (member_blob(c->in, "Message", &message, &err) ||
	    !HMAC(hash_of(algorithm), secret_bytes(plain), (int)secret_len(plain),
		  (const unsigned char *)buf_text(&message), message.len, out, len)) {
		kh_fail(&err, KH_E_SYSTEM, 0, "HMAC: OpenSSL failed");
		reply_internal(c->reply, &err);
	} else {
		rc = 0;
	}
	buf_free(&message);
	return rc;
}

int op_generate_mac(struct call *c)
{
	struct simkey *key = usable_key(c, "GENERATE_VERIFY_MAC");
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (!key || make_mac(c, key, mac, &len))
		return -1;
	return reply_ok(c->reply, json_pack("{s:o, s:s, s:s}", "Mac", call_blob(mac, len), "MacAlgorithm",
					    member_text(c->in, "MacAlgorithm"), "KeyId", key->arn));
}

int op_verify_mac(struct call *c)
{
	struct simkey *key = usable_key(c, "GENERATE_VERIFY_MAC");
	struct buf given = BUF_INIT(SIGNATURE_MAX);
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	struct kh_error err;
	int rc = -1;

	if (!key || make_mac(c, key, mac, &len))
		return -1;
	if (member_blob(c->in, "Mac", &given, &err))
		reply_internal(c->reply, &err);
	else if (given.len != len || CRYPTO_memcmp(given.data, mac, len) != 0)
		reply_fail(c->reply, "KMSInvalidMacException", "%s", "");
	else
		rc = reply_ok(c->reply, json_pack("{s:s, s:b, s:s}", "KeyId", key->arn, "MacValid", 1, "MacAlgorithm",
						  member_text(c->in, "MacAlgorithm")));
	buf_free(&given);
	return rc;
}

/* The digest to sign: the message's, or the message itself for MessageType DIGEST. */
static int message_digest(struct call *c, const char *algorithm, unsigned char *out, unsigned int *len)
{
	const char *type = member_text(c->in, "MessageType");
	struct buf message = BUF_INIT(MESSAGE_MAX);
	const EVP_MD *md = hash_of(algorithm);
	struct kh_error err;
	int rc = -1;

	if (type && strcmp(type, "EXTERNAL_MU") == 0)
		return reply_fail(c->reply, "ValidationException", "MessageType EXTERNAL_MU is valid for ML_DSA keys only");
	*len = (unsigned int)EVP_MD_get_size(md);
	if (member_blob(c->in, "Message", &message, &err)) {
		reply_internal(c->reply, &err);
	} else if (!type || strcmp(type, "RAW") == 0) {
		rc = EVP_Digest(buf_text(&message), message.len, out, len, md, NULL) == 1 ? 0 : -1;
		if (rc)
			reply_fail(c->reply, "KMSInternalException", "the digest: OpenSSL failed");
	} else if (message.len != *len) {
		reply_fail(c->reply, "ValidationException", "Digest is invalid length for algorithm %s.", algorithm);
	} else {
		memcpy(out, message.data, *len);
		rc = 0;
	}
	buf_free(&message);
	return rc;
}

static EVP_PKEY_CTX *signer(EVP_PKEY *key, const char *algorithm, bool signing)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool rsa = strncmp(algorithm, "RSASSA", 6) == 0, pss = strncmp(algorithm, "RSASSA_PSS", 10) == 0;

	if (ctx && (signing ? EVP_PKEY_sign_init(ctx) : EVP_PKEY_verify_init(ctx)) == 1 &&
	    (!rsa || EVP_PKEY_CTX_set_rsa_padding(ctx, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1) &&
	    (!pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1) &&
	    EVP_PKEY_CTX_set_signature_md(ctx, hash_of(algorithm)) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

/* Everything before the operation itself: key, algorithm, digest, OpenSSL's context. The caller frees both. */
static int prepare(struct call *c, bool signing, struct simkey **key, EVP_PKEY **pkey, EVP_PKEY_CTX **ctx,
		   unsigned char *digest, unsigned int *len)
{
	const char *algorithm = member_text(c->in, "SigningAlgorithm");
	struct kh_error err;

	*key = usable_key(c, "SIGN_VERIFY");
	if (!*key)
		return -1;
	if (!keymeta_has(keymeta_signing((*key)->spec, (*key)->usage), algorithm))
		return incompatible(c, *key, algorithm);
	if (message_digest(c, algorithm, digest, len) || call_dry_run(c))
		return -1;
	*pkey = material_pkey(simkey_material(*key, NULL)->plain, &err);
	*ctx = *pkey ? signer(*pkey, algorithm, signing) : NULL;
	if (*ctx)
		return 0;
	kh_fail(&err, KH_E_SYSTEM, 0, "%s: OpenSSL failed", algorithm);
	return reply_internal(c->reply, &err);
}

int op_sign(struct call *c)
{
	unsigned char digest[EVP_MAX_MD_SIZE], signature[1024];
	size_t size = sizeof(signature);
	unsigned int len = 0;
	struct simkey *key = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *pkey = NULL;
	int rc = -1;

	if (prepare(c, true, &key, &pkey, &ctx, digest, &len))
		goto out;
	if (EVP_PKEY_sign(ctx, signature, &size, digest, len) != 1)
		reply_fail(c->reply, "KMSInternalException", "signing: OpenSSL failed");
	else
		rc = reply_ok(c->reply, json_pack("{s:s, s:o, s:s}", "KeyId", key->arn, "Signature",
						  call_blob(signature, size), "SigningAlgorithm",
						  member_text(c->in, "SigningAlgorithm")));
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return rc;
}

int op_verify(struct call *c)
{
	struct buf signature = BUF_INIT(SIGNATURE_MAX);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	struct simkey *key = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *pkey = NULL;
	struct kh_error err;
	int rc = -1;

	if (prepare(c, false, &key, &pkey, &ctx, digest, &len))
		goto out;
	if (member_blob(c->in, "Signature", &signature, &err))
		reply_internal(c->reply, &err);
	else if (EVP_PKEY_verify(ctx, (const unsigned char *)buf_text(&signature), signature.len, digest, len) != 1)
		reply_fail(c->reply, "KMSInvalidSignatureException", "%s", "");
	else
		rc = reply_ok(c->reply, json_pack("{s:s, s:b, s:s}", "KeyId", key->arn, "SignatureValid", 1,
						  "SigningAlgorithm", member_text(c->in, "SigningAlgorithm")));
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	buf_free(&signature);
	return rc;
}
