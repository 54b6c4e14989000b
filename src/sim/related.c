/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "related.h"

#include <string.h>

struct simkey *related_primary(const struct keystore *ks, const struct simkey *key)
{
	return keystore_find(ks, simkey_is_replica(key) ? key->primary_region : key->region, key->id);
}

struct simkey *related_replica(const struct keystore *ks, const struct simkey *key, size_t i)
{
	for (size_t k = 0; key->multi_region && k < keystore_count(ks); k++) {
		struct simkey *other = keystore_at(ks, k);

		if (strcmp(other->id, key->id) == 0 && simkey_is_replica(other) && i-- == 0)
			return other;
	}
	return NULL;
}

static bool has(const struct simkey *key, const char *material_id)
{
	const struct material *m = simkey_material(key, material_id);

	return m && m->plain;
}

bool related_all_have(const struct keystore *ks, const struct simkey *key, const char *material_id)
{
	const struct simkey *replica;

	for (size_t i = 0; (replica = related_replica(ks, key, i)) != NULL; i++)
		if (!has(replica, material_id))
			return false;
	return has(related_primary(ks, key), material_id);
}

static bool is_like(const struct simkey *key, const struct material *theirs)
{
	const struct material *own = simkey_material(key, theirs->id);

	return own && own->state == theirs->state && own->rotated == theirs->rotated &&
	       (own->seen_as[0] || !theirs->seen_as[0]) &&
	       (key->external || own->plain || !theirs->plain);
}

bool related_is_behind(const struct keystore *ks, const struct simkey *key)
{
	const struct simkey *primary = simkey_is_replica(key) ? related_primary(ks, key) : NULL;

	for (size_t i = 0; primary && i < primary->n_materials; i++)
		if (!is_like(key, &primary->materials[i]))
			return true;
	return primary && key->n_materials != primary->n_materials;
}

/* One row of the primary's, in the replica. */
static int take_over(struct simkey *key, const struct material *theirs, struct kh_error *err)
{
	struct material *own = simkey_material(key, theirs->id);

	if (!own && simkey_material_add(key, theirs->id, theirs->state, &own, err))
		return -1;
	own->state = theirs->state;
	own->rotated = theirs->rotated;
	own->seeded = theirs->seeded;
	own->unnamed = theirs->unnamed;
	if (!own->seen_as[0])
		memcpy(own->seen_as, theirs->seen_as, sizeof(own->seen_as));
	if (key->external || own->plain || !theirs->plain)
		return 0;
	own->plain = secret_copy(secret_bytes(theirs->plain), secret_len(theirs->plain), err);
	return own->plain ? 0 : -1;
}

int related_pull(const struct keystore *ks, struct simkey *key, struct kh_error *err)
{
	const struct simkey *primary = simkey_is_replica(key) ? related_primary(ks, key) : NULL;

	for (size_t i = 0; primary && i < primary->n_materials; i++)
		if (take_over(key, &primary->materials[i], err))
			return -1;
	/* what the primary has no more was never current: its deletion is the replicas' too */
	for (size_t i = key->n_materials; primary && i-- > 0;)
		if (!simkey_material(primary, key->materials[i].id))
			simkey_material_drop(key, &key->materials[i]);
	return 0;
}
