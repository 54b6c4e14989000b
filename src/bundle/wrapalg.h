/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_WRAPALG_H
#define KEYHAUL_BUNDLE_WRAPALG_H

#include "aws/arn.h"
#include "keyspec.h"

#include <stdbool.h>
#include <stddef.h>

/* AWS's wrapping algorithms. */
enum wrapalg {
	WRAPALG_NONE,
	WRAPALG_RSAES_OAEP_SHA_1,
	WRAPALG_RSAES_OAEP_SHA_256,
	WRAPALG_RSA_AES_KEY_WRAP_SHA_1,
	WRAPALG_RSA_AES_KEY_WRAP_SHA_256,
	WRAPALGS
};

struct wrapalg_info {
	const char *name;
	const char *hash;    /* OpenSSL's name, for OAEP and its MGF1 alike: "SHA1", "SHA256" */
	size_t hash_len;     /* bytes */
	bool two_layer;	     /* RSA_AES_KEY_WRAP: OAEP of an AES-256 key, then RFC 5649 of the material */
};

/* The facts of an algorithm; NULL out of range. */
const struct wrapalg_info *wrapalg_info(enum wrapalg alg);

/* By AWS's name. KH_E_USAGE; RSAES_PKCS1_V1_5 and SM2PKE with their reasons. */
int wrapalg_parse(const char *name, enum wrapalg *out, struct kh_error *err);
const char *wrapalg_name(enum wrapalg alg);
extern const char *const wrapalg_names[];

/* Wrapping key specs: RSA_2048, RSA_3072, RSA_4096 to their bits and back. KH_E_USAGE. */
int wrapalg_bits_parse(const char *wrapping_key_spec, unsigned *bits, struct kh_error *err);
const char *wrapalg_bits_name(unsigned bits);
extern const char *const wrapalg_bits_names[];

/*
 * Refuses what KMS refuses, with the reason and the alternative: by key spec, algorithm, bits of the wrapping key
 * and the ARN's partition (`arn` NULL where it is not known yet). KH_E_CHECK.
 */
int wrapalg_check(enum keyspec spec, enum wrapalg alg, unsigned wrapping_bits, const struct arn *arn,
		  struct kh_error *err);

/*
 * Refuses a secret whose length is not the one that KMS takes: 32 bytes of SYMMETRIC_DEFAULT, 16 in aws-cn (`arn` NULL
 * where it is not known yet), HMAC exactly. For AES and HMAC; others pass. wrap asks before anything else. KH_E_CHECK.
 */
int wrapalg_check_secret(enum keyspec spec, size_t secret_len, const struct arn *arn, struct kh_error *err);

/* The algorithm to take when nobody said: the best that KMS takes for the key spec. */
enum wrapalg wrapalg_best(enum keyspec spec);

/* Most bytes that OAEP of this algorithm takes under a wrapping key of these bits. */
size_t wrapalg_oaep_max(enum wrapalg alg, unsigned wrapping_bits);

/* Checks a blob's length against algorithm, wrapping key and key spec before anybody else sees it. KH_E_CHECK. */
int wrapalg_check_blob(enum keyspec spec, enum wrapalg alg, unsigned wrapping_bits, size_t len, struct kh_error *err);

#endif
