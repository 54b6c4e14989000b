/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "renew_job.h"

#include "base/log.h"
#include "planned.h"
#include "renew_item.h"
#include "renewal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One key in one Region. The arrays have an element a material of the plan. */
struct place_job {
	struct fetch_jobs *run;
	const struct place *place;
	struct target target;
	struct standing standing;
	struct renewal renewal;
	size_t n;
	struct fetch_item items[PLAN_MATERIALS_MAX];
	struct renew_item there[PLAN_MATERIALS_MAX];
	struct renewal_found found[PLAN_MATERIALS_MAX];
	const struct bundle *last[PLAN_MATERIALS_MAX];
	bool unknown; /* which of KMS's materials one of them is */
};

static int make_items(struct place_job *j, struct kh_error *err)
{
	const struct plan_key *key = j->place->key;
	char name[PLAN_BUNDLE_MAX];

	for (; j->n < key->n_materials; j->n++) {
		struct fetch_item *item = &j->items[j->n];

		*item = (struct fetch_item){.place = j->place, .material = j->n, .now = j->run->c->now};
		plan_bundle_name(key, j->n, j->place->region, name);
		item->path = fetch_job_path(j->run, name, err);
		if (!item->path)
			return -1;
	}
	return 0;
}

/* How the key stands in KMS. */
static int look(struct place_job *j, struct kh_error *err)
{
	const struct fetch_plan_opts *o = j->run->opts;

	if (planned_find(&j->run->session, o->out, j->place->key, j->place->replica, &j->target, err) ||
	    standing_read(&j->target.kms, j->target.arn, &j->standing, err))
		return -1;
	j->renewal = (struct renewal){.key = j->place->key, .standing = &j->standing, .now = kms_now(&j->target.kms),
				      .within = o->within, .there = j->last};
	return 0;
}

static void want_of(const struct place_job *j, size_t m, struct fetch_want *want)
{
	fetch_item_want(&j->items[m], plan_sha256(j->run->plan), j->run->opts->policy, want);
	renewal_intent(&j->renewal, m, &j->found[m], &want->intent);
	want->profile = j->run->opts->profile;
	want->profile_path = j->run->opts->profile_path;
}

/*
 * What is there is the plan's. A request that waits is wrapped and imported before another is asked for, also where the
 * material is not due: once it is wrapped KMS may have taken it, and the receipt alone is missing.
 */
static int keep(struct place_job *j, size_t m, bool *kept, struct kh_error *err)
{
	const struct bundle *now = j->there[m].now;
	enum renewal_state state = j->found[m].state;
	bool waits = renew_item_is_open(&j->there[m], j->renewal.now) && (state == RENEWAL_DUE || bundle_material(now));
	struct fetch_want want;

	*kept = false;
	if (!now || state == RENEWAL_NOT_YET || (!bundle_receipt(now) && !waits))
		return 0;
	want_of(j, m, &want);
	if (fetch_item_check(now, &j->items[m], &want, endpoint_is_loopback(&j->target.endpoint), err))
		return -1;
	*kept = waits;
	j->items[m].result = waits ? "kept" : NULL;
	j->items[m].wrapped = waits && bundle_material(now);
	j->items[m].until = bundle_request(now)->parameters_valid_to;
	return 0;
}

static int get(struct place_job *j, size_t m, struct kh_error *err)
{
	struct fetch f = {.session = &j->run->session, .endpoint = j->target.endpoint, .kms = j->target.kms};
	int rc;

	f.kms.url = f.endpoint.url;
	f.kms.region = f.endpoint.region;
	want_of(j, m, &f.want);
	rc = renew_item_get(&j->items[m], &f, err);
	fetch_clear(&f);
	return rc;
}

static int renew(struct place_job *j, size_t m, struct kh_error *err)
{
	struct fetch_item *item = &j->items[m];
	struct renewal_found *found = &j->found[m];
	bool kept;

	item->key_id = j->target.arn;
	memcpy(item->arn, j->target.arn, sizeof(item->arn));
	if (renewal_judge(&j->renewal, m, found, err)) {
		j->unknown = j->unknown || !found->material_id[0];
		return -1;
	}
	memcpy(item->material_id, found->material_id, sizeof(item->material_id));
	if (keep(j, m, &kept, err))
		return -1;
	if (kept)
		return 0;
	if (found->state == RENEWAL_DUE)
		return get(j, m, err);
	item->result = found->state == RENEWAL_NOT_DUE ? "not due" : "not imported yet";
	item->imported = true; /* nothing of it waits here */
	item->until = found->valid_to;
	return 0;
}

/* What the plan says nothing of cannot be renewed by it, and takes the key with it when it expires. */
static void tell_unnamed(struct place_job *j)
{
	const struct ops_material *m = j->unknown ? NULL : renewal_unnamed(&j->renewal, j->found, j->n);
	char name[PLANNED_NAME_MAX];
	struct kh_error why, err;

	if (!m)
		return;
	planned_name(j->place->key, j->place->replica, name);
	kh_fail(&why, KH_E_CHECK, 0, "%s: the material %s (%s) of %s %s, and the plan names no key of a token for it", name, m->id,
		m->state, j->target.arn, m->imported ? "expires soon" : "is missing");
	kh_hint(&why, "add it to the plan's 'materials' with its key_uri and key_material_id");
	if (cmd_item_failed(j->run->c, name, &why, &err))
		fetch_job_end_run(j->run, &err);
}

/* All bundles are read before anything is judged: which material is which may be told by any of them. */
static void read_bundles(struct place_job *j)
{
	struct kh_error err;

	for (size_t m = 0; m < j->n; m++) {
		if (renew_item_read(j->items[m].path, &j->there[m], &err)) {
			j->unknown = true;
			fetch_job_failed(j->run, &j->items[m], &err);
		}
		j->last[m] = j->there[m].last;
	}
}

/* What is due again as soon as it is imported. */
static void warn_of_span(const struct place_job *j)
{
	const struct plan_key *k = j->place->key;

	if (k->expiry.valid_for && k->expiry.valid_for <= j->run->opts->within && !j->place->replica)
		log_warning("%s: 'expires' is no longer than --expiring-within: it is imported again at every run", k->name);
}

static void renew_place(struct place_job *j)
{
	struct kh_error err = {0};

	if (make_items(j, &err)) {
		fetch_job_end_run(j->run, &err);
		return;
	}
	if (look(j, &err)) {
		for (size_t m = 0; m < j->n; m++)
			fetch_job_failed(j->run, &j->items[m], &err);
		return;
	}
	warn_of_span(j);
	read_bundles(j);
	for (size_t m = 0; m < j->n && j->run->fatal.code == KH_OK; m++) {
		if (j->items[m].result)
			continue;
		if (renew(j, m, &err))
			fetch_job_failed(j->run, &j->items[m], &err);
		else
			fetch_job_put(j->run, &j->items[m]);
	}
	tell_unnamed(j);
}

void renew_job(void *jobs, size_t i)
{
	struct fetch_jobs *r = jobs;

	for (size_t p = r->places.first[i]; p < r->places.first[i + 1] && r->fatal.code == KH_OK; p++) {
		struct place_job *j = calloc(1, sizeof(*j));
		struct kh_error err;

		if (!j) {
			kh_fail_memory(&err);
			fetch_job_end_run(r, &err);
			return;
		}
		j->run = r;
		j->place = &r->places.v[p];
		renew_place(j);
		for (size_t m = 0; m < j->n; m++) {
			renew_item_clear(&j->there[m]);
			free(j->items[m].path);
		}
		free(j);
	}
}
