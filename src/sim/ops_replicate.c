/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keydoc.h"
#include "keymeta.h"
#include "ops.h"
#include "related.h"

#include "aws/partition.h"

#include <string.h>

static int check_key(struct call *c, const struct simkey *key)
{
	if (!key->multi_region || simkey_is_replica(key))
		return reply_fail(c->reply, "UnsupportedOperationException",
				  "%s is not a multi-Region primary key: only that can be replicated", key->arn);
	switch (simkey_state(key)) {
	case KEY_DISABLED:
		return reply_fail(c->reply, "DisabledException", "%s is disabled.", key->arn);
	case KEY_PENDING_DELETION:
		return reply_fail(c->reply, "KMSInvalidStateException", "%s is pending deletion.", key->arn);
	case KEY_CREATING:
		return reply_fail(c->reply, "KMSInvalidStateException", "%s is creating.", key->arn);
	default:
		return 0; /* without material too: each Region has its own import */
	}
}

static int check_region(struct call *c, const struct simkey *key, const char *region)
{
	const struct simkey *there;

	if (!partition_region_valid(region) ||
	    strcmp(partition_of_region(region)->id, partition_of_region(key->region)->id) != 0)
		return reply_fail(c->reply, "ValidationException", "%s is not a Region of this partition", region);
	there = keystore_find(c->sim->keys, region, key->id);
	if (there)
		return reply_fail(c->reply, "AlreadyExistsException", "Replica %s already exists", there->arn);
	if (keystore_count(c->sim->keys) >= c->sim->keys_max)
		return reply_fail(c->reply, "LimitExceededException", "The account has %zu keys, the most it may have",
				  keystore_count(c->sim->keys));
	return 0;
}

static json_t *body_of(struct call *c, const struct simkey *replica)
{
	json_t *tags = replica->tags ? json_incref(replica->tags) : json_array();

	return json_pack("{s:o, s:s, s:o}", "ReplicaKeyMetadata", keymeta_json(c->sim->keys, replica), "ReplicaPolicy",
			 replica->policy ? replica->policy : keydoc_default_policy, "ReplicaTags", tags);
}

int op_replicate_key(struct call *c)
{
	struct simkey *key = call_key(c, "KeyId", CALL_NO_ALIAS), *replica = NULL;
	const char *region = member_text(c->in, "ReplicaRegion");
	struct kh_error err;

	if (!key || check_key(c, key) || check_region(c, key, region) || keydoc_check(c))
		return -1;
	if (keystore_add_replica(c->sim->keys, key, region, &replica, &err))
		return reply_internal(c->reply, &err);
	replica->created = c->now;
	replica->creating_until = c->sim->replica_delay ? c->now + c->sim->replica_delay : 0;
	replica->unseen_until = c->sim->lag ? c->now + c->sim->lag : 0;
	if (keydoc_fill(c, replica, &err) || related_pull(c->sim->keys, replica, &err) ||
	    keystore_save(c->sim->keys, replica, &err)) {
		keystore_remove(c->sim->keys, replica);
		return reply_internal(c->reply, &err);
	}
	return reply_ok(c->reply, body_of(c, replica));
}
