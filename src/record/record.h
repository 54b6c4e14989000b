/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RECORD_RECORD_H
#define KEYHAUL_RECORD_RECORD_H

#include "bundle/bundle.h"
#include "chain.h"

#define RECORD_FILES_MAX 65536

/* A bundle as it is at the end, the file's digest, and what its signatures are worth by a policy, where one was given. */
struct record_bundle {
	char *path;
	struct bundle *b;
	char sha256[CANON_HEX];
	char *uncounted[BUNDLE_APPROVALS_MAX]; /* why that approval counts for nobody; NULL: it counts */
	char *material_uncounted; /* the same of the material's signature */
	const char *sought; /* the request (hex) that it was looked for beside a transcript for; NULL: it was named */
	bool spare; /* when it was found another bundle of that request was there */
};

/* All that a record is made of. */
struct record {
	struct chain **chains;
	size_t n_chains;
	struct record_bundle *bundles;
	size_t n_bundles;
	char policy_sha256[CANON_HEX]; /* of the policy that they were judged by; "" for none */
	bool names_signers; /* it says who may sign material */
	struct findings findings;
};

/*
 * Adds a file: a transcript, or a bundle as it was left; which of them its first bytes say. Findings say what is wrong with
 * a transcript. KH_E_INPUT for anything else, and for a bundle that cannot be read.
 */
int record_add(struct record *r, const char *path, struct kh_error *err);

/*
 * Looks beside each transcript for the bundles that it names, by their last name alone, where they were not added. What is
 * there under that name and cannot be read is a finding, where no other bundle of the request is there. Copies of several
 * ages may be found: record_join leaves those that the commands left.
 */
int record_find_bundles(struct record *r, struct kh_error *err);

/*
 * Joins the hosts' transcripts by the bundles' digests, and drops what was found and is not as a command left it where that
 * is there too. Findings: a bundle that is named and not there, or not in each state that a command left, one that is not as
 * any command left it, or as an earlier one did, one that was read as no command wrote it, and two materials of one request.
 * -1 for want of memory.
 */
int record_join(struct record *r, struct kh_error *err);

/* The bundle of a request (hex); NULL where there is none. */
const struct record_bundle *record_bundle_of(const struct record *r, const char *request_sha256);

/* Takes the bundle out of the record; the order of the others stays. */
void record_drop(struct record *r, size_t index);

void record_clear(struct record *r);

#endif
