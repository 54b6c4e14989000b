/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "jsontext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_LEAST 256

/* What jansson allocated in this thread since it was called. The blocks are plain ones, which whoever has them frees. */
struct held {
	jmp_buf out; /* for an allocation that fails */
	void **blocks;
	size_t n, room;
};
static _Thread_local struct held *held;
static _Thread_local bool lacked; /* an allocation failed outside of these */
static void (*release_by)(void *) = free;

static int note(struct held *h, void *block)
{
	size_t room = h->room ? 2 * h->room : BLOCKS_LEAST;
	void **grown;

	if (h->n == h->room) {
		grown = realloc(h->blocks, room * sizeof(*grown));
		if (!grown)
			return -1;
		h->blocks = grown;
		h->room = room;
	}
	h->blocks[h->n++] = block;
	return 0;
}

static void *allocate(size_t size)
{
	void *block = malloc(size);

	if (!held || (block && note(held, block) == 0)) {
		lacked = lacked || !block;
		return block;
	}
	free(block);
	longjmp(held->out, 1);
}

/* What is freed was mostly allocated last. */
static void release(void *block)
{
	size_t i = held && block ? held->n : 0;

	while (i > 0 && held->blocks[i - 1] != block)
		i--;
	if (i > 0)
		held->blocks[i - 1] = held->blocks[--held->n];
	release_by(block);
}

/* Before main: no thread is in jansson yet. */
__attribute__((constructor)) static void take_over(void)
{
	json_set_alloc_funcs(allocate, release);
}

void jsontext_release_by(void (*free_block)(void *block))
{
	release_by = free_block;
}

static void drop(struct held *h)
{
	held = NULL;
	for (size_t i = 0; i < h->n; i++)
		release_by(h->blocks[i]);
}

static void say_no_memory(json_error_t *why)
{
	if (!why)
		return;
	memset(why, 0, sizeof(*why));
	why->line = why->column = -1;
	(void)snprintf(why->text, sizeof(why->text), "out of memory");
	why->text[JSON_ERROR_TEXT_LENGTH - 1] = (char)json_error_out_of_memory; /* where json_error_code looks */
}

json_t *jsontext_read(const char *data, size_t len, size_t flags, json_error_t *why)
{
	struct held h = {.blocks = NULL};
	json_t *volatile root = NULL;

	held = &h;
	if (setjmp(h.out) == 0) {
		root = json_loadb(data, len, flags, why);
	} else {
		drop(&h);
		say_no_memory(why);
	}
	held = NULL;
	free(h.blocks);
	return root;
}

char *jsontext_write(const json_t *value, size_t flags)
{
	struct held h = {.blocks = NULL};
	char *volatile text = NULL;

	held = &h;
	if (setjmp(h.out) == 0)
		text = json_dumps(value, flags);
	else
		drop(&h);
	held = NULL;
	free(h.blocks);
	return text;
}

json_t *jsontext_pack(const char *format, ...)
{
	json_t *value;
	va_list args;

	lacked = false;
	va_start(args, format);
	value = json_vpack_ex(NULL, 0, format, args);
	va_end(args);
	if (!lacked)
		return value;
	json_decref(value);
	return NULL;
}

json_t *jsontext_string(const char *text, size_t len)
{
	lacked = false;
	return json_stringn(text, len);
}

bool jsontext_lacked(void)
{
	return lacked;
}
