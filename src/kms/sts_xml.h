/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_STS_XML_H
#define KEYHAUL_KMS_STS_XML_H

#include "base/secret.h"

#include <stdbool.h>

/* An element that is wanted of an answer, by its path from the root on: "ErrorResponse/Error/Code". */
struct sts_field {
	const char *path;
	size_t max;	      /* bytes of its text */
	struct secret *value; /* what was there, without space around; NULL for nothing. sts_fields_clear frees it */
};

/*
 * Reads STS's XML (namespace prefixes passed over) and fills in the fields that are there. KH_E_KMS for what is no XML,
 * has a DOCTYPE, is nested deeper than such an answer, says a field twice, or one longer than its maximum.
 */
int sts_xml_read(const struct secret *text, struct sts_field *fields, size_t n, struct kh_error *err);

/* The field's text, "" for none; the field owns it. */
const char *sts_field_text(const struct sts_field *field);

void sts_fields_clear(struct sts_field *fields, size_t n);

#endif
