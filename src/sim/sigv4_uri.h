/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_SIGV4_URI_H
#define KEYHAUL_SIM_SIGV4_URI_H

#include "base/buf.h"

/* Adds the canonical path: "." and ".." and empty segments resolved, then percent-encoded (RFC 3986 unreserved stay). */
int sigv4_uri_path(const char *path, struct buf *out, struct kh_error *err);

/* Adds the canonical query: each name and value decoded and encoded again, sorted by both. KH_E_INPUT over 128 pairs. */
int sigv4_uri_query(const char *query, struct buf *out, struct kh_error *err);

/* Adds text with its percent-escapes undone ('+' is a space where `form`). KH_E_INPUT for a broken escape or NUL. */
int sigv4_uri_decode(const char *text, size_t len, int form, struct buf *out, struct kh_error *err);

#endif
