/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "bundle/result.h"
#include "exposition.h"
#include "planned.h"
#include "span.h"

#include <limits.h>
#include <string.h>

struct status_opts {
	struct session_opts aws;
	struct opt_list key_ids;
	const char *plan;
	const char *dir;
	const char *expiring_within;
	const char *format;
};

/* What a run over many keys has once. */
struct survey {
	const struct status_opts *opts;
	struct session session;
	struct plan *plan; /* NULL: none */
	int64_t within;
	struct exposition *exposition; /* NULL for text */
	json_t *shown; /* ARNs */
};

#define AT(field) .offset = offsetof(struct status_opts, field)

static const char *const formats[] = {"text", "prometheus", NULL};

static const struct opt_row status_rows[] = {
	{.name = "key-id", .kind = OPT_LIST, AT(key_ids), .arg = "ID|ARN|ALIAS...", .text = "KMS keys, beside those of the bundles"},
	{.name = "plan", .kind = OPT_INPUT, AT(plan), .arg = "FILE", .text = "and the keys of this plan, keyhaul-plan(5)"},
	{.name = "dir", .kind = OPT_INPUT, AT(dir), .arg = "DIR",
	 .text = "the folder of fetch --plan, which tells the keys that the plan makes"},
	{.name = "expiring-within", .kind = OPT_TEXT, AT(expiring_within), .arg = "SPAN",
	 .text = "material that expires so soon is not well: 30d if not given, or 36h"},
	{.name = "format", .kind = OPT_CHOICE, AT(format), .arg = "FORMAT", .choices = formats,
	 .text = "prometheus: for node_exporter's textfile collector"},
};

static int read_options(struct cmd *c, struct survey *s, struct kh_error *err)
{
	const struct status_opts *o = s->opts;

	if (!o->key_ids.n && !c->nwords && !o->plan) {
		kh_fail(err, KH_E_USAGE, 0, "no key is named");
		return kh_hint(err, "name bundles, keys with --key-id, or a plan");
	}
	if (o->plan && plan_read(o->plan, &s->plan, err))
		return -1;
	if (span_parse("expiring-within", o->expiring_within ? o->expiring_within : SPAN_EXPIRING, &s->within, err))
		return -1;
	if (o->format && strcmp(o->format, "prometheus") == 0)
		return exposition_new(&s->exposition, err);
	return 0;
}

/* A key as it was asked for. */
struct asked {
	const char *item; /* its name in what is told */
	bool is_bundle;
	const struct plan_key *planned; /* NULL: not by a plan */
	size_t replica;
};

static int find(struct survey *s, const struct asked *a, struct target *target, struct kh_error *err)
{
	struct bundle *b = NULL;
	int rc;

	if (a->planned)
		return planned_find(&s->session, s->opts->dir, a->planned, a->replica, target, err);
	if (!a->is_bundle)
		return target_key(&s->session, a->item, target, err);
	rc = bundle_read(a->item, &b, err) || target_bundle(&s->session, b, target, err) ? -1 : 0;
	bundle_free(b);
	return rc;
}

/* What a person calls the key; its id and its bundle's path are no names. */
static const char *name_of(const struct asked *a)
{
	enum arn_kind kind = arn_kind_of(a->item);

	return a->planned || (!a->is_bundle && (kind == ARN_ALIAS_NAME || kind == ARN_ALIAS_ARN)) ? a->item : NULL;
}

static int show(struct cmd *c, struct survey *s, const struct asked *a, const struct status *status, struct kh_error *err)
{
	const char *arn = status->standing->key.arn;
	bool again = json_object_get(s->shown, arn) && a->is_bundle; /* several bundles are of one key */

	if (json_array_size(status->problems))
		c->worst = kh_worse(c->worst, KH_E_CHECK);
	if (json_object_set_new(s->shown, arn, json_true()))
		return kh_fail_memory(err);
	if (s->exposition ? exposition_add(s->exposition, a->item, name_of(a), status, err)
			  : !again && status_show(c, name_of(a), status, err))
		return -1;
	return result_add(c, status_json(status, a->item), err);
}

/* One key that does not answer does not stop the others. */
static int look_at(struct cmd *c, struct survey *s, const struct asked *a, struct kh_error *err)
{
	const char *item = a->item;
	struct status status = {0};
	struct standing standing;
	struct target target;
	struct kh_error why;
	int rc;

	if (cmd_interrupted())
		return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted before %s was looked at", item);
	target.arn[0] = '\0';
	if (find(s, a, &target, &why) || standing_read(&target.kms, target.arn, &standing, &why)) {
		kh_context(&why, "%s", item);
		return (s->exposition && exposition_add(s->exposition, target.arn[0] ? target.arn : item, NULL, NULL, err)) || cmd_item_failed(c, item, &why, err)
			       ? -1 : 0;
	}
	rc = status_judge(&standing, kms_now(&target.kms), s->within, &status, err) || show(c, s, a, &status, err) ? -1 : 0;
	json_decref(status.problems);
	return rc;
}

/* Each key of the plan, and behind it its replicas. */
static int look_at_plan(struct cmd *c, struct survey *s, struct kh_error *err)
{
	char name[PLANNED_NAME_MAX];

	for (size_t i = 0; s->plan && i < plan_count(s->plan); i++) {
		struct asked a = {.item = name, .planned = plan_key(s->plan, i)};

		for (a.replica = 0; a.replica <= a.planned->create.n_replicas; a.replica++) {
			planned_name(a.planned, a.replica, name);
			if (look_at(c, s, &a, err))
				return -1;
		}
	}
	return 0;
}

static int look_at_all(struct cmd *c, struct survey *s, struct kh_error *err)
{
	const struct opt_list *ids = &s->opts->key_ids;

	for (size_t i = 0; i < ids->n + c->nwords; i++) {
		struct asked a = {.item = i < ids->n ? ids->v[i] : c->words[i - ids->n]};

		/* words behind --key-id are its own as far as they are the form of a key's id */
		a.is_bundle = i >= ids->n || arn_kind_of(a.item) == ARN_NONE;
		if (look_at(c, s, &a, err))
			return -1;
	}
	if (look_at_plan(c, s, err))
		return -1;
	return s->exposition ? exposition_print(c, s->exposition, c->now, err) : 0;
}

static int run_status(struct cmd *c, struct kh_error *err)
{
	struct survey s = {.opts = c->opts, .shown = json_object()};
	int rc = -1;

	if (!s.shown)
		return kh_fail_memory(err);
	if (!read_options(c, &s, err) && !session_open(&s.opts->aws, &s.session, err))
		rc = look_at_all(c, &s, err);
	exposition_free(s.exposition);
	json_decref(s.shown);
	plan_free(s.plan);
	session_close(&s.session);
	return rc;
}

static const struct opt_group groups[] = {
	OPT_GROUP("What is looked at", status_rows, 0),
	OPT_GROUP("AWS", session_rows, offsetof(struct status_opts, aws)),
	OPT_GROUPS_END,
};

const struct cmd_row cmd_status = {
	.verb = "status",
	.operands = "[BUNDLE...]",
	.summary = "tells how KMS keys and their materials stand, and which expire soon",
	.groups = groups,
	.opts_size = sizeof(struct status_opts),
	.max_words = UINT_MAX,
	.run = run_status,
};
