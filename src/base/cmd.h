/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_CMD_H
#define KEYHAUL_BASE_CMD_H

#include "buf.h"
#include "clock_told.h"
#include "opt.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Flags that every command has; cmd.c adds their rows to each command by itself. */
struct cmd_common {
	bool json;
	bool debug;
	const char *transcript; /* the file that gets the command's line; NULL: none */
};

struct cmd_row;
struct transcript;

/* One run of one command. Commands read it; only cmd.c prints from it. */
struct cmd {
	const struct cmd_row *row;
	void *opts;	    /* the command's own options struct, filled in */
	char **words;	    /* operands */
	size_t nwords;
	int64_t now;	    /* the time that it goes by: the clock as the command began, or what was told then */
	struct clock_told told; /* which of them it is */
	struct cmd_common common;
	const char *command; /* "keyhaul-token wrap" */
	struct buf text;    /* what stdout gets without --json */
	struct buf results; /* JSON objects, separated by commas, that are not printed yet */
	size_t n_results;   /* all of them */
	bool begun;	    /* the document of --json is printed in part */
	int output_errno;   /* why no more of it could be; 0 */
	enum kh_code worst; /* of the items that failed in a run over many */
	char hint[sizeof(((struct kh_error *)0)->hint)]; /* the last item's, which is not said twice in a row */
	int argc;	    /* the arguments behind the verb, as typed but for pin-value */
	char **argv;
	bool understood;    /* they were parsed, and what is secret in them is known */
	struct transcript *transcript; /* open while the command runs; NULL: none */
	int status;	    /* where the row stands in for another program: what its failure ends with; 0: as ours */
};

/* One row a command: usage, dispatch, --help, completions and the man-page test read it. */
struct cmd_row {
	const char *verb;     /* NULL for a program without verbs */
	const char *operands; /* "BUNDLE..." or "" */
	const char *needs;    /* the options that must be given, as the usage shows them; NULL for none */
	const char *summary;  /* one line */
	const struct opt_group *groups;
	size_t opts_size;     /* of the options struct */
	size_t min_words, max_words;
	int (*run)(struct cmd *c, struct kh_error *err);
	const char *on_failure; /* what stdout has then, unless it is a terminal: for a shell that evals it; NULL: nothing */
	bool reads_transcripts; /* it is about them, and adds no line to one by itself */
	bool serves;		/* a server: its line is short, for what it reads and writes has no end */
	/*
	 * For another program's verb in its place: `run` gets the words as they are and parses them by the groups (and says so
	 * by c->understood), its text is printed as it is, and its error as that program does, without "error: ".
	 */
	bool stands_in;
};

struct cmd_program {
	const char *name;
	const char *summary;
	const struct cmd_row *const *rows;
	size_t n;
	const char *more_help; /* printed at the end of --help; NULL for none */
	const char *(*other_verb)(size_t i); /* verbs that it knows beside its rows, up to a NULL; NULL for none */
};

/*
 * Parses, runs the command and ends it: prints the result or the error (as
 * text or one JSON document) and gives the exit status. Nothing else prints
 * and nothing else chooses a status. `--dump-options` prints the rows as
 * lines of tab-separated fields, for the tests and the completions.
 */
int cmd_main(const struct cmd_program *p, int argc, char **argv);

/*
 * Adds to the result that people read. At printing every control but the line
 * end is escaped; outside text that could hold a line end goes through
 * text_for_terminal first.
 */
int cmd_printf(struct cmd *c, struct kh_error *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Adds one JSON object (serialised, UTF-8) to "results"; nothing without --json. What is long is printed as it grows. */
int cmd_result(struct cmd *c, const char *object, struct kh_error *err);

/* Prints what there is of the text now; for a command that goes on running (keyhaul-sim in front). */
int cmd_flush(struct cmd *c, struct kh_error *err);

/* How wide the terminal is that gets the text; 0 where none does. */
size_t cmd_columns(void);

/*
 * One item of many failed: its error line is printed, and its hint ("as above" where the one before had the same), its object {"item":...,"ok":false,"error":{...}} added to
 * "results", and its code counts towards the exit status. The command goes on and gives 0 at its end.
 */
int cmd_item_failed(struct cmd *c, const char *item, const struct kh_error *why, struct kh_error *err);

/* The same without the error line, for items that one line speaks of together. */
int cmd_item_add(struct cmd *c, const char *item, const struct kh_error *why, struct kh_error *err);

/* The hint where the work was done and only its result cannot be told. Gives -1. */
int cmd_was_done(struct kh_error *err);

/*
 * True once SIGINT, SIGTERM, SIGHUP or SIGQUIT came: finish the key in hand and give KH_E_INTERRUPTED. A second one ends
 * at once. In any thread.
 */
bool cmd_interrupted(void);

/*
 * From now on a SIGSEGV or SIGBUS, in somebody else's code that is called, prints `lines` (constant, error line and hint with
 * their line ends) and ends the program with the status of KH_E_TOKEN; NULL: it does what it did before. Calls do not nest.
 */
void cmd_catch_crash(const char *lines);

/*
 * From now on those signals are passed on to this other program of ours, which ends first (a second one ends it at once, a
 * third kills it), and none of them ends this one; 0: to nobody any more. Called before the process is waited for.
 */
void cmd_pass_signals_to(pid_t pid);

#endif
