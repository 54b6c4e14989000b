/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_QR_DRAW_H
#define KEYHAUL_QR_DRAW_H

#include "base/buf.h"

#include <stdbool.h>

#define DRAW_QUIET 4	  /* modules of light around a code (ISO/IEC 18004 section 9.1) */
#define DRAW_WIDTH_MAX 177 /* modules: version 40 */

/* A QR code of error correction level M: width * width modules, one byte each, its lowest bit the dark ones. */
struct draw_code {
	unsigned char *modules;
	int width;
};

/* Encodes a frame's text; the caller clears it. KH_E_SYSTEM, KH_E_MEMORY. */
int draw_encode(const char *text, struct draw_code *out, struct kh_error *err);
void draw_clear(struct draw_code *code);

/* The modules on a side of the code that takes so many alphanumeric characters; 0 where none does. */
int draw_width_for(size_t characters);

bool draw_is_dark(const struct draw_code *code, int x, int y);

/*
 * Adds lines of half blocks (U+2580, U+2584, U+2588), the light modules drawn, as for a terminal with a dark background;
 * `light_background`: the dark ones.
 */
int draw_terminal(const struct draw_code *code, bool light_background, struct buf *out, struct kh_error *err);

/* The columns and lines that draw_terminal takes for a code of this width. */
int draw_terminal_columns(int width);
int draw_terminal_lines(int width);

/* Adds an SVG 1.1 element, black on white, with the quiet zone; `standalone`: a document with its head. */
int draw_svg(const struct draw_code *code, bool standalone, struct buf *out, struct kh_error *err);

/* Adds a PNG picture of `scale` pixels a module (1 to 32), grey of 8 bits. KH_E_SYSTEM, KH_E_MEMORY. */
int draw_png(const struct draw_code *code, int scale, struct buf *out, struct kh_error *err);

#endif
