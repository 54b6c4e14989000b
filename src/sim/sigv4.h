/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_SIGV4_H
#define KEYHAUL_SIM_SIGV4_H

#include "base/buf.h"
#include "base/secret.h"

#include <stdbool.h>

#define SIGV4_HEADERS_MAX 64
#define SIGV4_HEX 65 /* a SHA-256 in hex and a NUL */
#define SIGV4_CANONICAL_MAX 65536

/* One header as it came, in the order of the request. */
struct sigv4_header {
	const char *name;
	const char *value;
};

/* A request as it came over the wire: path and query as sent, still percent-encoded. */
struct sigv4_request {
	const char *method;
	const char *path;
	const char *query; /* without the '?'; NULL or "" for none */
	struct sigv4_header headers[SIGV4_HEADERS_MAX];
	size_t n_headers;
	const void *body;
	size_t body_len;
};

/* An Authorization header taken apart; the pieces point into `text`. */
struct sigv4_auth {
	char text[4096];
	const char *access_key;
	const char *scope; /* "20150830/us-east-1/service/aws4_request" */
	const char *date, *region, *service, *terminator;
	const char *signed_headers;
	const char *signature;
	char scope_parts[512];
};

/* Takes "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=..." apart. KH_E_INPUT that says what is missing. */
int sigv4_auth_parse(const char *header, struct sigv4_auth *out, struct kh_error *err);

/* The value of a header by name in any case; NULL for none, `*n` says how many there are. */
const char *sigv4_header(const struct sigv4_request *req, const char *name, size_t *n);

/* True where the list "a;b;c" names the header (lower case). */
bool sigv4_is_signed(const char *signed_headers, const char *name);

/* True where the list is as SigV4 has it made: lower case, sorted by bytes, no name twice, none empty. */
bool sigv4_list_is_canonical(const char *signed_headers);

/*
 * Adds the canonical request (AWS Signature Version 4): normalised path, sorted query, the signed headers with
 * white space folded, the body's hash. KH_E_INPUT where a signed header is not in the request.
 */
int sigv4_canonical(const struct sigv4_request *req, const char *signed_headers, struct buf *out, struct kh_error *err);

/* Adds the string to sign for a canonical request. */
int sigv4_string_to_sign(const char *amz_date, const char *scope, const struct buf *canonical, struct buf *out,
			 struct kh_error *err);

/* The signature of a string to sign, in hex, by a secret access key and the scope's parts. KH_E_SYSTEM. */
int sigv4_sign(const char *secret, const struct sigv4_auth *auth, const struct buf *to_sign, char out[SIGV4_HEX],
	       struct kh_error *err);

/*
 * 0 where the request's signature is the one that this secret makes, compared in constant time; pure: no clock, no
 * state. KH_E_CHECK where it differs (the message holds nothing of the right one), other codes as above.
 */
int sigv4_check(const struct sigv4_request *req, const struct sigv4_auth *auth, const char *amz_date,
		const char *secret, struct kh_error *err);

#endif
