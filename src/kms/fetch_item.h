/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_FETCH_ITEM_H
#define KEYHAUL_KMS_FETCH_ITEM_H

#include "fetch.h"
#include "places.h"

#define FETCH_ITEM_PATH 4096

/* One bundle of a plan: what it is to be, and what became of it. */
struct fetch_item {
	const struct place *place;
	size_t material;
	char *path;	    /* malloc()ed by whoever made the item */
	const char *key_id; /* the plan's, or the ARN of a key that is made; NULL: it is not made yet */
	int64_t now;
	/* what became of it */
	const char *result; /* "fetched", "kept", "with a receipt", static; NULL while nothing is there that counts */
	char material_id[OPS_MATERIAL_ID_MAX]; /* of a renewal, where KMS has one */
	char arn[ARN_MAX];
	int64_t until;	    /* of a request the parameters', of a receipt the material's; 0: it does not expire */
	bool imported;
	bool wrapped; /* there is material in it */
};

/*
 * What the plan says of that bundle, for fetch_ask and for what is there. Strings are the plan's and the item's.
 * `policy` is the one in force, NULL for none.
 */
void fetch_item_want(const struct fetch_item *i, const char *plan_sha256, const struct policy *policy, struct fetch_want *out);

/*
 * Looks at what is there at the item's path, and holds it against the plan: a receipt and a request that is still good
 * count; a request past its time is renamed to PATH.expired-N. KH_E_CHECK where it says otherwise than the plan,
 * KH_E_INPUT where it is no bundle. `rehearsal`: the answers come from this machine.
 */
int fetch_item_look(struct fetch_item *i, const struct fetch_want *want, bool rehearsal, struct kh_error *err);

/* That a bundle which is there is the plan's own, of this or an earlier state of the file. KH_E_CHECK. */
int fetch_item_check(const struct bundle *b, const struct fetch_item *i, const struct fetch_want *want, bool rehearsal,
		     struct kh_error *err);

/*
 * The first name PATH.WHY-N that is free, and its N. Where PATH is locked nobody of ours takes it meanwhile. KH_E_INPUT
 * where there is none.
 */
int fetch_item_aside(const char *path, const char *why, char out[FETCH_ITEM_PATH], int *n, struct kh_error *err);

/* Writes what fetch_ask got over f->kms as the item's bundle, and what became of it into the item. */
int fetch_item_save(struct fetch_item *i, const struct fetch *f, struct file *file, struct kh_error *err);

/* Fetches the bundle over f->kms and f->endpoint, with the place locked, where nothing is there that counts. */
int fetch_item_get(struct fetch_item *i, struct fetch *f, struct kh_error *err);

#endif
