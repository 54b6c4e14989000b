/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ops_life.h"

#include "base/base64.h"
#include "bundle/jsontext.h"
#include "reply.h"

#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX 4096 /* of Sign and GenerateMac */
#define MAC_MAX 64
#define SIGNATURE_MAX 1024

/* A reply's KeyId, where there is one, is the key's ARN or its id. */
static int same_key(const json_t *reply, const char *arn, struct kh_error *err)
{
	char id[ARN_MAX];

	if (reply_text(reply, "KeyId", false, id, sizeof(id), err))
		return -1;
	if (!id[0] || strcmp(id, arn) == 0 || strcmp(id, strrchr(arn, '/') + 1) == 0)
		return 0;
	return kh_fail(err, KH_E_KMS, 0, "the reply is about %s, not %s", id, arn);
}

/* A key of the set: the same id, account and partition as the key itself. */
static int read_member(const json_t *member, const struct arn *own, char out[ARN_MAX], struct kh_error *err)
{
	struct arn arn;

	if (!json_is_object(member))
		return kh_fail(err, KH_E_KMS, 0, "the reply's MultiRegionConfiguration has a key that is no object");
	if (reply_text(member, "Arn", true, out, ARN_MAX, err))
		return -1;
	if (arn_parse_key(out, &arn, err) || strcmp(arn.key_id, own->key_id) != 0 ||
	    strcmp(arn.account, own->account) != 0 || strcmp(arn.partition, own->partition) != 0)
		return kh_fail(err, KH_E_KMS, 0, "the reply's MultiRegionConfiguration names %s, which is another key", out);
	return 0;
}

static int read_set(const json_t *metadata, const char *own_arn, struct ops_set *out, struct kh_error *err)
{
	const json_t *set = json_object_get(metadata, "MultiRegionConfiguration"), *replicas, *replica;
	struct arn own;
	size_t i;

	memset(out, 0, sizeof(*out));
	if (!set)
		return 0;
	replicas = json_object_get(set, "ReplicaKeys");
	if (arn_parse_key(own_arn, &own, err) ||
	    read_member(json_object_get(set, "PrimaryKey"), &own, out->primary, err))
		return -1;
	if (replicas && (!json_is_array(replicas) || json_array_size(replicas) > OPS_REPLICAS_MAX))
		return kh_fail(err, KH_E_KMS, 0, "the reply's ReplicaKeys is no list of at most %d", OPS_REPLICAS_MAX);
	json_array_foreach(replicas, i, replica)
		if (read_member(replica, &own, out->replicas[out->n++], err))
			return -1;
	return 0;
}

int ops_describe_set(struct kms *k, const char *arn, struct ops_key *out, struct ops_set *set, struct kh_error *err)
{
	struct kms_reply reply;
	int rc = kms_call_owned(k, "DescribeKey", json_pack("{s:s}", "KeyId", arn), 0, &reply, err);

	if (!rc && (ops_read_metadata(reply.json, out, err) ||
		    (strcmp(out->arn, arn) != 0 &&
		     kh_fail(err, KH_E_KMS, 0, "the reply is about %s, not %s", out->arn, arn)) ||
		    read_set(json_object_get(reply.json, "KeyMetadata"), arn, set, err)))
		rc = kh_context(err, "DescribeKey");
	kms_reply_clear(&reply);
	return rc;
}

int ops_rotation(struct kms *k, const char *arn, int64_t *since, struct kh_error *err)
{
	struct kms_reply reply;
	int rc = kms_call_owned(k, "GetKeyRotationStatus", json_pack("{s:s}", "KeyId", arn), 0, &reply, err);

	*since = 0;
	if (!rc && (same_key(reply.json, arn, err) ||
		    reply_time(reply.json, "OnDemandRotationStartDate", false, since, err)))
		rc = kh_context(err, "GetKeyRotationStatus");
	kms_reply_clear(&reply);
	return rc;
}

int ops_rotate(struct kms *k, const char *arn, enum kms_outcome *outcome, struct kh_error *err)
{
	struct kms_reply reply;
	int rc = kms_call_owned(k, "RotateKeyOnDemand", json_pack("{s:s}", "KeyId", arn), KMS_ONCE, &reply, err);

	*outcome = reply.outcome;
	if (!rc && same_key(reply.json, arn, err)) {
		*outcome = KMS_UNKNOWN; /* a 200, but of which key? */
		rc = kh_context(err, "RotateKeyOnDemand");
	}
	kms_reply_clear(&reply);
	return rc;
}

int ops_delete(struct kms *k, const char *arn, const char *material_id, struct kh_error *err)
{
	struct kms_reply reply;
	int rc = kms_call_owned(k, "DeleteImportedKeyMaterial",
		      jsontext_pack("{s:s,s:s*}", "KeyId", arn, "KeyMaterialId", material_id[0] ? material_id : NULL), 0,
		      &reply, err);

	/* not sent again for an answer that is odd: reading shows whether it is gone */
	if (!rc && same_key(reply.json, arn, err))
		rc = kh_context(err, "DeleteImportedKeyMaterial");
	kms_reply_clear(&reply);
	return rc;
}

static json_t *blob_json(const struct bundle_blob *blob, struct kh_error *err)
{
	struct buf text = BUF_INIT(BASE64_LEN(MESSAGE_MAX));
	json_t *out = NULL;

	if (!base64_encode(blob->data, blob->len, &text, err))
		out = json_stringn(buf_text(&text), text.len);
	buf_free(&text);
	return out;
}

/* An operation that gives a blob for a message: member `name` of the reply. */
static int message_call(struct kms *k, const char *operation, const char *arn, json_t *body, const char *name,
			struct buf *out, struct kh_error *err)
{
	struct kms_reply reply;
	int rc = kms_call_owned(k, operation, body, 0, &reply, err);

	if (!rc && (same_key(reply.json, arn, err) || reply_blob(reply.json, name, out, err)))
		rc = kh_context(err, "%s", operation);
	kms_reply_clear(&reply);
	return rc;
}

int ops_mac(struct kms *k, const char *arn, const char *algorithm, const struct bundle_blob *message, struct buf *out,
	    struct kh_error *err)
{
	out->max = MAC_MAX;
	return message_call(k, "GenerateMac", arn,
			    json_pack("{s:s,s:s,s:o}", "KeyId", arn, "MacAlgorithm", algorithm, "Message",
				      blob_json(message, err)),
			    "Mac", out, err);
}

int ops_sign(struct kms *k, const char *arn, const char *algorithm, const struct bundle_blob *digest, struct buf *out,
	     struct kh_error *err)
{
	out->max = SIGNATURE_MAX;
	return message_call(k, "Sign", arn,
			    json_pack("{s:s,s:s,s:s,s:o}", "KeyId", arn, "SigningAlgorithm", algorithm, "MessageType",
				      "DIGEST", "Message", blob_json(digest, err)),
			    "Signature", out, err);
}
