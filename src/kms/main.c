/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_rows.h"
#include "cmd_kms.h"

#include <string.h>

static const struct cmd_row *const rows[] = {&cmd_create, &cmd_fetch, &cmd_import, &cmd_status, &cmd_prove, &cmd_confirm, &cmd_rotate, &cmd_replicate, &cmd_delete, &cmd_whoami,
					     &aws_rows[0], &aws_rows[1], &aws_rows[2], &aws_rows[3], &aws_rows[4],
					     &aws_rows[5], &aws_rows[6], &aws_rows[7], &aws_rows[8], &aws_rows[9]};

_Static_assert(AWS_VERBS == 10, "each of them is named above");

static const struct cmd_program program = {
	.name = "keyhaul-kms",
	.summary = "the online half of keyhaul: asks AWS KMS for a wrapping key, and imports what a token wrapped",
	.rows = rows,
	.n = sizeof(rows) / sizeof(rows[0]),
	.more_help = "Credentials, Region and endpoint are found as the AWS CLI finds them (AWS_* and ~/.aws).\n",
};

/*
 * The AWS CLI takes its options before the verb as well. Nothing else here does: the first word that is one of its verbs
 * goes to the front.
 */
static void take_verb(int argc, char **argv)
{
	int at = 1;

	if (argc < 2 || strncmp(argv[1], "--", 2) != 0)
		return;
	while (at < argc && !aws_rows_have(argv[at]))
		at++;
	if (at < argc) {
		char *verb = argv[at];

		memmove(&argv[2], &argv[1], (size_t)(at - 1) * sizeof(*argv));
		argv[1] = verb;
	}
}

int main(int argc, char **argv)
{
	take_verb(argc, argv);
	return cmd_main(&program, argc, argv);
}
