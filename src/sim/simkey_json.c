/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "simkey_json.h"

#include "base/base64.h"
#include "bundle/jsontext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {
	[MATERIAL_CURRENT] = "CURRENT",
	[MATERIAL_NON_CURRENT] = "NON_CURRENT",
	[MATERIAL_PENDING_ROTATION] = "PENDING_ROTATION",
};
_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == MATERIAL_STATES, "a name for each state");

static json_t *material_to_json(const struct material *m, struct kh_error *err)
{
	struct buf text = BUF_INIT(BASE64_LEN(SECRET_MAX) + 1);
	json_t *out = NULL;

	if (m->plain && base64_encode(secret_bytes(m->plain), secret_len(m->plain), &text, err))
		goto out;
	out = jsontext_pack("{s:s, s:s, s:s*, s:b, s:I, s:s*, s:I, s:b, s:b, s:s*}", "id", m->id, "state", state_names[m->state], "plain",
			m->plain ? buf_text(&text) : NULL, "expires", m->expires, "valid_to", (json_int_t)m->valid_to,
			"description", m->described ? m->description : NULL, "rotated", (json_int_t)m->rotated,
			"seeded", m->seeded, "unnamed", m->unnamed, "seen_as", m->seen_as[0] ? m->seen_as : NULL);
	if (!out)
		kh_fail_memory(err);
out:
	if (text.data)
		secret_wipe(text.data, text.cap);
	buf_free(&text);
	return out;
}

json_t *simkey_to_json(const struct simkey *key, struct kh_error *err)
{
	json_t *materials = json_array(), *out;

	for (size_t i = 0; materials && i < key->n_materials; i++) {
		json_t *m = material_to_json(&key->materials[i], err);

		if (!m || json_array_append_new(materials, m)) {
			json_decref(materials);
			return NULL;
		}
	}
	out = jsontext_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:I, s:I, s:s, s:O*, s:s*, s:s, s:I, s:I, s:I, s:o}", "keyhaul_sim_key",
			1, "id", key->id, "region", key->region, "arn", key->arn, "key_spec", keyspec_name(key->spec),
			"key_usage", key->usage, "external", key->external, "multi_region", key->multi_region,
			"disabled", key->disabled, "created", (json_int_t)key->created, "deletion",
			(json_int_t)key->deletion, "description", key->description ? key->description : "", "tags",
			key->tags, "policy", key->policy, "primary_region", key->primary_region, "creating_until",
			(json_int_t)key->creating_until, "rotation_began", (json_int_t)key->rotation_began,
			"rotation_until", (json_int_t)key->rotation_until, "materials", materials);
	if (!out)
		kh_fail_memory(err);
	return out;
}

/* Copies a text of the JSON that has to fit. */
static int fit(const char *text, char *out, size_t size, struct kh_error *err)
{
	if (strlen(text) >= size)
		return kh_fail(err, KH_E_INPUT, 0, "a value in it is too long");
	(void)snprintf(out, size, "%s", text);
	return 0;
}

static int plain_from_text(const char *text, struct secret **out, struct kh_error *err)
{
	struct buf plain = BUF_INIT(SECRET_MAX);
	int rc = -1;

	if (base64_decode(text, strlen(text), &plain, err))
		goto out;
	*out = secret_copy(buf_text(&plain), plain.len, err);
	rc = *out ? 0 : -1;
out:
	if (plain.data)
		secret_wipe(plain.data, plain.cap);
	buf_free(&plain);
	return rc;
}

static int material_from_json(json_t *json, struct simkey *key, struct kh_error *err)
{
	const char *id = NULL, *state = NULL, *plain = NULL, *description = NULL, *seen_as = "";
	struct material *m = NULL;
	json_int_t valid_to = 0, rotated = 0;
	json_error_t why;
	int expires = 0, seeded = 0, unnamed = 0;
	size_t i = 0;

	if (json_unpack_ex(json, &why, JSON_STRICT, "{s:s, s:s, s?:s, s:b, s:I, s?:s, s?:I, s?:b, s?:b, s?:s}", "id", &id, "state", &state,
			   "plain", &plain, "expires", &expires, "valid_to", &valid_to, "description", &description,
			   "rotated", &rotated, "seeded", &seeded, "unnamed", &unnamed, "seen_as", &seen_as))
		return kh_fail(err, KH_E_INPUT, 0, "a material in it: %s", why.text);
	while (i < MATERIAL_STATES && strcmp(state_names[i], state) != 0)
		i++;
	if (i == MATERIAL_STATES || strlen(id) != KEYSTORE_MATERIAL_ID - 1)
		return kh_fail(err, KH_E_INPUT, 0, "a material in it has a bad id or state");
	if (simkey_material_add(key, id, (enum material_state)i, &m, err))
		return -1;
	m->expires = expires;
	m->valid_to = valid_to;
	m->rotated = rotated;
	m->described = description != NULL;
	m->seeded = seeded;
	m->unnamed = unnamed;
	if (fit(seen_as, m->seen_as, sizeof(m->seen_as), err) ||
	    fit(description ? description : "", m->description, sizeof(m->description), err))
		return -1;
	return plain ? plain_from_text(plain, &m->plain, err) : 0;
}

static int copy_texts(struct simkey *key, const char *description, const char *policy, json_t *tags,
		      struct kh_error *err)
{
	key->description = strdup(description);
	key->policy = policy ? strdup(policy) : NULL;
	key->tags = json_incref(tags);
	return key->description && (!policy || key->policy) ? 0 : kh_fail_memory(err);
}

/* What only multi-Region and rotated keys have; files of before have none of it. */
struct later {
	const char *primary_region;
	json_int_t creating_until, rotation_began, rotation_until;
};

static int copy_later(struct simkey *key, const struct later *l, struct kh_error *err)
{
	key->creating_until = l->creating_until;
	key->rotation_began = l->rotation_began;
	key->rotation_until = l->rotation_until;
	return fit(l->primary_region, key->primary_region, sizeof(key->primary_region), err);
}

int simkey_from_json(const json_t *json, struct simkey **out, struct kh_error *err)
{
	const char *id, *region, *arn, *spec, *usage, *description, *policy = NULL;
	struct simkey *key = calloc(1, sizeof(*key));
	int version, external, multi_region, disabled;
	json_t *tags = NULL, *materials;
	struct later later = {.primary_region = ""};
	json_int_t created, deletion;
	json_error_t why;

	if (!key)
		return kh_fail_memory(err);
	if (json_unpack_ex((json_t *)(uintptr_t)json, &why, JSON_STRICT,
			   "{s:i, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:I, s:I, s:s, s?:o, s?:s, s?:s, s?:I, s?:I, s?:I, s:o}",
			   "keyhaul_sim_key", &version, "id", &id, "region", &region, "arn", &arn, "key_spec", &spec,
			   "key_usage", &usage, "external", &external, "multi_region", &multi_region, "disabled",
			   &disabled, "created", &created, "deletion", &deletion, "description", &description, "tags",
			   &tags, "policy", &policy, "primary_region", &later.primary_region, "creating_until",
			   &later.creating_until, "rotation_began", &later.rotation_began, "rotation_until",
			   &later.rotation_until, "materials", &materials)) {
		kh_fail(err, KH_E_INPUT, 0, "not a key of keyhaul-sim: %s", why.text);
		goto fail;
	}
	if (version != 1) {
		kh_fail(err, KH_E_INPUT, 0, "version %d is not one that this keyhaul-sim knows", version);
		goto fail;
	}
	if (fit(id, key->id, sizeof(key->id), err) || fit(region, key->region, sizeof(key->region), err) ||
	    fit(arn, key->arn, sizeof(key->arn), err) || fit(usage, key->usage, sizeof(key->usage), err) ||
	    keyspec_parse(spec, &key->spec, err) || copy_texts(key, description, policy, tags, err) ||
	    copy_later(key, &later, err))
		goto fail;
	key->external = external;
	key->multi_region = multi_region;
	key->disabled = disabled;
	key->created = created;
	key->deletion = deletion;
	for (size_t i = 0; i < json_array_size(materials); i++)
		if (material_from_json(json_array_get(materials, i), key, err))
			goto fail;
	*out = key;
	return 0;
fail:
	simkey_free(key);
	return -1;
}
