/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"
#include "verbs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct cmd_row *const rows[] = {&inspect_row, &export_row, &adopt_row, &run_row, &renew_row, &compare_row, &transcript_row, &record_row, &merge_row, &policy_row, &sheet_row, &rehearse_row};

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

static int tell_behind(struct cmd *c, struct kh_error *err)
{
	(void)c;
	kh_fail(err, KH_E_USAGE, 0, "an option stands before the verb");
	return kh_hint(err, "options follow the verb: keyhaul VERB --json ...");
}

/* keyhaul --json VERB: the verb comes first. */
static int usage_only(char **argv)
{
	const struct cmd_row row = {.operands = "", .summary = "", .opts_size = 0, .run = tell_behind};
	const struct cmd_row *const only[] = {&row};
	const struct cmd_program program = {.name = "keyhaul", .summary = "", .rows = only, .n = 1};
	char *ours[] = {argv[0], argv[1], NULL};

	return cmd_main(&program, 2, ours);
}

/* keyhaul help is keyhaul --help, and keyhaul help VERB is keyhaul VERB --help. Gives the new argc. */
static int take_help(int argc, char **argv)
{
	static char option[] = "--help";

	if (argc < 2 || strcmp(argv[1], "help") != 0)
		return argc;
	argv[1] = argc > 2 ? argv[2] : option;
	if (argc > 2)
		argv[2] = option;
	return argc < 3 ? argc : 3;
}

int main(int argc, char **argv)
{
	struct cmd_program program = {
		.name = "keyhaul",
		.summary = "looks into bundles, trades them with the AWS CLI, and runs the other programs",
		.rows = rows,
		.n = sizeof(rows) / sizeof(rows[0]),
		.other_verb = verbs_name,
	};
	const struct verb *verb;
	bool help;
	struct buf others = BUF_INIT(8192);
	struct kh_error err;
	int status;

	argc = take_help(argc, argv);
	verb = argc > 1 ? verbs_find(argv[1]) : NULL;
	if (verb)
		return dispatch(verb, argc, argv);
	if (argc > 2 && (strcmp(argv[1], "--json") == 0 || strcmp(argv[1], "--debug") == 0))
		return usage_only(argv);
	help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
	if (help && !verbs_help(&others, &err))
		program.more_help = buf_text(&others);
	status = cmd_main(&program, argc, argv);
	buf_free(&others);
	return status;
}
