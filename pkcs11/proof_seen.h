/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_PROOF_SEEN_H
#define KEYHAUL_PKCS11_PROOF_SEEN_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The RSA parts of the blobs that a run has seen, by the first 8 bytes of their SHA-256: a lookup costs the same however
 * many there are, and a key costs some 11 to 22 bytes. Two that differ meet once in 10^11 such runs, and then
 * a bundle is refused.
 */
struct proof_seen {
	uint64_t *slots; /* open addressing; 0: free */
	size_t n, size;	 /* size: a power of two */
};

/* Remembers it, and tells in `*again` whether it was known. All zeros is no blob. KH_E_MEMORY. */
int proof_seen_add(struct proof_seen *s, const unsigned char sha256[32], bool *again, struct kh_error *err);

void proof_seen_free(struct proof_seen *s);

#endif
