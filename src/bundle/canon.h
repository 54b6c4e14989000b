/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_CANON_H
#define KEYHAUL_BUNDLE_CANON_H

#include "base/buf.h"

#include <jansson.h>

#define CANON_HEX 65 /* SHA-256 in hex and a NUL */

/* Adds the canonical form: what `jq -jcS .` prints of it (names sorted, no white space, no line end). */
int canon_text(const json_t *value, struct buf *out, struct kh_error *err);

/* SHA-256 of the canonical form in lower-case hex. */
int canon_sha256(const json_t *value, char out[CANON_HEX], struct kh_error *err);

#endif
