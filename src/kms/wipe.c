/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "wipe.h"

#include "base/secret.h"
#include "bundle/jsontext.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The size stands before each block, in as much room as alignment asks for. */
#define HEAD sizeof(max_align_t)

static atomic_ulong failures;

unsigned long wipe_failures(void)
{
	return atomic_load(&failures);
}

void *wipe_malloc(size_t size)
{
	unsigned char *block = size > SIZE_MAX - HEAD ? NULL : malloc(HEAD + size);

	if (!block) {
		atomic_fetch_add(&failures, 1);
		return NULL;
	}
	memcpy(block, &size, sizeof(size));
	return block + HEAD;
}

static size_t size_of(const void *p)
{
	size_t size;

	memcpy(&size, (const unsigned char *)p - HEAD, sizeof(size));
	return size;
}

void *wipe_clean(void *p)
{
	if (!p)
		return NULL;
	secret_wipe(p, size_of(p));
	return (unsigned char *)p - HEAD;
}

void wipe_free(void *p)
{
	free(wipe_clean(p));
}

void *wipe_realloc(void *p, size_t size)
{
	void *more = wipe_malloc(size);

	if (more && p) {
		memcpy(more, p, size < size_of(p) ? size : size_of(p));
		wipe_free(p);
	}
	return more;
}

char *wipe_strdup(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = wipe_malloc(len);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

void *wipe_calloc(size_t n, size_t size)
{
	void *block = size && n > SIZE_MAX / size ? NULL : wipe_malloc(n * size);

	if (block)
		memset(block, 0, n * size);
	return block;
}

static void wipe_plain(void *p)
{
	if (p)
		secret_wipe(p, malloc_usable_size(p));
	free(p);
}

void wipe_json(void)
{
	jsontext_release_by(wipe_plain);
}
