/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "seed.h"

#include "aws/partition.h"
#include "base/base64.h"
#include "keymeta.h"
#include "plan/plan.h"

#include <ctype.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROTATED_EVERY (30 * INT64_C(86400)) /* seconds */

struct seed {
	struct plan *plan;
};

/* What the plan leaves open, as CreateKey would have been told: a signing key. */
static const char *usage_of(const struct plan_key *k, enum keyspec spec)
{
	const char *usage = k->key_usage ? k->key_usage : keyspec_info(spec)->usage;

	return keymeta_usage(spec, usage ? usage : "SIGN_VERIFY");
}

static int check_there(const struct simkey *key, const struct plan_key *k, enum keyspec spec, struct kh_error *err)
{
	if (key->external && (!k->key_spec || key->spec == spec))
		return 0;
	return yamldoc_fail(k->at, err, "%s is there already, and is another kind of key", key->arn);
}

/* A multi-Region key that the plan has in several Regions: the first of them is the primary's. */
static const struct simkey *primary_of(const struct keystore *keys, const char *id)
{
	for (size_t i = 0; strncmp(id, "mrk-", 4) == 0 && i < keystore_count(keys); i++)
		if (strcmp(keystore_at(keys, i)->id, id) == 0 && !simkey_is_replica(keystore_at(keys, i)))
			return keystore_at(keys, i);
	return NULL;
}

/* The plan's id, in lower case as KMS has it; of one without, any. */
static int id_of(const struct plan_material *p, char out[KEYSTORE_MATERIAL_ID], struct kh_error *err)
{
	unsigned char random[KEYSTORE_MATERIAL_ID / 2];

	(void)snprintf(out, KEYSTORE_MATERIAL_ID, "%s", p->key_material_id ? p->key_material_id : "");
	for (char *at = out; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	if (out[0])
		return 0;
	if (RAND_bytes(random, sizeof(random)) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "random bytes: OpenSSL failed");
	hex_encode(random, sizeof(random), out);
	return 0;
}

/* Materials that KMS knows by the plan: the key had them, and waits for their bytes. What is new comes behind them. */
static int add_materials(struct simkey *key, const struct plan_key *k, int64_t now, struct kh_error *err)
{
	size_t known = 0;

	for (size_t i = 0; i < k->n_materials; i++)
		known = k->materials[i].key_material_id ? i + 1 : known;
	for (size_t i = 0; i < known; i++) {
		const struct plan_material *p = &k->materials[i];
		char id[KEYSTORE_MATERIAL_ID];
		struct material *m;

		if (i && !p->key_material_id)
			continue;
		if (id_of(p, id, err) ||
		    simkey_material_add(key, id, i + 1 == known ? MATERIAL_CURRENT : MATERIAL_NON_CURRENT, &m, err))
			return -1;
		m->seeded = true;
		m->unnamed = !p->key_material_id;
		m->rotated = i ? now - (int64_t)(known - i) * ROTATED_EVERY : 0;
	}
	return 0;
}

static int add_key(struct keystore *keys, const struct plan_key *k, const char *region, int64_t now, struct kh_error *err)
{
	enum keyspec spec = k->key_spec ? k->key_spec : KEYSPEC_SYMMETRIC_DEFAULT;
	const char *slash = strrchr(k->key_id, '/'), *id = slash ? slash + 1 : k->key_id;
	struct simkey *key = keystore_find(keys, region, id);
	const struct simkey *primary = primary_of(keys, id);

	if (key)
		return check_there(key, k, spec, err);
	if (primary ? check_there(primary, k, spec, err) || keystore_add_replica(keys, primary, region, &key, err)
		    : keystore_add(keys, region, spec, strncmp(id, "mrk-", 4) == 0, &key, err))
		return -1;
	(void)snprintf(key->id, sizeof(key->id), "%s", id);
	(void)snprintf(key->arn, sizeof(key->arn), "arn:%s:kms:%s:%s:key/%s", partition_of_region(region)->id, region,
		       ARN_REHEARSAL_ACCOUNT, id);
	(void)snprintf(key->usage, sizeof(key->usage), "%s", usage_of(k, spec));
	key->external = true;
	key->created = now;
	key->description = strdup("keyhaul-sim --seed-plan");
	if (!key->description)
		kh_fail_memory(err);
	else if ((primary || !add_materials(key, k, now, err)) && !keystore_save(keys, key, err))
		return 0;
	keystore_remove(keys, key);
	return -1;
}

int seed_plan(const char *path, const char *region, int64_t now, struct keystore *keys, struct seed **out,
	      struct kh_error *err)
{
	struct seed *s = calloc(1, sizeof(*s));

	if (!s)
		return kh_fail_memory(err);
	if (plan_read(path, &s->plan, err))
		goto fail;
	for (size_t i = 0; i < plan_count(s->plan); i++) {
		const struct plan_key *k = plan_key(s->plan, i);

		if (k->key_id && add_key(keys, k, k->region[0] ? k->region : region, now, err)) {
			kh_context(err, "%s", path);
			goto fail;
		}
	}
	*out = s;
	return 0;
fail:
	seed_free(s);
	return -1;
}

void seed_free(struct seed *s)
{
	if (s)
		plan_free(s->plan);
	free(s);
}

bool seed_knows(const struct seed *s, const char *arn)
{
	for (size_t i = 0; s && i < plan_count(s->plan); i++) {
		const char *id = plan_key(s->plan, i)->key_id;

		if (id && strcmp(id, arn) == 0)
			return true;
	}
	return false;
}
