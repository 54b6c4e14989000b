/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_output.h"

#include <stdio.h>
#include <string.h>

static void say_usage(const struct cmd_program *p, const struct cmd_row *row, struct buf *out, struct kh_error *err)
{
	if (!row)
		(void)buf_addf(out, "usage: %s VERB [OPTION...]\n", err, p->name);
	else
		(void)buf_addf(out, "usage: %s%s%s%s%s [OPTION...]%s%s\n", err, p->name, row->verb ? " " : "",
			       row->verb ? row->verb : "", row->needs ? " " : "", row->needs ? row->needs : "",
			       row->operands[0] ? " " : "", row->operands);
}

static void say_rows(const struct opt_group *g, struct buf *out, struct kh_error *err)
{
	(void)buf_addf(out, "\n%s:\n", err, g->title ? g->title : "Options");
	for (size_t i = 0; i < g->n; i++) {
		const struct opt_row *row = &g->rows[i];
		char head[96];

		(void)snprintf(head, sizeof(head), "--%s%s%s", row->name, row->arg ? " " : "",
			       row->arg ? row->arg : "");
		(void)buf_addf(out, strlen(head) > 30 ? "  %s\n%34s%s" : "  %-31s %s%s", err, head,
			       strlen(head) > 30 ? "" : row->text, strlen(head) > 30 ? row->text : "");
		for (size_t k = 0; row->choices && row->choices[k]; k++)
			(void)buf_addf(out, "%s%s", err, k ? ", " : ": ", row->choices[k]);
		(void)buf_addf(out, "%s%s%s\n", err, row->env ? " [" : "", row->env ? row->env : "",
			       row->env ? "]" : "");
	}
}

int help_print(const struct cmd_program *p, const struct cmd_row *row, const struct opt_group *groups)
{
	struct buf out = BUF_INIT(65536);
	struct kh_error err = {0};
	int rc;

	say_usage(p, row, &out, &err);
	(void)buf_addf(&out, "%s\n", &err, row && row->verb ? row->summary : p->summary);
	if (!row) {
		(void)buf_addf(&out, "\nVerbs (%s VERB --help says more):\n", &err, p->name);
		for (size_t i = 0; i < p->n; i++)
			(void)buf_addf(&out, p->rows[i]->stands_in ? "  %-28s %s\n" : "  %-11s %s\n", &err, p->rows[i]->verb,
				       p->rows[i]->summary);
	}
	for (const struct opt_group *g = groups; row && g->rows; g++)
		say_rows(g, &out, &err);
	(void)buf_addf(&out, "\n  %-31s %s\n  %-31s %s\n", &err, "--help", "this text", "--version", "the version");
	if (p->more_help)
		(void)buf_addf(&out, "\n%s", &err, p->more_help);
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
