/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_RETRY_H
#define KEYHAUL_KMS_RETRY_H

#include "base/error.h"

#define RETRY_ATTEMPTS 3 /* botocore's standard mode */
#define RETRY_ATTEMPTS_MAX 100

/* Milliseconds to wait after try `attempt` (from 1): chance (0 to 1) times the least of 2^(attempt-1) and 20 s. */
unsigned retry_wait_ms(int attempt, double chance);

/*
 * How many tries a call has: AWS_MAX_ATTEMPTS, else the profile's max_attempts, else RETRY_ATTEMPTS; NULL for what is
 * not set. KH_E_USAGE for what is no number from 1.
 */
int retry_attempts(const char *env, const char *profile, int *out, struct kh_error *err);

#endif
