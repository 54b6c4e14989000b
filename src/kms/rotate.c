/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rotate.h"

#include "base/cmd.h"
#include "base/log.h"
#include "wait.h"

#include <stdio.h>
#include <string.h>

#define LOST_WAIT 8 /* seconds in which a rotation whose answer got lost may still show */

static int check_key(const struct rotation *r, struct kh_error *err)
{
	const struct ops_key *k = &r->keys[0].standing.key;

	if (!r->keys[0].standing.symmetric || strcmp(k->origin, "EXTERNAL") != 0) {
		kh_fail(err, KH_E_CHECK, 0, "%s cannot be rotated to imported material: %s, Origin %s", k->arn, k->key_spec,
			k->origin);
		return kh_hint(err, "only keys of SYMMETRIC_DEFAULT with Origin EXTERNAL take further material");
	}
	if (strcmp(k->state, "Enabled") != 0) {
		kh_fail(err, KH_E_CHECK, 0, "%s cannot be rotated now: KeyState %s", k->arn, k->state);
		return kh_hint(err, strcmp(k->state, "PendingImport") == 0
					    ? "it misses material: 'keyhaul-kms status' names what is to be imported first"
					    : "'aws kms describe-key' shows the state");
	}
	if (r->rotations >= KMS_ON_DEMAND_ROTATIONS_MAX) {
		kh_fail(err, KH_E_CHECK, 0, "%s has had %zu on-demand rotations, and AWS's limit is %d", k->arn, r->rotations,
			KMS_ON_DEMAND_ROTATIONS_MAX);
		return kh_hint(err, "make another key; this one goes on opening what it encrypted");
	}
	return 0;
}

/* What the bundles brought, against what waits: a rotation that is over, or one of somebody else's. */
static int check_material(const struct rotation *r, struct kh_error *err)
{
	const struct ops_material *m = standing_find(&r->keys[0].standing, r->material_id);
	const struct ops_material *pending = standing_pending(&r->keys[0].standing);

	if (m && strcmp(m->state, "NON_CURRENT") == 0) {
		kh_fail(err, KH_E_CHECK, 0, "%s: its material %s was current before, and is not any more", r->keys[0].path,
			r->material_id);
		return kh_hint(err, "that rotation is over: fetch with --import-type NEW_KEY_MATERIAL for the next one");
	}
	if (r->keys[0].receipt_id[0] && (!m || !m->imported)) {
		kh_fail(err, KH_E_CHECK, 0, "%s: its material %s was imported, and %s does not have it any more",
			r->keys[0].path, r->material_id, r->keys[0].target.arn);
		return kh_hint(err, "it was deleted or has expired: fetch again, wrap the same key again, and rotate with that");
	}
	if (pending && pending->imported && r->material_id[0] && strcmp(pending->id, r->material_id) != 0)
		return kh_fail(err, KH_E_CHECK, 0, "%s: another material (%s) waits for its rotation", r->keys[0].target.arn,
			       pending->id);
	return 0;
}

/* A replica's bundle that was imported is of this rotation, or it is one of before. */
static int check_receipt(const struct rotation *r, const struct rotate_key *k, struct kh_error *err)
{
	const struct ops_material *pending = standing_pending(&r->keys[0].standing);
	const char *id = r->material_id[0] ? r->material_id : pending ? pending->id : "";

	if (!k->receipt_id[0] || strcmp(k->receipt_id, id) == 0)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "%s is of another rotation: it imported %s", k->path, k->receipt_id);
	return kh_hint(err, "fetch a bundle with --import-type EXISTING_KEY_MATERIAL for %s, and wrap the same key into it as "
			    "into the primary's", k->target.arn);
}

/* Each replica has the material or a bundle, before the first import: half a staging helps nobody. */
static int check_replicas(const struct rotation *r, struct kh_error *err)
{
	for (size_t i = 1; i < r->n; i++) {
		const struct rotate_key *k = &r->keys[i];
		const struct ops_material *m = standing_find(&k->standing, r->material_id);

		if (check_receipt(r, k, err))
			return -1;
		if (k->path || (m && m->imported))
			continue;
		kh_fail(err, KH_E_CHECK, 0, "there is no bundle for the replica %s, and it does not have the material",
			k->target.arn);
		return kh_hint(err, "'keyhaul-kms fetch --key-id %s --import-type EXISTING_KEY_MATERIAL', wrap the same key into "
				    "it, and name it here", k->target.arn);
	}
	return 0;
}

/* The primary's import names the material; a replica's has to be of the same. */
static int take_id(struct rotation *r, const struct rotate_key *k, const char *id, struct kh_error *err)
{
	if (!id)
		return kh_fail(err, KH_E_KMS, 0, "%s: KMS gave no KeyMaterialId for it", k->path);
	if (k == r->keys)
		(void)snprintf(r->material_id, sizeof(r->material_id), "%s", id);
	if (strcmp(id, r->material_id) == 0)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "%s holds another key than the primary's bundle: its material is %s, not %s", k->path, id,
		r->material_id);
	return kh_hint(err, "an older material of this key was imported again, nothing else was done; wrap the new key into a "
			    "fresh bundle for %s", k->target.arn);
}

static int import_one(struct rotation *r, struct rotate_key *k, struct kh_error *err)
{
	struct intent own = r->run->intent;
	struct import i;
	int rc;

	if (k->says_nothing) {
		r->run->intent.import_type = k == r->keys ? INTENT_NEW : INTENT_EXISTING;
		r->run->intent.key_material_id = k == r->keys ? NULL : r->material_id;
	}
	rc = import_bundle(r->run, k->path, &i, err);
	r->run->intent = own;
	rc = rc ? rc : take_id(r, k, bundle_receipt(i.bundle)->key_material_id, err);
	if (!rc)
		log_progress("%s: staged %s", k->target.arn, r->material_id);
	r->imported += !rc && i.result != IMPORT_ALREADY;
	import_clear(&i);
	return rc;
}

static int stage(struct rotation *r, struct kh_error *err)
{
	if (check_replicas(r, err) || (!r->material_id[0] && import_one(r, &r->keys[0], err)))
		return -1;
	for (size_t i = 1; i < r->n; i++) {
		const struct ops_material *m = standing_find(&r->keys[i].standing, r->material_id);

		if (m && m->imported)
			continue;
		if (cmd_interrupted())
			return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: %zu of %zu keys have the material", i, r->n);
		if (import_one(r, &r->keys[i], err))
			return -1;
	}
	return 0;
}

/* Every key has it, and the primary says that it can be rotated. */
static int look_ready(void *ctx, bool *done, struct kh_error *err)
{
	struct rotation *r = ctx;
	const struct ops_material *m;

	if (rotate_look(r, err))
		return -1;
	m = standing_find(&r->keys[0].standing, r->material_id);
	*done = m && (strcmp(m->state, "CURRENT") == 0 || strcmp(m->state, "PENDING_ROTATION") == 0) && m->imported;
	for (size_t i = 1; i < r->n; i++) {
		const struct ops_material *there = standing_find(&r->keys[i].standing, r->material_id);

		*done = *done && there && there->imported;
	}
	return 0;
}

static int not_ready(const struct rotation *r, struct kh_error *err)
{
	kh_fail(err, KH_E_AGAIN, 0, "%s: the material %s is staged, and not yet visible everywhere", r->keys[0].target.arn,
		r->material_id);
	for (size_t i = 0; i < r->n; i++) {
		const struct ops_material *m = standing_find(&r->keys[i].standing, r->material_id);

		if (!m || !m->imported)
			kh_context(err, "%s", r->keys[i].target.arn);
	}
	return kh_hint(err, "run this again in a while: it goes on where it stands");
}

static int look_begun(void *ctx, bool *done, struct kh_error *err)
{
	struct rotation *r = ctx;

	if (rotate_look(r, err))
		return -1;
	*done = r->stage == ROTATE_RUNNING || r->stage == ROTATE_DONE;
	return 0;
}

/* RotateKeyOnDemand is sent once; what came of one without an answer is read. It cannot be taken twice for one material. */
static int begin(struct rotation *r, struct kh_error *err)
{
	enum kms_outcome outcome = KMS_UNSENT;
	struct kh_error why;
	bool begun = false;

	if (!ops_rotate(&r->keys[0].target.kms, r->keys[0].target.arn, &outcome, err))
		return 0;
	if (kms_is_error(err, "ConflictException")) {
		log_progress("%s: a rotation is under way already", r->keys[0].target.arn);
		return 0;
	}
	if (outcome != KMS_UNKNOWN)
		return -1;
	log_progress("the answer got lost; asking KMS what came of it");
	if (!wait_until(&r->keys[0].target.kms, r->wait_timeout < LOST_WAIT ? r->wait_timeout : LOST_WAIT, look_begun, r,
			&begun, &why) && begun) {
		log_warning("the answer of RotateKeyOnDemand got lost, and KMS shows the rotation: %s", err->msg);
		return 0;
	}
	kh_context(err, "whether KMS rotates %s is not known", r->keys[0].target.arn);
	if (err->code == KH_E_AGAIN)
		kh_hint(err, "run this again: it reads where it stands, and one material is not rotated to twice");
	return -1;
}

/* Current in every Region. */
static int look_current(void *ctx, bool *done, struct kh_error *err)
{
	struct rotation *r = ctx;

	if (rotate_look(r, err))
		return -1;
	*done = true;
	for (size_t i = 0; i < r->n; i++)
		*done = *done && strcmp(r->keys[i].standing.key.material_id, r->material_id) == 0;
	return 0;
}

static int wait_current(struct rotation *r, struct kh_error *err)
{
	bool done = false;

	if (r->stage != ROTATE_DONE)
		log_progress("%s: waiting until %s is current, a minute or more", r->keys[0].target.arn, r->material_id);
	/* once it is current it waits no more: without a receipt it has no other name than this */
	memcpy(r->keys[0].receipt_id, r->material_id, sizeof(r->material_id));
	if (wait_until(&r->keys[0].target.kms, r->wait_timeout, look_current, r, &done, err))
		return -1;
	if (done)
		return 0;
	kh_fail(err, KH_E_AGAIN, 0, "%s: the rotation to %s is under way, and not done yet", r->keys[0].target.arn,
		r->material_id);
	return kh_hint(err, "run this again in a while: it only waits, and rotates nothing twice");
}

static int nothing(const struct rotation *r, struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, 0, "%s: no material waits for its rotation", r->keys[0].target.arn);
	return kh_hint(err, "'keyhaul-kms fetch --key-id %s --import-type NEW_KEY_MATERIAL', wrap a new key into it%s, then "
			    "rotate with the bundle%s", r->keys[0].target.arn,
		       r->n > 1 ? " and into an EXISTING_KEY_MATERIAL bundle for each replica" : "", r->n > 1 ? "s" : "");
}

int rotate_run(struct rotation *r, struct kh_error *err)
{
	enum rotate_stage found;
	bool ready = false;

	if (rotate_look(r, err))
		return -1;
	found = r->stage;
	if (found == ROTATE_NOTHING && check_key(r, err))
		return -1;
	if (found == ROTATE_NOTHING)
		return nothing(r, err);
	if ((found == ROTATE_STAGING || found == ROTATE_READY) && (check_key(r, err) || check_material(r, err)))
		return -1;
	if (found == ROTATE_STAGING && stage(r, err))
		return -1;
	if (found == ROTATE_STAGING || found == ROTATE_READY) {
		/* from here on it is known by this id, whoever imported it */
		memcpy(r->keys[0].receipt_id, r->material_id, sizeof(r->material_id));
		if (wait_until(&r->keys[0].target.kms, r->wait_timeout, look_ready, r, &ready, err))
			return -1;
		if (!ready)
			return not_ready(r, err);
		if (cmd_interrupted())
			return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: every key has the material, nothing is rotated");
		if (r->stage != ROTATE_DONE && r->stage != ROTATE_RUNNING && begin(r, err))
			return -1;
	}
	if (wait_current(r, err))
		return -1;
	r->stage = found;
	return 0;
}
