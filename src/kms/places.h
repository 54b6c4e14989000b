/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_PLACES_H
#define KEYHAUL_KMS_PLACES_H

#include "plan/plan.h"

/* A key of a plan in one Region. */
struct place {
	const struct plan_key *key;
	size_t replica; /* 0: the key itself; else its replica, counted from 1 */
	char region[32]; /* "" until the command's is known */
	char *policy;	 /* the key policy's text where the key is made; NULL: KMS's default */
	size_t row;	 /* of its first material in the table */
};

struct places {
	struct place *v;
	size_t n;
	size_t *first; /* of each key; first[n_keys] is n */
	size_t rows;   /* bundles in all */
};

/*
 * All places of a plan, each key's one behind the other, with the policy files read from the plan's folder and checked:
 * nothing of it is left to be found out once KMS is called. The caller frees it, also after an error. KH_E_INPUT.
 */
int places_of(const struct plan *plan, const char *plan_path, struct places *out, struct kh_error *err);
void places_free(struct places *p);

#endif
