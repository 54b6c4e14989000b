/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_OPT_H
#define KEYHAUL_BASE_OPT_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

#define OPT_LIST_MAX 64

/* What an option takes, and so what is done with it everywhere (parser, help, record). */
enum opt_kind {
	OPT_FLAG,   /* bool */
	OPT_TEXT,   /* const char * */
	OPT_CHOICE, /* const char *, one of row->choices */
	OPT_NUMBER, /* long, row->min to row->max; starts as row->preset */
	OPT_INPUT,  /* const char *, a file that is read */
	OPT_OUTPUT, /* const char *, a file or folder that is written */
	OPT_URI,    /* const char *, a PKCS#11 URI; a pin-value in it is wiped from the process's arguments */
	OPT_LIST,   /* struct opt_list; may be given again, and takes all words up to the next option */
	OPT_KINDS
};

struct opt_list {
	const char *v[OPT_LIST_MAX];
	size_t n;
};

/* One row says all of an option. */
struct opt_row {
	const char *name; /* without the dashes */
	enum opt_kind kind;
	size_t offset; /* in the group's struct */
	const char *arg; /* the value's name in --help; NULL for a flag */
	const char *text; /* one line of --help */
	const char *const *choices; /* OPT_CHOICE: up to a NULL */
	const char *env; /* variable that counts when the option is not given; NULL for none */
	long min, max, preset; /* OPT_NUMBER */
};

/* Rows that several commands share, and where their struct lies in the command's. The last group has no rows. */
struct opt_group {
	const char *title; /* heading in --help; NULL for "Options" */
	const struct opt_row *rows;
	size_t n;
	size_t offset;
};

#define OPT_GROUP(heading, table, where) {(heading), (table), sizeof(table) / sizeof((table)[0]), (where)}
#define OPT_GROUPS_END {NULL, NULL, 0, 0}

/* What parsing leaves: the words that are no options, in order, and the two that every command knows. */
struct opt_words {
	char **v; /* points into argv; the caller frees the array alone */
	size_t n;
	bool help, version;
};

/*
 * Reads argv[0..argc) by the rows into `opts` (a zeroed struct): --name VALUE,
 * --name=VALUE, -- ends. No abbreviations; a second time is an error but for
 * OPT_LIST. Values are pointers into argv or the environment. KH_E_USAGE.
 */
int opt_parse(const struct opt_group *groups, int argc, char **argv, void *opts, struct opt_words *words,
	      struct kh_error *err);

/* True where the option was given on the command line or by its variable: the value differs from nothing. */
bool opt_given(const struct opt_row *row, const void *opts);

#endif
