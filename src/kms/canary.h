/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_CANARY_H
#define KEYHAUL_KMS_CANARY_H

#include "base/buf.h"
#include "bundle/spki.h"
#include "bundle/wrapalg.h"

/* Bytes: no key spec's material is so long (16, 28, 32, 48 or 64, or a PKCS#8), in any Region. */
#define CANARY_LEN 17

/* Fresh random bytes that are no key material. KH_E_SYSTEM. */
int canary_make(unsigned char out[CANARY_LEN], struct kh_error *err);

/*
 * Wraps the canary under a wrapping key of KMS's (SPKI DER of `bits`) by one of KMS's algorithms (RFC 8017 section 7.1.1,
 * RFC 5649), as a token would wrap material. `out` gets the blob, of whatever size is right. KH_E_INPUT for a key that is
 * no such wrapping key, KH_E_SYSTEM, KH_E_MEMORY.
 */
int canary_wrap(const unsigned char canary[CANARY_LEN], const unsigned char *spki, size_t spki_len, enum wrapalg alg,
		unsigned bits, struct buf *out, struct kh_error *err);

/* A blob of the same form that no key opens: random bytes, less than any modulus of `bits`. KH_E_SYSTEM, KH_E_MEMORY. */
int canary_noise(enum wrapalg alg, unsigned bits, struct buf *out, struct kh_error *err);

#endif
