/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_CMD_OUTPUT_H
#define KEYHAUL_BASE_CMD_OUTPUT_H

#include "cmd.h"

/* For cmd.c alone: what it prints and how. */

/* Writes the whole of it to stdout, the status line out of its way; -1 with errno. */
int output_bytes(const char *data, size_t len);

/* Writes the result's text line by line, so that line ends stay and all other controls do not. KH_E_SYSTEM. */
int output_text(const struct buf *text, struct kh_error *err);

/* Adds an error as a JSON object: status, code, native, message, hint. */
int output_error(const struct kh_error *why, struct buf *out, struct kh_error *err);

/*
 * Begins the document of --json and prints the results so far, so that a run over ten thousand holds few of them. What
 * cannot be printed is told at the end: the run goes on. KH_E_MEMORY.
 */
int output_results(struct cmd *c, struct kh_error *err);

/* Writes the one document of --json, or the rest of it; `why` NULL where nothing failed as a whole. KH_E_SYSTEM. */
int output_document(struct cmd *c, enum kh_code code, const struct kh_error *why, struct kh_error *err);

/* Writes the usage, of one command (with its groups of options) or, `row` NULL, of the program. Gives the exit status. */
int help_print(const struct cmd_program *p, const struct cmd_row *row, const struct opt_group *groups);

/* Writes the program's name and version. Gives the exit status. */
int version_print(const struct cmd_program *p);

/* Runs a row that stands in for another program's verb, and ends it as that program does. Gives the exit status. */
int standin_run(const struct cmd_program *p, const struct cmd_row *row, const struct opt_group *groups, int argc, char **argv);

/* Writes a command's rows for --dump-options: a line for the verb, a line an option. */
void help_dump(const struct cmd_row *row, const struct opt_group *groups);

/* Writes the status table's rows for --dump-options. */
void help_dump_statuses(void);

#endif
