/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "api.h"

#include "aws/partition.h"
#include "base/base64.h"
#include "base/log.h"
#include "bundle/jsontext.h"
#include "ops.h"
#include "related.h"

#include <string.h>

const struct op *api_find(const char *name)
{
	size_t n = 0;
	const struct op *ops = api_ops(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(ops[i].name, name) == 0)
			return &ops[i];
	return NULL;
}

void api_call(struct sim *sim, const struct op *op, const char *region, const char *body, size_t len, int64_t now,
	      struct reply *r)
{
	struct call c = {sim, now, region, NULL, r};
	json_error_t why;
	/* an empty body is an empty object, as the service takes it */
	json_t *in = len ? jsontext_read(body, len, JSON_REJECT_DUPLICATES, &why) : json_object();

	if (!json_is_object(in)) {
		reply_fail(r, "SerializationException", "%s", in || !len ? "the body is no JSON object" : why.text);
		goto out;
	}
	if (members_check(op->members, op->n, in, r))
		goto out;
	c.in = in;
	if (!op->locks_itself)
		(void)pthread_mutex_lock(&sim->lock);
	(void)op->run(&c);
	if (!op->locks_itself)
		(void)pthread_mutex_unlock(&sim->lock);
out:
	log_debug("%s %s: %d %s", op->name, region, r->http, r->code);
	json_decref(in);
}

/* Splits what arn_kind_of took for an ARN; false where Region or account is another. */
static bool is_here(struct call *c, const char *arn)
{
	char region[32] = "";
	const char *account;

	if (!arn_region(arn, region) || strcmp(region, c->region) != 0) {
		reply_fail(c->reply, "NotFoundException", "Invalid arn %s", region);
		return false;
	}
	if (seed_knows(c->sim->seed, arn))
		return true; /* as the plan has it: in its rehearsal it is ours */
	account = strstr(arn, region) + strlen(region) + 1;
	if (strncmp(account, ARN_REHEARSAL_ACCOUNT ":", sizeof(ARN_REHEARSAL_ACCOUNT)) != 0) {
		reply_fail(c->reply, "AccessDeniedException",
			   "User: arn:aws:iam::" ARN_REHEARSAL_ACCOUNT ":user/keyhaul-sim is not authorized to access %s: "
			   "it is another account's", arn);
		return false;
	}
	return true;
}

static struct simkey *by_alias(struct call *c, const char *text)
{
	const char *name = strstr(text, "alias/");
	const struct simalias *alias;

	if (strncmp(text, "arn:", 4) == 0 && !is_here(c, text))
		return NULL;
	alias = keystore_alias(c->sim->keys, c->region, name);
	if (!alias)
		reply_fail(c->reply, "NotFoundException", "Alias arn:%s:kms:%s:" ARN_REHEARSAL_ACCOUNT ":%s is not found.",
			   partition_of_region(c->region)->id, c->region, name);
	return alias ? keystore_find(c->sim->keys, c->region, alias->key_id) : NULL;
}

static struct simkey *by_id(struct call *c, const char *text, const char *id)
{
	struct simkey *key = keystore_find(c->sim->keys, c->region, id);

	if (key || text != id) {
		if (!key)
			reply_fail(c->reply, "NotFoundException", "Key '%s' does not exist", text);
		return key;
	}
	reply_fail(c->reply, "NotFoundException", "Key 'arn:%s:kms:%s:" ARN_REHEARSAL_ACCOUNT ":key/%s' does not exist",
		   partition_of_region(c->region)->id, c->region, id);
	return NULL;
}

static struct simkey *find_key(struct call *c, const char *text, enum call_ids ids)
{
	enum arn_kind kind = arn_kind_of(text);

	switch (kind) {
	case ARN_KEY_ID:
		return by_id(c, text, text);
	case ARN_KEY_ARN:
		return is_here(c, text) ? by_id(c, text, strstr(text, ":key/") + 5) : NULL;
	case ARN_ALIAS_NAME:
	case ARN_ALIAS_ARN:
		if (ids == CALL_ALIAS)
			return by_alias(c, text);
		break;
	case ARN_NONE:
	default:
		break;
	}
	if (kind == ARN_NONE && strncmp(text, "arn:", 4) == 0)
		reply_fail(c->reply, "InvalidArnException", "%.500s is an invalid ARN", text);
	else
		reply_fail(c->reply, "NotFoundException", "Invalid keyId '%.500s'", text);
	return NULL;
}

struct simkey *call_key(struct call *c, const char *name, enum call_ids ids)
{
	struct simkey *key = find_key(c, member_text(c->in, name), ids);

	return key && call_pass(c, key) ? NULL : key;
}

int call_usable(struct call *c, struct simkey *key)
{
	enum key_state state = simkey_state(key);

	if (key->hidden > 0)
		key->hidden--;
	switch (state) {
	case KEY_DISABLED:
		return reply_fail(c->reply, "DisabledException", "%s is disabled.", key->arn);
	case KEY_PENDING_IMPORT:
		return reply_fail(c->reply, "KMSInvalidStateException", "%s is pending import.", key->arn);
	case KEY_PENDING_DELETION:
		return reply_fail(c->reply, "KMSInvalidStateException", "%s is pending deletion.", key->arn);
	case KEY_CREATING:
		return reply_fail(c->reply, "KMSInvalidStateException", "%s is creating.", key->arn);
	case KEY_ENABLED:
	case KEY_STATES:
	default:
		return 0;
	}
}

int call_usage(struct call *c, const struct simkey *key, const char *usage)
{
	if (strcmp(key->usage, usage) == 0)
		return 0;
	return reply_fail(c->reply, "InvalidKeyUsageException", "%s key usage is %s which is not valid for this operation.",
			  key->arn, key->usage);
}

static int pass(struct call *c, struct simkey *key)
{
	struct simkey *before;
	struct kh_error err;

	if (!simkey_is_due(key, c->now) && !related_is_behind(c->sim->keys, key))
		return 0;
	before = call_before(c, key);
	if (!before)
		return -1;
	simkey_pass(key, c->now);
	if (!related_pull(c->sim->keys, key, &err))
		return call_save(c, key, before);
	simkey_free(before);
	return reply_internal(c->reply, &err);
}

int call_pass(struct call *c, struct simkey *key)
{
	struct simkey *primary = related_primary(c->sim->keys, key);

	if (primary && primary != key && pass(c, primary))
		return -1;
	return pass(c, key);
}

const struct simkey *call_view(struct call *c, const struct simkey *key)
{
	if (c->now >= key->unseen_until)
		return key->past && c->now < key->past_until ? key->past : key;
	reply_fail(c->reply, "NotFoundException", "Key '%s' does not exist", key->arn);
	return NULL;
}

struct simkey *call_before(struct call *c, const struct simkey *key)
{
	struct kh_error err;
	struct simkey *before = simkey_copy(key, &err);

	if (!before)
		reply_internal(c->reply, &err);
	return before;
}

int call_save(struct call *c, struct simkey *key, struct simkey *before)
{
	struct simkey changed = *key;
	struct kh_error err;
	int rc = keystore_save(c->sim->keys, key, &err);

	if (rc) {
		*key = *before;
		*before = changed;
		reply_internal(c->reply, &err);
	} else if (c->sim->lag) {
		simkey_free(key->past);
		key->past = before;
		key->past_until = c->now + c->sim->lag;
		return 0;
	}
	simkey_free(before);
	return rc;
}

json_t *call_blob(const void *data, size_t len)
{
	struct buf text = BUF_INIT(1u << 20);
	struct kh_error err;
	json_t *out = NULL;

	if (!base64_encode(data, len, &text, &err))
		out = json_stringn(buf_text(&text), text.len);
	buf_free(&text);
	return out;
}

int call_dry_run(struct call *c)
{
	if (!member_true(c->in, "DryRun"))
		return 0;
	return reply_fail(c->reply, "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
}
