/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fetch_job.h"

#include "base/clock.h"
#include "base/progress.h"
#include "creation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLICA_WAIT 120 /* seconds that a replica may be Creating */

/* One key: its bundles in all its Regions. */
struct key_job {
	struct fetch_jobs *run;
	const struct plan_key *key;
	struct place *places;
	size_t n_places;
	struct fetch_item *items;
	size_t n_items;
	struct endpoint endpoint; /* of the key itself */
	struct kms kms;
	struct creation creation; /* of a key that is made */
	char (*arns)[ARN_MAX];	  /* of the places of a key that is made */
};

void fetch_job_end_run(struct fetch_jobs *r, const struct kh_error *err)
{
	if (r->fatal.code == KH_OK)
		r->fatal = *err;
}

char *fetch_job_path(const struct fetch_jobs *r, const char *name, struct kh_error *err)
{
	size_t size = strlen(r->opts->out) + strlen(name) + 2;
	char *path = malloc(size);

	if (!path) {
		kh_fail_memory(err);
		return NULL;
	}
	(void)snprintf(path, size, "%s%s%s", r->opts->out, r->opts->out[strlen(r->opts->out) - 1] == '/' ? "" : "/", name);
	return path;
}

static size_t row_of(const struct fetch_item *i)
{
	return i->place->row + i->material;
}

static json_t *result_of(const struct fetch_item *i)
{
	char until[CLOCK_TEXT];
	json_t *object = json_pack("{s:s,s:b,s:s,s:s,s:s,s:s,s:i}", "item", i->path, "ok", 1, "result", i->result, "name",
				   i->place->key->name, "kms_key_arn", i->arn, "region", i->place->region, "material",
				   (int)i->material + 1);

	clock_format(i->until, until);
	if (object && i->material_id[0] && json_object_set_new(object, "key_material_id", json_string(i->material_id))) {
		json_decref(object);
		return NULL;
	}
	if (object && i->until &&
	    json_object_set_new(object, i->imported ? "valid_to" : "parameters_valid_to", json_string(until))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

void fetch_job_put(struct fetch_jobs *r, const struct fetch_item *i)
{
	const struct table_row row = {.item = i->path, .arn = i->arn, .result = i->result, .until = i->until, .imported = i->imported,
				      .json = r->c->common.json ? result_of(i) : json_null()};
	struct kh_error err;

	progress_step();
	r->open += !i->imported;
	r->wrapped += i->wrapped && !i->imported;
	if (table_put(r->table, row_of(i), &row, &err))
		fetch_job_end_run(r, &err);
}

void fetch_job_failed(struct fetch_jobs *r, struct fetch_item *i, const struct kh_error *cause)
{
	struct kh_error why = *cause, err;
	const struct table_row row = {.item = i->path, .arn = i->arn[0] ? i->arn : i->key_id, .why = &why};

	progress_step();
	i->result = "failed";
	r->failed++;
	kh_context(&why, "%s", i->path);
	if (why.code == KH_E_MEMORY || why.code == KH_E_INTERRUPTED)
		fetch_job_end_run(r, &why);
	else if (table_put(r->table, row_of(i), &row, &err))
		fetch_job_end_run(r, &err);
}

/* Every bundle that is not there yet fails by what stood in its way. */
static void fail_missing(struct key_job *j, const struct place *place, const struct kh_error *why)
{
	for (size_t i = 0; i < j->n_items; i++)
		if (!j->items[i].result && (!place || j->items[i].place == place))
			fetch_job_failed(j->run, &j->items[i], why);
}

static bool misses(const struct key_job *j, const struct place *place)
{
	for (size_t i = 0; i < j->n_items; i++)
		if (!j->items[i].result && (!place || j->items[i].place == place))
			return true;
	return false;
}

/* The ARN in the place's Region: a multi-Region key has one id in all of them. */
static void arn_in(const char *primary, const char *own, const char *region, char out[ARN_MAX])
{
	const char *at = strstr(primary, own);

	(void)snprintf(out, ARN_MAX, "%.*s%s%s", (int)(at - primary), primary, region, at + strlen(own));
}

static void know_key(struct key_job *j)
{
	for (size_t p = 0; p < j->n_places && j->creation.arn[0]; p++)
		arn_in(j->creation.arn, j->creation.region, j->places[p].region, j->arns[p]);
	for (size_t i = 0; i < j->n_items; i++) {
		struct fetch_item *item = &j->items[i];
		const char *made = j->arns[item->place - j->places];

		item->key_id = j->key->key_id ? j->key->key_id : made[0] ? made : NULL;
	}
}

static int make_items(struct key_job *j, struct kh_error *err)
{
	char name[PLAN_BUNDLE_MAX];

	for (size_t p = 0; p < j->n_places; p++)
		for (size_t m = 0; m < j->key->n_materials; m++) {
			struct fetch_item *item = &j->items[j->n_items];

			*item = (struct fetch_item){.place = &j->places[p], .material = m, .now = j->run->c->now};
			plan_bundle_name(j->key, m, j->places[p].region, name);
			item->path = fetch_job_path(j->run, name, err);
			if (!item->path)
				return -1;
			j->n_items++;
		}
	return 0;
}

/* The Region, the names and, of a key that is made, what the folder knows of it. */
static int open_job(struct key_job *j, struct kh_error *err)
{
	const struct session *s = &j->run->session;
	char name[PLAN_NAME_MAX + sizeof(".create")], *path;
	int rc;

	j->items = calloc(j->n_places * j->key->n_materials, sizeof(*j->items));
	j->arns = calloc(j->n_places, sizeof(*j->arns));
	if (!j->items || !j->arns)
		return kh_fail_memory(err);
	if (session_connect_region(s, j->places[0].region, &j->endpoint, &j->kms, err) || make_items(j, err))
		return -1;
	if (!j->key->create.at)
		return 0;
	(void)snprintf(name, sizeof(name), "%s.create", j->key->name);
	path = fetch_job_path(j->run, name, err);
	rc = path ? creation_open(path, &j->creation, err) : -1;
	free(path);
	return rc;
}

static void look(struct key_job *j)
{
	for (size_t i = 0; i < j->n_items; i++) {
		struct fetch_item *item = &j->items[i];
		struct fetch_want want;
		struct kh_error err;

		fetch_item_want(item, plan_sha256(j->run->plan), j->run->opts->policy, &want);
		if (fetch_item_look(item, &want, endpoint_is_loopback(&j->endpoint), &err))
			fetch_job_failed(j->run, item, &err);
		else if (item->result)
			fetch_job_put(j->run, item);
	}
}

static int await_replica(struct kms *kms, const char *arn, struct kh_error *err)
{
	const struct kms_pace *pace = &kms->pace;
	int64_t until = pace->now_ms(pace->ctx) + REPLICA_WAIT * 1000;
	struct ops_key key;

	for (;;) {
		bool there = ops_describe(kms, arn, &key, err) == 0;

		if (!there && kms_is_denied(err))
			return 0; /* what is asked next tells */
		if (!there && !kms_is_error(err, "NotFoundException"))
			return -1;
		if (there && strcmp(key.state, "Creating") != 0)
			return 0;
		if (pace->stop(pace->ctx) || pace->now_ms(pace->ctx) >= until)
			break;
		pace->wait_ms(pace->ctx, 500);
	}
	kh_fail(err, KH_E_AGAIN, 0, "%s is still being created", arn);
	return kh_hint(err, "run this again in a while");
}

static int ready_place(struct key_job *j, struct place *place, struct endpoint *endpoint, struct kms *kms,
		       struct kh_error *err)
{
	char arn[ARN_MAX];

	if (!place->replica) {
		*endpoint = j->endpoint;
		*kms = j->kms;
		kms->url = endpoint->url;
		kms->region = endpoint->region;
		return 0;
	}
	if (session_connect_region(&j->run->session, place->region, endpoint, kms, err) ||
	    creation_replicate(&j->creation, j->key, place->replica - 1, place->policy, &j->kms, arn, err))
		return -1;
	return await_replica(kms, arn, err);
}

static void get(struct key_job *j, struct fetch_item *item, const struct endpoint *endpoint, const struct kms *kms)
{
	struct fetch f = {.session = &j->run->session, .endpoint = *endpoint, .kms = *kms};
	struct kh_error err = {0};

	f.kms.url = f.endpoint.url;
	f.kms.region = f.endpoint.region;
	fetch_item_want(item, plan_sha256(j->run->plan), j->run->opts->policy, &f.want);
	f.want.profile = j->run->opts->profile;
	f.want.profile_path = j->run->opts->profile_path;
	if (fetch_item_get(item, &f, &err)) {
		if (j->key->create.at && err.code == KH_E_CHECK)
			kh_hint(&err, "the KMS key was made, and stays; put right what is named there, then run this again: no second one is made");
		fetch_job_failed(j->run, item, &err);
	} else {
		fetch_job_put(j->run, item);
	}
	fetch_clear(&f);
}

static void get_missing(struct key_job *j)
{
	struct kh_error err = {0};

	if (j->key->create.at && creation_make(&j->creation, j->key, j->places[0].policy, &j->endpoint, &j->kms, &err)) {
		know_key(j);
		fail_missing(j, NULL, &err);
		return;
	}
	know_key(j);
	for (size_t p = 0; p < j->n_places; p++) {
		struct endpoint endpoint;
		struct kms kms;

		if (!misses(j, &j->places[p]))
			continue;
		if (ready_place(j, &j->places[p], &endpoint, &kms, &err)) {
			fail_missing(j, &j->places[p], &err);
			continue;
		}
		for (size_t i = 0; i < j->n_items; i++)
			if (j->items[i].place == &j->places[p] && !j->items[i].result && j->run->fatal.code == KH_OK)
				get(j, &j->items[i], &endpoint, &kms);
	}
}

void fetch_job(void *jobs, size_t i)
{
	struct fetch_jobs *r = jobs;
	struct key_job j = {.run = r, .key = plan_key(r->plan, i), .places = &r->places.v[r->places.first[i]],
			    .n_places = r->places.first[i + 1] - r->places.first[i]};
	struct kh_error err = {0};

	if (r->fatal.code != KH_OK)
		return;
	if (open_job(&j, &err)) {
		kh_context(&err, "%s", j.key->name);
		if (j.n_items)
			fail_missing(&j, NULL, &err);
		else
			fetch_job_end_run(r, &err); /* no endpoint, no Region: that of no key will be there */
	} else {
		know_key(&j);
		look(&j);
		if (misses(&j, NULL))
			get_missing(&j);
	}
	creation_close(&j.creation);
	for (size_t k = 0; k < j.n_items; k++)
		free(j.items[k].path);
	free(j.items);
	free(j.arns);
}
