/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TELL_SHEET_H
#define KEYHAUL_TELL_SHEET_H

#include "base/cmd.h"

#include <stdint.h>

/*
 * A bundle told in lines "  what:   words". The first failure sticks, so that
 * a page of them needs one question at its end.
 */
struct sheet {
	struct cmd *c;
	struct kh_error *err;
	int failed; /* -1 once a line could not be added */
};

/* Adds a line. */
void sheet_line(struct sheet *s, const char *what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Adds a line of the text, unless it is NULL or empty: what is unknown is absent. */
void sheet_text(struct sheet *s, const char *what, const char *text);

/* Adds hex on a line of its own below what it is (NULL: the line before says it), so that no terminal breaks it; nothing for NULL and "". */
void sheet_hex(struct sheet *s, const char *what, const char *hex);

/* A SHA-256 for people: what it is of, and below that in hex and in words for reading aloud. */
void sheet_words(struct sheet *s, const char *what, const char *hex);

/* Room for a time as people read it: "2026-11-22T10:00:00Z (in 23 h)". */
#define SHEET_TIME 64

/* Writes the time and how far it is from now. */
void sheet_time(int64_t t, int64_t now, char out[SHEET_TIME]);

#endif
