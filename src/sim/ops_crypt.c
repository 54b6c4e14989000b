/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keymeta.h"
#include "bundle/jsontext.h"
#include "material.h"
#include "ops.h"
#include "seal.h"

#include "bundle/wrapalg.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define PLAINTEXT_MAX 4096
#define CIPHERTEXT_MAX 6144

/* In front of a symmetric ciphertext: which key and which material opens it. */
struct head {
	char magic[4];
	char key_id[KEYSTORE_ID_LEN];
	char material_id[KEYSTORE_MATERIAL_ID - 1];
};

static const char magic[4] = {'K', 'H', 'S', '1'};

/* What is bound to a ciphertext: its head and the encryption context, sorted. */
static int bound_data(struct call *c, const struct head *head, struct buf *out, struct kh_error *err)
{
	const json_t *context = json_object_get(c->in, "EncryptionContext");
	char *text = json_object_size(context) ? jsontext_write(context, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
	int rc = -1;

	if (json_object_size(context) && !text)
		return kh_fail_memory(err);
	if (!buf_add(out, head, sizeof(*head), err) && !buf_add(out, text ? text : "", text ? strlen(text) : 0, err))
		rc = 0;
	free(text);
	return rc;
}

static const char *algorithm(struct call *c)
{
	const char *name = member_text(c->in, "EncryptionAlgorithm");

	return name ? name : "SYMMETRIC_DEFAULT";
}

static int check_algorithm(struct call *c, const struct simkey *key)
{
	if (call_usage(c, key, "ENCRYPT_DECRYPT"))
		return -1;
	if (!keymeta_has(keymeta_encryption(key->spec, key->usage), algorithm(c)))
		return reply_fail(c->reply, "InvalidKeyUsageException", "Algorithm %s is incompatible with key spec %s.",
				  algorithm(c), keyspec_name(key->spec));
	if (!keyspec_is_symmetric(key->spec) && json_object_size(json_object_get(c->in, "EncryptionContext")))
		return reply_fail(c->reply, "ValidationException",
				  "EncryptionContext is valid for symmetric encryption keys only");
	return 0;
}

static int encrypt_symmetric(struct call *c, const struct simkey *key, const struct buf *plain, struct buf *out)
{
	const struct material *m = simkey_material(key, NULL);
	struct buf bound = BUF_INIT(1u << 20);
	struct head head;
	struct kh_error err;
	int rc = -1;

	memcpy(head.magic, magic, sizeof(magic));
	memcpy(head.key_id, key->id, KEYSTORE_ID_LEN);
	memcpy(head.material_id, m->id, KEYSTORE_MATERIAL_ID - 1);
	if (bound_data(c, &head, &bound, &err) || buf_add(out, &head, sizeof(head), &err) ||
	    seal(secret_bytes(m->plain), secret_len(m->plain), buf_text(&bound), bound.len, buf_text(plain), plain->len, out,
		 &err))
		reply_internal(c->reply, &err);
	else
		rc = 0;
	buf_free(&bound);
	return rc;
}

static EVP_PKEY_CTX *oaep(EVP_PKEY *key, const char *name, bool encrypting)
{
	const EVP_MD *md = strcmp(name, "RSAES_OAEP_SHA_1") == 0 ? EVP_sha1() : EVP_sha256();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	if (ctx && (encrypting ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

static int encrypt_rsa(struct call *c, const struct simkey *key, const struct buf *plain, struct buf *out)
{
	enum wrapalg alg = strcmp(algorithm(c), "RSAES_OAEP_SHA_1") == 0 ? WRAPALG_RSAES_OAEP_SHA_1
									: WRAPALG_RSAES_OAEP_SHA_256;
	size_t max = wrapalg_oaep_max(alg, keyspec_info(key->spec)->bits);
	unsigned char sealed[512];
	size_t len = sizeof(sealed);
	EVP_PKEY_CTX *ctx = NULL;
	struct kh_error err;
	EVP_PKEY *pkey;
	int rc = -1;

	if (plain->len > max)
		return reply_fail(c->reply, "ValidationException",
				  "Algorithm %s and key spec %s cannot encrypt data larger than %zu bytes.", algorithm(c),
				  keyspec_name(key->spec), max);
	pkey = material_pkey(simkey_material(key, NULL)->plain, &err);
	if (!pkey)
		return reply_internal(c->reply, &err);
	ctx = oaep(pkey, algorithm(c), true);
	if (!ctx || EVP_PKEY_encrypt(ctx, sealed, &len, (const unsigned char *)buf_text(plain), plain->len) != 1) {
		kh_fail(&err, KH_E_SYSTEM, 0, "RSAES-OAEP: OpenSSL failed");
		reply_internal(c->reply, &err);
	} else {
		rc = buf_add(out, sealed, len, &err);
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return rc;
}

int op_encrypt(struct call *c)
{
	struct buf plain = BUF_INIT(PLAINTEXT_MAX), out = BUF_INIT(CIPHERTEXT_MAX);
	struct simkey *key = call_key(c, "KeyId", CALL_ALIAS);
	struct kh_error err;
	int rc = -1;

	if (!key || call_usable(c, key) || check_algorithm(c, key) || call_dry_run(c))
		return -1;
	if (member_blob(c->in, "Plaintext", &plain, &err)) {
		reply_internal(c->reply, &err);
		goto out;
	}
	if (keyspec_is_symmetric(key->spec) ? encrypt_symmetric(c, key, &plain, &out) : encrypt_rsa(c, key, &plain, &out))
		goto out;
	rc = reply_ok(c->reply, json_pack("{s:o, s:s, s:s}", "CiphertextBlob", call_blob(buf_text(&out), out.len), "KeyId",
					  key->arn, "EncryptionAlgorithm", algorithm(c)));
out:
	if (plain.data)
		secret_wipe(plain.data, plain.cap);
	buf_free(&plain);
	buf_free(&out);
	return rc;
}

static int bad_ciphertext(struct call *c)
{
	return reply_fail(c->reply, "InvalidCiphertextException", "%s", "");
}

/* The key that a symmetric ciphertext names; `named` is the one that the request names, or NULL. */
static struct simkey *key_of(struct call *c, const struct buf *sealed, struct simkey *named, struct head *head)
{
	char id[KEYSTORE_ID_LEN + 1] = "";
	struct simkey *key;

	if (sealed->len < sizeof(*head) + SEAL_OVERHEAD || memcmp(sealed->data, magic, sizeof(magic)) != 0) {
		bad_ciphertext(c);
		return NULL;
	}
	memcpy(head, sealed->data, sizeof(*head));
	memcpy(id, head->key_id, KEYSTORE_ID_LEN);
	key = keystore_find(c->sim->keys, c->region, id);
	if (named && key != named) {
		reply_fail(c->reply, "IncorrectKeyException",
			   "The key ID in the request does not identify a CMK that can perform this operation.");
		return NULL;
	}
	if (!key) {
		bad_ciphertext(c);
		return NULL;
	}
	return call_pass(c, key) ? NULL : key;
}

static int open_symmetric(struct call *c, const struct simkey *key, const struct head *head, const struct buf *sealed,
			  struct secret **plain)
{
	char id[KEYSTORE_MATERIAL_ID] = "";
	struct buf bound = BUF_INIT(1u << 20);
	const struct material *m;
	struct kh_error err;
	int rc = -1;

	memcpy(id, head->material_id, KEYSTORE_MATERIAL_ID - 1);
	m = simkey_material(key, id);
	if (!m || !m->plain)
		return bad_ciphertext(c);
	if (bound_data(c, head, &bound, &err))
		reply_internal(c->reply, &err);
	else if (unseal(secret_bytes(m->plain), secret_len(m->plain), buf_text(&bound), bound.len,
			sealed->data + sizeof(*head), sealed->len - sizeof(*head), plain, &err))
		bad_ciphertext(c);
	else
		rc = 0;
	buf_free(&bound);
	return rc;
}

static int open_rsa(struct call *c, const struct simkey *key, const struct buf *sealed, struct secret **plain)
{
	EVP_PKEY_CTX *ctx = NULL;
	struct kh_error err;
	size_t len = 0;
	EVP_PKEY *pkey = material_pkey(simkey_material(key, NULL)->plain, &err);
	int rc = -1;

	if (!pkey)
		return reply_internal(c->reply, &err);
	len = (size_t)EVP_PKEY_get_size(pkey);
	*plain = secret_new(len, &err);
	ctx = oaep(pkey, algorithm(c), false);
	if (!ctx || !*plain) {
		kh_fail(&err, KH_E_SYSTEM, 0, "RSAES-OAEP: OpenSSL failed");
		reply_internal(c->reply, &err);
	} else if (EVP_PKEY_decrypt(ctx, secret_data(*plain), &len, (const unsigned char *)buf_text(sealed),
				    sealed->len) != 1) {
		bad_ciphertext(c);
	} else {
		secret_set_len(*plain, len);
		rc = 0;
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return rc;
}

/* The answer of Decrypt; a symmetric key's says the material too. */
static json_t *opened(struct call *c, const struct simkey *key, const struct head *head, const struct secret *plain)
{
	json_t *body = json_pack("{s:s, s:o, s:s}", "KeyId", key->arn, "Plaintext",
				 call_blob(secret_bytes(plain), secret_len(plain)), "EncryptionAlgorithm", algorithm(c));

	if (body && keyspec_is_symmetric(key->spec))
		(void)json_object_set_new(body, "KeyMaterialId",
					  json_stringn(head->material_id, KEYSTORE_MATERIAL_ID - 1));
	return body;
}

int op_decrypt(struct call *c)
{
	struct buf sealed = BUF_INIT(CIPHERTEXT_MAX);
	struct secret *plain = NULL;
	struct simkey *key = NULL;
	struct head head = {0};
	struct kh_error err;
	int rc = -1;

	if (member_given(c->in, "Recipient"))
		return reply_fail(c->reply, "UnsupportedOperationException", "keyhaul-sim has no enclaves: Recipient");
	if (member_given(c->in, "KeyId")) {
		key = call_key(c, "KeyId", CALL_ALIAS);
		if (!key)
			return -1;
	}
	if (!key && strcmp(algorithm(c), "SYMMETRIC_DEFAULT") != 0)
		return reply_fail(c->reply, "ValidationException", "KeyId is required with an asymmetric algorithm");
	if (member_blob(c->in, "CiphertextBlob", &sealed, &err)) {
		reply_internal(c->reply, &err);
		goto out;
	}
	if (!key || keyspec_is_symmetric(key->spec))
		key = key_of(c, &sealed, key, &head);
	if (!key || call_usable(c, key) || check_algorithm(c, key) || call_dry_run(c) ||
	    (keyspec_is_symmetric(key->spec) ? open_symmetric(c, key, &head, &sealed, &plain)
					     : open_rsa(c, key, &sealed, &plain)))
		goto out;
	rc = reply_ok(c->reply, opened(c, key, &head, plain));
out:
	secret_free(plain);
	buf_free(&sealed);
	return rc;
}

int op_get_public_key(struct call *c)
{
	struct simkey *key = call_key(c, "KeyId", CALL_ALIAS);
	const struct simkey *view = key ? call_view(c, key) : NULL;
	unsigned char *der = NULL;
	struct kh_error err;
	json_t *body = NULL;
	EVP_PKEY *pkey;
	int len;

	if (!key || !view || call_usable(c, key))
		return -1;
	if (keyspec_info(key->spec)->secret_len)
		return reply_fail(c->reply, "UnsupportedOperationException", "%s is not asymmetric: it has no public key",
				  key->arn);
	pkey = material_pkey(simkey_material(key, NULL)->plain, &err);
	if (!pkey)
		return reply_internal(c->reply, &err);
	len = i2d_PUBKEY(pkey, &der);
	if (len > 0)
		body = json_pack("{s:s, s:o, s:s, s:s, s:s}", "KeyId", key->arn, "PublicKey", call_blob(der, (size_t)len),
				 "CustomerMasterKeySpec", keyspec_name(key->spec), "KeySpec", keyspec_name(key->spec),
				 "KeyUsage", key->usage);
	if (body)
		(void)keymeta_add_algorithms(body, key);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	return reply_ok(c->reply, body);
}
