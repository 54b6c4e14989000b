/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_output.h"
#include "cmd_transcript.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (64u << 20)

/* An empty line, then what is wrong, in as many lines as it has. */
static void say(struct kh_error *why)
{
	char *end;

	log_line("", "");
	for (char *at = why->msg; at; at = end) {
		end = strchr(at, '\n');
		if (end)
			*end++ = '\0';
		log_line("", at);
	}
	if (why->hint[0])
		log_line("hint: ", why->hint);
}

static int finish(struct cmd *c, struct kh_error *why)
{
	struct kh_error err = {.code = KH_OK};

	if (transcript_end(c, why ? why->code : KH_OK, why, &err))
		why = why ? why : &err;
	if (!why && output_bytes(buf_text(&c->text), c->text.len)) {
		kh_fail_errno(&err, KH_E_SYSTEM, errno, "the result could not be printed");
		cmd_was_done(&err);
		why = &err;
	}
	if (why)
		say(why);
	buf_free(&c->text);
	log_reset();
	return !why ? 0 : c->status ? c->status : kh_status(why->code);
}

int standin_run(const struct cmd_program *p, const struct cmd_row *row, const struct opt_group *groups, int argc, char **argv)
{
	struct cmd c = {.row = row, .text = BUF_INIT(TEXT_MAX), .results = BUF_INIT(16), .words = argv,
			.nwords = (size_t)argc, .argc = argc, .argv = argv, .understood = true};
	struct kh_error err = {.code = KH_OK};
	char command[128];

	clock_told_begin(&c.told);
	c.now = c.told.host;
	(void)snprintf(command, sizeof(command), "%s %s", p->name, row->verb);
	c.command = command;
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || (argc == 1 && strcmp(argv[i], "help") == 0))
			return help_print(p, row, groups);
		if (strcmp(argv[i], "--version") == 0)
			return version_print(p);
	}
	c.common.transcript = getenv(TRANSCRIPT_ENV);
	if (transcript_begin(&c, &err))
		return finish(&c, &err);
	c.understood = false; /* until it has read the words */
	return finish(&c, row->run(&c, &err) ? &err : NULL);
}
