/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_VERBS_H
#define KEYHAUL_FRONT_VERBS_H

#include "base/buf.h"

#define VERBS_PATH 4096

/* A verb that another program has: and which program. */
struct verb {
	const char *verb;
	const char *program;
	const char *summary; /* the program's own words for it */
};

/* The row of a verb; NULL where no other program has it. */
const struct verb *verbs_find(const char *verb);

/*
 * Path of a program of ours: in KEYHAUL_BINDIR where that is set (the build
 * tree), else in the folder of the running program (/proc/self/exe). PATH is
 * never looked at. KH_E_SYSTEM where the folder cannot be told.
 */
int verbs_path(const char *program, char out[VERBS_PATH], struct kh_error *err);

/* Fills in why a program could not be started, by errno; one that is not there is KH_E_USAGE. */
int verbs_not_started(const char *program, int errnum, struct kh_error *err);

/* Becomes the program that has the verb, with the same arguments; comes back (-1) only where that failed. */
int verbs_exec(const struct verb *verb, char **argv, struct kh_error *err);

/* The name of the Ith verb; NULL behind the last. */
const char *verbs_name(size_t i);

/* Adds the list of these verbs for --help. */
int verbs_help(struct buf *out, struct kh_error *err);

#endif
