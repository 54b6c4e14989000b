/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "derive.h"

#include <stdlib.h>
#include <string.h>

static int add(struct derive *d, const struct yamldoc_node *at, const char *to, bool cut, struct kh_error *err)
{
	if (!at)
		return 0;
	if (d->n == DERIVE_CHANGES_MAX)
		return yamldoc_fail(at, err, "more than %d values differ in a rehearsal", DERIVE_CHANGES_MAX);
	d->v[d->n++] = (struct derive_change){.at = at, .to = to, .cut = cut};
	return 0;
}

int derive_add(struct derive *d, const struct yamldoc_node *at, const char *to, struct kh_error *err)
{
	return add(d, at, to, false, err);
}

int derive_cut(struct derive *d, const struct yamldoc_node *at, struct kh_error *err)
{
	return add(d, at, "# ", true, err);
}

static int by_place(const void *a, const void *b)
{
	const struct yamldoc_node *x = ((const struct derive_change *)a)->at, *y = ((const struct derive_change *)b)->at;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

/* The line of that number, counted from 1; NULL behind the end. */
static const char *line_of(const char *text, const char *end, size_t line)
{
	for (const char *at = text; at && at < end; at = memchr(at, '\n', (size_t)(end - at)), at = at ? at + 1 : NULL)
		if (--line == 0)
			return at;
	return NULL;
}

/* Where the change is made, and how many bytes are taken out there. */
static const char *place_of(const struct derive_change *change, const char *text, const char *end, size_t *taken)
{
	const struct yamldoc_node *node = change->at;
	const char *line = line_of(text, end, change->cut ? node->name_line : node->line), *at;
	const size_t n = node->text ? strlen(node->text) : 0, name = node->name ? strlen(node->name) : 0;

	*taken = change->cut ? 0 : n;
	if (!line)
		return NULL;
	if (change->cut)
		return node->name && node->line == node->name_line && (size_t)(end - line) > name && memcmp(line, node->name, name) == 0
			       ? line
			       : NULL;
	if (node->column == 0 || (size_t)(end - line) < node->column - 1)
		return NULL;
	at = line + node->column - 1;
	at += at < end && (*at == '"' || *at == '\'');
	return !n || ((size_t)(end - at) >= n && memcmp(at, node->text, n) == 0) ? at : NULL;
}

int derive_text(struct derive *d, const char *text, size_t len, struct buf *out, struct kh_error *err)
{
	const char *end = text + len, *from = text;

	qsort(d->v, d->n, sizeof(d->v[0]), by_place);
	for (size_t i = 0; i < d->n; i++) {
		size_t taken;
		const char *at = place_of(&d->v[i], text, end, &taken);

		if (!at || at < from) {
			yamldoc_fail(d->v[i].at, err, "the value does not stand there as it reads");
			return kh_hint(err, "a rehearsal puts another in its place: write it without escapes, a rule in a line of its own");
		}
		if (buf_add(out, from, (size_t)(at - from), err) || buf_add(out, d->v[i].to, strlen(d->v[i].to), err))
			return -1;
		from = at + taken;
	}
	return buf_add(out, from, (size_t)(end - from), err);
}
