/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_TARGET_H
#define KEYHAUL_KMS_TARGET_H

#include "bundle/bundle.h"
#include "session.h"

/* The KMS key that a verb is about, and the way to it. What names the key by its ARN gives `arn` also where it fails then. */
struct target {
	char arn[ARN_MAX];
	struct endpoint endpoint;
	struct kms kms; /* points into `endpoint` and the session: a target is not copied */
};

/*
 * The key of --key-id. An ARN is taken as it is, an id or alias resolved by DescribeKey. KH_E_CHECK where a key of the
 * rehearsals' account would be asked for at AWS.
 */
int target_key(const struct session *s, const char *key_id, struct target *out, struct kh_error *err);

/* The key that a bundle was fetched for, over the endpoint that it was fetched from. KH_E_CHECK for another one. */
int target_bundle(const struct session *s, const struct bundle *b, struct target *out, struct kh_error *err);

/* KH_E_CHECK where a bundle's endpoint, or how it was verified, is not how it would be used now. */
int target_check(const struct session_opts *opts, const struct endpoint *endpoint, const struct bundle *b,
		 struct kh_error *err);

#endif
