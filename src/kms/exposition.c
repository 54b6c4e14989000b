/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "exposition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METRIC_MAX (16u << 20)
#define LABEL_MAX 600

enum metric {
	METRIC_UP,
	METRIC_NAME,
	METRIC_STATE,
	METRIC_PROBLEMS,
	METRIC_ROTATIONS,
	METRIC_IMPORTED,
	METRIC_VALID_TO,
	METRICS
};

static const struct {
	const char *name, *help;
} metrics[] = {
	[METRIC_UP] = {"keyhaul_kms_key_up", "1 where KMS told how the key stands"},
	[METRIC_NAME] = {"keyhaul_kms_key_name", "The key's name in the plan, or the alias that it was asked for by"},
	[METRIC_STATE] = {"keyhaul_kms_key_state", "The key's KeyState"},
	[METRIC_PROBLEMS] = {"keyhaul_kms_key_problems", "How many things are not well with the key"},
	[METRIC_ROTATIONS] = {"keyhaul_kms_key_rotations", "On-demand rotations done; KMS's limit is 25"},
	[METRIC_IMPORTED] = {"keyhaul_kms_material_imported", "1 where KMS has the key material"},
	[METRIC_VALID_TO] = {"keyhaul_kms_material_valid_to_timestamp_seconds", "When the key material expires"},
};
_Static_assert(sizeof(metrics) / sizeof(metrics[0]) == METRICS, "a row for each metric");

struct exposition {
	struct buf samples[METRICS];
	json_t *up, *down; /* the keys, as labels have them: a series is given once */
};

int exposition_new(struct exposition **out, struct kh_error *err)
{
	struct exposition *e = calloc(1, sizeof(*e));

	if (!e)
		return kh_fail_memory(err);
	for (size_t i = 0; i < METRICS; i++)
		e->samples[i] = (struct buf)BUF_INIT(METRIC_MAX);
	e->up = json_object();
	e->down = json_object();
	*out = e;
	if (e->up && e->down)
		return 0;
	exposition_free(e);
	*out = NULL;
	return kh_fail_memory(err);
}

void exposition_free(struct exposition *e)
{
	for (size_t i = 0; e && i < METRICS; i++)
		buf_free(&e->samples[i]);
	if (e) {
		json_decref(e->up);
		json_decref(e->down);
	}
	free(e);
}

/* A label's value as the format wants it: what it cannot have is not in ARNs, ids and states, and becomes a '?'. */
static void escape(const char *text, char out[LABEL_MAX])
{
	size_t n = 0;

	for (; *text && n < LABEL_MAX - 1; text++)
		out[n++] = *text < 0x20 || *text > 0x7e || *text == '"' || *text == '\\' ? '?' : *text;
	out[n] = '\0';
}

/* NAME{key="..",LABEL=".."} VALUE */
static int sample(struct exposition *e, enum metric m, const char *key, const char *labels, int64_t value,
		  struct kh_error *err)
{
	char name[LABEL_MAX];

	escape(key, name);
	return buf_addf(&e->samples[m], "%s{key=\"%s\"%s} %lld\n", err, metrics[m].name, name, labels, (long long)value);
}

static int add_material(struct exposition *e, const char *arn, const char *id, const char *state, bool imported,
			int64_t valid_to, struct kh_error *err)
{
	char labels[2 * LABEL_MAX + 32], name[LABEL_MAX], is[LABEL_MAX];

	escape(id, name);
	escape(state, is);
	(void)snprintf(labels, sizeof(labels), ",material=\"%s\",state=\"%s\"", name, is);
	if (sample(e, METRIC_IMPORTED, arn, labels, imported, err))
		return -1;
	return imported && valid_to ? sample(e, METRIC_VALID_TO, arn, labels, valid_to, err) : 0;
}

static int add_materials(struct exposition *e, const struct status *s, struct kh_error *err)
{
	const struct standing *st = s->standing;
	const struct ops_key *k = &st->key;

	if (!st->listed)
		return add_material(e, k->arn, k->material_id, "CURRENT", k->expiration_model[0] != '\0', k->valid_to, err);
	for (size_t i = 0; i < st->materials.n; i++) {
		const struct ops_material *m = &st->materials.v[i];

		if (add_material(e, k->arn, m->id, m->state, m->imported, m->valid_to, err))
			return -1;
	}
	return sample(e, METRIC_ROTATIONS, k->arn, "", (int64_t)standing_rotations(st), err);
}

/* A key may have several names. */
static int add_name(struct exposition *e, const char *arn, const char *name, struct kh_error *err)
{
	char labels[LABEL_MAX + 16], shown[LABEL_MAX], both[2 * LABEL_MAX];

	escape(name, shown);
	(void)snprintf(both, sizeof(both), "%s %s", arn, shown);
	if (json_object_get(e->up, both))
		return 0;
	if (json_object_set_new(e->up, both, json_true()))
		return kh_fail_memory(err);
	(void)snprintf(labels, sizeof(labels), ",name=\"%s\"", shown);
	return sample(e, METRIC_NAME, arn, labels, 1, err);
}

int exposition_add(struct exposition *e, const char *item, const char *name, const struct status *s, struct kh_error *err)
{
	char labels[LABEL_MAX + 16], state[LABEL_MAX], key[LABEL_MAX];

	escape(s ? s->standing->key.arn : item, key);
	if (s && name && add_name(e, key, name, err))
		return -1;
	if (json_object_get(e->up, key))
		return 0;
	if (json_object_set_new(s ? e->up : e->down, key, json_true()))
		return kh_fail_memory(err);
	if (!s)
		return 0;
	escape(s->standing->key.state, state);
	(void)snprintf(labels, sizeof(labels), ",state=\"%s\"", state);
	if (sample(e, METRIC_UP, s->standing->key.arn, "", 1, err) ||
	    sample(e, METRIC_STATE, s->standing->key.arn, labels, 1, err) ||
	    sample(e, METRIC_PROBLEMS, s->standing->key.arn, "", (int64_t)json_array_size(s->problems), err))
		return -1;
	return add_materials(e, s, err);
}

/* Those that did not answer, by whichever name they were asked for. */
static int add_down(struct exposition *e, struct kh_error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(e->down, name, value)
		if (!json_object_get(e->up, name) && sample(e, METRIC_UP, name, "", 0, err))
			return -1;
	return 0;
}

int exposition_print(struct cmd *c, struct exposition *e, int64_t now, struct kh_error *err)
{
	if (add_down(e, err))
		return -1;
	for (size_t i = 0; i < METRICS; i++)
		if (e->samples[i].len &&
		    (cmd_printf(c, err, "# HELP %s %s\n# TYPE %s gauge\n", metrics[i].name, metrics[i].help,
				metrics[i].name) ||
		     buf_add(&c->text, e->samples[i].data, e->samples[i].len, err)))
			return -1;
	return cmd_printf(c, err, "# HELP keyhaul_kms_status_timestamp_seconds When this was asked\n"
			  "# TYPE keyhaul_kms_status_timestamp_seconds gauge\nkeyhaul_kms_status_timestamp_seconds %lld\n",
			  (long long)now);
}
