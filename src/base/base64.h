/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_BASE64_H
#define KEYHAUL_BASE_BASE64_H

#include "buf.h"

#include <stddef.h>

/* Bytes that padded base64 (RFC 4648 section 4) of `len` bytes takes, without a NUL. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* Adds the padded base64 of `len` bytes to `out`. Errors as buf_add. */
int base64_encode(const void *data, size_t len, struct buf *out, struct kh_error *err);

/*
 * Adds the bytes that `len` characters of padded base64 stand for. Strict: no
 * white space, padding whole, unused bits zero. KH_E_INPUT otherwise.
 */
int base64_decode(const char *text, size_t len, struct buf *out, struct kh_error *err);

/* Lower-case hex of `len` bytes with a NUL: `out` has room for 2 * len + 1. */
void hex_encode(const void *data, size_t len, char *out);

#endif
