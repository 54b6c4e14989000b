/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_CLOCK_TOLD_H
#define KEYHAUL_BASE_CLOCK_TOLD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The time that a command goes by: the host's clock, or on a host without one what a person told it (--now). Whether it may be
 * told is judged elsewhere (bundle/told.h). Times are seconds since 1970, UTC.
 */
struct clock_told {
	bool is_told;
	int64_t said;  /* what was told */
	int64_t host;  /* the host's clock as the command began */
	int64_t since; /* of a clock that nobody sets, then */
};

/* The host's clock, read now. */
void clock_told_begin(struct clock_told *t);

/* The time is `said` from now on, and goes on by a clock that nobody sets. */
void clock_told_set(struct clock_told *t, int64_t said);

/* What time it is now: what was told and what has passed since, or else the host's clock, read anew. */
int64_t clock_told_now(const struct clock_told *t);

#endif
