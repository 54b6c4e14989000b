/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "creation.h"

#include "base/clock.h"
#include "base/log.h"
#include "bundle/bundle_json.h"
#include "bundle/jsontext.h"
#include "compare.h"
#include "ops_make.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_NAME "keyhaul_create"
#define CREATION_FILE_MAX 4096
#define LOST_WAIT 5    /* seconds for which a run waits for a key whose answer got lost to show */
#define LOST_AGAIN 300 /* seconds after which one that does not show was not made: KMS tells new keys late, but not so late */

static int bad(const char *what, struct kh_error *err)
{
	kh_fail(err, KH_E_INPUT, 0, "%s", what);
	return kh_hint(err, "'keyhaul-kms create --out' and 'fetch --plan' write this file; a changed one could have a key made "
			    "twice: put it back as it was, or name another one");
}

static int take_text(const json_t *root, const char *name, char *out, size_t size, struct kh_error *err)
{
	const json_t *value = json_object_get(root, name);

	if (!value)
		return 0;
	if (!json_is_string(value) || json_string_length(value) == 0 || json_string_length(value) >= size)
		return bad(name, err);
	memcpy(out, json_string_value(value), json_string_length(value) + 1);
	return 0;
}

static int check(const struct creation *c, struct kh_error *err)
{
	struct arn arn;

	if (arn_kind_of(c->id) != ARN_KEY_ID || strlen(c->id) != CREATION_ID_MAX - 1)
		return bad("create_id: not a UUID", err);
	if (!c->arn[0])
		return 0;
	if (arn_parse_key(c->arn, &arn, err))
		return bad("kms_key_arn: not an ARN", err);
	return strcmp(arn.region, c->region) == 0 ? 0 : bad("region: not the ARN's", err);
}

static int read_json(const struct buf *text, struct creation *c, struct kh_error *err)
{
	static const char *const known[] = {VERSION_NAME, "create_id", "region", "attempted_at", "kms_key_arn", "aliased"};
	json_t *root = bundle_json_load(buf_text(text), text->len, err);
	char attempted[CLOCK_TEXT] = "";
	size_t n = 0;
	int rc = -1;

	if (!root)
		return -1;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		n += json_object_get(root, known[i]) != NULL;
	if (json_integer_value(json_object_get(root, VERSION_NAME)) != 1 || n != json_object_size(root)) {
		bad("not what this keyhaul writes", err);
		goto out;
	}
	if (take_text(root, "create_id", c->id, sizeof(c->id), err) ||
	    take_text(root, "region", c->region, sizeof(c->region), err) ||
	    take_text(root, "attempted_at", attempted, sizeof(attempted), err) ||
	    take_text(root, "kms_key_arn", c->arn, sizeof(c->arn), err) ||
	    (attempted[0] && clock_parse(attempted, &c->attempted_at, err)))
		goto out;
	c->aliased = json_is_true(json_object_get(root, "aliased"));
	rc = check(c, err);
out:
	json_decref(root);
	return rc;
}

int creation_open(const char *path, struct creation *out, struct kh_error *err)
{
	memset(out, 0, sizeof(*out));
	if (file_open(path, CREATION_FILE_MAX, &out->file, err))
		return -1;
	if (file_content(out->file) && read_json(file_content(out->file), out, err))
		return kh_context(err, "%s", path);
	return 0;
}

void creation_close(struct creation *c)
{
	file_close(c->file);
	c->file = NULL;
}

int creation_read_arn(const char *path, char arn[ARN_MAX], struct kh_error *err)
{
	struct buf text = BUF_INIT(CREATION_FILE_MAX);
	struct creation c = {0};
	int rc = file_read(path, &text, err);

	if (!rc && read_json(&text, &c, err))
		rc = kh_context(err, "%s", path);
	buf_free(&text);
	memcpy(arn, c.arn, ARN_MAX);
	return rc;
}

static int save(struct creation *c, struct kh_error *err)
{
	char attempted[CLOCK_TEXT], *text;
	json_t *root;
	struct buf line = BUF_INIT(CREATION_FILE_MAX);
	int rc;

	clock_format(c->attempted_at, attempted);
	root = jsontext_pack("{s:i,s:s,s:s,s:s*,s:s*}", VERSION_NAME, 1, "create_id", c->id, "region", c->region, "attempted_at",
			 c->attempted_at ? attempted : NULL, "kms_key_arn", c->arn[0] ? c->arn : NULL);
	if (root && c->aliased && json_object_set_new(root, "aliased", json_true())) {
		json_decref(root);
		root = NULL;
	}
	text = root ? jsontext_write(root, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
	rc = text ? buf_addf(&line, "%s\n", err, text) : kh_fail_memory(err);
	if (!rc)
		rc = file_replace(c->file, buf_text(&line), line.len, err);
	buf_free(&line);
	free(text);
	json_decref(root);
	return rc;
}

static int new_id(struct creation *c, struct kh_error *err)
{
	unsigned char b[16];

	if (RAND_bytes(b, sizeof(b)) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "random bytes: OpenSSL failed");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* RFC 4122 version 4 */
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	(void)snprintf(c->id, sizeof(c->id), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		       b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	return 0;
}

/* TagKey, TagValue; takes the list over. NULL: out of memory. */
static json_t *add_tag(json_t *tags, const char *key, const char *value)
{
	if (tags && !json_array_append_new(tags, json_pack("{s:s,s:s}", "TagKey", key, "TagValue", value)))
		return tags;
	json_decref(tags);
	return NULL;
}

static json_t *plan_tags(const struct plan_create *create)
{
	json_t *tags = json_array();

	for (size_t i = 0; tags && i < create->n_tags; i++)
		tags = add_tag(tags, create->tags[i].key, create->tags[i].value);
	return tags;
}

static json_t *body_of(const struct plan_key *key, const char *policy)
{
	const struct plan_create *create = &key->create;
	const char *usage = key->key_usage ? key->key_usage : keyspec_info(key->key_spec)->usage;
	json_t *tags = plan_tags(create);

	return tags ? jsontext_pack("{s:s,s:s,s:s,s:b,s:s*,s:s*,s:o}", "KeySpec", keyspec_name(key->key_spec), "KeyUsage", usage,
				"Origin", "EXTERNAL", "MultiRegion", (int)create->multi_region, "Description",
				create->description, "Policy", policy, "Tags", tags)
		    : NULL;
}

/* With the tag by which the key is found again; the caller drops it. NULL: out of memory. */
static json_t *tagged(const json_t *body, const char *id)
{
	json_t *out = json_deep_copy(body), *tags = json_object_get(out, "Tags");

	tags = add_tag(tags ? json_incref(tags) : json_array(), PLAN_TAG_ID, id);
	if (out && tags && !json_object_set_new(out, "Tags", tags))
		return out;
	if (!out)
		json_decref(tags);
	json_decref(out);
	return NULL;
}

static int not_known(const struct creation *c, struct kh_error *err)
{
	char at[CLOCK_TEXT];

	clock_format(c->attempted_at + LOST_AGAIN, at);
	kh_fail(err, KH_E_AGAIN, 0, "whether a key was made is not known: none with the tag " PLAN_TAG_ID "=%s shows yet", c->id);
	return kh_hint(err, "run this again: it is looked for by its tag, and only from %s on another is made", at);
}

/*
 * A key that was made shows after a while. Without one 0 where so much time went by that none was made, if `over` tells to
 * judge that; else KH_E_AGAIN.
 */
static int find(struct creation *c, struct kms *kms, bool over, struct kh_error *err)
{
	const struct kms_pace *pace = &kms->pace;
	int64_t began = pace->now_ms(pace->ctx) / 1000, now;
	int64_t until = (c->attempted_at < began ? c->attempted_at : began) + LOST_WAIT;
	unsigned wait = 500; /* each look asks for every key of the account: few of them */

	for (;;) {
		now = pace->now_ms(pace->ctx) / 1000; /* before the look: what it could see counts */
		if (ops_find_tagged(kms, PLAN_TAG_ID, c->id, c->attempted_at, c->arn, err)) {
			c->arn[0] = '\0';
			kh_context(err, "whether a key was made is not known");
			return kh_hint(err, "allow kms:ListKeys, kms:DescribeKey and kms:ListResourceTags, and run this again: the key "
					    "has the tag " PLAN_TAG_ID "=%s", c->id);
		}
		if (c->arn[0] || (over && now >= c->attempted_at + LOST_AGAIN))
			return 0;
		if (now >= until)
			return not_known(c, err);
		if (pace->stop(pace->ctx))
			return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted before it was known whether a key was made");
		pace->wait_ms(pace->ctx, wait);
		wait = wait < 2000 ? 2 * wait : wait;
	}
}

static int send(struct creation *c, const json_t *wanted, const struct endpoint *endpoint, struct kms *kms,
		struct kh_error *err)
{
	json_t *body = tagged(wanted, c->id);
	enum kms_outcome outcome = KMS_UNSENT;
	struct ops_key made;
	struct kh_error why;
	int rc = -1;

	if (!body)
		return kh_fail_memory(err);
	c->attempted_at = kms->pace.now_ms(kms->pace.ctx) / 1000;
	if (save(c, err))
		goto out;
	rc = ops_create(kms, body, &made, &outcome, err);
	if (!rc) {
		memcpy(c->arn, made.arn, sizeof(c->arn));
		rc = compare_created(body, endpoint->region, &made, err);
	} else if (outcome != KMS_UNKNOWN) {
		c->attempted_at = 0; /* nothing was made: the next run need not look for it */
		(void)save(c, &why);
	} else {
		log_warning("the answer of CreateKey got lost, and the key is looked for by its tag: %s", err->msg);
		rc = find(c, kms, false, &why);
		if (rc)
			*err = why;
	}
out:
	json_decref(body);
	return rc;
}

/* The ARN on disk is of the plan's Region, and of the account that is asked now. */
static int check_made(const struct creation *c, const struct endpoint *endpoint, struct kh_error *err)
{
	struct arn arn;

	if (strcmp(c->region, endpoint->region) != 0) {
		kh_fail(err, KH_E_CHECK, 0, "the key was made in %s, and is asked for in %s", c->region, endpoint->region);
		return kh_hint(err, "a key cannot be moved: put the Region back, or give the plan's key another name (create: another --out)");
	}
	if (!c->arn[0])
		return 0;
	if (arn_parse_key(c->arn, &arn, err))
		return -1;
	if (arn_is_rehearsal(&arn) && !endpoint_is_loopback(endpoint)) {
		kh_fail(err, KH_E_CHECK, 0, "%s was made in a rehearsal", c->arn);
		return kh_hint(err, "start the real run with another --out, an empty folder");
	}
	return session_check_rehearsal(endpoint, &arn, err);
}

int creation_key(struct creation *c, const json_t *body, const struct endpoint *endpoint, struct kms *kms,
		 struct kh_error *err)
{
	if (!c->id[0]) {
		(void)snprintf(c->region, sizeof(c->region), "%s", endpoint->region);
		if (new_id(c, err))
			return -1;
	}
	if (check_made(c, endpoint, err))
		return -1;
	if (c->arn[0])
		return 0;
	if (c->attempted_at && find(c, kms, true, err))
		return -1;
	if (!c->arn[0] && send(c, body, endpoint, kms, err))
		return -1;
	c->attempted_at = 0;
	return check_made(c, endpoint, err) ? -1 : save(c, err);
}

int creation_make(struct creation *c, const struct plan_key *key, const char *policy, const struct endpoint *endpoint,
		  struct kms *kms, struct kh_error *err)
{
	json_t *body = body_of(key, policy);
	int rc = body ? creation_key(c, body, endpoint, kms, err) : kh_fail_memory(err);

	json_decref(body);
	if (rc || !key->create.alias || c->aliased)
		return rc;
	if (ops_create_alias(kms, key->create.alias, c->arn, err))
		return -1;
	c->aliased = true;
	return save(c, err);
}

int creation_replicate(const struct creation *c, const struct plan_key *key, size_t i, const char *policy, struct kms *kms,
		       char arn[ARN_MAX], struct kh_error *err)
{
	const struct plan_create *create = &key->create;
	const char *at = strstr(c->arn, c->region), *rest = at ? at + strlen(c->region) : "";
	json_t *tags = NULL, *body = NULL;
	int rc;

	(void)snprintf(arn, ARN_MAX, "%.*s%s%s", (int)(at - c->arn), c->arn, create->replicas[i].region, rest);
	tags = add_tag(plan_tags(create), PLAN_TAG_ID, c->id);
	body = tags ? jsontext_pack("{s:s*,s:s*,s:o}", "Description", create->description, "Policy", policy, "Tags", tags) : NULL;
	if (!body)
		return kh_fail_memory(err);
	rc = ops_replicate(kms, c->arn, create->replicas[i].region, body, err);
	json_decref(body);
	return rc;
}
