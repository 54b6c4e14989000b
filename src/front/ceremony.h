/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_CEREMONY_H
#define KEYHAUL_FRONT_CEREMONY_H

#include "plan/plan.h"
#include "policy/policy.h"

/* The hosts of a ceremony; each has a folder of its name and a transcript HOST.transcript in it. */
enum ceremony_host {
	CEREMONY_ONLINE,  /* has the way to KMS */
	CEREMONY_WITNESS, /* has another way to KMS, and other credentials */
	CEREMONY_GAP,	  /* has the tokens, and no network */
	CEREMONY_DESK,	  /* has what the others leave */
	CEREMONY_HOSTS
};

/* What is typed on a host, or carried between two. Strings belong to the ceremony but for `seen`, which is constant. */
struct ceremony_step {
	enum ceremony_host host;
	char *title;
	const char *seen; /* what must be seen */
	char **words;	  /* up to a NULL: the command, words[0] "keyhaul"; or what is carried, "HOST/PATH" from and to */
	size_t n;
	bool carried;
	bool alone; /* its bundle's digest is confirmed by a person: the last word is the bundle */
};

/* The people whose tokens and certificates the steps name. */
struct ceremony_person {
	const struct policy_person *who;
	char *signer; /* pkcs11:token=NAME;object=NAME; of one who signs material object=NAME on the ceremony's token */
	char *cert;   /* NAME.crt, with - for what file names had better not have */
};

/* The steps of the day: made of one table from the plan and the policy alone, so that sheet and rehearsal cannot differ. */
struct ceremony {
	const struct plan *plan;
	const struct policy *policy;
	char *token; /* pkcs11:serial=SERIAL */
	struct ceremony_person *people; /* the approvers who sign, the policy's first M, then the signer of material */
	size_t n_people, n_approvers;
	struct ceremony_step *steps;
	size_t n_steps;
	char **bundles; /* file names */
	char **labels;	/* of the keys, as the plan's URIs say it */
	size_t n_keys;
};

/*
 * Makes the steps. KH_E_USAGE for what a sheet cannot be made of: a plan with several materials of a key, with replicas or
 * without a Region, a URI without a key's label and id (a policy asks for the id: the keys are there), a policy that does not name exactly one token, names that make the same
 * file. The plan and the policy must outlive it; the caller clears it, also after a failure.
 */
int ceremony_make(const struct plan *plan, const struct policy *policy, struct ceremony *out, struct kh_error *err);
void ceremony_clear(struct ceremony *c);

/* "online", "witness", "gap", "desk". */
const char *ceremony_host_name(enum ceremony_host host);

#endif
