/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_BUF_H
#define KEYHAUL_BASE_BUF_H

#include "error.h"

#include <stddef.h>

/*
 * Bytes that grow up to a hard maximum. Not for secrets: growing leaves copies
 * behind (secret.h is for those). `data` always has a NUL behind `len` once
 * something was added, so text can be used as a string.
 */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
};

/* An empty buffer that may hold at most `max` bytes. */
#define BUF_INIT(limit) {NULL, 0, 0, (limit)}

/* Adds bytes. KH_E_INPUT over the maximum, KH_E_MEMORY. */
int buf_add(struct buf *b, const void *data, size_t len, struct kh_error *err);

/* Adds formatted text. Errors as buf_add. */
int buf_addf(struct buf *b, const char *fmt, struct kh_error *err, ...) __attribute__((format(printf, 2, 4)));

/* The text so far, "" for nothing; the buffer owns it. */
const char *buf_text(const struct buf *b);

/* Frees what it holds and makes it empty again; the maximum stays. */
void buf_free(struct buf *b);

#endif
