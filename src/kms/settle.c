/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "settle.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

/* What passes by itself soon after an import. */
static bool passes(const struct kh_error *err)
{
	return kms_is_error(err, "KMSInvalidStateException") || kms_is_error(err, "NotFoundException");
}

static bool is_pending(const struct ops_key *k)
{
	return strcmp(k->state, "PendingImport") == 0 || strcmp(k->state, "Creating") == 0 ||
	       strcmp(k->state, "Updating") == 0;
}

int settle_list(struct kms *kms, const char *arn, struct ops_materials *out, bool *listed, struct kh_error *err)
{
	*listed = ops_materials(kms, arn, out, err) == 0;
	if (*listed || (err->code == KH_E_KMS && err->name[0])) { /* an exception, not a list that is none */
		if (!*listed)
			log_debug("materials are not listed: %s", err->msg);
		return 0;
	}
	return -1;
}

static const struct ops_material *find(const struct ops_materials *m, const char *id)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->v[i].id, id) == 0)
			return &m->v[i];
	return NULL;
}

const char *settle_pending(const struct ops_materials *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].imported && strncmp(m->v[i].state, "PENDING_", 8) == 0)
			return m->v[i].id;
	return NULL;
}

static bool same_expiry(const struct intent *i, const char *model, int64_t valid_to)
{
	return strcmp(i->expiration_model, model) == 0 && i->valid_to == valid_to;
}

/* What the key's own metadata can decide; NOT_YET may still be decided by the list. */
static enum settle_seen by_metadata(const struct settle *s, const struct ops_key *now, const char *material_id)
{
	if (is_pending(now))
		return SETTLE_NOT_YET;
	if (material_id[0] && now->material_id[0])
		return strcmp(material_id, now->material_id) == 0 ? SETTLE_THERE : SETTLE_NOT_YET;
	/* the key's expiry is the earliest of all its materials: it says what ours is only where there can be one */
	if (keyspec_is_symmetric(s->facts->key_spec))
		return s->intent->import_type ? SETTLE_NOT_YET : SETTLE_THERE; /* there may be another material */
	return same_expiry(s->intent, now->expiration_model, now->valid_to) ? SETTLE_THERE : SETTLE_NOT_YET;
}

static int by_public_key(const struct settle *s, enum settle_seen *seen, struct kh_error *err)
{
	struct buf der = BUF_INIT(0);
	int rc = ops_public_key(s->kms, s->request->kms_key_arn, &der, err);

	*seen = SETTLE_THERE;
	if (rc && passes(err))
		*seen = SETTLE_NOT_YET;
	else if (rc && kms_is_denied(err))
		*seen = SETTLE_UNSEEN;
	else if (rc)
		goto out;
	rc = 0;
out:
	buf_free(&der);
	return rc;
}

/* The list shows a material that is not current, and one whose key waits for others. */
static int by_list(const struct settle *s, const struct ops_key *now, const char *material_id, enum settle_seen *seen,
		   struct kh_error *err)
{
	struct ops_materials materials;
	const struct ops_material *m;
	bool listed;

	if (settle_list(s->kms, s->request->kms_key_arn, &materials, &listed, err))
		return -1;
	m = listed ? find(&materials, material_id) : NULL;
	if (m && m->imported) {
		*seen = SETTLE_THERE;
		if (is_pending(now))
			log_warning("the material is there, and the key stays %s: others of its materials are missing",
				    now->state);
	} else if (!listed && !is_pending(now)) {
		*seen = SETTLE_UNSEEN;
	}
	return 0;
}

int settle_visible(const struct settle *s, const char *material_id, enum settle_seen *seen, struct kh_error *err)
{
	enum keyspec_kind kind = keyspec_info(s->facts->key_spec)->kind;
	struct ops_key now;

	*seen = SETTLE_NOT_YET;
	if (ops_describe(s->kms, s->request->kms_key_arn, &now, err)) {
		if (passes(err))
			return 0;
		if (!kms_is_denied(err))
			return -1;
		*seen = SETTLE_UNSEEN;
		return kind == KEYSPEC_RSA || kind == KEYSPEC_EC ? by_public_key(s, seen, err) : 0;
	}
	*seen = by_metadata(s, &now, material_id);
	if (*seen == SETTLE_NOT_YET && keyspec_is_symmetric(s->facts->key_spec) && material_id[0])
		return by_list(s, &now, material_id, seen, err);
	return 0;
}

/* Until `done` says other than NOT_YET or the time is over. */
static int poll(const struct settle *s, long seconds, enum settle_seen *seen, char *material_id,
		int (*look)(const struct settle *s, char *material_id, enum settle_seen *seen, struct kh_error *err),
		struct kh_error *err)
{
	const struct kms_pace *pace = &s->kms->pace;
	int64_t until = pace->now_ms(pace->ctx) + (int64_t)seconds * 1000;
	unsigned wait = 250;

	for (;;) {
		int64_t left;

		if (look(s, material_id, seen, err))
			return -1;
		left = until - pace->now_ms(pace->ctx);
		if (*seen != SETTLE_NOT_YET || left <= 0 || pace->stop(pace->ctx))
			return 0;
		pace->wait_ms(pace->ctx, left < wait ? (unsigned)left : wait);
		wait = wait < 2500 ? 2 * wait : 5000;
	}
}

static int look_visible(const struct settle *s, char *material_id, enum settle_seen *seen, struct kh_error *err)
{
	return settle_visible(s, material_id, seen, err);
}

int settle_wait(const struct settle *s, const char *material_id, long seconds, enum settle_seen *seen,
		struct kh_error *err)
{
	char id[OPS_MATERIAL_ID_MAX];

	(void)snprintf(id, sizeof(id), "%s", material_id);
	return poll(s, seconds, seen, id, look_visible, err);
}

/* A material that was not there before, with what the import said of it. */
static const struct ops_material *newcomer(const struct settle *s, const struct ops_materials *now)
{
	const char *description = s->intent->key_material_description;

	for (size_t i = 0; i < now->n; i++) {
		const struct ops_material *m = &now->v[i];
		const struct ops_material *old = find(&s->before_materials, m->id);

		if (m->imported && !(old && old->imported) &&
		    same_expiry(s->intent, m->expiration_model, m->valid_to) &&
		    (!description || !m->description[0] || strcmp(description, m->description) == 0))
			return m;
	}
	return NULL;
}

static int look_lost(const struct settle *s, char *material_id, enum settle_seen *seen, struct kh_error *err)
{
	struct ops_materials materials;
	const struct ops_material *m = NULL;
	struct ops_key now;
	bool listed = false;

	*seen = SETTLE_NOT_YET;
	if (s->listed && settle_list(s->kms, s->request->kms_key_arn, &materials, &listed, err))
		return -1;
	m = listed ? newcomer(s, &materials) : NULL;
	if (m) {
		(void)snprintf(material_id, OPS_MATERIAL_ID_MAX, "%s", m->id);
		*seen = SETTLE_THERE;
		return 0;
	}
	if (!s->described || !is_pending(&s->before)) {
		*seen = s->listed ? SETTLE_NOT_YET : SETTLE_UNSEEN;
		return 0;
	}
	if (ops_describe(s->kms, s->request->kms_key_arn, &now, err))
		return passes(err) ? 0 : -1;
	if (!is_pending(&now) && same_expiry(s->intent, now.expiration_model, now.valid_to)) {
		(void)snprintf(material_id, OPS_MATERIAL_ID_MAX, "%s", now.material_id);
		*seen = SETTLE_THERE;
	}
	return 0;
}

int settle_unknown(const struct settle *s, enum settle_seen *seen, char material_id[OPS_MATERIAL_ID_MAX],
		   struct kh_error *err)
{
	material_id[0] = '\0';
	return poll(s, s->lost_wait, seen, material_id, look_lost, err);
}

/* Whether GetPublicKey gives the material's public key; `*compared` false and `*why` where it was not asked or is not given. */
static int compare_public_keys(const struct settle *s, bool *compared, const char **why, struct kh_error *err)
{
	enum keyspec_kind kind = keyspec_info(s->facts->key_spec)->kind;
	const struct bundle_blob *ours = &s->material->public_key;
	struct buf der = BUF_INIT(0);
	int rc = 0;

	*compared = false;
	*why = NULL;
	if (kind != KEYSPEC_RSA && kind != KEYSPEC_EC)
		return 0;
	if (!ours->data) {
		*why = "the token gave no public key";
		return 0;
	}
	if (ops_public_key(s->kms, s->request->kms_key_arn, &der, err)) {
		if (kms_is_denied(err))
			*why = "GetPublicKey is denied";
		else if (kms_is_error(err, "DisabledException"))
			*why = "GetPublicKey: DisabledException";
		else
			rc = -1;
		goto out;
	}
	*compared = true;
	if (der.len != ours->len || memcmp(der.data, ours->data, ours->len) != 0) {
		rc = kh_fail(err, KH_E_CHECK, 0, "KMS HAS ANOTHER KEY: GetPublicKey of %s is not the public key of the token's key",
			     s->request->kms_key_arn);
		kh_hint(err, "do not use this KMS key: keep the bundle, and find out who imported what ('ImportKeyMaterial' "
			     "in CloudTrail)");
	}
out:
	buf_free(&der);
	return rc;
}

int settle_public_key(const struct settle *s, bool *compared, struct kh_error *err)
{
	const char *why;
	int rc = compare_public_keys(s, compared, &why, err);

	if (!rc && why)
		log_warning("%s: that KMS has this very key is not checked", why);
	return rc;
}

int settle_confirm(const struct settle *s, const char *material_id, struct ops_imported *out, struct kh_error *err)
{
	struct intent same = *s->intent;
	const char *why;
	bool compared;
	int rc = compare_public_keys(s, &compared, &why, err);

	if (compared) {
		*out = (struct ops_imported){.outcome = rc ? KMS_UNKNOWN : KMS_DONE};
		return rc;
	}
	if (keyspec_is_symmetric(s->facts->key_spec)) {
		same.import_type = INTENT_EXISTING;
		if (!same.key_material_id)
			same.key_material_id = material_id[0] ? material_id : NULL;
		same.key_material_description = NULL;
	}
	return ops_import(s->kms, s->request, s->material, &same, out, err);
}

/* A symmetric key may have many materials; ours is known by its id. */
static int material_held(const struct settle *s, const struct ops_key *now, const char *id, enum settle_seen *seen,
			 struct kh_error *err)
{
	struct ops_materials materials;
	const struct ops_material *m;
	bool listed;

	if (!is_pending(now) && strcmp(now->material_id, id) == 0)
		return 0;
	if (settle_list(s->kms, s->request->kms_key_arn, &materials, &listed, err))
		return -1;
	m = listed ? find(&materials, id) : NULL;
	if (listed ? !m || !m->imported : is_pending(now)) /* the id stays when the material goes */
		*seen = m || strcmp(now->material_id, id) == 0 ? SETTLE_GONE : SETTLE_NOT_YET;
	if (!listed && *seen == SETTLE_THERE) {
		*seen = SETTLE_UNSEEN;
		log_warning("ListKeyRotations is denied or not offered: that the key still has this material is not checked");
	}
	return 0;
}

int settle_held(const struct settle *s, const struct bundle_receipt *receipt, enum settle_seen *seen,
		struct kh_error *err)
{
	bool compared;
	struct ops_key now;

	*seen = SETTLE_THERE;
	if (ops_describe(s->kms, s->request->kms_key_arn, &now, err)) {
		if (kms_is_error(err, "NotFoundException")) {
			*seen = SETTLE_NOT_YET;
			return 0;
		}
		if (!kms_is_denied(err))
			return kh_context(err, "whether KMS still has it");
		*seen = SETTLE_UNSEEN;
		log_warning("DescribeKey is denied: that KMS still has it is not checked");
		return 0;
	}
	if (keyspec_is_symmetric(s->facts->key_spec) && receipt->key_material_id)
		return material_held(s, &now, receipt->key_material_id, seen, err);
	if (is_pending(&now)) {
		*seen = SETTLE_NOT_YET;
		return 0;
	}
	if (strcmp(now.state, "Enabled") != 0)
		return 0; /* a key that is off gives no public key */
	return settle_public_key(s, &compared, err);
}
