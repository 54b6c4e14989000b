/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rotate.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int primary_of(struct rotation *r, const char *key_id, const char *path, char out[ARN_MAX], struct kh_error *err)
{
	struct bundle *b = NULL;
	struct target target;
	struct ops_set set;
	struct ops_key key;
	int rc = -1;

	if (key_id ? target_key(&r->run->session, key_id, &target, err)
		   : bundle_read(path, &b, err) || target_bundle(&r->run->session, b, &target, err))
		goto out;
	if (ops_describe_set(&target.kms, target.arn, &key, &set, err))
		goto out;
	(void)snprintf(out, ARN_MAX, "%s", set.primary[0] ? set.primary : target.arn);
	rc = 0;
out:
	bundle_free(b);
	return rc;
}

/* The primary and its replicas, as the primary itself tells them. */
static int find_keys(struct rotation *r, const char *primary, struct kh_error *err)
{
	struct target target;
	struct ops_set set;
	struct ops_key key;

	if (target_key(&r->run->session, primary, &target, err) ||
	    ops_describe_set(&target.kms, primary, &key, &set, err))
		return -1;
	r->keys = calloc(1 + set.n, sizeof(*r->keys));
	if (!r->keys)
		return kh_fail_memory(err);
	for (; r->n < 1 + set.n; r->n++)
		if (target_key(&r->run->session, r->n ? set.replicas[r->n - 1] : primary, &r->keys[r->n].target, err))
			return -1;
	return 0;
}

static struct rotate_key *key_of(struct rotation *r, const char *arn)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->keys[i].target.arn, arn) == 0)
			return &r->keys[i];
	return NULL;
}

/* An intent that is there counts whole: a bundle that was fetched for another kind of import is none of a rotation. */
static int check_type(bool is_primary, const char *path, const struct intent *intent, struct kh_error *err)
{
	const char *type = intent->import_type, *wanted = is_primary ? INTENT_NEW : INTENT_EXISTING;

	if (intent_is_empty(intent) || (type ? strcmp(type, wanted) == 0 : !is_primary))
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "%s was fetched for %s, and a rotation takes %s into the %s", path,
		type ? type : "an import that is not of NEW_KEY_MATERIAL", wanted, is_primary ? "primary" : "replica");
	return kh_hint(err, "fetch it again with --import-type %s, and wrap the same key into it", wanted);
}

static int give_bundle(struct rotation *r, const char *path, struct kh_error *err)
{
	const struct bundle_receipt *receipt;
	struct bundle *b = NULL;
	struct rotate_key *key;
	int rc = -1;

	if (bundle_read(path, &b, err))
		return -1;
	receipt = bundle_receipt(b);
	key = key_of(r, bundle_request(b)->kms_key_arn);
	if (!key) {
		kh_fail(err, KH_E_USAGE, 0, "%s is for %s, and that is none of the keys that are rotated with %s", path,
			bundle_request(b)->kms_key_arn, r->keys[0].target.arn);
		kh_hint(err, "one run rotates one key: its primary and the replicas of it");
		goto out;
	}
	if (key->path) {
		kh_fail(err, KH_E_USAGE, 0, "%s and %s are both for %s", key->path, path, key->target.arn);
		kh_hint(err, "name one bundle for each key, that of the new material; in a plan's folder such as NAME.2.*.bundle");
		goto out;
	}
	if (!bundle_material(b)) {
		kh_fail(err, KH_E_INPUT, 0, "%s: there is no key material in it yet", path);
		kh_hint(err, "wrap a key into it with 'keyhaul-token wrap': the same one into each bundle of this key");
		goto out;
	}
	if (check_type(key == r->keys, path, &bundle_request(b)->intent, err))
		goto out;
	key->path = path;
	key->says_nothing = intent_is_empty(&bundle_request(b)->intent);
	if (receipt && receipt->key_material_id)
		(void)snprintf(key->receipt_id, sizeof(key->receipt_id), "%s", receipt->key_material_id);
	rc = 0;
out:
	bundle_free(b);
	return rc;
}

int rotate_find(struct import_run *run, const char *key_id, char *const *paths, size_t n, struct rotation *out,
		struct kh_error *err)
{
	char primary[ARN_MAX];

	memset(out, 0, sizeof(*out));
	out->run = run;
	out->wait_timeout = run->opts->wait_timeout;
	if (primary_of(out, key_id, n ? paths[0] : NULL, primary, err) || find_keys(out, primary, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (give_bundle(out, paths[i], err))
			return -1;
	return 0;
}

void rotate_clear(struct rotation *r)
{
	free(r->keys);
	r->keys = NULL;
	r->n = 0;
}

static int read_all(struct rotation *r, struct kh_error *err)
{
	for (size_t i = 0; i < r->n; i++) {
		struct rotate_key *k = &r->keys[i];

		if (standing_read(&k->target.kms, k->target.arn, &k->standing, err))
			return kh_context(err, "%s", k->target.arn);
		if (k->standing.symmetric && strcmp(k->standing.key.origin, "EXTERNAL") == 0 && !k->standing.listed) {
			kh_fail(err, KH_E_KMS, 0, "%s: where the rotation stands cannot be seen", k->target.arn);
			return kh_hint(err, "allow kms:ListKeyRotations: without it nothing tells which material is current");
		}
	}
	return 0;
}

/* Which material it is about: the one of the primary's receipt; without a bundle the one that waits. */
static void name_material(struct rotation *r)
{
	const struct rotate_key *primary = &r->keys[0];
	const struct ops_material *pending = standing_pending(&primary->standing);

	if (primary->receipt_id[0])
		(void)snprintf(r->material_id, sizeof(r->material_id), "%s", primary->receipt_id);
	else if (pending && pending->imported && !primary->path)
		(void)snprintf(r->material_id, sizeof(r->material_id), "%s", pending->id);
	else
		r->material_id[0] = '\0';
}

static bool has(const struct rotate_key *k, const char *id)
{
	const struct ops_material *m = standing_find(&k->standing, id);

	return m && m->imported;
}

/* Under way, as far as it may be asked. */
static int is_running(struct rotation *r, bool *running, struct kh_error *err)
{
	const struct rotate_key *primary = &r->keys[0];
	int64_t since = 0;

	*running = false;
	if (!ops_rotation(&r->keys[0].target.kms, primary->target.arn, &since, err)) {
		*running = since != 0;
		return 0;
	}
	if (err->code != KH_E_KMS || !err->name[0])
		return -1;
	log_debug("whether a rotation is under way is not told: %s", err->msg);
	return 0;
}

int rotate_look(struct rotation *r, struct kh_error *err)
{
	const struct ops_material *m;
	bool running;
	size_t i = 0;

	if (read_all(r, err))
		return -1;
	name_material(r);
	r->rotations = standing_rotations(&r->keys[0].standing);
	r->stage = ROTATE_NOTHING;
	if (!r->material_id[0]) {
		r->stage = r->keys[0].path ? ROTATE_STAGING : ROTATE_NOTHING;
		return 0;
	}
	m = standing_find(&r->keys[0].standing, r->material_id);
	if (m && strcmp(m->state, "CURRENT") == 0) {
		r->stage = ROTATE_DONE;
		return 0;
	}
	if (is_running(r, &running, err))
		return -1;
	while (i < r->n && has(&r->keys[i], r->material_id))
		i++;
	r->stage = running ? ROTATE_RUNNING : i == r->n ? ROTATE_READY : ROTATE_STAGING;
	return 0;
}
