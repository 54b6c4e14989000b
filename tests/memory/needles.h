/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_MEMORY_NEEDLES_H
#define KEYHAUL_MEMORY_NEEDLES_H

#include <stdbool.h>
#include <stddef.h>

/* What is looked for in memory, all at once. */
struct needles;

enum needle_kind {
	NEEDLE_KEY,    /* may be nowhere, ever */
	NEEDLE_PIN,    /* may be nowhere once login has returned */
	NEEDLE_CANARY, /* has to be found */
};

#define NEEDLE_MAX 64 /* bytes */
#define NEEDLE_NAME_MAX 64

struct needle {
	enum needle_kind kind;
	char name[NEEDLE_NAME_MAX]; /* of the secret: "RSA_2048.d" */
	const char *form;	    /* "bytes", "reversed", "hex", ... */
	size_t at;		    /* where in that form it begins */
	size_t len;
	unsigned char bytes[NEEDLE_MAX];
	bool told; /* the caller's */
};

/* NULL where there is no memory. */
struct needles *needles_new(void);
void needles_free(struct needles *all);

/* One needle as it is, 8 to NEEDLE_MAX bytes. 0 or -1. */
int needles_add(struct needles *all, const struct needle *n);

/*
 * A secret number or text of at least 8 bytes, cut into pieces: eight bytes after eight, the last eight besides, as they
 * are and with the bytes of the whole reversed (OpenSSL's BIGNUM on a little-endian machine), as hex in both cases, and as
 * base64 from each of its three phases. Whatever has 15 bytes of it in a row has a piece. 0 or -1.
 */
int needles_add_secret(struct needles *all, enum needle_kind kind, const char *name, const unsigned char *value, size_t len);

/* A file of lines "key NAME HEX" and "pin NAME HEX". 0 or -1, with a line on stderr. */
int needles_read(struct needles *all, const char *path);

size_t needles_count(const struct needles *all, enum needle_kind kind);
struct needle *needles_at(const struct needles *all, size_t i);

typedef void needle_found(size_t needle, size_t offset, void *arg);

/* Calls `found` for each place of each needle in the bytes. */
void needles_search(const struct needles *all, const unsigned char *data, size_t len, needle_found *found, void *arg);

#endif
