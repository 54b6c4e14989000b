/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_WAIT_H
#define KEYHAUL_KMS_WAIT_H

#include "kms.h"

/*
 * Looks until `look` says done, fails, `seconds` are over or the user wants to end; between looks it waits, from a
 * quarter of a second growing to five. `*done` false where the time is over.
 */
int wait_until(const struct kms *k, long seconds, int (*look)(void *ctx, bool *done, struct kh_error *err), void *ctx,
	       bool *done, struct kh_error *err);

#endif
