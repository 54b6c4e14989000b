/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "importtoken.h"
#include "material.h"
#include "ops.h"

#include "aws/limits.h"
#include "bundle/jsontext.h"
#include "unwrap/unwrap.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

/* What all four operations of importing ask of a key. */
static struct simkey *importable(struct call *c)
{
	struct simkey *key = call_key(c, "KeyId", CALL_NO_ALIAS);

	if (!key)
		return NULL;
	if (!key->external) {
		reply_fail(c->reply, "UnsupportedOperationException",
			   "%s origin is AWS_KMS which is not valid for this operation.", key->arn);
		return NULL;
	}
	if (key->creating_until) {
		reply_fail(c->reply, "KMSInvalidStateException", "%s is creating.", key->arn);
		return NULL;
	}
	return key;
}

/* Refused before anything is wrapped: what can never be imported. */
static int check_wrapping(struct call *c, const struct simkey *key, enum wrapalg *alg, unsigned *bits)
{
	const char *name = member_text(c->in, "WrappingAlgorithm"), *size = member_text(c->in, "WrappingKeySpec");
	struct kh_error err;
	struct arn arn;

	if (key->deletion)
		return reply_fail(c->reply, "KMSInvalidStateException", "%s is pending deletion.", key->arn);
	if (strcmp(name, "RSAES_PKCS1_V1_5") == 0)
		return reply_fail(c->reply, "UnsupportedOperationException",
				  "RSAES_PKCS1_V1_5 is no longer supported as a wrapping algorithm");
	if (wrapalg_parse(name, alg, &err) || wrapalg_bits_parse(size, bits, &err))
		return reply_fail(c->reply, "UnsupportedOperationException", "%s with %s is not supported in this Region",
				  name, size);
	if (arn_parse_key(key->arn, &arn, &err))
		return reply_internal(c->reply, &err);
	if (wrapalg_check(key->spec, *alg, *bits, &arn, &err))
		return reply_fail(c->reply, "UnsupportedOperationException", "%s: %s", key->arn, err.msg);
	return 0;
}

static json_t *parameters(const struct importtoken *t, const unsigned char *master, struct kh_error *err)
{
	struct buf sealed = BUF_INIT(KMS_IMPORT_TOKEN_MAX);
	unsigned char *spki = NULL;
	json_t *out = NULL;
	int len = i2d_PUBKEY(t->key, &spki);

	if (len <= 0)
		kh_fail(err, KH_E_SYSTEM, 0, "the wrapping key: OpenSSL failed");
	else if (!importtoken_seal(t, master, &sealed, err))
		out = json_pack("{s:s, s:o, s:o, s:I}", "KeyId", t->arn, "ImportToken",
				call_blob(buf_text(&sealed), sealed.len), "PublicKey", call_blob(spki, (size_t)len),
				"ParametersValidTo", (json_int_t)t->valid_to);
	OPENSSL_free(spki);
	buf_free(&sealed);
	return out;
}

int op_get_parameters_for_import(struct call *c)
{
	struct importtoken t = {.valid_to = c->now + KMS_PARAMETERS_LIFETIME};
	struct kh_error err = {0};
	struct simkey *key;
	json_t *body;
	int rc;

	(void)pthread_mutex_lock(&c->sim->lock);
	key = importable(c);
	rc = key ? check_wrapping(c, key, &t.alg, &t.bits) : -1;
	if (!rc)
		memcpy(t.arn, key->arn, sizeof(t.arn));
	(void)pthread_mutex_unlock(&c->sim->lock);
	if (rc)
		return -1;
	/* outside the lock: making the wrapping key may take seconds */
	if (pool_take(c->sim->pool, t.bits, &t.key, &err))
		return reply_internal(c->reply, &err);
	body = parameters(&t, keystore_master(c->sim->keys), &err);
	importtoken_clear(&t);
	return reply_ok(c->reply, body);
}

/* ExpirationModel and ValidTo. */
static int check_expiry(struct call *c, bool *expires, int64_t *valid_to)
{
	const char *model = member_text(c->in, "ExpirationModel");

	*expires = !model || strcmp(model, "KEY_MATERIAL_EXPIRES") == 0;
	*valid_to = 0;
	if (!*expires)
		return member_given(c->in, "ValidTo")
			       ? reply_fail(c->reply, "ValidationException", "A validTo date must not be set if the "
					    "ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE")
			       : 0;
	if (!member_given(c->in, "ValidTo"))
		return reply_fail(c->reply, "ValidationException",
				  "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES");
	*valid_to = member_time(c->in, "ValidTo");
	if (*valid_to <= c->now)
		return reply_fail(c->reply, "ValidationException", "The validTo date must be in the future");
	if (*valid_to > c->now + KMS_VALID_TO_MAX)
		return reply_fail(c->reply, "ValidationException", "The validTo date must be at most 365 days from now");
	return 0;
}

static int check_intent(struct call *c, const struct simkey *key)
{
	static const char *const names[] = {"ImportType", "KeyMaterialDescription", "KeyMaterialId"};
	const char *type = member_text(c->in, "ImportType");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (member_given(c->in, names[i]) && !keyspec_is_symmetric(key->spec))
			return reply_fail(c->reply, "UnsupportedOperationException",
					  "%s: %s is valid for symmetric encryption keys only", key->arn, names[i]);
	if (type && strcmp(type, "NEW_KEY_MATERIAL") == 0 && member_given(c->in, "KeyMaterialId"))
		return reply_fail(c->reply, "ValidationException",
				  "KeyMaterialId cannot be specified when ImportType is NEW_KEY_MATERIAL");
	return 0;
}

static int open_token(struct call *c, const struct simkey *key, struct importtoken *t)
{
	struct buf sealed = BUF_INIT(KMS_IMPORT_TOKEN_MAX);
	struct kh_error err;
	int rc = 0;

	if (member_blob(c->in, "ImportToken", &sealed, &err) ||
	    importtoken_open(buf_text(&sealed), sealed.len, keystore_master(c->sim->keys), t, &err))
		rc = reply_fail(c->reply, "InvalidImportTokenException", "The import token is not valid");
	else if (strcmp(t->arn, key->arn) != 0)
		rc = reply_fail(c->reply, "InvalidImportTokenException", "The import token is another KMS key's");
	else if (t->valid_to <= c->now)
		rc = reply_fail(c->reply, "ExpiredImportTokenException", "The import token has expired");
	buf_free(&sealed);
	return rc;
}

/* RSA and EC: what was opened, as clean PKCS#8. */
static int read_pkcs8(struct call *c, const struct simkey *key, struct secret **plain)
{
	struct unwrap_pkcs8 p = {0};
	struct secret *der = NULL;
	struct kh_error err;
	int rc;

	if (unwrap_pkcs8(*plain, key->spec, &p, &err))
		return reply_fail(c->reply, "IncorrectKeyMaterialException", "The key material is invalid: %s", err.msg);
	if (keyspec_info(key->spec)->kind == KEYSPEC_EC && !p.named_curve)
		rc = reply_fail(c->reply, "IncorrectKeyMaterialException", "The key material is invalid: explicit curve "
				"parameters");
	else if (p.trailing && (c->sim->strict_der || !p.trailing_is_zero))
		rc = reply_fail(c->reply, "IncorrectKeyMaterialException", "The key material is invalid: %zu bytes behind "
				"the PKCS#8%s", p.trailing, p.trailing_is_zero ? "" : ", not all of them zero");
	else {
		der = material_der(p.key, &err);
		rc = der ? 0 : reply_internal(c->reply, &err);
	}
	unwrap_pkcs8_clear(&p);
	if (der) {
		secret_free(*plain);
		*plain = der;
	}
	return rc;
}

static int open_blob(struct call *c, const struct simkey *key, const struct importtoken *t, struct secret **plain)
{
	struct buf blob = BUF_INIT(KMS_ENCRYPTED_KEY_MATERIAL_MAX);
	struct unwrap_report report = {0};
	struct kh_error err;
	int rc = -1;

	if (member_blob(c->in, "EncryptedKeyMaterial", &blob, &err) ||
	    unwrap_open(t->key, t->alg, (const unsigned char *)buf_text(&blob), blob.len, plain, &report, &err)) {
		reply_fail(c->reply, "InvalidCiphertextException", "%s", "");
		goto out;
	}
	if (keyspec_info(key->spec)->secret_len == 0)
		rc = read_pkcs8(c, key, plain);
	else if (secret_len(*plain) != material_len(key->spec, key->region))
		reply_fail(c->reply, "IncorrectKeyMaterialException",
			   "The key material is invalid: %zu bytes where %s takes %zu", secret_len(*plain),
			   keyspec_name(key->spec), material_len(key->spec, key->region));
	else
		rc = 0;
	if (rc && c->sim->opaque_import)
		reply_fail(c->reply, "InvalidCiphertextException", "%s", "");
out:
	buf_free(&blob);
	return rc;
}

/* Where the material goes: NULL for a new one, with `*state` then. */
static int place(struct call *c, const struct simkey *key, const char *id, struct material **there,
		 enum material_state *state)
{
	const char *type = member_text(c->in, "ImportType"), *want = member_text(c->in, "KeyMaterialId");
	bool first = key->n_materials == 0;
	bool is_new = type ? strcmp(type, "NEW_KEY_MATERIAL") == 0 : first && !want && !simkey_is_replica(key);
	const struct material *pending = simkey_pending(key);

	*there = simkey_material(key, id);
	*state = first ? MATERIAL_CURRENT : MATERIAL_PENDING_ROTATION;
	if (want && strcmp(want, id) != 0)
		return reply_fail(c->reply, "IncorrectKeyMaterialException",
				  "The key material (id: %s) is not the one that KeyMaterialId names", id);
	if (is_new && simkey_is_replica(key))
		return reply_fail(c->reply, "UnsupportedOperationException",
				  "%s is a replica: new key material is imported into the primary key first", key->arn);
	if (!is_new && !*there)
		return reply_fail(c->reply, "IncorrectKeyMaterialException",
				  "The key material (id: %s) is not associated with KMS key %s", id, key->arn);
	if (is_new && *there)
		return reply_fail(c->reply, "IncorrectKeyMaterialException",
				  "The key material (id: %s) is already associated with KMS key %s", id, key->arn);
	if (is_new && pending)
		return reply_fail(c->reply, "KMSInvalidStateException",
				  "New key material (id: %s) cannot be imported into KMS key %s, because another key material "
				  "(id: %s) is pending rotation.", id, key->arn, pending->id);
	return 0;
}

/* Puts the bytes in; the key takes them over. */
static int put(struct call *c, struct simkey *key, const char *id, struct secret **plain, bool expires, int64_t valid_to)
{
	const char *description = member_text(c->in, "KeyMaterialDescription");
	enum material_state state = MATERIAL_CURRENT;
	struct simkey *before;
	struct material *m = NULL;
	struct kh_error err;

	if (place(c, key, id, &m, &state))
		return -1;
	before = call_before(c, key);
	if (!before)
		return -1;
	if (!m && simkey_material_add(key, id, state, &m, &err)) {
		simkey_free(before);
		return reply_fail(c->reply, "LimitExceededException", "%s", err.msg);
	}
	secret_free(m->plain);
	m->plain = *plain;
	*plain = NULL;
	m->expires = expires;
	m->valid_to = valid_to;
	if (description) {
		m->described = true;
		(void)snprintf(m->description, sizeof(m->description), "%s", description);
	}
	key->hidden = c->sim->visible_after;
	(void)snprintf(key->hidden_id, sizeof(key->hidden_id), "%s", id);
	return call_save(c, key, before);
}

static bool is_new_type(struct call *c)
{
	const char *type = member_text(c->in, "ImportType");

	return type && strcmp(type, "NEW_KEY_MATERIAL") == 0;
}

int op_import_key_material(struct call *c)
{
	struct simkey *key = importable(c);
	char id[KEYSTORE_MATERIAL_ID];
	struct secret *plain = NULL;
	struct importtoken t = {0};
	struct kh_error err;
	int64_t valid_to;
	bool expires;
	int rc = -1;

	if (!key)
		return -1;
	if (key->deletion)
		return reply_fail(c->reply, "KMSInvalidStateException", "%s is pending deletion.", key->arn);
	if (check_expiry(c, &expires, &valid_to) || check_intent(c, key) || open_token(c, key, &t) ||
	    open_blob(c, key, &t, &plain))
		goto out;
	if (material_id(key, plain, id, &err)) {
		reply_internal(c->reply, &err);
		goto out;
	}
	simkey_material_seeded(key, member_text(c->in, "KeyMaterialId"), is_new_type(c), id);
	if (put(c, key, id, &plain, expires, valid_to))
		goto out;
	rc = reply_ok(c->reply, json_pack("{s:s, s:s}", "KeyId", key->arn, "KeyMaterialId", id));
out:
	secret_free(plain);
	importtoken_clear(&t);
	return rc;
}

int op_delete_imported_key_material(struct call *c)
{
	struct simkey *key = importable(c);
	const char *want = member_text(c->in, "KeyMaterialId");
	char id[KEYSTORE_MATERIAL_ID] = "";
	struct simkey *before;
	struct material *m;

	if (!key)
		return -1;
	m = simkey_material(key, want);
	if (want && !m)
		return reply_fail(c->reply, "NotFoundException", "Key material %s of KMS key %s does not exist", want,
				  key->arn);
	before = call_before(c, key);
	if (!before)
		return -1;
	if (m)
		(void)snprintf(id, sizeof(id), "%s", m->id);
	if (m && m->state == MATERIAL_PENDING_ROTATION && !simkey_is_replica(key)) {
		simkey_material_drop(key, m); /* what was never current is not bound to the key */
	} else if (m) {
		secret_free(m->plain);
		m->plain = NULL;
	}
	if (call_save(c, key, before))
		return -1;
	/* a key that never had material answers alike, without an id */
	return reply_ok(c->reply, jsontext_pack("{s:s, s:s*}", "KeyId", key->arn, "KeyMaterialId", id[0] ? id : NULL));
}
