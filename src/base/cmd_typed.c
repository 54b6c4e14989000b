/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_transcript.h"

#include "clock.h"
#include "cmd_output.h"
#include "log.h"
#include "pinvalue.h"
#include "text.h"
#include "trail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMBERS_MAX (TRANSCRIPT_LINE_MAX - 65536)
#define HOST_MAX 256
#define HIDDEN "***"

static int add_text(struct buf *out, const char *name, const char *text, struct kh_error *err)
{
	if (buf_addf(out, "\"%s\":", err, name) || text_for_json(text, strlen(text), out, err))
		return -1;
	return buf_add(out, ",", 1, err);
}

/* Where the value begins in `word` if it is one of that option's, `before` being the word before it; NULL where it is not. */
static char *value_of(const char *option, const char *before, char *word)
{
	const size_t len = strlen(option);

	if (before && strcmp(before, option) == 0)
		return word;
	return strncmp(word, option, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

/* What pinvalue_hide cannot know for a secret: a URL without its scheme, and what a module is told in a language of its own. */
static void hide_value(const char *before, char *word)
{
	static const char *const names[] = {"pin", "pass", "pwd", "secret"};
	char *url = value_of("--endpoint-url", before, word), *args = value_of("--module-init-args", before, word);
	char *host = url ? strrchr(url, '@') : NULL;

	for (size_t i = 0; args && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasestr(args, names[i]) && strlen(args) >= strlen(HIDDEN)) {
			memcpy(args, HIDDEN, sizeof(HIDDEN));
			return;
		}
	if (host && host - url >= (ptrdiff_t)strlen(HIDDEN) && !strstr(url, "://")) {
		memmove(url + strlen(HIDDEN), host, strlen(host) + 1);
		memset(url, '*', strlen(HIDDEN));
	}
}

/* A word as typed; a PIN or a password in it is starred. */
static int add_word(struct buf *out, const char *before, const char *word, size_t len, struct kh_error *err)
{
	char *copy = strndup(word, len);
	int rc = -1;

	if (!copy)
		return kh_fail_memory(err);
	pinvalue_hide(copy);
	hide_value(before, copy);
	if (!buf_add(out, ",", 1, err))
		rc = text_for_json(copy, strlen(copy), out, err);
	free(copy);
	return rc;
}

/*
 * What was not understood may be a secret in the wrong place: of a command line that was refused only the names of options are
 * kept.
 */
static int add_typed(const struct cmd *c, struct buf *out, struct kh_error *err)
{
	const char *space = strchr(c->command, ' ');
	size_t name = space ? (size_t)(space - c->command) : strlen(c->command);

	if (buf_add(out, "\"typed\":[", 9, err) || text_for_json(c->command, name, out, err) ||
	    (space && add_word(out, NULL, space + 1, strlen(space + 1), err)))
		return -1;
	for (int i = 0; i < c->argc && c->argv[i]; i++) {
		const char *word = c->argv[i];
		bool option = strncmp(word, "--", 2) == 0;

		if (c->understood ? add_word(out, i ? c->argv[i - 1] : NULL, word, strlen(word), err)
				  : add_word(out, NULL, option ? word : HIDDEN, option ? strcspn(word, "= ") : strlen(HIDDEN), err))
			return -1;
	}
	return buf_add(out, "],", 2, err);
}

/* The line's own times stay the host's clock. */
static int add_told(const struct cmd *c, struct buf *out, struct kh_error *err)
{
	char said[CLOCK_TEXT], host[CLOCK_TEXT];

	if (!c->told.is_told)
		return 0;
	clock_format(c->told.said, said);
	clock_format(c->told.host, host);
	return buf_addf(out, "\"told_now\":{\"host_clock\":\"%s\",\"said\":\"%s\"},", err, host, said);
}

static int add_outcome(const struct cmd *c, enum kh_code code, const struct kh_error *why, struct buf *out,
		       struct kh_error *err)
{
	struct kh_error shown;

	if (buf_addf(out, "\"status\":%d,", err, why && c->status ? c->status : kh_status(code)))
		return -1;
	if (!why)
		return 0;
	shown = *why;
	if (!c->understood) { /* the message quotes what was typed */
		shown.msg[0] = '\0';
		kh_hint(&shown, "the command line was refused");
	}
	if (buf_add(out, "\"error\":", 8, err) || output_error(&shown, out, err))
		return -1;
	return buf_add(out, ",", 1, err);
}

/* The members of a command's line: what was typed, what the trail kept, and how it ended. */
static int members_of(const struct cmd *c, enum kh_code code, const struct kh_error *why, struct buf *out,
		      struct kh_error *err)
{
	const char *space = strchr(c->command, ' ');
	char at[CLOCK_TEXT], ended[CLOCK_TEXT], host[HOST_MAX] = "", program[64];

	if (gethostname(host, sizeof(host) - 1))
		host[0] = '\0';
	clock_format(c->told.host, at);
	clock_format(clock_now(), ended);
	(void)snprintf(program, sizeof(program), "%.*s", (int)(space ? space - c->command : 63), c->command);
	if (add_text(out, "at", at, err) || add_text(out, "ended", ended, err) || add_text(out, "host", host, err) ||
	    add_text(out, "program", program, err) || add_text(out, "version", VERSION, err) || add_told(c, out, err) || add_typed(c, out, err) ||
	    trail_json(out, err) || (log_warnings()[0] && buf_addf(out, "\"warnings\":[%s],", err, log_warnings())))
		return -1;
	return add_outcome(c, code, why, out, err);
}

/* The file that was asked for in a command line that was refused. */
static const char *transcript_said(int argc, char **argv)
{
	for (int i = 0; i < argc && argv[i] && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--transcript") == 0)
			return i + 1 < argc ? argv[i + 1] : NULL;
		if (strncmp(argv[i], "--transcript=", 13) == 0)
			return argv[i] + 13;
	}
	return getenv(TRANSCRIPT_ENV);
}

int transcript_begin(struct cmd *c, struct kh_error *err)
{
	const char *path = c->understood ? c->common.transcript : transcript_said(c->argc, c->argv);

	if (c->row->reads_transcripts) {
		const char *set = getenv(TRANSCRIPT_ENV);

		if (path && path != set)
			return kh_fail(err, KH_E_USAGE, 0, "--transcript: %s adds no line to one", c->command);
		(void)unsetenv(TRANSCRIPT_ENV);
		return 0;
	}
	if (!path || !*path)
		return 0;
	if (transcript_open(path, &c->transcript, err))
		return -1;
	/* programs that this one runs add lines of their own, before it does */
	if (setenv(TRANSCRIPT_ENV, path, 1))
		return kh_fail_memory(err);
	if (!c->row->serves)
		trail_begin();
	return 0;
}

int transcript_end(struct cmd *c, enum kh_code code, const struct kh_error *why, struct kh_error *err)
{
	struct buf members = BUF_INIT(MEMBERS_MAX);
	int rc = 0;

	if (c->transcript && (members_of(c, code, why, &members, err) || transcript_append(c->transcript, &members, err))) {
		kh_context(err, "this command is not in the transcript");
		err->code = KH_E_SYSTEM;
		rc = cmd_was_done(err);
	}
	transcript_close(c->transcript);
	c->transcript = NULL;
	trail_end();
	buf_free(&members);
	return rc;
}
