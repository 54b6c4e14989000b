/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_RENEWAL_H
#define KEYHAUL_KMS_RENEWAL_H

#include "plan/plan.h"
#include "standing.h"

/* What is to be renewed of a plan's key in one Region: told by KMS, and by the bundles of its last imports. Pure. */
struct renewal {
	const struct plan_key *key;
	const struct standing *standing;
	int64_t now;	/* KMS's clock */
	int64_t within; /* seconds: what expires so soon is due */
	const struct bundle *const *there; /* of each of the plan's materials the bundle in the folder; NULL: none */
};

enum renewal_state {
	RENEWAL_NOT_DUE,
	RENEWAL_NOT_YET, /* its first import, or its staging for a rotation, is not done: nothing of a renewal */
	RENEWAL_DUE,	 /* it expires soon, or has expired */
};

struct renewal_found {
	enum renewal_state state;
	char material_id[OPS_MATERIAL_ID_MAX]; /* "" for keys that are not symmetric */
	int64_t valid_to;		       /* as KMS has it; 0: it does not expire, or KMS has it not */
};

/*
 * How the plan's material `i` stands. Which of KMS's it is the plan's key_material_id says, else the bundle in the folder,
 * else it is the only one. KH_E_CHECK where that is not known, where the material was deleted before its time (what
 * somebody took away is not put back), or where the plan gives it no later expiry than it has.
 */
int renewal_judge(const struct renewal *r, size_t i, struct renewal_found *out, struct kh_error *err);

/* A material of KMS's that is due, and that is none of the `n` found ones; NULL: there is none. */
const struct ops_material *renewal_unnamed(const struct renewal *r, const struct renewal_found *found, size_t n);

/* What the import is meant to say. It points into the plan and `found`. */
void renewal_intent(const struct renewal *r, size_t i, const struct renewal_found *found, struct intent *out);

#endif
