/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_BUNDLE_STRUCT_H
#define KEYHAUL_BUNDLE_BUNDLE_STRUCT_H

#include "bundle.h"
#include "bundle_fields.h"

#include <jansson.h>

/* What a bundle is inside; for bundle.c, which reads one, and bundle_set.c, which makes one of another. */

#define BUNDLE_VERSION_NAME "keyhaul_bundle"
#define BUNDLE_VERSION 1

struct bundle {
	json_t *root;
	struct bundle_request request;
	struct bundle_facts facts;
	struct bundle_material material;
	struct bundle_receipt receipt;
	struct bundle_proof proofs[BUNDLE_PROOFS_MAX];
	size_t n_proofs;
	struct bundle_approval approvals[BUNDLE_APPROVALS_MAX];
	size_t n_approvals;
	struct bundle_blob material_signature;
	bool has_material, has_receipt;
	char request_sha256[BUNDLE_DIGEST_HEX];
	char material_sha256[BUNDLE_DIGEST_HEX];
	struct fields_store store;
	struct bundle *before; /* what it was before a section was set: strings handed out stay good */
};

/* The file's text, as bundle_write gives it. */
int bundle_text(const json_t *root, struct buf *out, struct kh_error *err);

#endif
