/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_QR_FRAME_H
#define KEYHAUL_QR_FRAME_H

#include "base/buf.h"

#include <stdbool.h>

/*
 * A file as frames, each the text of a QR code in its alphanumeric mode (ISO/IEC 18004 section 7.3.4):
 *
 *	KEYHAUL1/NNN/MMM/SHA-256 OF THE FILE, 64 HEX DIGITS/BASE32 OF ITS PART (RFC 4648 section 6, no padding)
 *
 * NNN counts from 001 to MMM. All frames but the last have the same number of bytes.
 */
#define FRAMES_MAX 999
#define FRAME_DIGEST_HEX 65 /* with its NUL */
#define FRAME_HEAD (8 + 1 + 3 + 1 + 3 + 1 + (FRAME_DIGEST_HEX - 1) + 1)
#define FRAME_BYTES_MIN 40
#define FRAME_BYTES_MAX 1200
#define FRAME_TEXT_MAX (FRAME_HEAD + (FRAME_BYTES_MAX * 8 + 4) / 5 + 1) /* with its NUL */
#define FRAME_FILE_MAX 65536 /* bytes: a bundle's maximum */

/* The characters that `bytes` of a file take. */
size_t frame_text_len(size_t bytes);

/* How many frames of `bytes` a file of `len` takes. KH_E_INPUT over FRAMES_MAX. */
int frame_count(size_t len, size_t bytes, size_t *count, struct kh_error *err);

/* The text of frame `i` (from 0) of a file whose SHA-256 is `hex`. */
void frame_make(const void *data, size_t len, size_t bytes, size_t i, size_t count, const char *hex,
		char out[FRAME_TEXT_MAX]);

/* What came of a code that was read. */
enum frame_seen {
	FRAME_FOREIGN, /* no frame of keyhaul's */
	FRAME_AGAIN,   /* it was there already */
	FRAME_NEW,
};

/* The frames of one file, in any order. */
struct frames;

/* An empty set; the caller frees it. KH_E_MEMORY. */
int frames_new(struct frames **out, struct kh_error *err);
void frames_free(struct frames *f);

/*
 * Takes what a code says. KH_E_CHECK where it is a frame of another file than those before it, or says something else than
 * one of the same number; KH_E_INPUT where it begins as a frame and is none.
 */
int frames_take(struct frames *f, const char *text, size_t len, enum frame_seen *seen, struct kh_error *err);

/* How many there are, and of how many (0: none was seen); the digest, "" before the first. */
size_t frames_have(const struct frames *f, size_t *of);
const char *frames_digest(const struct frames *f);

/* Whether frame `i` (from 0) is there. */
bool frames_has(const struct frames *f, size_t i);

/* The whole file, once all are there and its SHA-256 is the one that they name; the caller frees it. KH_E_CHECK, KH_E_INPUT. */
int frames_join(const struct frames *f, struct buf *out, struct kh_error *err);

#endif
