/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_MAC_H
#define KEYHAUL_PKCS11_MAC_H

#include "key.h"

#define MAC_MAX 64 /* HMAC-SHA-512 */

/*
 * The HMAC of a message by a key in the token, with the hash of the key's spec (KEYSPEC_HMAC_*), by C_Sign with
 * CKM_SHA*_HMAC (PKCS#11 v3.1 §6.20); `out` has MAC_MAX bytes. The key stays where it is. KH_E_TOKEN, with a hint where
 * the key may not sign.
 */
int mac_sign(const struct token *t, const struct key *k, enum keyspec spec, const unsigned char *message, size_t len,
	     unsigned char out[MAC_MAX], size_t *out_len, struct kh_error *err);

#endif
