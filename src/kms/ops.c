/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ops.h"

#include "base/base64.h"
#include "bundle/jsontext.h"
#include "reply.h"

#include <stdlib.h>
#include <string.h>

#define PUBLIC_KEY_REPLY_MAX 8192
#define PAGES_MAX 64

int ops_read_metadata(const json_t *reply, struct ops_key *out, struct kh_error *err)
{
	const json_t *m = json_object_get(reply, "KeyMetadata");
	struct arn arn;

	memset(out, 0, sizeof(*out));
	if (!json_is_object(m))
		return kh_fail(err, KH_E_KMS, 0, "the reply's KeyMetadata is missing or no object");
	if (reply_text(m, "Arn", true, out->arn, sizeof(out->arn), err) ||
	    reply_text(m, "KeySpec", true, out->key_spec, sizeof(out->key_spec), err) ||
	    reply_text(m, "KeyUsage", false, out->key_usage, sizeof(out->key_usage), err) ||
	    reply_text(m, "KeyState", true, out->state, sizeof(out->state), err) ||
	    reply_text(m, "Origin", true, out->origin, sizeof(out->origin), err) ||
	    reply_text(m, "CustomKeyStoreId", false, out->key_store, sizeof(out->key_store), err) ||
	    reply_text(m, "KeyManager", false, out->manager, sizeof(out->manager), err) ||
	    reply_flag(m, "MultiRegion", &out->multi_region, err) ||
	    reply_text(m, "ExpirationModel", false, out->expiration_model, sizeof(out->expiration_model), err) ||
	    reply_time(m, "ValidTo", false, &out->valid_to, err) ||
	    reply_time(m, "CreationDate", false, &out->created, err) ||
	    reply_text(m, "CurrentKeyMaterialId", false, out->material_id, sizeof(out->material_id), err) ||
	    reply_time(m, "DeletionDate", false, &out->deletion, err))
		return -1;
	if (arn_parse_key(out->arn, &arn, err)) {
		err->code = KH_E_KMS; /* KMS's mistake, not the user's */
		return kh_context(err, "the reply's Arn");
	}
	return 0;
}

int ops_describe(struct kms *k, const char *key_id, struct ops_key *out, struct kh_error *err)
{
	struct kms_reply reply;
	int rc = kms_call_owned(k, "DescribeKey", json_pack("{s:s}", "KeyId", key_id), 0, &reply, err);

	if (!rc && ops_read_metadata(reply.json, out, err))
		rc = kh_context(err, "DescribeKey");
	kms_reply_clear(&reply);
	return rc;
}

int ops_create(struct kms *k, const json_t *body, struct ops_key *out, enum kms_outcome *outcome, struct kh_error *err)
{
	struct kms_reply reply;
	int rc = kms_call(k, "CreateKey", body, KMS_ONCE, &reply, err);

	if (!rc && ops_read_metadata(reply.json, out, err)) {
		rc = kh_context(err, "CreateKey");
		reply.outcome = KMS_UNKNOWN; /* a 200, but for which key? */
	}
	*outcome = reply.outcome;
	kms_reply_clear(&reply);
	return rc;
}

int ops_parameters(struct kms *k, const char *key_id, const char *algorithm, const char *wrapping_key_spec,
		   struct ops_parameters *out, struct kh_error *err)
{
	struct kms_reply reply;
	int rc;

	memset(out, 0, sizeof(*out));
	out->public_key.max = KMS_PUBLIC_KEY_MAX;
	out->import_token.max = KMS_IMPORT_TOKEN_MAX;
	rc = kms_call_owned(k, "GetParametersForImport",
		  json_pack("{s:s,s:s,s:s}", "KeyId", key_id, "WrappingAlgorithm", algorithm, "WrappingKeySpec",
			    wrapping_key_spec),
		  0, &reply, err);
	if (rc)
		goto out;
	memcpy(out->request_id, reply.request_id, sizeof(out->request_id));
	out->tls_verified = reply.tls_verified;
	if (reply_text(reply.json, "KeyId", true, out->arn, sizeof(out->arn), err) ||
	    reply_blob(reply.json, "ImportToken", &out->import_token, err) ||
	    reply_blob(reply.json, "PublicKey", &out->public_key, err) ||
	    reply_time(reply.json, "ParametersValidTo", true, &out->valid_to, err))
		rc = kh_context(err, "GetParametersForImport");
out:
	kms_reply_clear(&reply);
	return rc;
}

void ops_parameters_clear(struct ops_parameters *p)
{
	buf_free(&p->public_key);
	buf_free(&p->import_token);
}

static int add_blob(json_t *body, const char *name, const struct bundle_blob *blob, struct kh_error *err)
{
	struct buf text = BUF_INIT(BASE64_LEN(KMS_ENCRYPTED_KEY_MATERIAL_MAX));
	int rc = base64_encode(blob->data, blob->len, &text, err);

	if (!rc && json_object_set_new(body, name, json_stringn(buf_text(&text), text.len)))
		rc = kh_fail_memory(err);
	buf_free(&text);
	return rc;
}

static int add_text(json_t *body, const char *name, const char *text, struct kh_error *err)
{
	return text && json_object_set_new(body, name, json_string(text)) ? kh_fail_memory(err) : 0;
}

static json_t *import_body(const struct bundle_request *request, const struct bundle_material *material,
			   const struct intent *intent, struct kh_error *err)
{
	json_t *body = json_object();

	if (!body) {
		kh_fail_memory(err);
		return NULL;
	}
	if (add_text(body, "KeyId", request->kms_key_arn, err) ||
	    add_blob(body, "ImportToken", &request->import_token, err) ||
	    add_blob(body, "EncryptedKeyMaterial", &material->encrypted_key_material, err) ||
	    add_text(body, "ExpirationModel", intent->expiration_model, err) ||
	    add_text(body, "ImportType", intent->import_type, err) ||
	    add_text(body, "KeyMaterialDescription", intent->key_material_description, err) ||
	    add_text(body, "KeyMaterialId", intent->key_material_id, err) ||
	    (intent->valid_to && json_object_set_new(body, "ValidTo", json_integer(intent->valid_to)) &&
	     kh_fail_memory(err))) {
		json_decref(body);
		return NULL;
	}
	return body;
}

static int read_material_id(const json_t *reply, const struct bundle_request *request, const struct intent *intent,
			    char out[OPS_MATERIAL_ID_MAX], struct kh_error *err)
{
	const char *wanted = intent->key_material_id;
	/* only symmetric keys' materials have ids, and those that say an import type are symmetric */
	bool required = intent->import_type || wanted ||
			(request->key_spec && strcmp(request->key_spec, keyspec_name(KEYSPEC_SYMMETRIC_DEFAULT)) == 0);

	if (reply_text(reply, "KeyMaterialId", required, out, OPS_MATERIAL_ID_MAX, err))
		return -1;
	if (out[0] && (strlen(out) != KMS_KEY_MATERIAL_ID_LEN ||
		       strspn(out, "0123456789abcdef") != KMS_KEY_MATERIAL_ID_LEN))
		return kh_fail(err, KH_E_KMS, 0, "the reply's KeyMaterialId is not 64 hex digits");
	if (wanted && strcmp(out, wanted) != 0)
		return kh_fail(err, KH_E_KMS, 0, "the reply is about key material %s, not %s", out, wanted);
	return 0;
}

/* A 200 that does not name the key and what was imported, or names others, is no answer to this call. */
static int read_imported(const json_t *reply, const struct bundle_request *request, const struct intent *intent,
			 struct ops_imported *out, struct kh_error *err)
{
	const json_t *type = json_object_get(reply, "__type");
	char key_id[ARN_MAX];
	int rc;

	if (type)
		rc = kh_fail(err, KH_E_KMS, 0, "a 200 that holds an exception: %.60s",
			     json_is_string(type) ? json_string_value(type) : "__type is no string");
	else if (reply_text(reply, "KeyId", true, key_id, sizeof(key_id), err))
		rc = -1;
	else if (strcmp(key_id, request->kms_key_arn) != 0)
		rc = kh_fail(err, KH_E_KMS, 0, "the reply is about %s, not %s", key_id, request->kms_key_arn);
	else
		rc = read_material_id(reply, request, intent, out->material_id, err);
	if (rc)
		kh_hint(err, "what answers at this endpoint is not KMS, or something in between changes its replies");
	return rc;
}

int ops_import(struct kms *k, const struct bundle_request *request, const struct bundle_material *material,
	       const struct intent *intent, struct ops_imported *out, struct kh_error *err)
{
	bool once = intent->import_type && strcmp(intent->import_type, INTENT_NEW) == 0;
	json_t *body = import_body(request, material, intent, err);
	struct kms_reply reply;
	int rc;

	memset(out, 0, sizeof(*out));
	out->outcome = KMS_UNSENT;
	if (!body)
		return -1;
	rc = kms_call_owned(k, "ImportKeyMaterial", body, once ? KMS_ONCE : KMS_FRESH, &reply, err);
	out->outcome = reply.outcome;
	memcpy(out->request_id, reply.request_id, sizeof(out->request_id));
	if (!rc && read_imported(reply.json, request, intent, out, err)) {
		out->outcome = KMS_UNKNOWN; /* a 200, but for what? */
		out->material_id[0] = '\0';
		rc = kh_context(err, "ImportKeyMaterial");
	}
	kms_reply_clear(&reply);
	return rc;
}

int ops_public_key(struct kms *k, const char *arn, struct buf *out, struct kh_error *err)
{
	struct kms_reply reply;
	char key_id[ARN_MAX];
	int rc = kms_call_owned(k, "GetPublicKey", json_pack("{s:s}", "KeyId", arn), 0, &reply, err);

	if (rc)
		goto out;
	out->max = PUBLIC_KEY_REPLY_MAX;
	if (reply_text(reply.json, "KeyId", true, key_id, sizeof(key_id), err) ||
	    reply_blob(reply.json, "PublicKey", out, err) ||
	    (strcmp(key_id, arn) != 0 &&
	     kh_fail(err, KH_E_KMS, 0, "the reply is about %s, not %s", key_id, arn)))
		rc = kh_context(err, "GetPublicKey");
out:
	kms_reply_clear(&reply);
	return rc;
}

static int read_material(const json_t *row, struct ops_material *out, struct kh_error *err)
{
	char state[OPS_NAME_MAX], type[OPS_NAME_MAX];

	if (!json_is_object(row))
		return kh_fail(err, KH_E_KMS, 0, "a row of the reply's Rotations is no object");
	if (reply_text(row, "KeyMaterialId", false, out->id, sizeof(out->id), err) ||
	    reply_text(row, "ExpirationModel", false, out->expiration_model, sizeof(out->expiration_model), err) ||
	    reply_text(row, "KeyMaterialState", false, out->state, sizeof(out->state), err) ||
	    reply_text(row, "ImportState", false, state, sizeof(state), err) ||
	    reply_text(row, "RotationType", false, type, sizeof(type), err) ||
	    reply_time(row, "RotationDate", false, &out->rotated, err) ||
	    reply_time(row, "ValidTo", false, &out->valid_to, err))
		return -1;
	/* the description may be empty, which other texts may not */
	if (json_string_length(json_object_get(row, "KeyMaterialDescription")) &&
	    reply_text(row, "KeyMaterialDescription", false, out->description, sizeof(out->description), err))
		return -1;
	out->imported = strcmp(state, "IMPORTED") == 0;
	out->on_demand = strcmp(type, "ON_DEMAND") == 0;
	return 0;
}

static int read_page(const json_t *reply, struct ops_materials *out, char marker[1025], bool *more,
		     struct kh_error *err)
{
	const json_t *rows = json_object_get(reply, "Rotations"), *row;
	size_t i;

	if (!json_is_array(rows))
		return kh_fail(err, KH_E_KMS, 0, "the reply's Rotations is missing or no list");
	json_array_foreach(rows, i, row) {
		if (out->n == OPS_MATERIALS_MAX)
			return kh_fail(err, KH_E_KMS, 0, "more than %d materials", OPS_MATERIALS_MAX);
		if (read_material(row, &out->v[out->n], err))
			return -1;
		out->n += out->v[out->n].id[0] != '\0';
	}
	if (reply_flag(reply, "Truncated", more, err))
		return -1;
	return *more ? reply_text(reply, "NextMarker", true, marker, 1025, err) : 0;
}

int ops_materials(struct kms *k, const char *arn, struct ops_materials *out, struct kh_error *err)
{
	char marker[1025] = "", last[1025] = "";
	bool more = true;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (int page = 0; more && !rc; page++) {
		struct kms_reply reply;
		json_t *body = jsontext_pack("{s:s,s:s,s:s*}", "KeyId", arn, "IncludeKeyMaterial", "ALL_KEY_MATERIAL",
					 "Marker", marker[0] ? marker : NULL);

		if (page == PAGES_MAX) {
			json_decref(body);
			return kh_fail(err, KH_E_KMS, 0, "ListKeyRotations: more than %d pages", PAGES_MAX);
		}
		rc = kms_call_owned(k, "ListKeyRotations", body, 0, &reply, err);
		if (!rc && (read_page(reply.json, out, marker, &more, err) ||
			    (more && strcmp(marker, last) == 0 &&
			     kh_fail(err, KH_E_KMS, 0, "the same NextMarker again: a list without an end"))))
			rc = kh_context(err, "ListKeyRotations");
		memcpy(last, marker, sizeof(last));
		kms_reply_clear(&reply);
	}
	return rc;
}
