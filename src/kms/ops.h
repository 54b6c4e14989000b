/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_OPS_H
#define KEYHAUL_KMS_OPS_H

#include "aws/limits.h"
#include "bundle/bundle.h"
#include "kms.h"

#define OPS_NAME_MAX 64 /* an enumeration's value, with its NUL */
#define OPS_MATERIAL_ID_MAX (KMS_KEY_MATERIAL_ID_LEN + 1)

/* KeyMetadata as far as it concerns an import; "" and 0 for what KMS did not say. */
struct ops_key {
	char arn[ARN_MAX];
	char key_spec[OPS_NAME_MAX];
	char key_usage[OPS_NAME_MAX];
	char state[OPS_NAME_MAX];
	char origin[OPS_NAME_MAX];
	char key_store[OPS_NAME_MAX + 1];
	char manager[OPS_NAME_MAX];
	bool multi_region;
	char expiration_model[OPS_NAME_MAX];
	int64_t valid_to;
	int64_t created; /* CreationDate */
	char material_id[OPS_MATERIAL_ID_MAX]; /* CurrentKeyMaterialId */
	int64_t deletion;		       /* DeletionDate */
};

/* The KeyMetadata of a reply (DescribeKey, CreateKey). KH_E_KMS where it is not the form of one. */
int ops_read_metadata(const json_t *reply, struct ops_key *out, struct kh_error *err);

/* DescribeKey by id, ARN or alias. KH_E_KMS where the reply is not the form of one. */
int ops_describe(struct kms *k, const char *key_id, struct ops_key *out, struct kh_error *err);

struct ops_parameters {
	char arn[ARN_MAX];
	struct buf public_key; /* SPKI DER */
	struct buf import_token;
	int64_t valid_to;
	char request_id[KMS_ID_MAX];
	bool tls_verified;
};

/* GetParametersForImport; the members are of their form and size, no more. The caller clears it in any case. */
int ops_parameters(struct kms *k, const char *key_id, const char *algorithm, const char *wrapping_key_spec,
		   struct ops_parameters *out, struct kh_error *err);
void ops_parameters_clear(struct ops_parameters *p);

struct ops_imported {
	enum kms_outcome outcome; /* set in any case */
	char material_id[OPS_MATERIAL_ID_MAX]; /* "" for none, which a symmetric key's import never is */
	char request_id[KMS_ID_MAX];
};

/*
 * ImportKeyMaterial of a bundle's material by an intent whose times are absolute; NEW_KEY_MATERIAL is sent once. A 200 that
 * does not name the key, or a symmetric one's material (the intent's where it has one), is KMS_UNKNOWN and KH_E_KMS.
 */
int ops_import(struct kms *k, const struct bundle_request *request, const struct bundle_material *material,
	       const struct intent *intent, struct ops_imported *out, struct kh_error *err);

/* GetPublicKey's SPKI DER into `out`, which the caller frees. */
int ops_public_key(struct kms *k, const char *arn, struct buf *out, struct kh_error *err);

/* A row of ListKeyRotations. */
struct ops_material {
	char id[OPS_MATERIAL_ID_MAX];
	char description[KMS_KEY_MATERIAL_DESCRIPTION_MAX + 1];
	char expiration_model[OPS_NAME_MAX];
	char state[64]; /* "PENDING_ROTATION" */
	int64_t valid_to;
	int64_t rotated; /* RotationDate, when a rotation made it current */
	bool on_demand;	 /* RotationType ON_DEMAND */
	bool imported;
};

#define OPS_MATERIALS_MAX 128 /* 25 rotations, and what is pending; more are not read */

struct ops_materials {
	struct ops_material v[OPS_MATERIALS_MAX];
	size_t n;
};

/* ListKeyRotations with all material, every page of it. */
int ops_materials(struct kms *k, const char *arn, struct ops_materials *out, struct kh_error *err);

/* CreateKey with the members given (`body`), sent once. `*outcome` is set in any case. */
int ops_create(struct kms *k, const json_t *body, struct ops_key *out, enum kms_outcome *outcome, struct kh_error *err);

#endif
