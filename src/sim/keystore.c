/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keystore.h"

#include "aws/partition.h"
#include "base/base64.h"
#include "state.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIASES_MAX 10000

struct keystore {
	struct state *state; /* NULL in memory */
	unsigned char master[KEYSTORE_MASTER];
	struct simkey **keys;
	size_t n_keys;
	struct simalias *aliases;
	size_t n_aliases;
};

/* Room for one more; an array of pointers or of names, so that its copies hold no secret. */
static int grow(void **array, size_t n, size_t size, struct kh_error *err)
{
	void *bigger = realloc(*array, (n + 1) * size);

	if (!bigger)
		return kh_fail_memory(err);
	*array = bigger;
	return 0;
}

static int take_key(void *ctx, struct simkey *key, struct kh_error *err)
{
	struct keystore *ks = ctx;

	if (keystore_find(ks, key->region, key->id))
		return kh_fail(err, KH_E_INPUT, 0, "key %s is there twice", key->arn);
	if (grow((void **)&ks->keys, ks->n_keys, sizeof(struct simkey *), err))
		return -1;
	ks->keys[ks->n_keys++] = key;
	return 0;
}

static int take_alias(void *ctx, const struct simalias *alias, struct kh_error *err)
{
	struct keystore *ks = ctx;

	if (ks->n_aliases == ALIASES_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "more than %d aliases", ALIASES_MAX);
	if (grow((void **)&ks->aliases, ks->n_aliases, sizeof(*ks->aliases), err))
		return -1;
	ks->aliases[ks->n_aliases++] = *alias;
	return 0;
}

int keystore_open(const char *dir, struct keystore **out, struct kh_error *err)
{
	const struct state_reader reader = {take_key, take_alias};
	struct keystore *ks = calloc(1, sizeof(*ks));

	if (!ks)
		return kh_fail_memory(err);
	if (RAND_bytes(ks->master, sizeof(ks->master)) != 1) {
		kh_fail(err, KH_E_SYSTEM, 0, "random bytes: OpenSSL failed");
		goto fail;
	}
	if (dir && state_open(dir, ks->master, &reader, ks, &ks->state, err))
		goto fail;
	*out = ks;
	return 0;
fail:
	keystore_free(ks);
	return -1;
}

void keystore_free(struct keystore *ks)
{
	if (!ks)
		return;
	for (size_t i = 0; i < ks->n_keys; i++)
		simkey_free(ks->keys[i]);
	free(ks->keys);
	free(ks->aliases);
	state_close(ks->state);
	secret_wipe(ks, sizeof(*ks));
	free(ks);
}

const unsigned char *keystore_master(const struct keystore *ks)
{
	return ks->master;
}

static int random_id(bool multi_region, char out[KEYSTORE_ID_LEN + 1], struct kh_error *err)
{
	unsigned char b[16];
	char hex[33];

	if (RAND_bytes(b, sizeof(b)) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "random bytes: OpenSSL failed");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* RFC 4122 version 4 */
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	hex_encode(b, sizeof(b), hex);
	if (multi_region)
		(void)snprintf(out, KEYSTORE_ID_LEN + 1, "mrk-%s", hex);
	else
		(void)snprintf(out, KEYSTORE_ID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
			       hex + 20);
	return 0;
}

static void set_arn(struct simkey *key)
{
	(void)snprintf(key->arn, sizeof(key->arn), "arn:%s:kms:%s:%s:key/%s", partition_of_region(key->region)->id,
		       key->region, ARN_REHEARSAL_ACCOUNT, key->id);
}

int keystore_add(struct keystore *ks, const char *region, enum keyspec spec, bool multi_region, struct simkey **out,
		 struct kh_error *err)
{
	struct simkey *key = calloc(1, sizeof(*key));

	if (!key)
		return kh_fail_memory(err);
	key->spec = spec;
	key->multi_region = multi_region;
	(void)snprintf(key->region, sizeof(key->region), "%s", region);
	if (random_id(multi_region, key->id, err))
		goto fail;
	set_arn(key);
	if (take_key(ks, key, err))
		goto fail;
	*out = key;
	return 0;
fail:
	simkey_free(key);
	return -1;
}

int keystore_add_replica(struct keystore *ks, const struct simkey *primary, const char *region, struct simkey **out,
			 struct kh_error *err)
{
	struct simkey *key = calloc(1, sizeof(*key));

	if (!key)
		return kh_fail_memory(err);
	key->spec = primary->spec;
	key->external = primary->external;
	key->multi_region = true;
	memcpy(key->id, primary->id, sizeof(key->id));
	memcpy(key->usage, primary->usage, sizeof(key->usage));
	memcpy(key->primary_region, primary->region, sizeof(key->primary_region));
	(void)snprintf(key->region, sizeof(key->region), "%s", region);
	set_arn(key);
	if (take_key(ks, key, err)) {
		simkey_free(key);
		return -1;
	}
	*out = key;
	return 0;
}

void keystore_remove(struct keystore *ks, struct simkey *key)
{
	for (size_t i = 0; i < ks->n_keys; i++) {
		if (ks->keys[i] != key)
			continue;
		memmove(&ks->keys[i], &ks->keys[i + 1], (ks->n_keys - i - 1) * sizeof(struct simkey *));
		ks->n_keys--;
		simkey_free(key);
		return;
	}
}

struct simkey *keystore_find(const struct keystore *ks, const char *region, const char *id)
{
	for (size_t i = 0; i < ks->n_keys; i++)
		if (strcmp(ks->keys[i]->id, id) == 0 && strcmp(ks->keys[i]->region, region) == 0)
			return ks->keys[i];
	return NULL;
}

size_t keystore_count(const struct keystore *ks)
{
	return ks->n_keys;
}

struct simkey *keystore_at(const struct keystore *ks, size_t i)
{
	return i < ks->n_keys ? ks->keys[i] : NULL;
}

int keystore_save(struct keystore *ks, const struct simkey *key, struct kh_error *err)
{
	return ks->state ? state_save_key(ks->state, key, err) : 0;
}

const struct simalias *keystore_alias(const struct keystore *ks, const char *region, const char *name)
{
	for (size_t i = 0; i < ks->n_aliases; i++)
		if (strcmp(ks->aliases[i].name, name) == 0 && strcmp(ks->aliases[i].region, region) == 0)
			return &ks->aliases[i];
	return NULL;
}

static int save_aliases(struct keystore *ks, struct kh_error *err)
{
	return ks->state ? state_save(ks->state, ks->master, ks->aliases, ks->n_aliases, err) : 0;
}

int keystore_alias_add(struct keystore *ks, const struct simalias *alias, struct kh_error *err)
{
	if (take_alias(ks, alias, err))
		return -1;
	if (!save_aliases(ks, err))
		return 0;
	ks->n_aliases--;
	return -1;
}

int keystore_alias_move(struct keystore *ks, const struct simalias *alias, const char *key_id, int64_t now,
			struct kh_error *err)
{
	struct simalias *own = &ks->aliases[alias - ks->aliases], before = *alias;

	(void)snprintf(own->key_id, sizeof(own->key_id), "%s", key_id);
	own->updated = now;
	if (!save_aliases(ks, err))
		return 0;
	*own = before;
	return -1;
}

int keystore_alias_drop(struct keystore *ks, const struct simalias *alias, struct kh_error *err)
{
	struct simalias *own = &ks->aliases[alias - ks->aliases], *last = &ks->aliases[ks->n_aliases - 1], before = *alias;

	*own = *last;
	ks->n_aliases--;
	if (!save_aliases(ks, err))
		return 0;
	ks->n_aliases++;
	*own = before;
	return -1;
}

size_t keystore_alias_count(const struct keystore *ks)
{
	return ks->n_aliases;
}

const struct simalias *keystore_alias_at(const struct keystore *ks, size_t i)
{
	return i < ks->n_aliases ? &ks->aliases[i] : NULL;
}
