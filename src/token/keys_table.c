/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keys_table.h"

#include "base/text.h"
#include "paragraph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_WIDTH 24 /* what is longer runs over */
#define KIND_MAX 40
#define WHY_MAX (KEY_WHY_MAX + 32)

struct keys_row {
	char *label, *uri; /* escaped for a terminal */
	char kind[KIND_MAX]; /* "AES 256" */
	const char *spec;  /* as which it can be hauled; NULL: it cannot */
	char why[WHY_MAX]; /* why not, or in what way only; "" */
};

static int copy_label(const struct key *k, char **out, struct kh_error *err)
{
	struct buf safe = BUF_INIT(8 * KEY_LABEL_MAX);
	const char *without = k->label_is_long ? "(label too long to show)" : "(no label)";

	if (text_for_terminal(k->label, k->label_len, &safe, err) != 0) {
		buf_free(&safe);
		return -1;
	}
	*out = strdup(k->label_len > 0 ? buf_text(&safe) : without);
	buf_free(&safe);
	return *out != NULL ? 0 : kh_fail_memory(err);
}

static int copy_uri(const struct token *t, const struct key *k, char **out, struct kh_error *err)
{
	struct buf uri = BUF_INIT(URI_MAX);

	if (key_uri(t, k, &uri, err) != 0) {
		buf_free(&uri);
		return -1;
	}
	*out = uri.data; /* ends with a NUL; ours now */
	return 0;
}

static int grow(struct keys_table *table, struct kh_error *err)
{
	size_t room = table->room > 0 ? 2 * table->room : 64;
	struct keys_row *grown = realloc(table->rows, room * sizeof(*grown));

	if (grown == NULL)
		return kh_fail_memory(err);
	table->rows = grown;
	table->room = room;
	return 0;
}

int keys_table_add(struct keys_table *table, const struct token *t, const struct key *k, struct kh_error *err)
{
	char type[24], why[KEY_WHY_MAX];
	struct keys_row *row;

	if (table->n == table->room && grow(table, err) != 0)
		return -1;
	row = &table->rows[table->n++];
	memset(row, 0, sizeof(*row));
	if (k->bits > 0)
		snprintf(row->kind, sizeof(row->kind), "%s %u", key_type_name(k->type, type), k->bits);
	else
		snprintf(row->kind, sizeof(row->kind), "%s", key_type_name(k->type, type));
	if (key_is_haulable(k, why)) {
		row->spec = keyspec_name(k->spec);
		if (k->type == CKK_AES && k->bits == 128)
			snprintf(row->why, sizeof(row->why), "can be hauled in aws-cn only");
		if (k->wrap_with_trusted == BUNDLE_TRUE)
			snprintf(row->why, sizeof(row->why), "can be hauled under a wrapping key that the security officer trusts "
							     "only (CKA_WRAP_WITH_TRUSTED): 'keyhaul-token trust'");
	} else {
		snprintf(row->why, sizeof(row->why), "cannot be hauled: %s", why);
	}
	return copy_label(k, &row->label, err) != 0 || copy_uri(t, k, &row->uri, err) != 0 ? -1 : 0;
}

static int compare(const void *a, const void *b)
{
	const struct keys_row *x = a, *y = b;
	int order = strcmp(x->label, y->label);

	return order != 0 ? order : strcmp(x->uri, y->uri);
}

struct widths {
	int label, kind;
};

static struct widths measure(const struct keys_table *table)
{
	struct widths w = {sizeof("label") - 1, sizeof("key") - 1};

	for (size_t i = 0; i < table->n; i++) {
		size_t label = text_columns(table->rows[i].label), kind = strlen(table->rows[i].kind);

		if (label > (size_t)w.label)
			w.label = label < LABEL_WIDTH ? (int)label : LABEL_WIDTH;
		if (kind > (size_t)w.kind)
			w.kind = (int)kind;
	}
	return w;
}

static int show_row(struct cmd *c, const struct keys_row *row, const struct widths *w, struct kh_error *err)
{
	size_t columns = text_columns(row->label);
	int pad = columns < (size_t)w->label ? w->label - (int)columns : 0;

	if (cmd_printf(c, err, "%s%*s  %-*s  %s\n  %s\n", row->label, pad, "", w->kind, row->kind,
		       row->spec != NULL ? row->spec : "no", row->uri) != 0)
		return -1;
	if (row->why[0] == '\0')
		return 0;
	return cmd_printf(c, err, "  ") != 0 ? -1 : paragraph_print(c, 2, row->why, err);
}

int keys_table_show(struct cmd *c, struct keys_table *table, struct kh_error *err)
{
	struct widths w = measure(table);

	qsort(table->rows, table->n, sizeof(*table->rows), compare);
	if (cmd_printf(c, err, "%-*s  %-*s  %s\n", w.label, "label", w.kind, "key", "can be hauled as") != 0)
		return -1;
	for (size_t i = 0; i < table->n; i++)
		if (show_row(c, &table->rows[i], &w, err) != 0)
			return -1;
	return 0;
}

void keys_table_free(struct keys_table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		free(table->rows[i].label);
		free(table->rows[i].uri);
	}
	free(table->rows);
	memset(table, 0, sizeof(*table));
}
