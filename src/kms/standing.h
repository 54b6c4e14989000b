/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_STANDING_H
#define KEYHAUL_KMS_STANDING_H

#include "ops_life.h"

/* How a key stands, read from KMS without changing it. */
struct standing {
	struct ops_key key;
	struct ops_set set;
	bool symmetric;
	bool listed; /* what its materials are is known; never for keys that are not symmetric */
	struct ops_materials materials;
};

/*
 * DescribeKey and, for a symmetric key with Origin EXTERNAL, ListKeyRotations; where that is denied `listed` is false,
 * and a warning says so. `arn` is the key's ARN. Errors as the calls'.
 */
int standing_read(struct kms *k, const char *arn, struct standing *out, struct kh_error *err);

/* The material of that id; NULL for none, or where they are not known. */
const struct ops_material *standing_find(const struct standing *s, const char *id);

/* The material that waits for its rotation, imported or not; NULL for none. */
const struct ops_material *standing_pending(const struct standing *s);

/* How many on-demand rotations are done. */
size_t standing_rotations(const struct standing *s);

#endif
