/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_SEAL_H
#define KEYHAUL_SIM_SEAL_H

#include "base/buf.h"
#include "base/secret.h"

#define SEAL_OVERHEAD (12 + 16) /* nonce in front, tag behind */

/*
 * Adds nonce, AES-GCM ciphertext and tag (NIST SP 800-38D; random 96-bit nonce) to `out`. The key has 16 or 32
 * bytes; `aad` is bound and not stored. KH_E_SYSTEM.
 */
int seal(const unsigned char *key, size_t key_len, const void *aad, size_t aad_len, const void *plain, size_t len,
	 struct buf *out, struct kh_error *err);

/* Opens what seal() gave; the caller frees `*plain`. KH_E_CHECK where anything of it was changed. */
int unseal(const unsigned char *key, size_t key_len, const void *aad, size_t aad_len, const void *sealed, size_t len,
	   struct secret **plain, struct kh_error *err);

#endif
