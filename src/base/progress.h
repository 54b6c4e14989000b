/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_PROGRESS_H
#define KEYHAUL_BASE_PROGRESS_H

#include <stddef.h>

/*
 * A bar at the bottom of the terminal for work that takes over a second:
 *
 *	wrapping [############------------------] 412/1000  104/s  6 s left
 *
 * Only where stderr is a terminal that can go back on a line, and without --debug. Without colours. It makes room for
 * every line that log.c and cmd.c write, and fits itself into the terminal as it is at the moment. One at a time; not
 * while something is asked for on the terminal.
 */

/* Begins, with `before` of `total` done already. `doing` ("wrapping") is kept, not copied. */
void progress_begin(const char *doing, size_t before, size_t total);

/* One more is done. Any thread may; without a bar it costs nothing. */
void progress_step(void);

/* Takes the bar off the terminal. Without one it does nothing. */
void progress_end(void);

/* What the bar says. */
struct progress {
	const char *doing;
	size_t done, total;
	double rate;	 /* a second; 0: not known */
	int interrupted; /* what is in hand is being finished */
};

#define PROGRESS_LINE_MAX 160

/* The bar as text that leaves some of `columns` free, as much of it as fits; gives its length, 0 for nothing. */
size_t progress_line(const struct progress *p, size_t columns, char out[PROGRESS_LINE_MAX]);

#endif
