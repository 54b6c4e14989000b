/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "renewal.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

#define GRACE 300 /* seconds after an import in which KMS may still show the expiry of before */

static bool is_pending(const struct ops_material *m)
{
	return strncmp(m->state, "PENDING_", 8) == 0;
}

static bool is_soon(const struct renewal *r, int64_t valid_to)
{
	return valid_to && valid_to <= r->now + r->within;
}

/* Of a material that KMS says nothing of but its id. */
static bool may_be_due(const struct renewal *r, const struct ops_material *m)
{
	return m->imported ? is_soon(r, m->valid_to) : !is_pending(m);
}

/* The id that the folder's bundle knows: what was imported by it, or what it was fetched for. */
static const char *bundles_id(const struct bundle *b)
{
	const struct bundle_receipt *receipt = b ? bundle_receipt(b) : NULL;

	return !b ? NULL : receipt ? receipt->key_material_id : bundle_request(b)->intent.key_material_id;
}

static int not_known(const struct renewal *r, size_t i, struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, 0, "which of the %zu materials of %s this is, is not known", r->standing->materials.n,
		r->standing->key.arn);
	return kh_hint(err, "write its key_material_id into the plan (line %zu), or name the folder that has the bundles of its "
			    "import; 'keyhaul-kms status' shows the ids", r->key->materials[i].at->line);
}

/* The id of the plan's material, as plan and folder know it; NULL: neither does. */
static const char *known_id(const struct renewal *r, size_t i)
{
	const char *id = r->key->materials[i].key_material_id;

	return id ? id : bundles_id(r->there[i]);
}

static bool is_claimed(const struct renewal *r, const char *id)
{
	size_t i = 0;

	while (i < r->key->n_materials && !(known_id(r, i) && strcmp(known_id(r, i), id) == 0))
		i++;
	return i < r->key->n_materials;
}

/*
 * Of KMS's materials the one that is left when each other has found its own; where a first one and a new one are left,
 * the new one waits for its rotation. A wrong guess could do no harm: KMS takes the right bytes alone for an id.
 */
static const struct ops_material *left_over(const struct renewal *r, size_t i)
{
	const struct ops_materials *all = &r->standing->materials;
	const struct ops_material *left = NULL, *of_kind = NULL;
	size_t nameless = 0, n_left = 0, n_kind = 0;

	for (size_t k = 0; k < r->key->n_materials; k++)
		nameless += !known_id(r, k);
	for (size_t k = 0; k < all->n; k++) {
		if (is_claimed(r, all->v[k].id))
			continue;
		left = &all->v[k];
		n_left++;
		if (is_pending(left) == (i > 0)) {
			of_kind = left;
			n_kind++;
		}
	}
	return nameless == 1 && n_left == 1 ? left : nameless == 2 && n_kind == 1 ? of_kind : NULL;
}

static bool is_explained(const struct renewal *r, const struct ops_material *m)
{
	for (size_t k = 0; k < r->key->n_materials; k++)
		if (!known_id(r, k) && left_over(r, k) == m)
			return true;
	return is_claimed(r, m->id);
}

/* The KMS material that the plan's is; `*out` NULL where nothing of the key is due, so that it does not matter. */
static int find(const struct renewal *r, size_t i, const struct ops_material **out, struct kh_error *err)
{
	const struct ops_materials *all = &r->standing->materials;
	const char *id = known_id(r, i);

	*out = id ? standing_find(r->standing, id) : left_over(r, i);
	if (id && !*out) {
		kh_fail(err, KH_E_CHECK, 0, "%s has no material %s", r->standing->key.arn, id);
		return kh_hint(err, "'keyhaul-kms status' shows which it has; a bundle or a plan of another key?");
	}
	for (size_t k = 0; !*out && k < all->n; k++)
		if (may_be_due(r, &all->v[k]) && !is_explained(r, &all->v[k]))
			return not_known(r, i, err);
	return 0;
}

/* True where a receipt is about the material in question. */
static bool is_of(const struct bundle_receipt *receipt, const struct renewal_found *found)
{
	return !found->material_id[0] || !receipt->key_material_id || strcmp(receipt->key_material_id, found->material_id) == 0;
}

/* What KMS does not have any more: expired, or deleted by somebody? The last import tells, as far as it is known. */
static int judge_missing(const struct renewal *r, size_t i, const char *what, struct renewal_found *out, struct kh_error *err)
{
	const struct bundle_receipt *receipt = r->there[i] ? bundle_receipt(r->there[i]) : NULL;
	bool knows = receipt && is_of(receipt, out);
	const char *model = r->key->expiry.expiration_model;

	if (knows ? receipt->valid_to && receipt->valid_to <= r->now : strcmp(model, INTENT_EXPIRES) == 0) {
		if (!knows)
			log_warning("%s: %s is missing, and is taken for expired: no receipt tells when it was to expire",
				    r->standing->key.arn, what);
		out->state = RENEWAL_DUE;
		return 0;
	}
	kh_fail(err, KH_E_CHECK, 0, "%s of %s is missing, and its time is not over: it was deleted", what, r->standing->key.arn);
	return kh_hint(err, "what somebody deleted is not put back by a renewal: if it is to be there, fetch with --key-id%s, wrap "
			    "the same key and import it", out->material_id[0] ? " and --key-material-id" : "");
}

/* An import just made may not show yet. */
static bool is_fresh(const struct renewal *r, size_t i, const struct renewal_found *found)
{
	const struct bundle_receipt *receipt = r->there[i] ? bundle_receipt(r->there[i]) : NULL;

	return receipt && r->now < receipt->imported_at + GRACE && !is_soon(r, receipt->valid_to) &&
	       is_of(receipt, found);
}

static int judge_expiry(const struct renewal *r, size_t i, struct renewal_found *out, struct kh_error *err)
{
	int64_t planned = r->key->expiry.valid_to;
	char at[CLOCK_TEXT];

	if (!is_soon(r, out->valid_to) || is_fresh(r, i, out))
		return 0;
	out->state = RENEWAL_DUE;
	if (!planned || planned > out->valid_to)
		return 0;
	clock_format(out->valid_to, at);
	yamldoc_fail(r->key->expires_at, err, "the material of %s expires at %s, and this is no later", r->standing->key.arn, at);
	err->code = KH_E_CHECK;
	return kh_hint(err, "a renewal takes the plan's 'expires': write a later time there, or a span such as 90d");
}

static int judge_symmetric(const struct renewal *r, size_t i, struct renewal_found *out, struct kh_error *err)
{
	const struct ops_material *m = NULL;
	char what[OPS_MATERIAL_ID_MAX + 16];

	if (!r->standing->listed) {
		kh_fail(err, KH_E_KMS, 0, "%s: its materials are not known", r->standing->key.arn);
		return kh_hint(err, "allow kms:ListKeyRotations: without it nothing tells which material expires when");
	}
	if (find(r, i, &m, err))
		return -1;
	out->state = m ? RENEWAL_NOT_DUE : RENEWAL_NOT_YET;
	if (!m)
		return 0;
	(void)snprintf(out->material_id, sizeof(out->material_id), "%s", m->id);
	if (m->imported) {
		out->valid_to = m->valid_to;
		return judge_expiry(r, i, out, err);
	}
	out->state = RENEWAL_NOT_YET;
	(void)snprintf(what, sizeof(what), "the material %s", m->id);
	return is_pending(m) ? 0 : judge_missing(r, i, what, out, err);
}

/* One material for life, of which DescribeKey tells all there is. */
static int judge_other(const struct renewal *r, size_t i, struct renewal_found *out, struct kh_error *err)
{
	const struct ops_key *k = &r->standing->key;

	if (strcmp(k->state, "PendingImport") != 0) {
		out->valid_to = k->valid_to;
		return judge_expiry(r, i, out, err);
	}
	out->state = RENEWAL_NOT_YET;
	if (r->there[i])
		return bundle_receipt(r->there[i]) ? judge_missing(r, i, "the material", out, err) : 0;
	/* KMS shows a key that never had material and one that has it no more alike, and a first import is for life */
	kh_fail(err, KH_E_CHECK, 0, "%s waits for key material, and nothing here tells whether it ever had any", k->arn);
	return kh_hint(err, "name the folder that has the bundle of its import; or fetch with --key-id, wrap the key and import "
			    "it");
}

int renewal_judge(const struct renewal *r, size_t i, struct renewal_found *out, struct kh_error *err)
{
	*out = (struct renewal_found){.state = RENEWAL_NOT_DUE};
	if (strcmp(r->standing->key.origin, "EXTERNAL") != 0)
		return kh_fail(err, KH_E_CHECK, 0, "%s has no imported material: Origin %s", r->standing->key.arn,
			       r->standing->key.origin);
	return r->standing->symmetric ? judge_symmetric(r, i, out, err) : judge_other(r, i, out, err);
}

const struct ops_material *renewal_unnamed(const struct renewal *r, const struct renewal_found *found, size_t n)
{
	const struct ops_materials *all = &r->standing->materials;

	for (size_t k = 0; r->standing->listed && k < all->n; k++) {
		size_t i = 0;

		while (i < n && strcmp(found[i].material_id, all->v[k].id) != 0)
			i++;
		if (i == n && may_be_due(r, &all->v[k]))
			return &all->v[k];
	}
	return NULL;
}

void renewal_intent(const struct renewal *r, size_t i, const struct renewal_found *found, struct intent *out)
{
	*out = r->key->expiry;
	out->key_material_description = r->key->materials[i].description;
	if (!found->material_id[0])
		return;
	out->import_type = INTENT_EXISTING;
	out->key_material_id = found->material_id;
}
