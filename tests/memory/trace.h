/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_MEMORY_TRACE_H
#define KEYHAUL_MEMORY_TRACE_H

#include "canary.h"
#include "memory.h"

#define TRACE_TOLD_MAX 200

/* A run under the eyes of the reader; what is asked for above, what came of it below. */
struct trace {
	const char *preload; /* planted.so */
	const char *host;    /* the program that is the token, and is left alone from its exec on; NULL: none is */
	bool until_exit;     /* a PIN needle may be there until the first process asks to exit, not until login has returned */
	const unsigned char *canary;
	size_t first_canary; /* the needles' number of the canary on the stack; the others follow */
	struct memory_watch watch;
	FILE *report;	     /* a line for each needle that is found where it may not be, TRACE_TOLD_MAX at most */

	int status;			 /* of the program, as a shell has it */
	unsigned long processes, threads; /* more than the first of a process */
	unsigned long left;		 /* processes that became the token */
	unsigned long found;		 /* needles at stops where they may not be */
	bool login_returned;		 /* or, with until_exit, the end began */
	uint64_t login_stop;		 /* the first where it has */
	unsigned long pin_before;	 /* stops before it with the PIN in memory */
	struct {
		unsigned long wanted, there, early; /* stops that have to have it, that do, and that do too soon */
	} canaries[CANARY_PLACES];
};

/* Runs the program and reads it to its end. 0, or -1 with a line on stderr where not all of it was seen. */
int trace_run(struct trace *t, char *const argv[]);

#endif
