/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_TRAIL_H
#define KEYHAUL_BASE_TRAIL_H

#include "buf.h"

#include <stdbool.h>

/*
 * What a command read, wrote, met and failed at, kept for its line in a transcript. Nothing is kept until trail_begin.
 * file.c tells of files by itself; what holds secrets is read by other ways (secret.h) and is never told of. Any thread.
 */
enum trail_way {
	TRAIL_READ,
	TRAIL_WROTE,
	TRAIL_WAYS
};

#define TRAIL_MAX 65536 /* files, and items that failed; the number of further ones is kept */

/* From now on things are kept. */
void trail_begin(void);

/* A file's content, whose SHA-256 is kept. */
void trail_file(enum trail_way way, const char *path, const void *data, size_t len);

/* That the file last told of by that path is a bundle, and the digests (hex) of its sections; "" for none. */
void trail_sections(const char *path, const char *request_sha256, const char *material_sha256);

/* A token that was opened; one that is known already is passed over. */
void trail_token(const char *label, const char *manufacturer, const char *model, const char *serial);

/* An item of many that failed. */
void trail_failed(const char *item, const struct kh_error *why);

/* Adds what was kept as members of a JSON object, each with a comma behind it. KH_E_MEMORY also where something could not be kept. */
int trail_json(struct buf *out, struct kh_error *err);

/* Frees it; nothing is kept any more. */
void trail_end(void);

#endif
