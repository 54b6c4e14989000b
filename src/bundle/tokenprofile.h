/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_TOKENPROFILE_H
#define KEYHAUL_BUNDLE_TOKENPROFILE_H

#include "bundle.h"

#include <jansson.h>

/*
 * What `keyhaul-token probe` found of one token (keyhaul-token(1)): one JSON object by the rules of a bundle, at most
 * BUNDLE_MAX bytes. It chooses a wrapping algorithm and is evidence of nothing else: each wrap is proven by itself.
 */
#define TOKENPROFILE_ROWS_MAX 96
#define TOKENPROFILE_CLAIMS_MAX 8
#define TOKENPROFILE_WARNINGS_MAX 4
#define TOKENPROFILE_WHY_MAX 240

/* One key spec by one algorithm in one way. Absent is NULL, 0, BUNDLE_ABSENT. */
struct tokenprofile_row {
	const char *key_spec; /* RSA_2048 stands for every RSA key */
	const char *wrapping_algorithm;
	const char *way;	  /* "oaep", "native", "two-step" */
	int64_t kwp_mechanism;	  /* two-step: the number that was tried for RFC 5649 */
	enum bundle_flag listed;
	const char *verdict;	  /* "proven", "refused", "wrong", "not-known" */
	int64_t native;		  /* refused, not-known: the CKR */
	const char *native_name;
	const char *why;
	const char *oaep_hash, *mgf_hash;
	int64_t kek_bits;
	const char *key_wrap;	  /* "RFC 5649", or what it is instead */
	const char *pkcs8;
	int64_t trailing_zeros;
	const char *same_by;
	const char *warnings[TOKENPROFILE_WARNINGS_MAX];
	size_t n_warnings;
};

/* What the token says of keys, and whether it keeps it. */
struct tokenprofile_claim {
	const char *claim;
	enum bundle_flag stated;
	const char *honour; /* "honoured", "broken", "not-known" */
	int64_t native;
	const char *native_name;
	const char *why;
};

struct tokenprofile {
	struct {
		const char *file; /* without its folder */
		const char *sha256;
	} module;
	struct {
		const char *description, *manufacturer, *version;
	} library;
	struct {
		const char *label, *manufacturer, *model, *serial, *firmware;
		enum bundle_flag hardware;
	} token;
	int64_t probed_at;
	const char *generator;
	struct tokenprofile_row rows[TOKENPROFILE_ROWS_MAX];
	size_t n_rows;
	struct tokenprofile_claim claims[TOKENPROFILE_CLAIMS_MAX];
	size_t n_claims;
	struct {
		enum bundle_flag nothing; /* ABSENT: not counted */
		int64_t objects_before, objects_after, temporary;
	} left;
};

/* The JSON of a profile, version and all. The caller owns it; NULL with an error. */
json_t *tokenprofile_json(const struct tokenprofile *p, struct kh_error *err);

/* That a profile could be written to PATH: nothing is there, and its folder takes a file. Leaves none. KH_E_INPUT, KH_E_SYSTEM. */
int tokenprofile_check_new(const char *path, struct kh_error *err);

/* Writes a profile to a file that must not exist yet, whole. KH_E_INPUT where it exists, KH_E_SYSTEM. */
int tokenprofile_create(const struct tokenprofile *p, const char *path, struct kh_error *err);

/* A profile that was read, and what its strings point into. */
struct tokenprofile_read;

/* Reads a profile strictly: unknown and missing names, versions, values and lengths are refused. The caller frees it. KH_E_INPUT. */
int tokenprofile_parse(const char *data, size_t len, struct tokenprofile_read **out, struct kh_error *err);
int tokenprofile_load(const char *path, struct tokenprofile_read **out, struct kh_error *err);
const struct tokenprofile *tokenprofile_of(const struct tokenprofile_read *r);
void tokenprofile_free(struct tokenprofile_read *r);

/*
 * The best algorithm that the token was proven to do for the key spec, of those that KMS takes with this wrapping key
 * and ARN (NULL where it is not known): `*row` (NULL: not wanted) is where the profile says so. By a way that the token
 * lists before one that `wrap` has to be told of, and without zero bytes behind the key before with. KH_E_CHECK where
 * there is none.
 */
int tokenprofile_choose(const struct tokenprofile *p, enum keyspec spec, unsigned wrapping_bits, const struct arn *arn,
			enum wrapalg *out, const struct tokenprofile_row **row, struct kh_error *err);

#endif
