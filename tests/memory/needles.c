/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* A bit for each hash of four bytes says whether a needle begins so; then chains by the first eight. */
#include "needles.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST 8
#define SECRET_MAX 1024 /* bytes: RSA-4096 has 512 */
#define BITS 20
#define HEADS_BITS 14

struct needles {
	struct needle *v;
	uint32_t *next; /* of a chain: the number plus one */
	size_t n, room;
	uint32_t heads[1u << HEADS_BITS];
	uint64_t begins[(1u << BITS) / 64];
};

static uint32_t hash4(const unsigned char *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof(x));
	return (x * 0x9E3779B1u) >> (32 - BITS);
}

static uint32_t hash8(const unsigned char *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return (uint32_t)((x * 0x9E3779B97F4A7C15u) >> (64 - HEADS_BITS));
}

struct needles *needles_new(void)
{
	return calloc(1, sizeof(struct needles));
}

void needles_free(struct needles *all)
{
	if (all == NULL)
		return;
	free(all->v);
	free(all->next);
	free(all);
}

static int grow(struct needles *all)
{
	size_t room = all->room ? 2 * all->room : 256;
	struct needle *v = realloc(all->v, room * sizeof(*v));
	uint32_t *next;

	if (v == NULL)
		return -1;
	all->v = v;
	next = realloc(all->next, room * sizeof(*next));
	if (next == NULL)
		return -1;
	all->next = next;
	all->room = room;
	return 0;
}

int needles_add(struct needles *all, const struct needle *n)
{
	uint32_t begin, head;

	if (n->len < LEAST || n->len > NEEDLE_MAX || (all->n == all->room && grow(all) != 0))
		return -1;
	begin = hash4(n->bytes);
	head = hash8(n->bytes);
	all->v[all->n] = *n;
	all->next[all->n] = all->heads[head];
	all->heads[head] = (uint32_t)++all->n;
	all->begins[begin / 64] |= 1ull << begin % 64;
	return 0;
}

/* Pieces of `size` bytes, one behind the other, and the last that there is room for. */
static int add_pieces(struct needles *all, const struct needle *like, const void *text, size_t len, size_t size)
{
	const unsigned char *from = text;
	struct needle n = *like;

	n.len = size;
	for (size_t at = 0; at < len; at += size) {
		n.at = at + size <= len ? at : len - size;
		memcpy(n.bytes, from + n.at, size);
		if (needles_add(all, &n) != 0)
			return -1;
	}
	return 0;
}

static int add_hex(struct needles *all, struct needle *like, const unsigned char *value, size_t len, bool upper)
{
	char hex[2 * SECRET_MAX + 1];

	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, upper ? "%02X" : "%02x", value[i]);
	like->form = upper ? "upper-case hex" : "hex";
	return add_pieces(all, like, hex, 2 * len, (size_t)2 * LEAST);
}

/* Nine bytes are twelve characters; what the last ones are depends on what follows. */
static int add_base64(struct needles *all, struct needle *like, const unsigned char *value, size_t len)
{
	unsigned char text[SECRET_MAX * 4 / 3 + 8];

	like->form = "base64";
	for (size_t phase = 0; phase < 3 && phase + 9 <= len; phase++) {
		size_t whole = (len - phase) / 9 * 9;

		EVP_EncodeBlock(text, value + phase, (int)whole);
		if (add_pieces(all, like, text, whole / 9 * 12, 12) != 0)
			return -1;
	}
	return 0;
}

int needles_add_secret(struct needles *all, enum needle_kind kind, const char *name, const unsigned char *value, size_t len)
{
	unsigned char reversed[SECRET_MAX];
	struct needle like = {.kind = kind, .form = "bytes"};

	if (len < LEAST || len > SECRET_MAX)
		return -1;
	snprintf(like.name, sizeof(like.name), "%s", name);
	for (size_t i = 0; i < len; i++)
		reversed[i] = value[len - 1 - i];
	if (add_pieces(all, &like, value, len, LEAST) != 0)
		return -1;
	like.form = "reversed";
	if (add_pieces(all, &like, reversed, len, LEAST) != 0 || add_hex(all, &like, value, len, false) != 0 ||
	    add_hex(all, &like, value, len, true) != 0)
		return -1;
	return add_base64(all, &like, value, len);
}

static int read_line(struct needles *all, const char *line)
{
	char kind[4], name[NEEDLE_NAME_MAX], hex[2 * SECRET_MAX + 1];
	unsigned char value[SECRET_MAX];
	size_t len = 0;

	if (sscanf(line, "%3s %63s %2048s", kind, name, hex) != 3 ||
	    OPENSSL_hexstr2buf_ex(value, sizeof(value), &len, hex, '\0') != 1 ||
	    (strcmp(kind, "key") != 0 && strcmp(kind, "pin") != 0))
		return -1;
	return needles_add_secret(all, kind[0] == 'k' ? NEEDLE_KEY : NEEDLE_PIN, name, value, len);
}

int needles_read(struct needles *all, const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	int ret = f != NULL ? 0 : -1;

	while (ret == 0 && getline(&line, &room, f) > 0)
		ret = read_line(all, line);
	if (ret != 0)
		fprintf(stderr, "memory_reader: %s: not a file of needles\n", path);
	free(line);
	if (f != NULL)
		(void)fclose(f);
	return ret;
}

size_t needles_count(const struct needles *all, enum needle_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += all->v[i].kind == kind;
	return n;
}

struct needle *needles_at(const struct needles *all, size_t i)
{
	return &all->v[i];
}

void needles_search(const struct needles *all, const unsigned char *data, size_t len, needle_found *found, void *arg)
{
	for (size_t i = 0; i + LEAST <= len; i++) {
		uint32_t begin = hash4(data + i);

		if (!(all->begins[begin / 64] >> begin % 64 & 1))
			continue;
		for (uint32_t k = all->heads[hash8(data + i)]; k != 0; k = all->next[k - 1]) {
			const struct needle *n = &all->v[k - 1];

			if (n->len <= len - i && memcmp(n->bytes, data + i, n->len) == 0)
				found(k - 1, i, arg);
		}
	}
}
