/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* RSA keys that are there already: making one takes a minute under valgrind. */
#ifndef KEYHAUL_TESTS_UNIT_RSA_KEYS_H
#define KEYHAUL_TESTS_UNIT_RSA_KEYS_H

#include <openssl/evp.h>
#include <stdbool.h>

/* Set by a test of which each case makes one: the code that is tested gets one that is there in every build. */
extern bool rsa_keys_for_all;

/* The key of 2048, 3072 or 4096 bits, always the same one; the caller frees it. */
EVP_PKEY *rsa_key(unsigned bits);

/* Another one of 2048 bits. */
EVP_PKEY *rsa_key_other(void);

/* A public key of these numbers, big-endian; the caller frees it. */
EVP_PKEY *rsa_key_public(const unsigned char *modulus, size_t modulus_len, const unsigned char *exponent, size_t exponent_len);

/* For long tables of RSA operations: 1, and under valgrind, where each takes a hundred times as long, every fourth row. */
size_t rsa_keys_stride(void);

#endif
