/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd.h"

#include "cmd_output.h"
#include "cmd_signal.h"
#include "cmd_transcript.h"
#include "log.h"
#include "nearest.h"
#include "pinvalue.h"
#include "secret.h"
#include "text.h"
#include "trail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUPS_MAX 12
#define TEXT_MAX (64u << 20)

#define RESULTS_HELD 65536 /* bytes of --json's results; more are printed before the end */

/* A closed 0, 1 or 2 would be the number of the next file opened, and our messages its content. */
static void keep_standard_files(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY); /* to use it fails, as it did */
}

static const struct opt_row common_rows[] = {
	{.name = "json", .kind = OPT_FLAG, .offset = offsetof(struct cmd_common, json),
	 .text = "one JSON document on stdout, errors included"},
	{.name = "debug", .kind = OPT_FLAG, .offset = offsetof(struct cmd_common, debug),
	 .text = "log calls, codes and times to stderr, never values"},
	{.name = "transcript", .kind = OPT_OUTPUT, .offset = offsetof(struct cmd_common, transcript), .arg = "FILE",
	 .env = TRANSCRIPT_ENV, .text = "append a line on this command to FILE, or do nothing"},
};

int cmd_printf(struct cmd *c, struct kh_error *err, const char *fmt, ...)
{
	char line[8192];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		return kh_fail(err, KH_E_SYSTEM, 0, "a line of the result is longer than %zu bytes", sizeof(line));
	return buf_add(&c->text, line, (size_t)n, err);
}

int cmd_result(struct cmd *c, const char *object, struct kh_error *err)
{
	if (!c->common.json)
		return 0;
	if ((c->n_results && buf_add(&c->results, ",", 1, err)) ||
	    buf_add(&c->results, object, strlen(object), err))
		return -1;
	c->n_results++;
	return c->results.len < RESULTS_HELD ? 0 : output_results(c, err);
}

int cmd_flush(struct cmd *c, struct kh_error *err)
{
	int rc = c->common.json ? 0 : output_text(&c->text, err);

	c->text.len = 0;
	return rc;
}

static void print_error(const struct kh_error *why)
{
	log_line("error: ", why->msg);
	log_line("hint: ", kh_error_hint(why));
}

int cmd_item_add(struct cmd *c, const char *item, const struct kh_error *why, struct kh_error *err)
{
	struct buf object = BUF_INIT(65536);
	char *name = NULL;
	int rc = -1;

	c->worst = kh_worse(c->worst, why->code);
	name = strdup(item);
	if (!name) {
		kh_fail_memory(err);
		goto out;
	}
	pinvalue_hide(name);
	trail_failed(name, why);
	if (!c->common.json) {
		rc = 0;
		goto out;
	}
	if (buf_add(&object, "{\"item\":", 8, err) || text_for_json(name, strlen(name), &object, err) ||
	    buf_add(&object, ",\"ok\":false,\"error\":", 20, err) || output_error(why, &object, err) ||
	    buf_add(&object, "}", 1, err))
		goto out;
	rc = cmd_result(c, buf_text(&object), err);
out:
	free(name);
	buf_free(&object);
	return rc;
}

int cmd_item_failed(struct cmd *c, const char *item, const struct kh_error *why, struct kh_error *err)
{
	const char *hint = kh_error_hint(why);

	log_line("error: ", why->msg);
	log_line("hint: ", strcmp(hint, c->hint) != 0 ? hint : "as above");
	(void)snprintf(c->hint, sizeof(c->hint), "%s", hint);
	return cmd_item_add(c, item, why, err);
}

/* A question what was meant, and no hint at all, are followed by where to look. */
static void hint_usage(const struct cmd *c, struct kh_error *why)
{
	size_t len = strlen(why->hint);

	if (len == 0)
		kh_hint(why, "%s --help shows the usage", c->command);
	else if (why->hint[len - 1] == '?')
		(void)snprintf(why->hint + len, sizeof(why->hint) - len, " %s --help lists the options", c->command);
}

/* A shell that evals nothing takes it for success. */
static void print_on_failure(const struct cmd *c)
{
	if (c->row && c->row->on_failure && !isatty(STDOUT_FILENO))
		(void)output_bytes(c->row->on_failure, strlen(c->row->on_failure));
}

/* An interrupt that came while the last key was in hand: that is done, and who pressed the key is answered all the same. */
static bool was_late(const struct cmd *c, struct kh_error *out)
{
	if (c->worst != KH_OK || !c->row || !c->row->verb || !cmd_interrupted())
		return false;
	kh_fail(out, KH_E_INTERRUPTED, 0, "interrupted; what was in hand is done");
	kh_hint(out, "nothing is left to do but what this command's result says");
	return true;
}

int cmd_was_done(struct kh_error *err)
{
	return kh_hint(err, "what it says was done all the same: look at what there is before this is run again");
}

/* The one place where a command ends. */
static int finish(struct cmd *c, struct kh_error *why)
{
	struct kh_error err = { .code = KH_OK }, late, unrecorded;
	enum kh_code code;
	bool done = !why;
	int rc = 0;

	if (done && was_late(c, &late))
		why = &late;
	code = why ? kh_worse(c->worst, why->code) : c->worst;

	if (why && why->code == KH_E_USAGE)
		hint_usage(c, why);
	if (why)
		print_error(why);
	if (transcript_end(c, code, why, &unrecorded)) {
		print_error(&unrecorded);
		code = kh_worse(code, unrecorded.code);
		why = why ? why : &unrecorded;
	}
	if (c->common.json)
		rc = output_document(c, code, why, &err);
	else if (done)
		rc = output_text(&c->text, &err);
	else
		print_on_failure(c);
	if (rc) {
		if (done && (err.code == KH_E_SYSTEM || err.code == KH_E_MEMORY))
			cmd_was_done(&err);
		print_error(&err);
		code = kh_worse(code, err.code);
	}
	buf_free(&c->text);
	buf_free(&c->results);
	log_reset();
	return kh_status(code);
}

/* The command's own groups and behind them the common one. */
static void all_groups(const struct cmd_row *row, struct opt_group out[GROUPS_MAX])
{
	size_t n = 0;

	for (const struct opt_group *g = row->groups; g && g->rows && n < GROUPS_MAX - 2; g++)
		out[n++] = *g;
	out[n] = (struct opt_group)OPT_GROUP("Every command", common_rows, row->opts_size);
	if (row->stands_in) { /* which has --debug alone */
		out[n].rows = &common_rows[1];
		out[n].n = 1;
	}
	n++;
	out[n] = (struct opt_group)OPT_GROUPS_END;
}

static int dump_rows(const struct cmd_program *p)
{
	struct opt_group groups[GROUPS_MAX];

	for (size_t i = 0; i < p->n; i++) {
		all_groups(p->rows[i], groups);
		help_dump(p->rows[i], groups);
	}
	help_dump_statuses();
	return fflush(stdout) ? kh_status(KH_E_SYSTEM) : 0;
}

/* An option that takes several may have taken them. */
static int no_words(const struct cmd_row *row, struct kh_error *err)
{
	const int n = (int)strcspn(row->operands, ".");

	kh_fail(err, KH_E_USAGE, 0, "no %.*s is named", n, row->operands);
	for (const struct opt_group *g = row->groups; g && g->rows; g++)
		for (size_t i = 0; i < g->n; i++)
			if (g->rows[i].kind == OPT_LIST)
				kh_hint(err, "--%s takes all words behind it: put '--' before the first %.*s", g->rows[i].name, n,
					row->operands);
	return -1;
}

static int check_words(const struct cmd_row *row, const struct opt_words *words, struct kh_error *err)
{
	if (words->n < row->min_words)
		return no_words(row, err);
	if (words->n > row->max_words) {
		return kh_fail(err, KH_E_USAGE, 0, "too many words: '%s'", words->v[row->max_words]);
	}
	return 0;
}

static int run_row(const struct cmd_program *p, const struct cmd_row *row, int argc, char **argv)
{
	struct cmd c = {.row = row, .text = BUF_INIT(TEXT_MAX), .results = BUF_INIT(TEXT_MAX)};
	struct opt_group groups[GROUPS_MAX];
	struct opt_words words = {0};
	struct kh_error err = {0}, no_matter;
	char command[128];
	int rc = -1, status;

	clock_told_begin(&c.told);
	c.now = c.told.host;
	all_groups(row, groups);
	(void)snprintf(command, sizeof(command), "%s%s%s", p->name, row->verb ? " " : "", row->verb ? row->verb : "");
	c.command = command;
	c.argc = argc;
	c.argv = argv;
	/* a usage error is a document too: --json counts wherever it stands */
	for (int i = 0; i < argc && argv[i] && strcmp(argv[i], "--") != 0; i++)
		c.common.json = c.common.json || strcmp(argv[i], "--json") == 0;
	c.opts = calloc(1, row->opts_size + sizeof(struct cmd_common));
	if (!c.opts) {
		kh_fail_memory(&err);
	} else if (!opt_parse(groups, argc, argv, c.opts, &words, &err)) {
		memcpy(&c.common, (char *)c.opts + row->opts_size, sizeof(c.common));
		c.words = words.v;
		c.nwords = words.n;
		log_set_debug(c.common.debug);
		if (words.help || words.version) {
			status = words.help ? help_print(p, row, groups) : version_print(p);
			goto out;
		}
		c.understood = !check_words(row, &words, &err);
	}
	if (!transcript_begin(&c, c.understood ? &err : &no_matter) && c.understood)
		rc = row->run(&c, &err);
	status = finish(&c, rc ? &err : NULL);
out:
	free(words.v);
	free(c.opts);
	return status;
}

static int run(const struct cmd_program *p, const struct cmd_row *row, int argc, char **argv)
{
	struct opt_group groups[GROUPS_MAX];

	if (!row->stands_in)
		return run_row(p, row, argc, argv);
	all_groups(row, groups);
	return standin_run(p, row, groups, argc, argv);
}

static int no_verb(const struct cmd_program *p, const char *verb, int argc, char **argv)
{
	struct cmd c = {.results = BUF_INIT(16), .text = BUF_INIT(16), .command = p->name};
	struct nearest near = {NULL, 0};
	struct kh_error err;

	for (int i = 1; i < argc && argv[i]; i++)
		c.common.json = c.common.json || strcmp(argv[i], "--json") == 0;
	for (size_t i = 0; verb && i < p->n; i++)
		nearest_offer(&near, verb, strlen(verb), p->rows[i]->verb);
	for (size_t i = 0; verb && p->other_verb && p->other_verb(i); i++)
		nearest_offer(&near, verb, strlen(verb), p->other_verb(i));
	if (verb)
		kh_fail(&err, KH_E_USAGE, 0, "%s has no verb '%s'", p->name, verb);
	else
		kh_fail(&err, KH_E_USAGE, 0, "a verb is missing");
	kh_hint(&err, "%s%s%s%s --help lists the verbs", near.name ? "was '" : "", near.name ? near.name : "",
		near.name ? "' meant? " : "", p->name);
	return finish(&c, &err);
}

static const struct cmd_row *find_row(const struct cmd_program *p, const char *verb)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->rows[i]->verb, verb) == 0)
			return p->rows[i];
	return NULL;
}

/* `PROGRAM help` and `PROGRAM help VERB` are --help's other names. */
static int help(const struct cmd_program *p, int argc, char **argv)
{
	char option[] = "--help";
	char *words[] = {option, NULL};
	const struct cmd_row *row = argc > 2 ? find_row(p, argv[2]) : NULL;

	if (argc > 2 && argv[2][0] != '-' && !row)
		return no_verb(p, argv[2], argc, argv);
	return row ? run(p, row, 1, words) : help_print(p, NULL, NULL);
}

static int dispatch(const struct cmd_program *p, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : NULL;
	const struct cmd_row *row;

	if (verb && strcmp(verb, "--dump-options") == 0)
		return dump_rows(p);
	if (p->n == 1 && !p->rows[0]->verb)
		return run_row(p, p->rows[0], argc - 1, argv + 1);
	if (verb && (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0))
		return help_print(p, NULL, NULL);
	if (verb && strcmp(verb, "--version") == 0)
		return version_print(p);
	if (verb && strcmp(verb, "help") == 0)
		return help(p, argc, argv);
	row = verb ? find_row(p, verb) : NULL;
	if (row)
		return run(p, row, argc - 2, argv + 2);
	return no_verb(p, verb, argc, argv);
}

int cmd_main(const struct cmd_program *p, int argc, char **argv)
{
	struct cmd c = {.results = BUF_INIT(16), .text = BUF_INIT(16), .command = p->name};
	struct kh_error err;
	char **taken = NULL;
	int status;

	keep_standard_files();
	secret_lockdown();
	signal_catch();
	status = pinvalue_take(argc, argv, &taken, &err) ? finish(&c, &err) : dispatch(p, argc, taken);
	pinvalue_give_back(argc, argv, taken);
	return status;
}
