/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_WIPE_H
#define KEYHAUL_KMS_WIPE_H

#include <stddef.h>

/*
 * An allocator for libcurl, whose requests and signing leave copies of secrets behind: what is freed, or moved by
 * growing, is wiped first. The same contracts as malloc, free, realloc, strdup and calloc.
 */
void *wipe_malloc(size_t size);
void wipe_free(void *p);
void *wipe_realloc(void *p, size_t size);
char *wipe_strdup(const char *text);
void *wipe_calloc(size_t n, size_t size);

/* wipe_free's first half: wipes all of it, and gives what free() takes. */
void *wipe_clean(void *p);

/*
 * How often there was no room in this run. libcurl 7.88 goes on without some of what it had no room for, down to a request
 * that no server understands, and calls a header that is too long the same [seen]: so nobody asks libcurl.
 */
unsigned long wipe_failures(void);

/* From now on jansson wipes what it frees: replies with credentials are read by it. free() frees its texts as before. */
void wipe_json(void);

#endif
