/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keystore.h"

#include "base/base64.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_due(const struct material *m, int64_t now)
{
	return m->plain && m->expires && m->valid_to <= now;
}

static bool is_over(int64_t until, int64_t now)
{
	return until && until <= now;
}

bool simkey_is_due(const struct simkey *key, int64_t now)
{
	if (is_over(key->creating_until, now) || is_over(key->rotation_until, now))
		return true;
	for (size_t i = 0; i < key->n_materials; i++)
		if (is_due(&key->materials[i], now))
			return true;
	return false;
}

/* The staged material becomes the current one; where it was deleted meanwhile, nothing does. */
static void finish_rotation(struct simkey *key)
{
	struct material *pending = simkey_pending(key), *current = simkey_material(key, NULL);

	if (pending) {
		if (current)
			current->state = MATERIAL_NON_CURRENT;
		pending->state = MATERIAL_CURRENT;
		pending->rotated = key->rotation_until;
	}
	key->rotation_began = 0;
	key->rotation_until = 0;
}

void simkey_pass(struct simkey *key, int64_t now)
{
	if (is_over(key->creating_until, now))
		key->creating_until = 0;
	if (is_over(key->rotation_until, now))
		finish_rotation(key);
	for (size_t i = 0; i < key->n_materials; i++) {
		struct material *m = &key->materials[i];

		if (!is_due(m, now))
			continue;
		secret_free(m->plain);
		m->plain = NULL;
	}
}

bool simkey_is_replica(const struct simkey *key)
{
	return key->primary_region[0] != '\0';
}

size_t simkey_rotations(const struct simkey *key)
{
	size_t n = 0;

	for (size_t i = 0; i < key->n_materials; i++)
		n += key->materials[i].rotated != 0;
	return n;
}

bool simkey_sees(const struct simkey *key, const struct material *m)
{
	return m->plain && !(key->hidden > 0 && strcmp(key->hidden_id, m->id) == 0);
}

/* Each material that ever was current has to be there (a staged one has not). */
static bool has_all(const struct simkey *key)
{
	size_t n = 0;

	for (size_t i = 0; i < key->n_materials; i++) {
		if (key->materials[i].state == MATERIAL_PENDING_ROTATION)
			continue;
		if (!simkey_sees(key, &key->materials[i]))
			return false;
		n++;
	}
	return n > 0;
}

enum key_state simkey_state(const struct simkey *key)
{
	if (key->creating_until)
		return KEY_CREATING;
	if (key->deletion)
		return KEY_PENDING_DELETION;
	if (!has_all(key))
		return KEY_PENDING_IMPORT;
	return key->disabled ? KEY_DISABLED : KEY_ENABLED;
}

struct material *simkey_material(const struct simkey *key, const char *id)
{
	for (size_t i = 0; i < key->n_materials; i++)
		if (id ? strcmp(key->materials[i].id, id) == 0 : key->materials[i].state == MATERIAL_CURRENT)
			return &key->materials[i];
	return NULL;
}

struct material *simkey_pending(const struct simkey *key)
{
	for (size_t i = 0; i < key->n_materials; i++)
		if (key->materials[i].state == MATERIAL_PENDING_ROTATION)
			return &key->materials[i];
	return NULL;
}

int simkey_material_id(const struct simkey *key, const void *canonical, size_t len, char out[KEYSTORE_MATERIAL_ID],
		       struct kh_error *err)
{
	static const char label[] = "keyhaul-sim KeyMaterialId 1";
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned int n = 0;
	int rc = -1;

	if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1 || EVP_DigestUpdate(ctx, label, sizeof(label)) != 1 ||
	    EVP_DigestUpdate(ctx, key->id, KEYSTORE_ID_LEN) != 1 || EVP_DigestUpdate(ctx, canonical, len) != 1 ||
	    EVP_DigestFinal_ex(ctx, digest, &n) != 1) {
		kh_fail(err, KH_E_SYSTEM, 0, "SHA-256: OpenSSL failed");
	} else {
		hex_encode(digest, n, out);
		rc = 0;
	}
	EVP_MD_CTX_free(ctx);
	return rc;
}

static bool stands_for(const struct material *m, const char *want, const char *id)
{
	if (m->seen_as[0])
		return strcmp(m->seen_as, id) == 0;
	return m->seeded && !m->plain && (want ? strcmp(m->id, want) == 0 : m->unnamed);
}

void simkey_material_seeded(struct simkey *key, const char *want, bool is_new, char id[KEYSTORE_MATERIAL_ID])
{
	for (size_t i = 0; i < key->n_materials; i++) {
		struct material *m = &key->materials[i];

		if (!stands_for(m, want, id) || (is_new && !m->seen_as[0]))
			continue;
		memcpy(m->seen_as, id, sizeof(m->seen_as));
		memcpy(id, m->id, sizeof(m->id));
		return;
	}
}

int simkey_material_add(struct simkey *key, const char *id, enum material_state state, struct material **out,
			struct kh_error *err)
{
	struct material *bigger;

	if (key->n_materials == KEYSTORE_MATERIALS_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "key %s has %d materials already", key->arn, KEYSTORE_MATERIALS_MAX);
	/* the array holds no secrets itself, only pointers to them */
	bigger = realloc(key->materials, (key->n_materials + 1) * sizeof(*bigger));
	if (!bigger)
		return kh_fail_memory(err);
	key->materials = bigger;
	*out = &bigger[key->n_materials++];
	memset(*out, 0, sizeof(**out));
	(void)snprintf((*out)->id, sizeof((*out)->id), "%s", id);
	(*out)->state = state;
	return 0;
}

void simkey_material_drop(struct simkey *key, struct material *m)
{
	size_t i = (size_t)(m - key->materials);

	secret_free(m->plain);
	memmove(m, m + 1, (key->n_materials - i - 1) * sizeof(*m));
	key->n_materials--;
}

static int copy_materials(const struct simkey *from, struct simkey *to, struct kh_error *err)
{
	to->materials = calloc(from->n_materials + 1, sizeof(*to->materials));
	if (!to->materials)
		return kh_fail_memory(err);
	for (size_t i = 0; i < from->n_materials; i++) {
		const struct secret *plain = from->materials[i].plain;

		to->materials[i] = from->materials[i];
		to->materials[i].plain = NULL;
		to->n_materials++;
		if (!plain)
			continue;
		to->materials[i].plain = secret_copy(secret_bytes(plain), secret_len(plain), err);
		if (!to->materials[i].plain)
			return -1;
	}
	return 0;
}

struct simkey *simkey_copy(const struct simkey *key, struct kh_error *err)
{
	struct simkey *out = malloc(sizeof(*out));

	if (!out) {
		kh_fail_memory(err);
		return NULL;
	}
	*out = *key;
	out->materials = NULL;
	out->n_materials = 0;
	out->past = NULL;
	out->description = key->description ? strdup(key->description) : NULL;
	out->policy = key->policy ? strdup(key->policy) : NULL;
	out->tags = json_incref(key->tags); /* never changed */
	if ((key->description && !out->description) || (key->policy && !out->policy))
		kh_fail_memory(err);
	else if (!copy_materials(key, out, err))
		return out;
	simkey_free(out);
	return NULL;
}

void simkey_free(struct simkey *key)
{
	if (!key)
		return;
	for (size_t i = 0; i < key->n_materials; i++)
		secret_free(key->materials[i].plain);
	free(key->materials);
	free(key->description);
	free(key->policy);
	json_decref(key->tags);
	simkey_free(key->past); /* which has none itself */
	free(key);
}
