/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_JSONTEXT_H
#define KEYHAUL_BUNDLE_JSONTEXT_H

#include <jansson.h>
#include <stdbool.h>

/*
 * json_loadb and json_dumps for a host that may have no memory left. jansson 2.14 takes a piece of text that it had no
 * room for as one that was not there: it reads and writes past its buffer then, or gives a text with a hole [seen]. Here
 * the first allocation that fails ends it, and what was allocated for it is freed.
 */

/* NULL as json_loadb; json_error_code(why) is json_error_out_of_memory for want of memory. `why` may be NULL. */
json_t *jsontext_read(const char *data, size_t len, size_t flags, json_error_t *why);

/* The caller frees it; NULL for want of memory. */
char *jsontext_write(const json_t *value, size_t flags);

/*
 * json_pack, for a format with members that may be missing ("s:s*"): jansson leaves such a one out where it had no room
 * for it [seen]. NULL then, as for every other want of memory; what "o" took over is dropped in any case.
 */
json_t *jsontext_pack(const char *format, ...);

/* json_stringn; NULL for what is no UTF-8, or for want of memory: jsontext_lacked tells which. */
json_t *jsontext_string(const char *text, size_t len);

/* True where the last jsontext_pack or jsontext_string of this thread, or what jansson did since, had no room. */
bool jsontext_lacked(void);

/* From now on what jansson allocated is freed by this, which ends in free(): for a program that wipes first. */
void jsontext_release_by(void (*free_block)(void *block));

#endif
