/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"
#include "verbs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct cmd_row *const rows[] = {&inspect_row, &export_row, &adopt_row, &run_row};

/* Why the other program could not be run; told by the row below, so that --json answers as ever. */
static struct kh_error not_run;

static int tell_not_run(struct cmd *c, struct kh_error *err)
{
	(void)c;
	*err = not_run;
	return -1;
}

/* Becomes the program that has the verb; where that fails, ends as a command of our own would. */
static int dispatch(const struct verb *verb, int argc, char **argv)
{
	const struct cmd_row row = {
		.verb = verb->verb, .operands = "", .summary = verb->summary, .opts_size = 0, .run = tell_not_run};
	const struct cmd_row *const only[] = {&row};
	const struct cmd_program program = {.name = "keyhaul", .summary = "", .rows = only, .n = 1};
	char json[] = "--json";
	char *ours[] = {argv[0], argv[1], NULL, NULL};
	int n = 2;

	for (int i = 2; i < argc && n == 2 && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], json) == 0)
			ours[n++] = json;
	(void)verbs_exec(verb, argv, &not_run);
	return cmd_main(&program, n, ours);
}

int main(int argc, char **argv)
{
	struct cmd_program program = {
		.name = "keyhaul",
		.summary = "looks into bundles, trades them with the AWS CLI, and runs the other programs",
		.rows = rows,
		.n = sizeof(rows) / sizeof(rows[0]),
	};
	const struct verb *verb = argc > 1 ? verbs_find(argv[1]) : NULL;
	const bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
	struct buf others = BUF_INIT(8192);
	struct kh_error err;
	int status;

	if (verb)
		return dispatch(verb, argc, argv);
	if (help && !verbs_help(&others, &err))
		program.more_help = buf_text(&others);
	status = cmd_main(&program, argc, argv);
	buf_free(&others);
	return status;
}
