/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_PACE_H
#define KEYHAUL_KMS_PACE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/*
 * How fast an account's calls of an operation may follow each other in a Region, so that KMS need not say
 * ThrottlingException: KMS's published quotas, or --rate's. Slower after a throttle, and back again in time. Not for
 * several threads at once.
 */
struct pace;

/* Calls a second that KMS gives by itself; 0 where it is not said: then nothing is waited for. */
double pace_quota(const char *operation);

/* `rates` is "OP=N,OP=N", N a second, fractions too; NULL for none. The caller frees it. KH_E_USAGE, KH_E_MEMORY. */
int pace_open(const char *rates, struct pace **out, struct kh_error *err);
void pace_free(struct pace *p);

/*
 * Takes the next place in the row for a call, and gives the milliseconds from `now_ms` on until it may be sent. An
 * account that is not known ("") is the one that is.
 */
unsigned pace_take(struct pace *p, const char *account, const char *region, const char *operation, int64_t now_ms);

/* KMS throttled such a call: slower from now on. What comes of calls that were under way then counts once. */
void pace_throttled(struct pace *p, const char *account, const char *region, const char *operation, int64_t now_ms);

#endif
