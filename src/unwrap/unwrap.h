/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_UNWRAP_UNWRAP_H
#define KEYHAUL_UNWRAP_UNWRAP_H

#include "base/secret.h"
#include "bundle/wrapalg.h"

#include <openssl/evp.h>
#include <stdbool.h>

/* What was found while opening a blob. */
struct unwrap_report {
	const char *oaep_hash; /* "SHA1", "SHA256", ...: what opened it, or on failure would have; NULL: no pair */
	const char *mgf_hash;
	size_t kek_len;	       /* bytes of the key-encryption key; 0 where there is one layer */
	const char *key_wrap;  /* the second layer: "RFC 5649", or what it was found to be instead; NULL: not reached */
};

/*
 * Opens a blob exactly as KMS does: RSAES-OAEP (RFC 8017 section 7.1; hash and MGF1 hash the algorithm's, empty
 * label), for RSA_AES_KEY_WRAP_* a 32-byte key-encryption key and RFC 5649 with its initial value A65959A6 and its
 * length checked. `key` is the RSA private key. The caller frees `*plain`. KH_E_CHECK that says which layer and what.
 */
int unwrap_open(EVP_PKEY *key, enum wrapalg alg, const unsigned char *blob, size_t len, struct secret **plain,
		struct unwrap_report *report, struct kh_error *err);

/* The shape of an opened PKCS#8 (RFC 5208, RFC 5915, RFC 8017). */
struct unwrap_pkcs8 {
	EVP_PKEY *key;	       /* the private key; the caller frees it with unwrap_pkcs8_clear */
	bool named_curve;      /* EC: named, not explicit parameters */
	bool explicit_curve;   /* EC: explicit parameters, which are refused */
	bool has_public;       /* EC: the public key is inside */
	size_t trailing;       /* bytes behind the DER */
	bool trailing_is_zero; /* all of them are zero */
};

/*
 * Reads opened material of an RSA or EC key spec as KMS does: PKCS#8 DER, the spec's size or named curve, two primes,
 * a consistent key. Bytes behind the DER are reported, not refused. KH_E_CHECK.
 */
int unwrap_pkcs8(const struct secret *plain, enum keyspec spec, struct unwrap_pkcs8 *out, struct kh_error *err);
void unwrap_pkcs8_clear(struct unwrap_pkcs8 *p);

/* Checks opened material of AES and HMAC specs: exactly the length (`china`: 16 bytes of AES). KH_E_CHECK. */
int unwrap_secret_check(const struct secret *plain, enum keyspec spec, bool china, struct kh_error *err);

#endif
