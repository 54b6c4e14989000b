/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "table.h"

#include "base/clock.h"
#include "bundle/csvtable.h"
#include "bundle/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNTED_MAX 16 /* different results */
#define WIDTH_MAX 60
#define UNTIL_MAX (CLOCK_TEXT + 16)
#define FLUSH_ROWS 256 /* that are held at a time */

struct kept {
	char *item, *arn, *message;
	const char *result;
	int64_t until;
	bool imported;
	enum kh_code code;
	char name[64]; /* of the native code */
	/* until it came out */
	json_t *json;
	struct kh_error *why;
};

struct table {
	struct cmd *c;
	struct file *csv;
	struct buf csv_text;
	struct kept *rows;
	size_t n, out; /* `out` of them came out */
};

int table_open(struct cmd *c, const char *csv, size_t n, struct table **out, struct kh_error *err)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return kh_fail_memory(err);
	t->c = c;
	t->n = n;
	t->csv_text.max = CSVTABLE_MAX;
	t->rows = calloc(n ? n : 1, sizeof(*t->rows));
	if (!t->rows) {
		kh_fail_memory(err);
		goto fail;
	}
	if (csv && csvtable_open(csv, &t->csv, &t->csv_text, err))
		goto fail;
	*out = t;
	return 0;
fail:
	table_free(t);
	return -1;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n && t->rows; i++) {
		free(t->rows[i].item);
		free(t->rows[i].arn);
		free(t->rows[i].message);
		free(t->rows[i].why);
		json_decref(t->rows[i].json);
	}
	free(t->rows);
	file_close(t->csv);
	buf_free(&t->csv_text);
	free(t);
}

static int copy(const char *text, char **out, struct kh_error *err)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? kh_fail_memory(err) : 0;
}

/* The next row, if it is there, into "results" or among the errors. */
static int let_out(struct table *t, struct kept *k, struct kh_error *err)
{
	json_t *json = k->json;
	struct kh_error *why = k->why;
	int rc;

	k->json = NULL;
	k->why = NULL;
	if (why)
		rc = cmd_item_failed(t->c, k->item, why, err);
	else if (t->c->common.json)
		rc = result_add(t->c, json, err);
	else
		rc = 0;
	if (!why && !t->c->common.json)
		json_decref(json);
	free(why);
	return rc;
}

static int keep_why(struct kept *k, const struct kh_error *why, struct kh_error *err)
{
	k->code = why->code;
	(void)snprintf(k->name, sizeof(k->name), "%s", why->name);
	k->why = malloc(sizeof(*why));
	if (!k->why)
		return kh_fail_memory(err);
	*k->why = *why;
	return copy(why->msg, &k->message, err);
}

int table_put(struct table *t, size_t i, const struct table_row *row, struct kh_error *err)
{
	struct kept *k = &t->rows[i];

	k->json = row->json;
	if (!row->why && !row->json)
		return kh_fail_memory(err);
	if (copy(row->item, &k->item, err) || copy(row->arn && *row->arn ? row->arn : NULL, &k->arn, err) ||
	    (row->why && keep_why(k, row->why, err)))
		return -1;
	k->until = row->until;
	k->imported = row->imported;
	k->result = row->why && !row->result ? "failed" : row->result;
	while (t->out < t->n && t->rows[t->out].result)
		if (let_out(t, &t->rows[t->out++], err))
			return -1;
	return 0;
}

size_t table_count(const struct table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->rows[i].result != NULL;
	return n;
}

int table_rest(struct table *t, struct kh_error *err)
{
	while (t->out < t->n) {
		struct kept *k = &t->rows[t->out++];

		if (k->result && let_out(t, k, err))
			return -1;
	}
	return 0;
}

static int write_csv(struct table *t, struct kh_error *err)
{
	char until[CLOCK_TEXT];

	for (size_t i = 0; i < t->n; i++) {
		const struct kept *k = &t->rows[i];
		const struct csvtable_row row = {.bundle = k->item, .kms_key_arn = k->arn, .result = k->result,
						 .until = k->until ? until : NULL, .status = kh_status(k->code),
						 .code = k->name, .message = k->message};

		if (k->until)
			clock_format(k->until, until);
		if (k->result && csvtable_add(&t->csv_text, &row, err))
			return -1;
	}
	return file_replace(t->csv, buf_text(&t->csv_text), t->csv_text.len, err);
}

/* "3 bundles: 2 fetched, 1 kept" */
static int print_counts(const struct table *t, struct cmd *c, const char *what, struct kh_error *err)
{
	struct {
		const char *result;
		size_t n;
	} counted[COUNTED_MAX] = {{NULL, 0}};
	size_t all = 0;

	for (size_t i = 0; i < t->n; i++) {
		size_t k = 0;

		if (!t->rows[i].result)
			continue;
		all++;
		while (k < COUNTED_MAX - 1 && counted[k].result && strcmp(counted[k].result, t->rows[i].result) != 0)
			k++;
		counted[k].result = t->rows[i].result;
		counted[k].n++;
	}
	if (cmd_printf(c, err, "%zu %s%s", all, what, all == 1 ? "" : "s"))
		return -1;
	for (size_t k = 0; k < COUNTED_MAX && counted[k].result; k++)
		if (cmd_printf(c, err, "%s %zu %s", k ? "," : ":", counted[k].n, counted[k].result))
			return -1;
	if (all < t->n && cmd_printf(c, err, "; %zu more were not come to", t->n - all))
		return -1;
	return cmd_printf(c, err, "\n");
}

/* A table is no place for a bundle's whole path: its end tells them apart. */
static const char *shown(const char *item)
{
	size_t len = strlen(item);

	return len > WIDTH_MAX ? item + len - WIDTH_MAX : item;
}

/* How the columns stand: beside each other, or below where they do not fit into the terminal. */
struct layout {
	int item, result, until;
	const char *behind_item, *behind_until;
};

static int widest(size_t now, const char *text)
{
	return (int)(strlen(text) > now ? strlen(text) : now);
}

/* What the time means: a request is to be imported by then, and material is dropped then. */
static const char *until_words(const struct kept *k, char out[UNTIL_MAX])
{
	char at[CLOCK_TEXT];

	if (!k->until)
		return k->imported ? "does not expire" : "-";
	clock_format(k->until, at);
	(void)snprintf(out, UNTIL_MAX, "%s %s", k->imported ? "expires" : "import by", at);
	return out;
}

static void choose_layout(const struct table *t, struct layout *out)
{
	const size_t columns = cmd_columns();
	char room[UNTIL_MAX];
	int arn = 0;

	*out = (struct layout){.item = 6, .result = 6, .until = 5, .behind_item = "  ", .behind_until = "  "};
	for (size_t i = 0; i < t->n; i++) {
		const struct kept *k = &t->rows[i];

		if (!k->result)
			continue;
		out->item = widest((size_t)out->item, shown(k->item));
		out->result = widest((size_t)out->result, k->result);
		out->until = widest((size_t)out->until, until_words(k, room));
		arn = widest((size_t)arn, k->arn ? k->arn : "-");
	}
	if (columns == 0 || (size_t)out->item + (size_t)out->result + (size_t)out->until + (size_t)arn + 6 <= columns)
		return;
	out->behind_until = "\n  ";
	if ((size_t)out->item + (size_t)out->result + (size_t)out->until + 4 > columns) {
		out->item = 0;
		out->behind_item = "\n  ";
	}
}

static int print_cells(struct cmd *c, const struct layout *l, const char *item, const char *result, const char *until,
		       const char *arn, struct kh_error *err)
{
	const bool below = l->behind_until[0] == '\n';

	return cmd_printf(c, err, "%-*s%s%-*s  %-*s%s%s\n", l->item, item, l->behind_item, l->result, result,
			  below ? 0 : l->until, until, l->behind_until, arn);
}

int table_end(struct table *t, const char *what, struct kh_error *err)
{
	struct layout layout;
	char until[UNTIL_MAX];
	struct cmd *c = t->c;

	if (table_rest(t, err) || (t->csv && write_csv(t, err)))
		return -1;
	choose_layout(t, &layout);
	if (print_cells(c, &layout, "bundle", "result", "until", "KMS key", err))
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		const struct kept *k = &t->rows[i];

		if ((k->result && print_cells(c, &layout, shown(k->item), k->result, until_words(k, until),
					      k->arn ? k->arn : "-", err)) ||
		    (i % FLUSH_ROWS == FLUSH_ROWS - 1 && cmd_flush(c, err)))
			return -1;
	}
	return print_counts(t, c, what, err);
}
