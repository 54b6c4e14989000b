/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RECORD_CHAIN_H
#define KEYHAUL_RECORD_CHAIN_H

#include "bundle/canon.h"
#include "findings.h"

#include <stdbool.h>
#include <stdint.h>

/* One line of a transcript, keyhaul-transcript(5); strings are in `json`. */
struct chain_line {
	json_t *json;	  /* an object whose members have the types that the format gives them */
	size_t file_line; /* in the file, from 1 */
	json_int_t n;	  /* as it says itself */
	const char *at;	  /* by the host's clock */
	const char *told; /* by --now, on a host without one; NULL */
	bool is_close;
	char sha256[CANON_HEX];
	const char *torn; /* the digest of what was torn before it; NULL */
	json_int_t torn_bytes;
};

/* A transcript that was read: of what host, its lines, and whether it is closed. */
struct chain {
	char *path;
	const char *host; /* as its first line says; "" for none */
	struct chain_line *v;
	size_t n;
	bool closed;	      /* its last line is a close, and the signature is good */
	bool torn;	      /* it ends in a torn line */
	json_int_t closed_at; /* by the signer's own word */
	char *signer;	      /* subject of his certificate; NULL while it is not closed */
	char signer_sha256[CANON_HEX]; /* of his certificate */
};

/*
 * Reads a transcript from memory and holds each line against the one before. What is wrong with it is in `f`, by line: not a
 * line, changed, missing, out of order, a close that is not signed for these lines, lines behind it, torn at the end; an open
 * one is not, it is only not closed. -1 where it is no transcript at all or for want of memory. The caller frees `*out`.
 */
int chain_parse(const char *path, const char *data, size_t len, struct findings *f, struct chain **out, struct kh_error *err);

/* The same of a file of at most TRANSCRIPT_FILE_MAX bytes. */
int chain_read(const char *path, struct findings *f, struct chain **out, struct kh_error *err);

void chain_free(struct chain *c);

/* The digest of the last line, which is what goes on paper; "none" of none. */
const char *chain_last_sha256(const struct chain *c);

#endif
