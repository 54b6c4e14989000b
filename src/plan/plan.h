/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PLAN_PLAN_H
#define KEYHAUL_PLAN_PLAN_H

#include "bundle/intent.h"
#include "bundle/wrapalg.h"
#include "yaml/yamldoc.h"

#define PLAN_MAX YAMLDOC_MAX /* bytes of the file */
#define PLAN_KEYS_MAX 10000
#define PLAN_MATERIALS_MAX 26 /* of one key: the first, and one for each of the 25 rotations that KMS does */
#define PLAN_REPLICAS_MAX 32
#define PLAN_TAGS_MAX 49 /* KMS takes 50, and one is ours */
#define PLAN_NAME_MAX 64
#define PLAN_BUNDLE_MAX 128 /* a bundle's file name, with its NUL */
#define PLAN_TAG_ID "keyhaul:create-id" /* the tag by which a key that was made is found again */

/*
 * A plan (keyhaul-plan(5)): many keys in one reviewed file, and nothing of the machine that it is run on. Strings and
 * nodes belong to the plan; NULL, 0 and NONE are what it does not say. `at` is where it stands in the file.
 */
struct plan_material {
	const struct yamldoc_node *at;
	const char *key_uri;
	const char *key_material_id;
	const char *description;
};

struct plan_replica {
	const struct yamldoc_node *at;
	const char *region;
	const char *policy; /* a file, from the plan's folder; NULL: KMS's default policy was asked for */
};

struct plan_tag {
	const char *key, *value;
};

/* A key that is to be made, with Origin EXTERNAL. */
struct plan_create {
	const struct yamldoc_node *at; /* NULL: the key is there */
	const char *description;
	const char *alias; /* alias/... */
	const char *policy; /* a file, from the plan's folder; NULL: KMS's default policy */
	bool multi_region;
	struct plan_tag *tags;
	size_t n_tags;
	struct plan_replica *replicas;
	size_t n_replicas;
};

struct plan_key {
	const struct yamldoc_node *at;
	const char *name;
	const char *key_id; /* an ARN or a key id; NULL: it is made */
	char region[32]; /* the ARN's own, or as said; "": the command's */
	enum keyspec key_spec;
	const char *key_usage;
	struct plan_create create;
	enum wrapalg algorithm;
	unsigned wrapping_bits;
	struct intent expiry; /* expiration_model, valid_to or valid_for; nothing else */
	const struct yamldoc_node *expires_at;
	struct plan_material *materials;
	size_t n_materials;
};

struct plan;

/*
 * Reads a plan: every entry is known, of its own form, and contradicts no other; no name and no key is there twice.
 * KH_E_INPUT with line and column. The caller frees `*out`.
 */
int plan_parse(const char *data, size_t len, struct plan **out, struct kh_error *err);

/* Reads the file and parses it; the error names it too. */
int plan_read(const char *path, struct plan **out, struct kh_error *err);
void plan_free(struct plan *p);

size_t plan_count(const struct plan *p);
const struct plan_key *plan_key(const struct plan *p, size_t i);

/* SHA-256 of the file's bytes in lower-case hex; the plan owns it. */
const char *plan_sha256(const struct plan *p);

/* KH_E_INPUT, with line and column, for an expiry that is past or over 365 days at `now` (seconds since 1970). */
int plan_check_times(const struct plan *p, int64_t now, struct kh_error *err);

/* The bundle's file name: NAME.REGION.bundle for the key's first material, NAME.2.REGION.bundle for its second. */
void plan_bundle_name(const struct plan_key *k, size_t material, const char *region, char out[PLAN_BUNDLE_MAX]);

/*
 * What the import of that material is meant to say: one with an id is EXISTING_KEY_MATERIAL; of the others the first
 * says no type, a further one is NEW_KEY_MATERIAL, in a replica EXISTING_KEY_MATERIAL. `out` points into the plan.
 */
void plan_intent(const struct plan_key *k, size_t material, bool replica, struct intent *out);

#endif
