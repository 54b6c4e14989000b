/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "material.h"
#include "ops.h"
#include "page.h"
#include "related.h"

#include "aws/limits.h"

#include <string.h>

/* The key, where it can have rotations at all. */
static struct simkey *rotatable(struct call *c)
{
	struct simkey *key = call_key(c, "KeyId", CALL_NO_ALIAS);

	if (!key || keyspec_is_symmetric(key->spec))
		return key;
	reply_fail(c->reply, "UnsupportedOperationException", "%s is not a symmetric encryption key: it has no rotations",
		   key->arn);
	return NULL;
}

/* What can be refused before it is known which material it is. */
static int check_rotation(struct call *c, struct simkey *key)
{
	if (simkey_is_replica(key))
		return reply_fail(c->reply, "UnsupportedOperationException",
				  "%s is a replica: a multi-Region key is rotated in its primary Region", key->arn);
	if (call_usable(c, key))
		return -1;
	if (key->rotation_until)
		return reply_fail(c->reply, "ConflictException", "An on-demand rotation of %s is already in progress.",
				  key->arn);
	if (simkey_rotations(key) >= KMS_ON_DEMAND_ROTATIONS_MAX)
		return reply_fail(c->reply, "LimitExceededException", "%s has had %d on-demand rotations, the most it may have",
				  key->arn, KMS_ON_DEMAND_ROTATIONS_MAX);
	return 0;
}

/* An imported key's next material has to be there, in every Region; another's KMS makes by itself. */
static int stage(struct call *c, struct simkey *key)
{
	const struct material *pending = simkey_pending(key);
	char id[KEYSTORE_MATERIAL_ID];
	struct secret *plain = NULL;
	struct material *m = NULL;
	struct kh_error err;

	if (key->external)
		return pending && simkey_sees(key, pending) && related_all_have(c->sim->keys, key, pending->id)
			       ? 0
			       : reply_fail(c->reply, "KMSInvalidStateException",
					    "No available key material pending rotation for the key: %s.", key->arn);
	if (material_generate(c->sim->pool, key->spec, key->region, &plain, &err) ||
	    material_id(key, plain, id, &err) || simkey_material_add(key, id, MATERIAL_PENDING_ROTATION, &m, &err)) {
		secret_free(plain);
		return reply_internal(c->reply, &err);
	}
	m->plain = plain;
	return 0;
}

int op_rotate_key_on_demand(struct call *c)
{
	struct simkey *key = rotatable(c), *before;

	if (!key || check_rotation(c, key))
		return -1;
	before = call_before(c, key);
	if (!before)
		return -1;
	if (stage(c, key)) {
		simkey_free(before);
		return -1;
	}
	key->rotation_began = c->now;
	key->rotation_until = c->now + c->sim->rotation_delay;
	return call_save(c, key, before) ? -1 : reply_ok(c->reply, json_pack("{s:s}", "KeyId", key->id));
}

int op_get_key_rotation_status(struct call *c)
{
	struct simkey *own = rotatable(c);
	const struct simkey *key = own ? call_view(c, own) : NULL;
	json_t *body;

	if (!key)
		return -1;
	body = json_pack("{s:b, s:s}", "KeyRotationEnabled", 0, "KeyId", key->id);
	if (body && key->rotation_began)
		(void)json_object_set_new(body, "OnDemandRotationStartDate", json_integer(key->rotation_began));
	return reply_ok(c->reply, body);
}

static const char *state_name(struct call *c, const struct simkey *key, const struct material *m)
{
	if (m->state == MATERIAL_PENDING_ROTATION)
		return related_all_have(c->sim->keys, key, m->id) ? "PENDING_ROTATION"
								  : "PENDING_MULTI_REGION_IMPORT_AND_ROTATION";
	return m->state == MATERIAL_CURRENT ? "CURRENT" : "NON_CURRENT";
}

/* What symmetric imported keys alone tell of each material. */
static void add_import(json_t *out, const struct simkey *key, const struct material *m)
{
	bool there = simkey_sees(key, m);

	(void)json_object_set_new(out, "ImportState", json_string(there ? "IMPORTED" : "PENDING_IMPORT"));
	if (m->described)
		(void)json_object_set_new(out, "KeyMaterialDescription", json_string(m->description));
	if (there)
		(void)json_object_set_new(out, "ExpirationModel", json_string(m->expires ? "KEY_MATERIAL_EXPIRES"
											 : "KEY_MATERIAL_DOES_NOT_EXPIRE"));
	if (there && m->expires)
		(void)json_object_set_new(out, "ValidTo", json_integer(m->valid_to));
}

static json_t *entry_of(struct call *c, const struct simkey *key, const struct material *m, bool all)
{
	json_t *out = json_pack("{s:s, s:s}", "KeyId", key->id, "KeyMaterialId", m->id);

	if (out && all)
		(void)json_object_set_new(out, "KeyMaterialState", json_string(state_name(c, key, m)));
	if (out && all && key->external)
		add_import(out, key, m);
	if (out && m->rotated) {
		(void)json_object_set_new(out, "RotationDate", json_integer(m->rotated));
		(void)json_object_set_new(out, "RotationType", json_string("ON_DEMAND"));
	}
	return out;
}

/* True for what the list leaves out: an import not seen yet, and what KMS makes for a rotation under way. */
static bool is_left_out(const struct simkey *key, const struct material *m, bool all)
{
	if (m->plain && !simkey_sees(key, m))
		return true;
	return all ? !key->external && m->state == MATERIAL_PENDING_ROTATION : !m->rotated;
}

int op_list_key_rotations(struct call *c)
{
	const char *include = member_text(c->in, "IncludeKeyMaterial");
	bool all = include && strcmp(include, "ALL_KEY_MATERIAL") == 0;
	struct simkey *key = rotatable(c);
	const struct simkey *view = key ? call_view(c, key) : NULL;
	struct page p;

	if (!key || !view || page_start(c, 100, &p))
		return -1;
	for (size_t i = 0; i < view->n_materials; i++)
		if (!is_left_out(view, &view->materials[i], all))
			page_add(&p, entry_of(c, view, &view->materials[i], all));
	if (key->hidden > 0)
		key->hidden--;
	return page_end(c, &p, "Rotations");
}
