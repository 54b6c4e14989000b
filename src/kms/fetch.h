/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_FETCH_H
#define KEYHAUL_KMS_FETCH_H

#include "bundle/tokenprofile.h"
#include "ops.h"
#include "policy/policy.h"
#include "session.h"

/* What a request is to be for; NULL, 0 and NONE for what is not said. */
struct fetch_want {
	const char *key_id;    /* anything that --key-id takes */
	enum keyspec spec;     /* the key's, where the caller knows it */
	const char *key_usage;
	enum wrapalg algorithm;
	unsigned bits;
	const struct tokenprofile *profile; /* chooses the algorithm */
	const char *profile_path;
	const char *key_uri, *token_serial, *plan_sha256;
	struct intent intent;
	const struct policy *policy; /* the one in force; NULL: none */
};

/* What is found out on the way to a request. */
struct fetch {
	struct fetch_want want;
	const struct session *session; /* of a job of session_run; NULL: none */
	struct endpoint endpoint;
	struct kms kms;
	struct ops_key key; /* arn "" until it is known */
	bool described;
	enum keyspec spec;
	enum wrapalg algorithm;
	const struct tokenprofile_row *chosen; /* the profile's row that chose the algorithm; NULL: another did */
	struct ops_parameters parameters;
};

/* What can be told of an intent before a key is known by its spec. KH_E_USAGE. */
int fetch_check_intent(const struct intent *intent, enum keyspec spec, int64_t now, struct kh_error *err);

/*
 * DescribeKey and GetParametersForImport for f->want over f->kms and f->endpoint, which session_connect set; nothing of
 * the answers is believed before it was looked at. The caller clears `f`. KH_E_CHECK where the key takes no such import.
 */
int fetch_ask(struct fetch *f, struct kh_error *err);

/*
 * That the policy allows what is known of the request: all that is wanted, the endpoint, and the key as far as it is
 * described. `arn` NULL: not known. fetch_ask and fetch_save ask by themselves. KH_E_CHECK.
 */
int fetch_check_policy(const struct fetch *f, const struct arn *arn, struct kh_error *err);

/*
 * The serial of the token that the request is for: as said, or under a policy the one that key URI and policy tell, into
 * `out`. NULL: nobody says it.
 */
const char *fetch_token_serial(const struct fetch_want *w, char out[POLICY_SERIAL_MAX]);

/* Writes what fetch_ask got as a new bundle. */
int fetch_save(const struct fetch *f, struct file *file, struct kh_error *err);

void fetch_clear(struct fetch *f);

#endif
