/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_QUOTA_H
#define KEYHAUL_SIM_QUOTA_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* KMS's request quotas a second, for each operation and Region. */
struct quotas;

/* Quotas `scale` times KMS's own; the caller frees them. KH_E_MEMORY. */
int quotas_new(long scale, struct quotas **out, struct kh_error *err);
void quotas_free(struct quotas *q);

/*
 * Counts a call at `now_ms` and says whether it is within the quota; a second's worth may come at once. True for NULL,
 * and for an operation without a quota here. Any thread.
 */
bool quotas_take(struct quotas *q, const char *op, const char *region, int64_t now_ms);

#endif
