/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_SPKI_H
#define KEYHAUL_BUNDLE_SPKI_H

#include "base/error.h"

#include <stddef.h>

#define SPKI_MODULUS_MAX 512 /* bytes: RSA_4096 */

/* An RSA public key as a wrapping key must be: the modulus without leading zeros, the exponent 65537. */
struct spki {
	unsigned bits;
	unsigned char modulus[SPKI_MODULUS_MAX];
	size_t modulus_len;
	unsigned char exponent[3];
	size_t exponent_len;
};

/*
 * Reads a wrapping key: SubjectPublicKeyInfo DER (RFC 5280 section 4.1.2.7), RSA, exactly `bits` (0: any of 2048,
 * 3072, 4096), exponent 65537, nothing behind it. KH_E_INPUT that says which of these it is not.
 */
int spki_parse(const unsigned char *der, size_t len, unsigned bits, struct spki *out, struct kh_error *err);

/* Makes it empty. */
void spki_clear(struct spki *s);

/* Checks that DER is a public key of this key spec (RSA or EC) and nothing more. KH_E_INPUT. */
int spki_check_material(const unsigned char *der, size_t len, const char *key_spec, struct kh_error *err);

#endif
