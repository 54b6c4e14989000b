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

/* What is typed on a host, or carried between two. Strings belong to the ceremony. */
struct ceremony_step {
	enum ceremony_host host;
	char *title, *seen; /* what must be seen */
	char **words;	  /* up to a NULL: the command, words[0] "keyhaul"; or what is carried, "HOST/PATH" from and to */
	size_t n;
	bool carried;
	bool alone; /* its bundle's digest is confirmed by a person: the last word is the bundle */
};

/* A token of the day: one of the policy's, which the plan has keys on. */
struct ceremony_token {
	char *uri; /* pkcs11:serial=SERIAL */
	const struct policy_token *rule;
	char *of; /* ", SERIAL" for titles where there are several; else "" */
};

/* One import: a key's material in one Region. */
struct ceremony_bundle {
	char *name; /* of the file */
	const struct plan_key *key;
	size_t material, replica; /* replica 0: the key's own Region, i: create.replicas[i - 1] */
	size_t token;
};

/* The people whose tokens and certificates the steps name. */
struct ceremony_person {
	const struct policy_person *who;
	char *token;  /* the label of his own: the name, of which a token takes 32 characters; NULL of one who signs material */
	char *signer; /* pkcs11:token=TOKEN;object=NAME; of one who signs material object=NAME on the ceremony's first token */
	char *cert;   /* NAME.crt, with - for what file names had better not have */
};

/* The steps of the day: made of one table from the plan and the policy alone, so that sheet and rehearsal cannot differ. */
struct ceremony {
	const struct plan *plan;
	const char *plan_path; /* for errors */
	const struct policy *policy;
	bool rotates; /* new materials are made the current ones too */
	struct ceremony_token *tokens; /* in the order in which the plan comes to them */
	size_t n_tokens;
	struct ceremony_person *people; /* the approvers who sign, the policy's first M, then the signer of material */
	size_t n_people, n_approvers;
	struct ceremony_step *steps;
	size_t n_steps;
	struct ceremony_bundle *bundles; /* the plan's keys, of each its Regions, of each its materials */
	size_t n_bundles;
	char count[40]; /* "3 bundles" */
};

/*
 * Makes the steps. KH_E_INPUT with line and column for what of a plan no steps can be made of: a key without a Region, a URI
 * without an id (a policy asks for it: the keys are there), a key that is made and has a material of before, a key whose
 * token the policy leaves open. KH_E_USAGE: a policy that names no token, people with the same file or token. The plan and
 * the policy must outlive it, and the path that names the plan; the caller clears it, also after a failure.
 */
int ceremony_make(const struct plan *plan, const char *plan_path, const struct policy *policy, bool rotates_too, struct ceremony *out,
		  struct kh_error *err);

/*
 * That the policy allows what the plan says of each bundle, and no expiry is past, `now` being the day: KH_E_CHECK, KH_E_INPUT
 * with the plan's line. What only KMS knows is judged on the day.
 */
int ceremony_check(const struct ceremony *c, int64_t now, struct kh_error *err);

/* True where the import is of a NEW_KEY_MATERIAL, which a rotation makes the current one. */
bool ceremony_is_new(const struct ceremony_bundle *b);
void ceremony_clear(struct ceremony *c);

/* "online", "witness", "gap", "desk". */
const char *ceremony_host_name(enum ceremony_host host);

#endif
