/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_MEMORY_MEMORY_H
#define KEYHAUL_MEMORY_MEMORY_H

#include "needles.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * The memory of one process that is stopped. Every mapping is read, whatever its protection, at each call of memory_read,
 * but for one that was there before as it is now, private and without a w: what has not been writable since it was read
 * is what was read. Of anonymous mappings the pages that were never touched are passed over, since nothing is in them;
 * the kernel says which (/proc/PID/pagemap). Pages are compared with what they were, and those that changed are searched,
 * with the edges of their neighbours, so that what is found is always what is there at this stop.
 */
struct memory;

/* What all processes share. */
struct memory_watch {
	const struct needles *needles;
	FILE *record;	       /* NULL, or where each changed stretch goes (record_search) */
	uint64_t stop;	       /* the number of this stop */
	uint64_t bytes, searched; /* read and searched so far */
};

/* A needle in a process's memory as of the last memory_read. */
struct memory_hit {
	size_t needle;
	uintptr_t at;
	const char *where; /* the mapping's name, or its protection */
};

/* Opens a process by its id; again after an exec. NULL with a line on stderr. */
struct memory *memory_open(pid_t pid);
void memory_close(struct memory *m);

/* Reads all of it. 0, or -1 with a line on stderr where something could not be read. */
int memory_read(struct memory *m, struct memory_watch *watch);

/* The bytes at an address, for a system call's arguments. 0 or -1. */
int memory_peek(const struct memory *m, uintptr_t at, void *out, size_t len);

typedef void memory_each_hit(const struct memory_hit *hit, void *arg);
void memory_hits(const struct memory *m, memory_each_hit *each, void *arg);

/* Searches what was recorded. Gives how many places, told to `each`; -1 with a line on stderr where it is no record. */
long record_search(FILE *record, const struct needles *needles, memory_each_hit *each, void *arg);

/* One stretch into the record. 0 or -1. */
int record_add(FILE *record, const char *where, uintptr_t at, const unsigned char *data, size_t len);

#endif
