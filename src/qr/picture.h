/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_QR_PICTURE_H
#define KEYHAUL_QR_PICTURE_H

#include "base/error.h"

#include <stddef.h>

#define PICTURE_FILE_MAX (32u << 20) /* bytes */
#define PICTURE_PIXELS_MAX (64u << 20)
#define PICTURE_SIDE_MAX 16384 /* pixels */

/* A picture in grey, a byte a pixel, row by row. */
struct picture {
	unsigned char *pixels;
	unsigned width, height;
};

/*
 * Reads a PNG or JPEG file; the caller clears it. Its size is looked at before anything is unpacked. KH_E_INPUT where it is
 * neither, is damaged, or is over the limits above; KH_E_MEMORY.
 */
int picture_read(const char *path, struct picture *out, struct kh_error *err);
void picture_clear(struct picture *p);

/* Every other pixel of every other row, and each pixel twice: for codes that are too large or too small to be read. */
int picture_halve(const struct picture *p, struct picture *out, struct kh_error *err);
int picture_double(const struct picture *p, struct picture *out, struct kh_error *err);

/* Calls `each` with the text of every QR code in it, until that gives non-zero, which it gives then. KH_E_SYSTEM, KH_E_MEMORY. */
int picture_codes(const struct picture *p, int (*each)(void *ctx, const char *text, size_t len, struct kh_error *err),
		  void *ctx, struct kh_error *err);

#endif
