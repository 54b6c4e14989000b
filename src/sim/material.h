/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_MATERIAL_H
#define KEYHAUL_SIM_MATERIAL_H

#include "keystore.h"
#include "pool.h"

#include <openssl/evp.h>

/* Material that the service makes by itself (Origin AWS_KMS); the caller frees it. RSA may take seconds. */
int material_generate(struct pool *pool, enum keyspec spec, const char *region, struct secret **out,
		      struct kh_error *err);

/* Makes `*plain` the key's current material and takes it over (NULL then). */
int material_adopt(struct simkey *key, struct secret **plain, struct kh_error *err);

/* KeyMaterialId of this material in this key: of the raw bytes, or for RSA and EC of the public key. */
int material_id(const struct simkey *key, const struct secret *plain, char out[KEYSTORE_MATERIAL_ID],
		struct kh_error *err);

/* The private key in RSA or EC material; the caller frees it. NULL with KH_E_SYSTEM. */
EVP_PKEY *material_pkey(const struct secret *plain, struct kh_error *err);

/* The key as PKCS#8 DER without anything more; the caller frees it. NULL with KH_E_SYSTEM. */
struct secret *material_der(EVP_PKEY *key, struct kh_error *err);

/* Bytes that a secret key of this spec has in this Region (China: 16 for SYMMETRIC_DEFAULT). */
size_t material_len(enum keyspec spec, const char *region);

#endif
