/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_UNWRAP_UNWRAP_LAYER_H
#define KEYHAUL_UNWRAP_UNWRAP_LAYER_H

#include "unwrap.h"

/* For unwrap.c alone: the two layers of a blob. */

/*
 * Opens RSAES-OAEP (RFC 8017 section 7.1.2) with the hash of `alg` for both hash and MGF1 and an empty label.
 * Where that fails, tries the other pairs of hashes and puts the one that opens it into `report` and the error.
 * The caller frees `*plain`. KH_E_CHECK.
 */
int unwrap_oaep(EVP_PKEY *key, const struct wrapalg_info *alg, const unsigned char *blob, size_t len,
		struct secret **plain, struct unwrap_report *report, struct kh_error *err);

/*
 * Opens RFC 5649 under a 32-byte key. Where that fails, the error says what it is instead as far as it can be told:
 * RFC 3394 with its kind of padding, another initial value, a length that does not fit; `*what` has it in a few
 * words either way, and may stay NULL. The caller frees `*plain`.
 */
int unwrap_kwp(const struct secret *kek, const unsigned char *blob, size_t len, struct secret **plain,
	       const char **what, struct kh_error *err);

/* Length of the one DER SEQUENCE that the bytes begin with, header included; 0 where they begin with none. */
size_t unwrap_der_len(const unsigned char *data, size_t len);

#endif
