/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_OPS_LIFE_H
#define KEYHAUL_KMS_OPS_LIFE_H

#include "ops.h"

/* What is asked of KMS about a key that has its material: rotation, deletion, proof. */

#define OPS_REPLICAS_MAX 64 /* AWS has fewer Regions */

/* The keys of one multi-Region key, as any of them tells it. */
struct ops_set {
	char primary[ARN_MAX]; /* "" for a key of a single Region */
	char replicas[OPS_REPLICAS_MAX][ARN_MAX];
	size_t n;
};

/* DescribeKey by the ARN of a key, with its set. KH_E_KMS for another key's answer, or a set that is not this key's. */
int ops_describe_set(struct kms *k, const char *arn, struct ops_key *out, struct ops_set *set, struct kh_error *err);

/* GetKeyRotationStatus: since when an on-demand rotation is under way; `*since` 0: none is. */
int ops_rotation(struct kms *k, const char *arn, int64_t *since, struct kh_error *err);

/* RotateKeyOnDemand, sent once. `*outcome` is set in any case. */
int ops_rotate(struct kms *k, const char *arn, enum kms_outcome *outcome, struct kh_error *err);

/*
 * DeleteImportedKeyMaterial of one material ("": of the current one, or the only one). It may be sent again: what is
 * gone stays gone.
 */
int ops_delete(struct kms *k, const char *arn, const char *material_id, struct kh_error *err);

/* GenerateMac over a message; the MAC into `out`, which the caller frees. */
int ops_mac(struct kms *k, const char *arn, const char *algorithm, const struct bundle_blob *message, struct buf *out,
	    struct kh_error *err);

/* Sign of a digest; the signature into `out`, which the caller frees. */
int ops_sign(struct kms *k, const char *arn, const char *algorithm, const struct bundle_blob *digest, struct buf *out,
	     struct kh_error *err);

#endif
