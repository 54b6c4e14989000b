/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_KEYSTORE_H
#define KEYHAUL_SIM_KEYSTORE_H

#include "aws/arn.h"
#include "base/secret.h"
#include "bundle/keyspec.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define KEYSTORE_ID_LEN 36	/* of a UUID, and of mrk- with 32 hex digits */
#define KEYSTORE_MATERIAL_ID 65 /* 64 hex digits and a NUL */
#define KEYSTORE_MASTER 32	/* bytes of the key that seals import tokens */
#define KEYSTORE_MATERIALS_MAX 100

enum material_state {
	MATERIAL_CURRENT,
	MATERIAL_NON_CURRENT,
	MATERIAL_PENDING_ROTATION, /* shown with _MULTI_REGION_IMPORT_AND until each replica has it too */
	MATERIAL_STATES
};

/* One key material that a key has or had; `plain` NULL while it is not imported. */
struct material {
	char id[KEYSTORE_MATERIAL_ID];
	struct secret *plain; /* raw bytes, or PKCS#8 DER for RSA and EC */
	enum material_state state;
	bool expires;
	int64_t valid_to;
	int64_t rotated; /* when a rotation made it current; 0 for the first and what is pending */
	char description[257];
	bool described;
	bool seeded;  /* by a plan that knows its id alone: it is what is imported for it first */
	bool unnamed; /* likewise, and the plan does not know the id either */
	char seen_as[KEYSTORE_MATERIAL_ID]; /* of a seeded one that was imported: what simkey_material_id says of it; else "" */
};

enum key_state {
	KEY_ENABLED,
	KEY_DISABLED,
	KEY_PENDING_IMPORT,
	KEY_PENDING_DELETION,
	KEY_CREATING, /* a replica for a while after ReplicateKey */
	KEY_STATES
};

/* A KMS key of one Region. */
struct simkey {
	char id[KEYSTORE_ID_LEN + 1];
	char region[32];
	char primary_region[32]; /* of the primary, where it is a replica; else "" */
	char arn[ARN_MAX];
	enum keyspec spec;
	char usage[24];
	bool external; /* Origin EXTERNAL; else AWS_KMS */
	bool multi_region;
	bool disabled;
	int64_t created;
	int64_t deletion; /* 0: none scheduled */
	int64_t creating_until; /* 0: made */
	int64_t rotation_began, rotation_until; /* 0: no on-demand rotation is under way */
	char *description;
	json_t *tags;	/* as CreateKey gave them; NULL for none */
	char *policy;	/* NULL for the default one */
	struct material *materials;
	size_t n_materials;
	long hidden;	  /* calls for which the last import is not seen yet */
	char hidden_id[KEYSTORE_MATERIAL_ID];
	/* --lag, not kept in a folder: what is seen until then */
	struct simkey *past;
	int64_t past_until, unseen_until;
};

struct simalias {
	char name[257]; /* "alias/..." */
	char region[32];
	char key_id[KEYSTORE_ID_LEN + 1];
	int64_t created, updated;
};

/* Every key of every Region, in memory or in a folder too. */
struct keystore;

/*
 * Opens a store: `dir` NULL for memory alone; else a folder that is made where it is missing (0700), locked against
 * another keyhaul-sim and read. The caller frees it. KH_E_INPUT for bad contents, KH_E_AGAIN while it is in use.
 */
int keystore_open(const char *dir, struct keystore **out, struct kh_error *err);
void keystore_free(struct keystore *ks);

/* The secret that seals import tokens; as old as the store. */
const unsigned char *keystore_master(const struct keystore *ks);

/* A new key with a random id; the store owns it. Nothing is saved yet. */
int keystore_add(struct keystore *ks, const char *region, enum keyspec spec, bool multi_region, struct simkey **out,
		 struct kh_error *err);

/* A replica of the primary in another Region, with its id; likewise. */
int keystore_add_replica(struct keystore *ks, const struct simkey *primary, const char *region, struct simkey **out,
			 struct kh_error *err);

/* Takes a key out again that these gave. */
void keystore_remove(struct keystore *ks, struct simkey *key);

/* The key of that id in the Region; NULL for none. */
struct simkey *keystore_find(const struct keystore *ks, const char *region, const char *id);

/* The i-th key and how many there are, in the order of their making. */
size_t keystore_count(const struct keystore *ks);
struct simkey *keystore_at(const struct keystore *ks, size_t i);

/* Writes the key's file whole; nothing to do in memory. KH_E_SYSTEM. */
int keystore_save(struct keystore *ks, const struct simkey *key, struct kh_error *err);

/* Aliases: the one of that name in the Region or NULL; a new one, another target, none (saved at once); the i-th. */
const struct simalias *keystore_alias(const struct keystore *ks, const char *region, const char *name);
int keystore_alias_add(struct keystore *ks, const struct simalias *alias, struct kh_error *err);
int keystore_alias_move(struct keystore *ks, const struct simalias *alias, const char *key_id, int64_t now,
			struct kh_error *err);
int keystore_alias_drop(struct keystore *ks, const struct simalias *alias, struct kh_error *err);
size_t keystore_alias_count(const struct keystore *ks);
const struct simalias *keystore_alias_at(const struct keystore *ks, size_t i);

/*
 * True where time alone changes the key at `now`: material has expired, a replica is made, a rotation is over;
 * simkey_pass does it (the caller saves).
 */
bool simkey_is_due(const struct simkey *key, int64_t now);
void simkey_pass(struct simkey *key, int64_t now);

/* True for a multi-Region key that is not the primary. */
bool simkey_is_replica(const struct simkey *key);

/* How many on-demand rotations it has had. */
size_t simkey_rotations(const struct simkey *key);

/* The state that KMS shows, with what is not visible yet left out. */
enum key_state simkey_state(const struct simkey *key);

/* The material of that id, or (NULL) the current one; NULL for none. */
struct material *simkey_material(const struct simkey *key, const char *id);
struct material *simkey_pending(const struct simkey *key);

/* True where the material is imported and already seen. */
bool simkey_sees(const struct simkey *key, const struct material *m);

/*
 * KeyMaterialId of this material in this key: a formula of the simulator's own (KMS's is not public), the same in
 * each Region of a multi-Region key. `canonical` is what identifies the material: raw bytes, or the SPKI.
 */
int simkey_material_id(const struct simkey *key, const void *canonical, size_t len, char out[KEYSTORE_MATERIAL_ID],
		       struct kh_error *err);

/*
 * The id under which the key has what simkey_material_id calls `id`: its own, but of a seeded material the plan's. `want` is
 * the id that the import names, NULL for none; `is_new`: no material that is there is meant. A seeded one is bound by it.
 */
void simkey_material_seeded(struct simkey *key, const char *want, bool is_new, char id[KEYSTORE_MATERIAL_ID]);

/* Adds a material without bytes; the key owns it. KH_E_INPUT where the key has KEYSTORE_MATERIALS_MAX. */
int simkey_material_add(struct simkey *key, const char *id, enum material_state state, struct material **out,
			struct kh_error *err);

/* Forgets a material altogether. */
void simkey_material_drop(struct simkey *key, struct material *m);

/* A copy of the key with everything that it owns; free it with simkey_free. NULL: out of memory. */
struct simkey *simkey_copy(const struct simkey *key, struct kh_error *err);
void simkey_free(struct simkey *key);

#endif
