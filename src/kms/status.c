/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "status.h"

#include "base/clock.h"
#include "bundle/jsontext.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAY 86400
#define HOUR 3600

/* States in which a key is not well, and what is to be said of them. */
static const struct {
	const char *state, *text;
} bad_states[] = {
	{"PendingImport", "the key waits for key material and cannot be used"},
	{"PendingDeletion", "the key is to be deleted"},
	{"PendingReplicaDeletion", "the key is to be deleted, once its replicas are"},
	{"Unavailable", "the key is not available"},
};

long status_days(int64_t t, int64_t now)
{
	int64_t left = t - now;

	return (long)(left >= 0 ? left / DAY : -((-left + DAY - 1) / DAY));
}

void status_span(int64_t t, int64_t now, char out[48])
{
	long long left = (long long)(t - now);

	if (left <= 0)
		(void)snprintf(out, 48, "past");
	else if (left < 2 * HOUR)
		(void)snprintf(out, 48, "in %lld minutes", left / 60);
	else if (left < 2 * DAY)
		(void)snprintf(out, 48, "in %lld hours", left / HOUR);
	else
		(void)snprintf(out, 48, "in %lld days", left / DAY);
}

__attribute__((format(printf, 2, 3)))
static void add(struct status *s, const char *fmt, ...)
{
	char text[320];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (json_array_append_new(s->problems, json_string(text))) {
		json_decref(s->problems); /* a key with a problem left out would look well */
		s->problems = NULL;
	}
}

static void judge_state(struct status *s)
{
	const struct ops_key *k = &s->standing->key;
	char at[CLOCK_TEXT] = "";

	if (k->deletion)
		clock_format(k->deletion, at);
	for (size_t i = 0; i < sizeof(bad_states) / sizeof(bad_states[0]); i++)
		if (strcmp(k->state, bad_states[i].state) == 0)
			add(s, "%s%s%s", bad_states[i].text, k->deletion ? " at " : "", at);
}

static void judge_expiry(struct status *s, const char *what, const char *id, int64_t valid_to, int64_t within)
{
	char at[CLOCK_TEXT], span[48];

	if (!valid_to || valid_to > s->now + within)
		return;
	clock_format(valid_to, at);
	status_span(valid_to, s->now, span);
	add(s, "%s%s expires at %s, %s: import it again before ('keyhaul renew', or fetch --plan --expiring-within)", what, id, at, span);
}

static void judge_material(struct status *s, const struct ops_material *m, int64_t within)
{
	bool pending = strncmp(m->state, "PENDING_", 8) == 0;

	if (!m->imported && pending)
		add(s, "material %s waits to be imported here before the key can be rotated", m->id);
	else if (!m->imported)
		add(s, "material %s (%s) is missing: it was deleted, or has expired", m->id, m->state);
	else
		judge_expiry(s, "material ", m->id, m->valid_to, within);
}

int status_judge(const struct standing *standing, int64_t now, int64_t within, struct status *out, struct kh_error *err)
{
	const struct ops_key *k = &standing->key;

	*out = (struct status){.standing = standing, .now = now, .problems = json_array()};
	if (!out->problems)
		return kh_fail_memory(err);
	judge_state(out);
	for (size_t i = 0; standing->listed && i < standing->materials.n; i++)
		judge_material(out, &standing->materials.v[i], within);
	if (!standing->listed)
		judge_expiry(out, "its material", "", k->valid_to, within);
	return out->problems ? 0 : kh_fail_memory(err);
}

static int add_time(json_t *object, int64_t t, int64_t now)
{
	char at[CLOCK_TEXT];

	if (!t)
		return 0;
	clock_format(t, at);
	return json_object_set_new(object, "valid_to", json_string(at)) ||
			       json_object_set_new(object, "days_left", json_integer(status_days(t, now)))
		       ? -1 : 0;
}

static json_t *material_json(const struct status *s, const struct ops_material *m)
{
	json_t *out = jsontext_pack("{s:s,s:s,s:b,s:s*,s:s*}", "key_material_id", m->id, "state", m->state, "imported",
				(int)m->imported, "expiration_model", m->expiration_model[0] ? m->expiration_model : NULL,
				"description", m->description[0] ? m->description : NULL);

	if (out && add_time(out, m->valid_to, s->now)) {
		json_decref(out);
		out = NULL;
	}
	return out;
}

json_t *status_json(const struct status *s, const char *item)
{
	const struct standing *st = s->standing;
	const struct ops_key *k = &st->key;
	json_t *out = jsontext_pack("{s:s,s:b,s:s,s:s,s:s,s:s,s:b,s:s*,s:b,s:O}", "item", item, "ok", 1, "kms_key_arn", k->arn,
				"key_state", k->state, "key_spec", k->key_spec, "origin", k->origin, "multi_region",
				(int)k->multi_region, "expiration_model",
				k->expiration_model[0] ? k->expiration_model : NULL, "well",
				json_array_size(s->problems) == 0, "problems", s->problems);
	json_t *materials = st->listed ? json_array() : NULL;

	if (!out || add_time(out, k->valid_to, s->now))
		goto fail;
	for (size_t i = 0; st->listed && i < st->materials.n; i++)
		if (json_array_append_new(materials, material_json(s, &st->materials.v[i])))
			goto fail;
	if (st->listed && (json_object_set(out, "materials", materials) ||
			   json_object_set_new(out, "rotations", json_integer((json_int_t)standing_rotations(st)))))
		goto fail;
	json_decref(materials);
	return out;
fail:
	json_decref(materials);
	json_decref(out);
	return NULL;
}
