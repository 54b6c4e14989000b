/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RECORD_SIGNED_H
#define KEYHAUL_RECORD_SIGNED_H

#include "record.h"

/* Who signed something in a bundle: by what certificate, and when by his own word. */
struct signed_by {
	char subject[512];
	char sha256[CANON_HEX]; /* of the certificate */
	int64_t at;
};

/* Verifies an approval, or with `index` SIGNED_MATERIAL the material's signature. KH_E_CHECK where it does not verify. */
#define SIGNED_MATERIAL ((size_t)-1)
int signed_verify(const struct bundle *b, size_t index, struct signed_by *out, struct kh_error *err);

/* Findings for all signatures in the bundles that do not verify. -1 for want of memory. */
int signed_check(struct record *r, struct kh_error *err);

#endif
