/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_STEP_H
#define KEYHAUL_FRONT_STEP_H

#include "base/buf.h"

#define STEP_WORDS_MAX 64
#define STEP_OUTPUT_MAX (64u << 20) /* bytes of another program's result: of ten thousand bundles as JSON */

/* A run of one of the other programs: its words, its exit status and what it wrote to stdout. */
struct step {
	const char *program;
	const char *words[STEP_WORDS_MAX]; /* words[0] is the program */
	size_t n;
	char names[STEP_WORDS_MAX][32]; /* "--name" of options */
	const char *const *operands;
	size_t n_operands;
	const char *path;	  /* of a program that is not ours; NULL: ours, where verbs_path finds it */
	const char *const *whole; /* all words up to a NULL, in place of the above; NULL: these. Not copied */
	const char *folder;	  /* where it runs; NULL: here */
	int status;
	struct buf output;
};

/* Starts the list of words: PROGRAM VERB. */
void step_begin(struct step *s, const char *program, const char *verb);

/* Adds --NAME and its value (NULL: a flag); the value is not copied. KH_E_USAGE where there are too many words. */
int step_option(struct step *s, const char *name, const char *value, struct kh_error *err);

/* Sets the operands, which are the last words, "--" before them, so that no name is taken for an option. Not copied. */
void step_operands(struct step *s, const char *const *words, size_t n);

/*
 * Runs it to its end, stdout into s->output, all else (terminal, stderr, environment, descriptors) as ours. 0 when
 * it ran, whatever its status; a program that is not there as verbs_not_started tells it. Signals that end a run are
 * passed on to it meanwhile; KH_E_INTERRUPTED where that killed it.
 */
int step_run(struct step *s, struct kh_error *err);

/* The code that has this exit status; KH_E_SYSTEM for one that is not in the table. */
enum kh_code step_code(int status);

void step_end(struct step *s);

#endif
