/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_OPS_MAKE_H
#define KEYHAUL_KMS_OPS_MAKE_H

#include "ops.h"

/* What is asked of KMS to make a plan's keys, beside CreateKey (ops.h). */

/*
 * Looks for the key that has a tag, among those of Origin EXTERNAL that were created at `since` (seconds since 1970) or
 * later: ListKeys, DescribeKey, ListResourceTags. `arn` "" where there is none. KH_E_CHECK where two have it.
 */
int ops_find_tagged(struct kms *k, const char *tag, const char *value, int64_t since, char arn[ARN_MAX],
		    struct kh_error *err);

/* CreateAlias; one that is there already and is this key's is fine. KH_E_CHECK where it is another key's. */
int ops_create_alias(struct kms *k, const char *alias, const char *arn, struct kh_error *err);

/*
 * ReplicateKey into a Region with the members given (`body`, which has no KeyId and ReplicaRegion yet); a replica that
 * is there already is fine. KH_E_AGAIN where the primary's state does not allow it yet.
 */
int ops_replicate(struct kms *k, const char *primary_arn, const char *region, json_t *body, struct kh_error *err);

#endif
