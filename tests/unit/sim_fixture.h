/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TESTS_SIM_FIXTURE_H
#define KEYHAUL_TESTS_SIM_FIXTURE_H

#include "sim/api.h"

#include <openssl/evp.h>

#define FIXTURE_NOW 1800000000
#define FIXTURE_DAY 86400

/* A simulated service in memory (or in a folder), its clock in the test's hand. */
struct fixture {
	struct sim sim;
	struct reply r; /* the last answer */
	int64_t now;
	const char *region;
};

/* Opens it; wrapping keys are one RSA-2048 key, used again and again. `state` NULL: in memory. */
void fixture_open(struct fixture *f, const char *state);
void fixture_close(struct fixture *f);

/* Calls an operation with a body in JSON (formatted). Gives the error's code, "" for success. */
const char *fixture_call(struct fixture *f, const char *op, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A text of the last answer ("KeyMetadata.KeyState" goes in); "" where it is absent. */
const char *fixture_text(const struct fixture *f, const char *path);

/* A new key's id into `id` (37 bytes): `more` is further members of CreateKey, "" for none. */
void fixture_create(struct fixture *f, const char *spec, const char *usage, const char *more, char id[37]);

/* Parameters for importing: token in base64 and public key. */
struct fixture_parameters {
	char token[9000];
	EVP_PKEY *key;
	bool two_layer, sha1;
};
void fixture_parameters(struct fixture *f, const char *id, const char *algorithm, struct fixture_parameters *out);

/* The plaintext wrapped with OpenSSL, in base64 (static, until the next call). */
const char *fixture_wrap(const struct fixture_parameters *p, const unsigned char *plain, size_t len);

/* Imports: parameters, wrapping, ImportKeyMaterial with `more` members ("" for no expiry). Gives the code. */
const char *fixture_import(struct fixture *f, const char *id, const char *algorithm, const unsigned char *plain, size_t len,
			   const char *more);

/* A fresh private key of a curve or ("RSA:2048") size as PKCS#8 DER into `out` (at least 4096 bytes); its length. */
size_t fixture_private(const char *kind, unsigned char *out);

#define FIXTURE_FOREVER ",\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""

#endif
