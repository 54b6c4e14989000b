/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_SETTLE_H
#define KEYHAUL_KMS_SETTLE_H

#include "ops.h"

/*
 * What KMS shows of a key, read without changing it: how an import is waited for, and how one whose answer got lost
 * is settled.
 */

/* What an import said, and how the key stood before it. */
struct settle {
	struct kms *kms;
	const struct bundle_request *request;
	const struct bundle_facts *facts;
	const struct bundle_material *material;
	const struct intent *intent;	       /* times absolute */
	bool described;			       /* DescribeKey was allowed before the import */
	struct ops_key before;		       /* as DescribeKey said then */
	bool listed;			       /* so was ListKeyRotations (asked for NEW_KEY_MATERIAL only) */
	struct ops_materials before_materials;
	long lost_wait;			       /* seconds in which an import without an answer may still show */
};

enum settle_seen {
	SETTLE_THERE,
	SETTLE_NOT_YET,
	SETTLE_UNSEEN, /* what would show it is denied */
	SETTLE_GONE,   /* it was there, and is no more */
};

/*
 * The key's materials into `out`; `*listed` false where that is denied or not offered (`err` says why). KH_E_KMS for what
 * is no list, KH_E_AGAIN, KH_E_MEMORY.
 */
int settle_list(struct kms *kms, const char *arn, struct ops_materials *out, bool *listed, struct kh_error *err);

/* Whether KMS shows the import; `material_id` is what it answered, "" for none. An exception that passes is NOT_YET. */
int settle_visible(const struct settle *s, const char *material_id, enum settle_seen *seen, struct kh_error *err);

/*
 * Polls until settle_visible says other than NOT_YET, or `seconds` are over (then NOT_YET). Waits grow from a quarter
 * of a second to five.
 */
int settle_wait(const struct settle *s, const char *material_id, long seconds, enum settle_seen *seen,
		struct kh_error *err);

/* For an import without an answer: THERE (and the material's id, "" for none) where KMS shows what was not before. */
int settle_unknown(const struct settle *s, enum settle_seen *seen, char material_id[OPS_MATERIAL_ID_MAX],
		   struct kh_error *err);

/*
 * For what KMS has already: whether it is this material. An RSA or EC key's by its public key, where token and KMS both give
 * it; else by importing it again, which changes nothing and succeeds only then. A symmetric key's is imported as
 * EXISTING_KEY_MATERIAL of the intent's id, or where it says none of `material_id` ("": of whichever it has). KH_E_KMS, and
 * for another public key KH_E_CHECK, where not.
 */
int settle_confirm(const struct settle *s, const char *material_id, struct ops_imported *out, struct kh_error *err);

/* The id of the material that waits for its rotation, NULL for none. */
const char *settle_pending(const struct ops_materials *m);

/*
 * THERE while KMS still has what a receipt says, GONE where it had it, NOT_YET where it shows no trace of it, UNSEEN
 * where DescribeKey is denied, or ListKeyRotations where that alone tells. KH_E_CHECK where it has another key.
 */
int settle_held(const struct settle *s, const struct bundle_receipt *receipt, enum settle_seen *seen,
		struct kh_error *err);

/* GetPublicKey against the material's public key; `*compared` true where both were there. KH_E_CHECK: another. */
int settle_public_key(const struct settle *s, bool *compared, struct kh_error *err);

#endif
