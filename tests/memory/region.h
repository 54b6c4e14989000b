/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_MEMORY_REGION_H
#define KEYHAUL_MEMORY_REGION_H

#include "memory.h"

#define REGION_PAGE 4096u

/* One mapping of a process as it was read last, and what was found in it. */
struct region {
	uintptr_t start, end;
	char line[512];	      /* of /proc/PID/maps */
	const char *where;    /* in the line: its name */
	bool there, whole;    /* the caller's: the line is there at this stop; all of it was read once */
	bool constant;	      /* private, and no w: nothing can be written to it */
	bool anonymous;
	unsigned char *copy;
	unsigned char *state; /* of each page */
	struct region_hit {
		size_t needle, offset;
	} *hits;
	size_t n_hits, room;
};

/* A line of maps: START-END PERMS OFFSET DEVICE INODE NAME. NULL for anything else, and without memory. */
struct region *region_parse(const char *line);
void region_free(struct region *r);

/* A page as it is now; and one with nothing in it. What is as it was costs no search. */
void region_take_page(struct region *r, size_t page, const unsigned char *now);
void region_drop_page(struct region *r, size_t page);

/* Searches the pages that changed since the last call, with the edges of their neighbours. 0, or -1: memory or record. */
int region_search(struct region *r, struct memory_watch *watch);

#endif
