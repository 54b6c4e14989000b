/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_KEYSPEC_H
#define KEYHAUL_BUNDLE_KEYSPEC_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Every key spec whose material KMS imports, by AWS's names. */
enum keyspec {
	KEYSPEC_NONE,
	KEYSPEC_SYMMETRIC_DEFAULT,
	KEYSPEC_HMAC_224,
	KEYSPEC_HMAC_256,
	KEYSPEC_HMAC_384,
	KEYSPEC_HMAC_512,
	KEYSPEC_RSA_2048,
	KEYSPEC_RSA_3072,
	KEYSPEC_RSA_4096,
	KEYSPEC_ECC_NIST_P256,
	KEYSPEC_ECC_NIST_P384,
	KEYSPEC_ECC_NIST_P521,
	KEYSPEC_ECC_SECG_P256K1,
	KEYSPECS
};

enum keyspec_kind {
	KEYSPEC_AES,
	KEYSPEC_HMAC,
	KEYSPEC_RSA,
	KEYSPEC_EC,
};

struct keyspec_info {
	const char *name;	     /* AWS's: "ECC_NIST_P256" */
	enum keyspec_kind kind;
	unsigned bits;		     /* RSA modulus, EC field, secret */
	size_t secret_len;	     /* bytes of AES and HMAC keys, 0 for RSA and EC */
	const char *group;	     /* OpenSSL's name of the curve, NULL but for EC */
	const unsigned char *params; /* DER of CKA_EC_PARAMS (the named curve's OID), NULL but for EC */
	size_t params_len;
	const char *usage;	     /* the KeyUsage that KMS takes by itself or alone; NULL where --key-usage must say it */
};

/* The facts of a key spec; NULL for KEYSPEC_NONE or a number out of range. */
const struct keyspec_info *keyspec_info(enum keyspec spec);

/* Finds a key spec by AWS's name. KH_E_USAGE with the reason for those that KMS does not import (ML_DSA_*, SM2, ...). */
int keyspec_parse(const char *name, enum keyspec *out, struct kh_error *err);

/* AWS's name, "?" out of range. */
const char *keyspec_name(enum keyspec spec);

/* The names up to a NULL, for option rows (OPT_CHOICE). */
extern const char *const keyspec_names[];

/* True for AES, whose imports may carry an import type, a description and a material id. */
bool keyspec_is_symmetric(enum keyspec spec);

/* Bytes that a secret of this spec has in KMS: 16 for SYMMETRIC_DEFAULT in aws-cn (`china`), 0 for RSA and EC. */
size_t keyspec_secret_len(enum keyspec spec, bool china);

#endif
