/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_BUNDLE_FIELDS_H
#define KEYHAUL_BUNDLE_BUNDLE_FIELDS_H

#include "bundle.h"

#include <jansson.h>

#define FIELDS_BLOBS_MAX (5 + 2 * BUNDLE_PROOFS_MAX + BUNDLE_APPROVALS_MAX)

/* One section: its name and its fields, read and written by the same table. */
struct fields_section;
extern const struct fields_section fields_request, fields_material, fields_receipt, fields_proof, fields_approval;

/* Decoded blobs that the read structs point to. */
struct fields_store {
	unsigned char *blob[FIELDS_BLOBS_MAX];
	size_t n;
};

/*
 * Reads a section's JSON into its struct (zeroed first), whose strings then point into `json` and whose blobs
 * into `store`. Every field has its type, its form and its length; unknown names and missing ones are refused.
 * KH_E_INPUT that names the path ("request.public_key: ...").
 */
int fields_read(const struct fields_section *section, json_t *json, void *out, struct fields_store *store,
		struct kh_error *err);

/* Makes a section's JSON of its struct; what is absent (NULL, "", 0) is left out. NULL with an error. */
json_t *fields_write(const struct fields_section *section, const void *from, struct kh_error *err);

/* The same of a section that is one blob, of at most `max` bytes. */
int fields_read_blob(const char *name, size_t max, json_t *json, struct bundle_blob *out, struct fields_store *store,
		     struct kh_error *err);
json_t *fields_write_blob(const struct bundle_blob *blob, struct kh_error *err);

void fields_store_free(struct fields_store *store);

#endif
