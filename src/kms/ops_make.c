/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ops_make.h"

#include "bundle/jsontext.h"
#include "reply.h"

#include <stdio.h>
#include <string.h>

#define PAGES_MAX 1000
#define MARKER_MAX 1025
#define CLOCKS_APART 900 /* seconds: no signature is taken by a clock that is further off */

/* Whether there is another page, and where; a list without an end is none. */
static int next_page(const json_t *reply, char marker[MARKER_MAX], bool *more, struct kh_error *err)
{
	char last[MARKER_MAX];

	memcpy(last, marker, MARKER_MAX);
	if (reply_flag(reply, "Truncated", more, err))
		return -1;
	if (!*more)
		return 0;
	if (reply_text(reply, "NextMarker", true, marker, MARKER_MAX, err))
		return -1;
	return strcmp(last, marker) == 0 ? kh_fail(err, KH_E_KMS, 0, "the same NextMarker again: a list without an end") : 0;
}

/* Does `each` for every element of a list operation's pages. */
static int each_element(struct kms *k, const char *operation, const char *key_id, const char *list,
			int (*each)(void *ctx, const json_t *element, struct kh_error *err), void *ctx,
			struct kh_error *err)
{
	char marker[MARKER_MAX] = "";
	bool more = true;
	int rc = 0;

	for (int page = 0; more && !rc; page++) {
		struct kms_reply reply;
		const json_t *element;
		size_t i;

		if (page == PAGES_MAX)
			return kh_fail(err, KH_E_KMS, 0, "%s: more than %d pages", operation, PAGES_MAX);
		rc = kms_call_owned(k, operation, jsontext_pack("{s:s*,s:s*}", "KeyId", key_id, "Marker", marker[0] ? marker : NULL), 0,
			  &reply, err);
		if (!rc && !json_is_array(json_object_get(reply.json, list)))
			rc = kh_fail(err, KH_E_KMS, 0, "%s: the reply's %s is missing or no list", operation, list);
		if (!rc) {
			json_array_foreach(json_object_get(reply.json, list), i, element) {
				rc = each(ctx, element, err);
				if (rc)
					break;
			}
		}
		if (!rc && next_page(reply.json, marker, &more, err))
			rc = kh_context(err, "%s", operation);
		kms_reply_clear(&reply);
	}
	return rc;
}

struct search {
	struct kms *kms;
	const char *tag, *value;
	int64_t since;
	char *arn;
	bool tagged;
};

static int look_at_tag(void *ctx, const json_t *tag, struct kh_error *err)
{
	struct search *s = ctx;
	const char *key = json_string_value(json_object_get(tag, "TagKey"));
	const char *value = json_string_value(json_object_get(tag, "TagValue"));

	if (!key || !value)
		return kh_fail(err, KH_E_KMS, 0, "ListResourceTags: a row of the reply's Tags has no TagKey or TagValue");
	s->tagged = s->tagged || (strcmp(key, s->tag) == 0 && strcmp(value, s->value) == 0);
	return 0;
}

static int look_at_key(void *ctx, const json_t *row, struct kh_error *err)
{
	struct search *s = ctx;
	struct ops_key key;
	char id[ARN_MAX];

	if (reply_text(row, "KeyId", true, id, sizeof(id), err))
		return kh_context(err, "ListKeys");
	if (ops_describe(s->kms, id, &key, err)) /* others' keys need not be readable, nor ours be seen at once */
		return kms_is_denied(err) || kms_is_error(err, "NotFoundException") ? 0 : -1;
	if (strcmp(key.origin, "EXTERNAL") != 0 || (key.created && key.created < s->since - CLOCKS_APART))
		return 0;
	s->tagged = false;
	if (each_element(s->kms, "ListResourceTags", key.arn, "Tags", look_at_tag, s, err))
		return kms_is_error(err, "NotFoundException") ? 0 : -1;
	if (s->tagged && s->arn[0] && strcmp(s->arn, key.arn) != 0)
		return kh_fail(err, KH_E_CHECK, 0, "two keys have the tag %s=%s: %s and %s", s->tag, s->value, s->arn, key.arn);
	if (s->tagged)
		(void)snprintf(s->arn, ARN_MAX, "%s", key.arn);
	return 0;
}

int ops_find_tagged(struct kms *k, const char *tag, const char *value, int64_t since, char arn[ARN_MAX],
		    struct kh_error *err)
{
	struct search s = {.kms = k, .tag = tag, .value = value, .since = since, .arn = arn};

	arn[0] = '\0';
	return each_element(k, "ListKeys", NULL, "Keys", look_at_key, &s, err);
}

int ops_create_alias(struct kms *k, const char *alias, const char *arn, struct kh_error *err)
{
	struct kms_reply reply;
	struct ops_key key;
	int rc = kms_call_owned(k, "CreateAlias", json_pack("{s:s,s:s}", "AliasName", alias, "TargetKeyId", arn),
		      KMS_NO_OUTPUT, &reply, err);

	kms_reply_clear(&reply);
	if (!rc || !kms_is_error(err, "AlreadyExistsException"))
		return rc;
	if (ops_describe(k, alias, &key, err))
		return -1;
	if (strcmp(key.arn, arn) == 0)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "%s is there already, and is %s's, not %s's", alias, key.arn, arn);
	return kh_hint(err, "give the plan's key another alias, or see to that one with 'aws kms update-alias'");
}

int ops_replicate(struct kms *k, const char *primary_arn, const char *region, json_t *body, struct kh_error *err)
{
	struct kms_reply reply = {0};
	int rc;

	if (json_object_set_new(body, "KeyId", json_string(primary_arn)) ||
	    json_object_set_new(body, "ReplicaRegion", json_string(region)))
		return kh_fail_memory(err);
	rc = kms_call(k, "ReplicateKey", body, 0, &reply, err);
	kms_reply_clear(&reply);
	if (!rc || kms_is_error(err, "AlreadyExistsException"))
		return 0;
	if (kms_is_error(err, "KMSInvalidStateException")) {
		err->code = KH_E_AGAIN;
		kh_hint(err, "import the primary key's material first, then run this again: it makes what is left");
	}
	return kh_context(err, "the replica in %s", region);
}
