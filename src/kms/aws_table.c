/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_table.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define SECTIONS_MAX 8192
#define PADDING 4
#define DIM "\033[2m\033[33m"
#define BRIGHT "\033[1m\033[34m"
#define RESET "\033[0m"

struct section {
	char *title;
	int indent;
	json_t *head; /* NULL for none */
	json_t *rows; /* arrays of strings, written out */
	size_t columns;
};

struct aws_table {
	const struct aws_output *output;
	struct section *sections;
	size_t n, room;
};

/* A line as it grows. */
struct line {
	const struct aws_table *table;
	struct buf *out;
	struct kh_error *err;
};

struct aws_table *aws_table_new(const struct aws_output *o)
{
	struct aws_table *t = calloc(1, sizeof(*t));

	if (t)
		t->output = o;
	return t;
}

void aws_table_free(struct aws_table *t)
{
	for (size_t i = 0; t && i < t->n; i++) {
		free(t->sections[i].title);
		json_decref(t->sections[i].head);
		json_decref(t->sections[i].rows);
	}
	if (t)
		free(t->sections);
	free(t);
}

static int grow(struct aws_table *t, struct kh_error *err)
{
	size_t room = t->room ? 2 * t->room : 16;
	struct section *more;

	if (t->n < t->room)
		return 0;
	if (room > SECTIONS_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "the answer is too large for a table");
	more = realloc(t->sections, room * sizeof(*more));
	if (!more)
		return kh_fail_memory(err);
	t->sections = more;
	t->room = room;
	return 0;
}

int aws_table_section(struct aws_table *t, const char *title, int indent, struct kh_error *err)
{
	struct section *s;

	if (grow(t, err))
		return -1;
	s = &t->sections[t->n++];
	*s = (struct section){.title = strdup(title), .indent = indent, .rows = json_array()};
	return s->title && s->rows ? 0 : kh_fail_memory(err);
}

int aws_table_head(struct aws_table *t, json_t *names, struct kh_error *err)
{
	struct section *s = &t->sections[t->n - 1];

	if (!names)
		return kh_fail_memory(err);
	json_decref(s->head);
	s->head = names;
	s->columns = json_array_size(names);
	return 0;
}

static int add_row(const struct aws_table *t, struct section *s, const json_t *values, struct kh_error *err)
{
	json_t *row = json_array();
	const json_t *one;
	size_t i;
	int rc = row ? 0 : kh_fail_memory(err);

	json_array_foreach(values, i, one) {
		struct buf text = BUF_INIT(16u << 20);

		if (!rc)
			rc = aws_output_scalar(t->output, one, &text, err);
		if (!rc && json_array_append_new(row, json_stringn(buf_text(&text), text.len)))
			rc = kh_fail_memory(err);
		buf_free(&text);
	}
	if (!rc && json_array_append(s->rows, row))
		rc = kh_fail_memory(err);
	json_decref(row);
	return rc;
}

int aws_table_row(struct aws_table *t, json_t *values, struct kh_error *err)
{
	struct section *s = t->n ? &t->sections[t->n - 1] : NULL;
	size_t n = json_array_size(values);
	int rc = -1;

	if (!values)
		return kh_fail_memory(err);
	if (s && !s->head && json_array_size(s->rows) == 0)
		s->columns = n;
	if (!s || n != s->columns)
		kh_fail(err, KH_E_INPUT, 0, "Row should have %zu elements, instead it has %zu", s ? s->columns : 0, n);
	else
		rc = add_row(t, s, values, err);
	json_decref(values);
	return rc;
}

static size_t width_at(const json_t *row, size_t i)
{
	return text_columns(json_string_value(json_array_get(row, i)));
}

/* How wide the Ith column is by itself. */
static size_t column_width(const struct section *s, size_t i)
{
	size_t width = s->head ? width_at(s->head, i) : 0;
	const json_t *row;
	size_t k;

	json_array_foreach(s->rows, k, row)
		width = width_at(row, i) > width ? width_at(row, i) : width;
	return width;
}

static long section_width(const struct section *s)
{
	size_t width = 2, title = text_columns(s->title) + 2;

	for (size_t i = 0; i < s->columns; i++)
		width += column_width(s, i) + PADDING;
	return (long)(width > title ? width : title) + 2 * s->indent;
}

static long table_width(const struct aws_table *t)
{
	long width = 0;

	for (size_t i = 0; i < t->n; i++)
		width = section_width(&t->sections[i]) > width ? section_width(&t->sections[i]) : width;
	return width;
}

/* Stretches the columns to the width in all; what rounding is off by goes to the first, or from the last, in turn. */
static void stretch(const struct section *s, long all, long *widths)
{
	long sum = 0, off = -all;

	for (size_t i = 0; i < s->columns; i++)
		sum += (long)column_width(s, i) + PADDING;
	for (size_t i = 0; i < s->columns; i++) {
		widths[i] = aws_output_round((double)all / (double)sum * (double)((long)column_width(s, i) + PADDING));
		off += widths[i];
	}
	while (off > 0)
		for (size_t i = 0; off > 0 && i < s->columns; i++, off--)
			widths[i]--;
	while (off < 0)
		for (size_t i = s->columns; off < 0 && i > 0; i--, off++)
			widths[i - 1]++;
}

static int add(const struct line *l, const char *text)
{
	return buf_add(l->out, text, strlen(text), l->err);
}

static int times(const struct line *l, char c, long n)
{
	for (; n > 0; n--)
		if (buf_add(l->out, &c, 1, l->err))
			return -1;
	return 0;
}

static int edge(const struct line *l, const struct section *s)
{
	if (!s->indent)
		return 0;
	if (!l->table->output->color)
		return times(l, '|', s->indent);
	for (int i = 0; i < s->indent; i++)
		if (add(l, DIM "|" RESET))
			return -1;
	return 0;
}

/* `first` has an edge on both sides, the others on the right alone. */
static int center(const struct line *l, const char *text, long width, bool first)
{
	long n = (long)text_columns(text), before = width / 2 - n / 2 - 1, behind = width - 1 - (first + before + n);

	return (first && add(l, "|")) || times(l, ' ', before) || add(l, text) || times(l, ' ', behind) || add(l, "|") ? -1 : 0;
}

static int left(const struct line *l, const char *text, long width, bool first)
{
	bool color = l->table->output->color;
	long n = (long)text_columns(text), padding = width - n - 3 - first >= 0 ? 2 : 0;

	return (first && add(l, "|")) || times(l, ' ', padding) || (color && add(l, BRIGHT)) || add(l, text) ||
	       (color && add(l, RESET)) || times(l, ' ', width - n - padding - first - 1) || add(l, "|") ? -1 : 0;
}

static int rule(const struct line *l, const struct section *s, const long *widths)
{
	if (edge(l, s))
		return -1;
	for (size_t i = 0; i < s->columns; i++)
		if ((i == 0 && add(l, "+")) || times(l, '-', widths[i] - (i == 0 ? 2 : 1)) || add(l, "+"))
			return -1;
	return edge(l, s) ? -1 : add(l, "\n");
}

static int cells(const struct line *l, const struct section *s, const json_t *row, const long *widths)
{
	bool head = row == s->head;

	if (edge(l, s))
		return -1;
	for (size_t i = 0; i < s->columns; i++) {
		const char *text = json_string_value(json_array_get(row, i));

		if (head ? center(l, text, widths[i], i == 0) : left(l, text, widths[i], i == 0))
			return -1;
	}
	return edge(l, s) ? -1 : add(l, "\n");
}

static int write_title(const struct line *l, const struct section *s, long width)
{
	if (!s->title[0])
		return 0;
	if (edge(l, s) || center(l, s->title, width, true) || edge(l, s) || add(l, "\n"))
		return -1;
	if (s->head || json_array_size(s->rows))
		return 0;
	return edge(l, s) || add(l, "+") || times(l, '-', width - 2) || add(l, "+") || edge(l, s) ? -1 : add(l, "\n");
}

static int write_section(const struct line *l, const struct section *s, long width)
{
	long *widths = calloc(s->columns + 1, sizeof(*widths));
	const json_t *row;
	size_t i;
	int rc = -1;

	if (!widths)
		return kh_fail_memory(l->err);
	if (s->columns)
		stretch(s, width, widths);
	if (write_title(l, s, width))
		goto out;
	if (s->columns && s->head && (rule(l, s, widths) || cells(l, s, s->head, widths)))
		goto out;
	if (s->columns && json_array_size(s->rows)) {
		if (rule(l, s, widths))
			goto out;
		json_array_foreach(s->rows, i, row)
			if (cells(l, s, row, widths))
				goto out;
		if (rule(l, s, widths))
			goto out;
	}
	rc = 0;
out:
	free(widths);
	return rc;
}

/* A section of one row under its heads becomes a row for each head. */
static int turn(struct section *s, struct kh_error *err)
{
	json_t *rows, *values;

	if (!s->head || json_array_size(s->rows) != 1)
		return 0;
	rows = json_array();
	values = json_array_get(s->rows, 0);
	for (size_t i = 0; rows && i < s->columns; i++)
		if (json_array_append_new(rows, json_pack("[O,O]", json_array_get(s->head, i), json_array_get(values, i)))) {
			json_decref(rows);
			rows = NULL;
		}
	if (!rows)
		return kh_fail_memory(err);
	json_decref(s->rows);
	json_decref(s->head);
	s->rows = rows;
	s->head = NULL;
	s->columns = 2;
	return 0;
}

int aws_table_write(struct aws_table *t, struct buf *out, struct kh_error *err)
{
	const struct line l = {t, out, err};
	long width = table_width(t);

	if (width > (long)t->output->columns) {
		for (size_t i = 0; i < t->n; i++)
			if (turn(&t->sections[i], err))
				return -1;
		width = table_width(t);
	}
	if (times(&l, '-', width) || add(&l, "\n"))
		return -1;
	for (size_t i = 0; i < t->n; i++)
		if (write_section(&l, &t->sections[i], width - 2L * t->sections[i].indent))
			return -1;
	return 0;
}
