/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "planned.h"

#include "compare.h"
#include "creation.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

void planned_name(const struct plan_key *key, size_t replica, char out[PLANNED_NAME_MAX])
{
	if (replica)
		(void)snprintf(out, PLANNED_NAME_MAX, "%s in %s", key->name, key->create.replicas[replica - 1].region);
	else
		(void)snprintf(out, PLANNED_NAME_MAX, "%s", key->name);
}

/* As fetch asks: by the plan's id, and a rehearsal's answer counts from this machine alone. */
static int find_there(const struct session *s, const struct plan_key *key, struct target *out, struct kh_error *err)
{
	struct ops_key found;
	struct arn arn;
	bool local;

	(void)snprintf(out->arn, sizeof(out->arn), "%s", arn_kind_of(key->key_id) == ARN_KEY_ARN ? key->key_id : "");
	if (out->arn[0] ? session_connect(s, key->key_id, &out->endpoint, &out->kms, err)
		    : session_connect_region(s, key->region, &out->endpoint, &out->kms, err))
		return -1;
	local = endpoint_is_loopback(&out->endpoint);
	out->kms.local_only = out->kms.local_only || local;
	if (arn_kind_of(key->key_id) == ARN_KEY_ARN &&
	    (arn_parse_key(key->key_id, &arn, err) || session_check_rehearsal(&out->endpoint, &arn, err)))
		return -1;
	if (ops_describe(&out->kms, key->key_id, &found, err) ||
	    compare_asked("DescribeKey", key->key_id, out->endpoint.region, found.arn, local, err))
		return -1;
	(void)snprintf(out->arn, sizeof(out->arn), "%s", found.arn);
	if (arn_parse_key(out->arn, &arn, err))
		return -1;
	return session_check_rehearsal(&out->endpoint, &arn, err);
}

static int find_made(const struct session *s, const char *dir, const struct plan_key *key, size_t replica,
		     struct target *out, struct kh_error *err)
{
	char path[PATH_MAX], text[ARN_MAX] = "";
	struct arn arn;

	if (!dir) {
		kh_fail(err, KH_E_USAGE, 0, "the plan makes this key, and does not say which it became");
		return kh_hint(err, "name the folder of 'fetch --plan --out' with --dir");
	}
	if (snprintf(path, sizeof(path), "%s/%s.create", dir, key->name) >= (int)sizeof(path))
		return kh_fail(err, KH_E_USAGE, 0, "--dir: the folder's name is too long");
	if (creation_read_arn(path, text, err))
		return -1;
	if (!text[0]) {
		kh_fail(err, KH_E_INPUT, 0, "%s: the key is not made yet", path);
		return kh_hint(err, "'keyhaul-kms fetch --plan' makes it");
	}
	if (replica) {
		if (arn_parse_key(text, &arn, err))
			return -1;
		(void)snprintf(text, sizeof(text), "arn:%s:kms:%s:%s:key/%s", arn.partition,
			       key->create.replicas[replica - 1].region, arn.account, arn.key_id);
	}
	return target_key(s, text, out, err);
}

int planned_find(const struct session *s, const char *dir, const struct plan_key *key, size_t replica,
		 struct target *out, struct kh_error *err)
{
	return key->key_id ? find_there(s, key, out, err) : find_made(s, dir, key, replica, out, err);
}
