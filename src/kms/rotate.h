/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_ROTATE_H
#define KEYHAUL_KMS_ROTATE_H

#include "import.h"
#include "standing.h"
#include "target.h"

/* A key of the set that is rotated: the primary, or one of its replicas. */
struct rotate_key {
	struct target target;
	struct standing standing;
	const char *path; /* its bundle; NULL: none was given */
	char receipt_id[OPS_MATERIAL_ID_MAX]; /* the material of the bundle's receipt; "" for none */
	bool says_nothing; /* the bundle has no intent: how it is imported is up to this run */
};

/* Where a rotation stands. It is read from KMS, so that each run finds out by itself what is left to do. */
enum rotate_stage {
	ROTATE_NOTHING, /* no material waits, and none was brought */
	ROTATE_STAGING, /* material is to be imported into the primary, or into replicas */
	ROTATE_READY,	/* every key has it */
	ROTATE_RUNNING, /* RotateKeyOnDemand is under way */
	ROTATE_DONE,	/* it is the current material */
};

struct rotation {
	struct import_run *run;
	long wait_timeout;
	struct rotate_key *keys; /* the primary first */
	size_t n;
	char material_id[OPS_MATERIAL_ID_MAX]; /* "" until it is known */
	enum rotate_stage stage; /* as it was found */
	size_t imported;	 /* bundles in this run */
	size_t rotations;	 /* on-demand ones done, at the end */
};

/*
 * Finds the primary of `key_id` (NULL: of the first bundle), and the keys of its set with their bundles. KH_E_USAGE for a
 * bundle of another key, or two of one. The caller clears `out`, also after an error; `run` stays the caller's.
 */
int rotate_find(struct import_run *run, const char *key_id, char *const *paths, size_t n, struct rotation *out,
		struct kh_error *err);
void rotate_clear(struct rotation *r);

/*
 * Does what is left: NEW_KEY_MATERIAL into the primary, the same as EXISTING_KEY_MATERIAL into each replica that has it
 * not, RotateKeyOnDemand (once), and waits until it is current. KH_E_CHECK where a replica has neither the material nor a
 * bundle, before anything is sent; KH_E_AGAIN where the time is over: run it again.
 */
int rotate_run(struct rotation *r, struct kh_error *err);

/* Where it stands, by what was read last and the bundles; `r->material_id` is set with it. For rotate_run. */
int rotate_look(struct rotation *r, struct kh_error *err);

#endif
