/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_QR_SHEET_H
#define KEYHAUL_QR_SHEET_H

#include "base/buf.h"
#include "frame.h"

/* A file as frames of so many bytes each; it points into the caller's. */
struct sheet {
	const void *data;
	size_t len, bytes, count;
	char digest[FRAME_DIGEST_HEX]; /* of the file */
};

/* KH_E_INPUT where the frames would be too many. */
int sheet_make(const void *data, size_t len, size_t bytes, struct sheet *out, struct kh_error *err);

/* Adds frame `i` (from 0) in one form. Errors as draw.h's. */
int sheet_png(const struct sheet *s, size_t i, int scale, struct buf *out, struct kh_error *err);
int sheet_svg(const struct sheet *s, size_t i, struct buf *out, struct kh_error *err);
int sheet_terminal(const struct sheet *s, size_t i, bool light_background, struct buf *out, struct kh_error *err);

/* Adds one HTML page with all of them, for a screen and for paper; nothing of it is loaded from elsewhere. */
int sheet_html(const struct sheet *s, struct buf *out, struct kh_error *err);

/* The most bytes a frame may have to fit a terminal of this size with `lines` of it for words; 0: none does. */
size_t sheet_fits(int columns, int lines);

#endif
