/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_IMPORT_H
#define KEYHAUL_KMS_IMPORT_H

#include "policy/policy.h"
#include "session.h"
#include "settle.h"

#define IMPORT_DESCRIPTION_MAX 80 /* "sha256:" and 64 hex digits */

struct import_opts {
	struct session_opts aws;
	struct intent_opts intent;
	long wait_timeout; /* seconds */
	long jobs;	   /* KMS keys at a time */
	const char *csv;
	bool yes;
	const char *material_sha256; /* 64 hex digits; NULL: not said */
	const char *policy;	     /* --policy; NULL: not said */
};

/* What a run over many bundles has once; the session is opened when the first bundle asks for it. */
struct import_run {
	const struct import_opts *opts;
	struct intent intent; /* the options' */
	int64_t now;
	struct session session;
	bool opened;
	struct policy *policy; /* in force, NULL for none; import_read_policy has read it */
	bool policy_read;
};

enum import_result {
	IMPORT_DONE,	/* imported in this run */
	IMPORT_SETTLED, /* imported before or without an answer, and found in KMS now */
	IMPORT_ALREADY, /* a receipt was there */
};

/* One bundle's import: what was done, and what is worth saying of it. The bundle owns the receipt. */
struct import {
	const struct session *session;
	struct file *file;
	struct bundle *bundle;
	struct endpoint endpoint;
	struct kms kms;
	struct intent intent;
	char description[IMPORT_DESCRIPTION_MAX]; /* the intent's, where it has none of its own */
	struct settle settle;
	enum import_result result;
	bool compared;	/* GetPublicKey and the token's public key are the same */
	bool visible;	/* KMS shows it */
};

/* Opens and locks the bundle that import_opened is to import; nothing is sent. The caller clears `out`, also after an error. */
int import_open(struct import_run *run, const char *path, struct import *out, struct kh_error *err);

/*
 * Imports what import_open opened and writes its receipt, waits until KMS shows it and compares the public key. Nothing
 * is sent before all that can be told without KMS holds; a receipt is written at the 200. KH_E_AGAIN where the result is
 * not known, or not visible yet.
 */
int import_opened(struct import_run *run, const char *path, struct import *i, struct kh_error *err);

/* Both. The caller clears `out`, also after an error. */
int import_bundle(struct import_run *run, const char *path, struct import *out, struct kh_error *err);
void import_clear(struct import *i);

/* Reads the policy in force, once; every import asks for it. Freed by import_run_end. Errors as policy_in_force. */
int import_read_policy(struct import_run *run, struct kh_error *err);

/* Closes the run's session where it is open, and frees its policy. */
void import_run_end(struct import_run *run);

/* Opens the run's session, once. KH_E_USAGE, KH_E_INPUT as session_open. */
int import_open_session(struct import_run *run, struct kh_error *err);

#endif
