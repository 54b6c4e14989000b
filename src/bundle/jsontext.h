/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_JSONTEXT_H
#define KEYHAUL_BUNDLE_JSONTEXT_H

#include <jansson.h>

/*
 * json_loadb and json_dumps for a host that may have no memory left. jansson 2.14 takes a piece of text that it had no
 * room for as one that was not there: it reads and writes past its buffer then, or gives a text with a hole [seen]. Here
 * the first allocation that fails ends it, and what was allocated for it is freed.
 */

/* NULL as json_loadb; json_error_code(why) is json_error_out_of_memory for want of memory. `why` may be NULL. */
json_t *jsontext_read(const char *data, size_t len, size_t flags, json_error_t *why);

/* The caller frees it; NULL for want of memory. */
char *jsontext_write(const json_t *value, size_t flags);

#endif
