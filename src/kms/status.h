/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_STATUS_H
#define KEYHAUL_KMS_STATUS_H

#include "standing.h"

#include "base/cmd.h"

/* What `keyhaul-kms status` says of one key, by the time `now` (KMS's clock where it is known). */
struct status {
	const struct standing *standing;
	int64_t now;
	json_t *problems; /* texts: what is not well; the caller frees it */
};

/*
 * Judges a key: not well are a state in which it cannot be used for want of material or before its deletion, a material
 * that is missing, and one that expires within `within` seconds. KH_E_MEMORY.
 */
int status_judge(const struct standing *standing, int64_t now, int64_t within, struct status *out, struct kh_error *err);

/* Days until `t`, cut down; less than 0 once it is past. */
long status_days(int64_t t, int64_t now);

/* "in 29 days", "in 5 hours", "past". */
void status_span(int64_t t, int64_t now, char out[48]);

/* Adds the key to what people read, under `name` (NULL for none) and its ARN. */
int status_show(struct cmd *c, const char *name, const struct status *s, struct kh_error *err);

/* The key as one object of "results"; NULL without memory. */
json_t *status_json(const struct status *s, const char *item);

#endif
