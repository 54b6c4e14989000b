/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_SIGN_H
#define KEYHAUL_PKCS11_SIGN_H

#include "key.h"

#include <openssl/evp.h>

#define SIGN_MAX 1024 /* bytes of a signature: RSA-8192 */

/* Whether each signature with the key wants a login of its own (CKA_ALWAYS_AUTHENTICATE). KH_E_TOKEN. */
int sign_asks_each_time(const struct token *t, const struct key *k, bool *out, struct kh_error *err);

/*
 * The signature of `data` over the digest `md` (SHA-256, SHA-384, SHA-512) by an RSA or EC key in the token, added to `out`:
 * RSA PKCS#1 v1.5 (CKM_RSA_PKCS, else CKM_SHA*_RSA_PKCS; PKCS#11 v3.1 section 6.1), ECDSA as DER (CKM_ECDSA, else
 * CKM_ECDSA_SHA*; section 6.3). `each_time`: the key wants a login, with `pin` (wiped; NULL: the token asks). The PIN is
 * tried once. KH_E_TOKEN, KH_E_CHECK for a key of another kind.
 */
int sign_data(struct token *t, const struct key *k, bool each_time, struct secret *pin, const EVP_MD *md, const void *data,
	      size_t len, struct buf *out, struct kh_error *err);

#endif
