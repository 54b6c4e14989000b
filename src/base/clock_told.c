/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "clock_told.h"

#include "clock.h"

#include <time.h>

/* Seconds since the host was started, sleep included. */
static int64_t uptime(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec;
}

void clock_told_begin(struct clock_told *t)
{
	*t = (struct clock_told){.host = clock_now()};
}

void clock_told_set(struct clock_told *t, int64_t said)
{
	t->is_told = true;
	t->said = said;
	t->since = uptime();
}

int64_t clock_told_now(const struct clock_told *t)
{
	return t->is_told ? t->said + (uptime() - t->since) : clock_now();
}
