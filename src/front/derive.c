/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "derive.h"

#include <stdlib.h>
#include <string.h>

#define CHANGES_STEP 256

static int add(struct derive *d, const struct derive_change *change, struct kh_error *err)
{
	struct derive_change *v;

	if (!change->at)
		return 0;
	if (d->n == DERIVE_CHANGES_MAX)
		return yamldoc_fail(change->at, err, "more than %d values differ in a rehearsal", DERIVE_CHANGES_MAX);
	v = d->n % CHANGES_STEP ? d->v : realloc(d->v, (d->n + CHANGES_STEP) * sizeof(*v));
	if (!v)
		return kh_fail_memory(err);
	d->v = v;
	d->v[d->n++] = *change;
	return 0;
}

int derive_add(struct derive *d, const struct yamldoc_node *at, const char *to, struct kh_error *err)
{
	return add(d, &(struct derive_change){.at = at, .to = to, .kind = DERIVE_VALUE}, err);
}

int derive_cut(struct derive *d, const struct yamldoc_node *at, struct kh_error *err)
{
	return add(d, &(struct derive_change){.at = at, .to = "# ", .kind = DERIVE_CUT}, err);
}

int derive_member(struct derive *d, const struct yamldoc_node *map, const char *text, struct kh_error *err)
{
	return add(d, &(struct derive_change){.at = map->first, .map = map, .to = text, .kind = DERIVE_BEFORE}, err);
}

void derive_clear(struct derive *d)
{
	free(d->v);
	d->v = NULL;
	d->n = 0;
}

static size_t line_of(const struct derive_change *c)
{
	return c->kind == DERIVE_VALUE ? c->at->line : c->at->name_line;
}

static size_t column_of(const struct derive_change *c)
{
	return c->kind == DERIVE_VALUE ? c->at->column : c->at->name_column;
}

static int by_place(const void *a, const void *b)
{
	const size_t x = line_of(a), y = line_of(b);

	if (x != y)
		return x < y ? -1 : 1;
	return column_of(a) < column_of(b) ? -1 : column_of(a) > column_of(b);
}

/* The character of that line and column, both counted from 1, columns in characters of UTF-8; NULL behind the line's end. */
static const char *find(const char *text, const char *end, size_t line, size_t column)
{
	const char *at = text;

	for (; at && line > 1; line--) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	for (; at && column > 1; column--) {
		if (at == end || *at == '\n')
			return NULL;
		for (at++; at < end && ((unsigned char)*at & 0xc0) == 0x80; at++)
			;
	}
	return at;
}

static bool stands_at(const char *at, const char *end, const char *text)
{
	const size_t n = strlen(text);

	return (size_t)(end - at) >= n && memcmp(at, text, n) == 0;
}

/* Where the change is made, and how many bytes are taken out there. */
static const char *place_of(const struct derive_change *c, const char *text, const char *end, size_t *taken)
{
	const struct yamldoc_node *node = c->at;
	const char *at = find(text, end, line_of(c), column_of(c));

	*taken = c->kind == DERIVE_VALUE ? strlen(node->text) : 0;
	if (!at)
		return NULL;
	if (c->kind != DERIVE_VALUE) {
		const bool own_line = node->name_column == 1 && node->line == node->name_line;

		return stands_at(at + (at < end && (*at == '"' || *at == '\'')), end, node->name) && (c->kind == DERIVE_BEFORE || own_line) ? at : NULL;
	}
	at += at < end && (*at == '"' || *at == '\'');
	return stands_at(at, end, node->text) ? at : NULL;
}

static int add_change(const struct derive_change *c, struct buf *out, struct kh_error *err)
{
	if (buf_addf(out, "%s", err, c->to))
		return -1;
	if (c->kind != DERIVE_BEFORE)
		return 0;
	return c->map->flow ? buf_addf(out, ", ", err) : buf_addf(out, "\n%*s", err, (int)c->at->name_column - 1, "");
}

int derive_text(struct derive *d, const char *text, size_t len, struct buf *out, struct kh_error *err)
{
	const char *end = text + len, *from = text;

	if (d->n)
		qsort(d->v, d->n, sizeof(d->v[0]), by_place);
	for (size_t i = 0; i < d->n; i++) {
		size_t taken;
		const char *at = place_of(&d->v[i], text, end, &taken);

		if (!at || at < from) {
			yamldoc_fail(d->v[i].at, err, "the value does not stand there as it reads");
			return kh_hint(err, "a rehearsal puts another in its place: write it without escapes, a rule in a line of its own");
		}
		if (buf_add(out, from, (size_t)(at - from), err) || add_change(&d->v[i], out, err))
			return -1;
		from = at + taken;
	}
	return buf_add(out, from, (size_t)(end - from), err);
}
