/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul_batch.h"

#include "base/text.h"
#include "paragraph.h"

#include <stdio.h>
#include <string.h>

#define WIDTH_MAX 60	/* of a column that what is longer runs over */
#define FLUSH_ROWS 256	/* rows that are held at a time */

struct widths {
	size_t bundle, key, algorithm;
};

static const char *const words[] = {
	[HAUL_NOT_TRIED] = "not tried", [HAUL_IN_USE] = "not tried", [HAUL_WRAPPED] = "wrapped",
	[HAUL_SKIPPED] = "skipped",	[HAUL_FAILED] = "failed",
};

/* The cells as they are shown; the path is escaped into `path`. */
struct cells {
	struct buf path;
	const char *key, *algorithm, *why;
};

static int cells_of(const struct haul_batch *b, size_t i, struct cells *out, struct kh_error *err)
{
	const struct haul_outcome *o = &b->outcomes[i];
	const struct wrapalg_info *info = o->algorithm < WRAPALGS ? wrapalg_info((enum wrapalg)o->algorithm) : NULL;
	const char *path = b->c->words[i];

	out->path.len = 0;
	out->key = o->key != 0 ? b->names.data + o->key : "-";
	out->why = o->why != 0 ? b->names.data + o->why : NULL;
	out->algorithm = info != NULL && o->state != HAUL_NOT_TRIED && o->state != HAUL_IN_USE ? info->name : "-";
	return text_for_terminal(path, strlen(path), &out->path, err);
}

static void widen(size_t *width, const char *text)
{
	size_t columns = text_columns(text);

	if (columns > *width && columns <= WIDTH_MAX)
		*width = columns;
}

static int cell(struct cmd *c, const char *text, size_t width, struct kh_error *err)
{
	size_t columns = text_columns(text);

	return cmd_printf(c, err, "%s%*s", text, (int)(columns < width ? width - columns : 0) + 2, "");
}

static int row(struct cmd *c, const struct widths *w, const char *bundle, const char *key, const char *algorithm,
	       const char *result, const char *why, struct kh_error *err)
{
	if (cell(c, bundle, w->bundle, err) != 0 || cell(c, key, w->key, err) != 0 ||
	    cell(c, algorithm, w->algorithm, err) != 0)
		return -1;
	if (why == NULL || cmd_printf(c, err, "%s\n  ", result) != 0)
		return why == NULL ? cmd_printf(c, err, "%s\n", result) : -1;
	return paragraph_print(c, 2, why, err);
}

/* True where all of them are what a shell makes of one *.bundle: `*folder` is how much of the first is their folder's. */
static bool one_pattern(const struct cmd *c, size_t *folder)
{
	const char *slash = strrchr(c->words[0], '/');

	*folder = slash != NULL ? (size_t)(slash - c->words[0]) + 1 : 0;
	for (size_t i = 0; i < c->nwords; i++) {
		const char *end = strrchr(c->words[i], '.'), *own = strrchr(c->words[i], '/');

		if (end == NULL || strcmp(end, ".bundle") != 0 || strchr(c->words[i], '\'') != NULL ||
		    (own != NULL ? (size_t)(own - c->words[i]) + 1 : 0) != *folder ||
		    strncmp(c->words[i], c->words[0], *folder) != 0)
			return false;
	}
	return c->words[0][0] != '-';
}

/* The command to type next, on the host that has the network, once nothing is left to do here. */
static int next(const struct haul_batch *b, struct kh_error *err)
{
	const char *quote;
	size_t folder;

	if (!one_pattern(b->c, &folder))
		return cmd_printf(b->c, err, "next: keyhaul-kms import BUNDLE...\n");
	quote = folder > 0 ? "'" : "";
	return cmd_printf(b->c, err, "next: keyhaul-kms import %s%.*s%s*.bundle\n", quote, (int)folder, b->c->words[0], quote);
}

/* "12 bundles: 9 wrapped, 1 skipped, 2 failed"; what there is none of is left out. */
static int summary(const struct haul_batch *b, struct kh_error *err)
{
	static const enum haul_state order[] = {HAUL_WRAPPED, HAUL_SKIPPED, HAUL_FAILED, HAUL_NOT_TRIED};
	size_t n[HAUL_FAILED + 1] = {0};
	const char *between = " ";

	for (size_t i = 0; i < b->c->nwords; i++)
		n[b->outcomes[i].state == HAUL_IN_USE ? HAUL_NOT_TRIED : b->outcomes[i].state]++;
	if (cmd_printf(b->c, err, "\n%zu bundles:", b->c->nwords) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (n[order[i]] == 0)
			continue;
		if (cmd_printf(b->c, err, "%s%zu %s", between, n[order[i]], words[order[i]]) != 0)
			return -1;
		between = ", ";
	}
	if (cmd_printf(b->c, err, "\n") != 0)
		return -1;
	return n[HAUL_WRAPPED] > 0 && n[HAUL_FAILED] + n[HAUL_NOT_TRIED] == 0 ? next(b, err) : 0;
}

static int rows(const struct haul_batch *b, const struct widths *w, struct cells *cells, struct kh_error *err)
{
	if (row(b->c, w, "bundle", "key", "algorithm", "result", NULL, err) != 0)
		return -1;
	for (size_t i = 0; i < b->c->nwords; i++) {
		const struct haul_outcome *o = &b->outcomes[i];

		if (cells_of(b, i, cells, err) != 0 ||
		    row(b->c, w, buf_text(&cells->path), cells->key, cells->algorithm, words[o->state], cells->why,
			err) != 0)
			return -1;
		if (i % FLUSH_ROWS == FLUSH_ROWS - 1 && cmd_flush(b->c, err) != 0)
			return -1;
	}
	return 0;
}

int haul_table_show(const struct haul_batch *b, struct kh_error *err)
{
	struct widths w = {sizeof("bundle") - 1, sizeof("key") - 1, sizeof("algorithm") - 1};
	struct cells cells = {.path = BUF_INIT(65536)};
	int ret = -1;

	for (size_t i = 0; i < b->c->nwords; i++) {
		if (cells_of(b, i, &cells, err) != 0)
			goto out;
		widen(&w.bundle, buf_text(&cells.path));
		widen(&w.key, cells.key);
		widen(&w.algorithm, cells.algorithm);
	}
	if (rows(b, &w, &cells, err) == 0 && summary(b, err) == 0)
		ret = cmd_flush(b->c, err);
out:
	buf_free(&cells.path);
	return ret;
}
