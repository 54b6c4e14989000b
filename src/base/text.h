/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_TEXT_H
#define KEYHAUL_BASE_TEXT_H

#include "buf.h"

/*
 * Adds `len` bytes of outside text so that a terminal cannot be driven by it:
 * controls, DEL, C1, bidi and invisible marks and bad UTF-8 become \xNN or \u{N}; line ends too.
 */
int text_for_terminal(const char *text, size_t len, struct buf *out, struct kh_error *err);

/*
 * The same of a C string into `out`, which it gives: for the arguments of messages and of cmd_printf. Cut where it does not
 * fit; 4 bytes for each of the text and one more always do.
 */
const char *text_shown(const char *text, char *out, size_t size);
#define TEXT_SHOWN(bytes) (4 * (bytes) + 1)

/* How many columns of a terminal UTF-8 text takes (what text_for_terminal gave): wide characters two, combining ones none. */
size_t text_columns(const char *text);

/* Adds it as a JSON string with its quotes, ASCII only; bad UTF-8 becomes U+FFFD. */
int text_for_json(const char *text, size_t len, struct buf *out, struct kh_error *err);

/* Adds it as a bundle has labels: printable ASCII as it is, all else and '%' as %XX. */
int text_percent(const char *text, size_t len, struct buf *out, struct kh_error *err);

#endif
