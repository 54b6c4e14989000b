/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RELAY_CRYPTO_H
#define KEYHAUL_RELAY_CRYPTO_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

#define RELAY_BLOB_MAX 8192

struct relay_blob {
	unsigned char data[RELAY_BLOB_MAX];
	size_t len;
};

/* RSAES-OAEP with these names of hash and MGF1 hash. All functions give -1 where OpenSSL does not. */
int relay_oaep_seal(EVP_PKEY *key, const char *hash, const char *mgf, const struct relay_blob *plain,
		    struct relay_blob *out);
int relay_oaep_open(EVP_PKEY *key, const char *hash, const char *mgf, const struct relay_blob *sealed,
		    struct relay_blob *out);

/* RFC 5649 with this initial value of 4 bytes (NULL: the standard's), and back; RFC 3394. */
int relay_kwp_seal(const struct relay_blob *kek, const unsigned char *iv, const struct relay_blob *plain,
		   struct relay_blob *out);
int relay_kwp_open(const struct relay_blob *kek, const struct relay_blob *sealed, struct relay_blob *out);
int relay_kw_seal(const struct relay_blob *kek, const struct relay_blob *plain, struct relay_blob *out);

/* An RSA public key of its two numbers, most significant byte first. NULL where it is none. */
EVP_PKEY *relay_rsa_public(const unsigned char *n, size_t n_len, const unsigned char *e, size_t e_len);

/* Another private key of the kind that this PKCS#8 is; or the same key with its curve's parameters written out. */
int relay_pkcs8_other(const struct relay_blob *pkcs8, struct relay_blob *out);
int relay_pkcs8_explicit(const struct relay_blob *pkcs8, struct relay_blob *out);

#endif
