/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keydoc.h"
#include "keymeta.h"
#include "material.h"
#include "ops.h"

#include <stdio.h>
#include <string.h>

#define DAY 86400

/* What CreateKey is to make, once it is checked. */
struct new_key {
	enum keyspec spec;
	const char *usage;
	bool external;
};

static int check_spec(struct call *c, struct new_key *want)
{
	const char *spec = member_text(c->in, "KeySpec"), *old = member_text(c->in, "CustomerMasterKeySpec");
	const char *usage = member_text(c->in, "KeyUsage");
	struct kh_error err;

	if (spec && old)
		return reply_fail(c->reply, "ValidationException",
				  "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
				  "CustomerMasterKeySpec is deprecated.");
	spec = spec ? spec : old ? old : "SYMMETRIC_DEFAULT";
	if (keyspec_parse(spec, &want->spec, &err))
		return reply_fail(c->reply, "UnsupportedOperationException",
				  "KeySpec %s is not one that keyhaul-sim makes keys of", spec);
	want->usage = keymeta_usage(want->spec, usage);
	if (!want->usage && !usage)
		return reply_fail(c->reply, "ValidationException",
				  "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.");
	if (!want->usage)
		return reply_fail(c->reply, "ValidationException", "KeyUsage %s is not compatible with KeySpec %s", usage,
				  spec);
	return 0;
}

static int check_origin(struct call *c, struct new_key *want)
{
	const char *origin = member_text(c->in, "Origin"), *store = member_text(c->in, "CustomKeyStoreId");

	origin = origin ? origin : "AWS_KMS";
	want->external = strcmp(origin, "EXTERNAL") == 0;
	if (store && (want->external || strcmp(origin, "AWS_KMS") == 0))
		return reply_fail(c->reply, "ValidationException", "Origin %s is not valid with a CustomKeyStoreId", origin);
	if (store)
		return reply_fail(c->reply, "CustomKeyStoreNotFoundException", "Custom key store '%s' does not exist", store);
	if (!want->external && strcmp(origin, "AWS_KMS") != 0)
		return reply_fail(c->reply, "ValidationException", "Origin %s needs a CustomKeyStoreId", origin);
	if (member_given(c->in, "XksKeyId"))
		return reply_fail(c->reply, "ValidationException", "XksKeyId is valid with Origin EXTERNAL_KEY_STORE only");
	return 0;
}

static int fill_key(struct call *c, const struct new_key *want, struct simkey *key, struct kh_error *err)
{
	(void)snprintf(key->usage, sizeof(key->usage), "%s", want->usage);
	key->external = want->external;
	key->created = c->now;
	key->unseen_until = c->sim->lag ? c->now + c->sim->lag : 0;
	return keydoc_fill(c, key, err);
}

/* With the store locked; `own` is the material of a key that KMS makes itself. */
static int add_key(struct call *c, const struct new_key *want, struct secret **own)
{
	struct simkey *key = NULL;
	struct kh_error err;

	if (keystore_count(c->sim->keys) >= c->sim->keys_max)
		return reply_fail(c->reply, "LimitExceededException", "The account has %zu keys, the most it may have",
				  keystore_count(c->sim->keys));
	if (keystore_add(c->sim->keys, c->region, want->spec, member_true(c->in, "MultiRegion"), &key, &err))
		return reply_internal(c->reply, &err);
	if (fill_key(c, want, key, &err) || (*own && material_adopt(key, own, &err)) ||
	    keystore_save(c->sim->keys, key, &err)) {
		keystore_remove(c->sim->keys, key);
		return reply_internal(c->reply, &err);
	}
	return reply_ok(c->reply, json_pack("{s:o}", "KeyMetadata", keymeta_json(c->sim->keys, key)));
}

int op_create_key(struct call *c)
{
	struct secret *own = NULL;
	struct new_key want = {0};
	struct kh_error err;
	int rc;

	if (check_spec(c, &want) || check_origin(c, &want) || keydoc_check(c))
		return -1;
	/* before the lock: an RSA key takes its time */
	if (!want.external && material_generate(c->sim->pool, want.spec, c->region, &own, &err))
		return reply_internal(c->reply, &err);
	(void)pthread_mutex_lock(&c->sim->lock);
	rc = add_key(c, &want, &own);
	(void)pthread_mutex_unlock(&c->sim->lock);
	secret_free(own);
	return rc;
}

int op_describe_key(struct call *c)
{
	struct simkey *key = call_key(c, "KeyId", CALL_ALIAS);
	const struct simkey *view = key ? call_view(c, key) : NULL;
	json_t *meta;

	if (!key || !view)
		return -1;
	meta = keymeta_json(c->sim->keys, view);
	if (key->hidden > 0)
		key->hidden--;
	return reply_ok(c->reply, json_pack("{s:o}", "KeyMetadata", meta));
}

/* Gives the key another state, saves it and answers with the body, which it takes over. */
static int change(struct call *c, struct simkey *key, bool disabled, int64_t deletion, json_t *body)
{
	struct simkey *before = call_before(c, key);

	if (before) {
		key->disabled = disabled;
		key->deletion = deletion;
		if (!call_save(c, key, before))
			return reply_ok(c->reply, body);
	}
	json_decref(body);
	return -1;
}

static int set_disabled(struct call *c, bool disabled)
{
	struct simkey *key = call_key(c, "KeyId", CALL_NO_ALIAS);
	enum key_state state = key ? simkey_state(key) : KEY_STATES;

	if (!key)
		return -1;
	if (state != KEY_ENABLED && state != KEY_DISABLED)
		return reply_fail(c->reply, "KMSInvalidStateException", "%s is pending %s.", key->arn,
				  state == KEY_PENDING_IMPORT ? "import" : state == KEY_CREATING ? "creation" : "deletion");
	return change(c, key, disabled, key->deletion, json_object());
}

int op_disable_key(struct call *c)
{
	return set_disabled(c, true);
}

int op_enable_key(struct call *c)
{
	return set_disabled(c, false);
}

int op_schedule_key_deletion(struct call *c)
{
	struct simkey *key = call_key(c, "KeyId", CALL_NO_ALIAS);
	long days = member_number(c->in, "PendingWindowInDays", 30);
	int64_t deletion = c->now + days * DAY;

	if (!key)
		return -1;
	if (days < 7 || days > 30)
		return reply_fail(c->reply, "ValidationException", "PendingWindowInDays must be from 7 to 30");
	if (key->deletion)
		return reply_fail(c->reply, "KMSInvalidStateException", "%s is pending deletion.", key->arn);
	return change(c, key, key->disabled, deletion,
		      json_pack("{s:s, s:I, s:s, s:I}", "KeyId", key->arn, "DeletionDate", (json_int_t)deletion, "KeyState",
				"PendingDeletion", "PendingWindowInDays", (json_int_t)days));
}

int op_cancel_key_deletion(struct call *c)
{
	struct simkey *key = call_key(c, "KeyId", CALL_NO_ALIAS);

	if (!key)
		return -1;
	if (!key->deletion)
		return reply_fail(c->reply, "KMSInvalidStateException", "%s is not pending deletion.", key->arn);
	/* disabled, as KMS leaves it */
	return change(c, key, true, 0, json_pack("{s:s}", "KeyId", key->arn));
}
