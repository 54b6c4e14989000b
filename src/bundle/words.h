/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_WORDS_H
#define KEYHAUL_BUNDLE_WORDS_H

#include "base/cmd.h"

#include <stdbool.h>

#define WORDS_COUNT 32       /* of a SHA-256, one a byte */
#define WORDS_TEXT 400 /* room for them with a space between and a NUL */

/*
 * The PGP word of a byte at a place, counted from 0: even places have words of two syllables, odd ones of three, so that
 * a word left out or two that changed places are heard. Static.
 */
const char *words_of(unsigned char byte, size_t place);

/* The bytes of a SHA-256 in lower-case hex. KH_E_INPUT where it is none. */
int words_digest(const char *hex, unsigned char out[WORDS_COUNT], struct kh_error *err);

/* A SHA-256 (hex) in words, in one line; for JSON and HTML. */
int words_text(const char *hex, char out[WORDS_TEXT], struct kh_error *err);

/*
 * Adds a SHA-256 (hex) to what people read: on a line of its own, so that no terminal breaks it, and in words below that:
 * eight numbered lines of four, for reading aloud; `indent` columns in. Stands below the line that says what it is of.
 */
int words_show(struct cmd *c, size_t indent, const char *hex, struct kh_error *err);

/* Whether what a person typed is the word of that byte at that place; capitals, blanks around it and a line end do not count. */
bool words_same(const char *typed, unsigned char byte, size_t place);

#endif
