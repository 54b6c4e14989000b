/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_POOL_H
#define KEYHAUL_SIM_POOL_H

#include "base/error.h"

#include <openssl/evp.h>

#define POOL_KEYS_MAX 64 /* of each size */

/* Wrapping keys: made when they are asked for, one of each size ahead, or read from a folder made before. */
struct pool;

/*
 * `dir` NULL: keys are fresh, and a thread of low priority makes one of each size ahead (pool_start). Else the keys
 * in the folder are given out in turn, and again from the first when they are used up. The caller frees it. KH_E_INPUT.
 */
int pool_open(const char *dir, struct pool **out, struct kh_error *err);

/* Starts making ahead; to be called after the last fork. */
int pool_start(struct pool *p, struct kh_error *err);

/* Ends the thread, also in the middle of a key. NULL is fine. */
void pool_free(struct pool *p);

/* A private RSA key of these bits, exponent 65537; the caller frees it. May take seconds; any thread. */
int pool_take(struct pool *p, unsigned bits, EVP_PKEY **out, struct kh_error *err);

/* Makes the folder with `each` keys of every size as PEM files (0600), leaving those that are there. */
int pool_make(const char *dir, unsigned each, struct kh_error *err);

#endif
