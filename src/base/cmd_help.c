/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_output.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 80
#define TEXT_COLUMN 34 /* of the options' texts */
#define HEAD_WIDTH 30

/* Adds words from column `at` on, broken before WIDTH and indented to `column` there, and ends the line. */
static void say_words(const char *text, size_t at, size_t column, struct buf *out, struct kh_error *err)
{
	bool first = true;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (!first && at + 1 + word > WIDTH) {
			(void)buf_addf(out, "\n%*s", err, (int)column, "");
			at = column;
		} else if (!first) {
			(void)buf_add(out, " ", 1, err);
			at++;
		}
		(void)buf_add(out, text, word, err);
		at += word;
		first = false;
		text += word + strspn(text + word, " ");
	}
	(void)buf_add(out, "\n", 1, err);
}

/* Lines of columns: what is behind the last gap of two spaces or more is broken under itself. */
static void say_lines(const char *lines, struct buf *out, struct kh_error *err)
{
	for (const char *end; *lines; lines = *end ? end + 1 : end) {
		char line[512];
		size_t column = 0;

		end = lines + strcspn(lines, "\n");
		(void)snprintf(line, sizeof(line), "%.*s", (int)(end - lines), lines);
		for (size_t i = 2; line[0] && line[i - 1] && line[i]; i++)
			if (line[i - 2] == ' ' && line[i - 1] == ' ' && line[i] != ' ')
				column = i;
		(void)buf_add(out, line, column, err);
		say_words(line + column, column, column, out, err);
	}
}

static void say_verb(const struct cmd_row *row, struct buf *out, struct kh_error *err)
{
	size_t width = row->stands_in ? 28 : 11, column = 2 + width + 1;

	(void)buf_addf(out, "  %-*s ", err, (int)width, row->verb);
	say_words(row->summary, column, column, out, err);
}

static void say_usage(const struct cmd_program *p, const struct cmd_row *row, struct buf *out, struct kh_error *err)
{
	struct buf line = BUF_INIT(4096);

	if (!row)
		(void)buf_addf(&line, "usage: %s VERB [OPTION...]", err, p->name);
	else
		(void)buf_addf(&line, "usage: %s%s%s%s%s [OPTION...]%s%s", err, p->name, row->verb ? " " : "",
			       row->verb ? row->verb : "", row->needs ? " " : "", row->needs ? row->needs : "",
			       row->operands[0] ? " " : "", row->operands);
	say_words(buf_text(&line), 0, 7, out, err);
	buf_free(&line);
}

/* What the option is for, its choices, and the variable that stands for it. */
static void say_option(const struct opt_row *row, struct buf *out, struct kh_error *err)
{
	struct buf line = BUF_INIT(4096);

	(void)buf_addf(&line, "%s", err, row->text);
	for (size_t k = 0; row->choices && row->choices[k]; k++)
		(void)buf_addf(&line, "%s%s", err, k ? ", " : ": ", row->choices[k]);
	(void)buf_addf(&line, "%s%s%s", err, row->env ? " [" : "", row->env ? row->env : "", row->env ? "]" : "");
	say_words(buf_text(&line), TEXT_COLUMN, TEXT_COLUMN, out, err);
	buf_free(&line);
}

static void say_rows(const struct opt_group *g, struct buf *out, struct kh_error *err)
{
	(void)buf_addf(out, "\n%s:\n", err, g->title ? g->title : "Options");
	for (size_t i = 0; i < g->n; i++) {
		const struct opt_row *row = &g->rows[i];
		char head[96];

		(void)snprintf(head, sizeof(head), "--%s%s%s", row->name, row->arg ? " " : "",
			       row->arg ? row->arg : "");
		if (strlen(head) > HEAD_WIDTH)
			(void)buf_addf(out, "  %s\n%*s", err, head, TEXT_COLUMN, "");
		else
			(void)buf_addf(out, "  %-*s", err, TEXT_COLUMN - 2, head);
		say_option(row, out, err);
	}
}

int help_print(const struct cmd_program *p, const struct cmd_row *row, const struct opt_group *groups)
{
	struct buf out = BUF_INIT(65536);
	struct kh_error err = {0};
	int rc;

	say_usage(p, row, &out, &err);
	say_words(row && row->verb ? row->summary : p->summary, 0, 0, &out, &err);
	if (!row) {
		(void)buf_addf(&out, "\nVerbs (%s VERB --help says more):\n", &err, p->name);
		for (size_t i = 0; i < p->n; i++)
			say_verb(p->rows[i], &out, &err);
	}
	for (const struct opt_group *g = groups; row && g->rows; g++)
		say_rows(g, &out, &err);
	(void)buf_addf(&out, "\n  %-31s %s\n  %-31s %s\n", &err, "--help", "this text", "--version", "the version");
	if (p->more_help) {
		(void)buf_add(&out, "\n", 1, &err);
		say_lines(p->more_help, &out, &err);
	}
	rc = output_bytes(buf_text(&out), out.len) ? kh_status(KH_E_SYSTEM) : 0;
	buf_free(&out);
	return rc;
}

int version_print(const struct cmd_program *p)
{
	return printf("%s %s\n", p->name, VERSION) < 0 || fflush(stdout) ? kh_status(KH_E_SYSTEM) : 0;
}

void help_dump(const struct cmd_row *row, const struct opt_group *groups)
{
	static const char *const kinds[OPT_KINDS] = {"flag", "text", "choice", "number", "input", "output", "uri", "list"};
	const char *verb = row->verb ? row->verb : "";

	(void)printf("verb\t%s\t%s\t%s\t%s\n", verb, row->operands, row->summary, row->stands_in ? "stands in" : "");
	for (const struct opt_group *g = groups; g->rows; g++)
		for (size_t k = 0; k < g->n; k++) {
			const struct opt_row *o = &g->rows[k];

			(void)printf("option\t%s\t%s\t%s\t%s\t%s\t", verb, o->name, kinds[o->kind], o->arg ? o->arg : "",
				     o->env ? o->env : "");
			for (size_t i = 0; o->choices && o->choices[i]; i++)
				(void)printf("%s%s", i ? " " : "", o->choices[i]);
			(void)printf("\n");
		}
}

void help_dump_statuses(void)
{
	for (int k = 0; k < KH_CODES; k++)
		(void)printf("status\t%d\t%s\t%s\n", kh_status((enum kh_code)k), kh_code_name((enum kh_code)k),
			     kh_code_text((enum kh_code)k));
}
