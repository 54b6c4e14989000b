/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "progress.h"

#include "cmd.h"
#include "log.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIRST_MS 1000
#define NEXT_MS 200
#define MARK_S 5	/* the rate is that of the last 5 to 10 seconds */
#define BAR_LEAST 10	/* cells */
#define BAR_MOST 30
#define TAIL_MAX 100
#define SPARE 4 /* columns: what is typed meanwhile, ^C, does not break the line */

struct mark {
	double at; /* seconds */
	size_t done;
};

/* There is one terminal, and so one bar. */
static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool runs, ends; /* ends: under the lock */
	const char *doing;
	size_t total;
	struct mark old, young;
} bar = {.lock = PTHREAD_MUTEX_INITIALIZER};
static atomic_size_t done;

static double now(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* "6 s left", "12 min left", "3 h 5 min left", rounded up. */
static void time_left(double seconds, char *out, size_t size)
{
	unsigned long s = seconds < 1e8 ? (unsigned long)seconds + 1 : 100000000, m = (s + 59) / 60;

	if (s < 60)
		(void)snprintf(out, size, "%lu s left", s);
	else if (m < 60)
		(void)snprintf(out, size, "%lu min left", m);
	else
		(void)snprintf(out, size, "%lu h %lu min left", m / 60, m % 60);
}

static void tail_of(const struct progress *p, char out[TAIL_MAX])
{
	size_t n = (size_t)snprintf(out, TAIL_MAX, "%zu/%zu", p->done, p->total);

	if (p->interrupted)
		(void)snprintf(out + n, TAIL_MAX - n, "  finishing the keys in hand; again ends at once");
	else if (p->rate > 0 && p->done < p->total) {
		n += (size_t)snprintf(out + n, TAIL_MAX - n, p->rate >= 10    ? "  %.0f/s  "
							       : p->rate >= 1 ? "  %.1f/s  "
									      : "  %.2f/s  ", p->rate);
		time_left((double)(p->total - p->done) / p->rate, out + n, TAIL_MAX - n);
	}
}

size_t progress_line(const struct progress *p, size_t columns, char out[PROGRESS_LINE_MAX])
{
	char tail[TAIL_MAX], cells[BAR_MOST + 1];
	size_t room = columns > SPARE ? columns - SPARE : 0, head = strlen(p->doing) + 4, width, full;
	int n;

	tail_of(p, tail);
	width = room > head + strlen(tail) ? room - head - strlen(tail) : 0;
	if (width > BAR_MOST)
		width = BAR_MOST;
	full = p->total > 0 ? width * p->done / p->total : 0;
	memset(cells, '-', width);
	memset(cells, '#', full);
	cells[width] = '\0';
	if (width >= BAR_LEAST)
		n = snprintf(out, PROGRESS_LINE_MAX, "%s [%s] %s", p->doing, cells, tail);
	else
		n = snprintf(out, PROGRESS_LINE_MAX, "%s", tail);
	if (n > 0 && (size_t)n > room) /* at the very least how far it is */
		n = snprintf(out, PROGRESS_LINE_MAX, "%zu/%zu", p->done, p->total);
	return n > 0 && (size_t)n <= room ? (size_t)n : 0;
}

/* As long as nothing is done (what comes before the first key is no measure) there is no rate. */
static double rate(size_t n)
{
	double at = now();

	if (n <= bar.old.done) {
		bar.old = bar.young = (struct mark){at, n};
		return 0;
	}
	if (at - bar.young.at >= MARK_S) {
		bar.old = bar.young;
		bar.young = (struct mark){at, n};
	}
	return at > bar.old.at ? (double)(n - bar.old.done) / (at - bar.old.at) : 0;
}

static void draw(void)
{
	struct progress p = {.doing = bar.doing, .total = bar.total, .interrupted = cmd_interrupted()};
	char line[PROGRESS_LINE_MAX];
	size_t columns;

	p.done = atomic_load(&done);
	p.rate = rate(p.done);
	columns = progress_line(&p, log_columns(), line);
	log_status(columns > 0 ? line : NULL, columns);
}

/* Under the lock; true when it ends. */
static bool wait_ms(long ms)
{
	struct timespec until = {0, 0};
	int woken = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (!bar.ends && woken == 0)
		woken = pthread_cond_timedwait(&bar.wake, &bar.lock, &until);
	return bar.ends;
}

static void *run(void *unused)
{
	(void)unused;
	(void)pthread_mutex_lock(&bar.lock);
	for (bool ends = wait_ms(FIRST_MS); !ends; ends = wait_ms(NEXT_MS))
		draw();
	(void)pthread_mutex_unlock(&bar.lock);
	return NULL;
}

void progress_begin(const char *doing, size_t before, size_t total)
{
	pthread_condattr_t attr;
	sigset_t all, was;

	if (bar.runs || total < 2 || log_is_debug() || log_columns() == 0)
		return;
	bar.doing = doing;
	bar.total = total;
	bar.ends = false;
	bar.old = bar.young = (struct mark){now(), before};
	atomic_store(&done, before);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&bar.wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	/* signals are for the thread that waits for token and terminal */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	bar.runs = pthread_create(&bar.thread, NULL, run, NULL) == 0; /* without it there is no bar, and that is all */
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
}

void progress_step(void)
{
	(void)atomic_fetch_add(&done, 1);
}

void progress_end(void)
{
	if (!bar.runs)
		return;
	(void)pthread_mutex_lock(&bar.lock);
	bar.ends = true;
	(void)pthread_cond_signal(&bar.wake);
	(void)pthread_mutex_unlock(&bar.lock);
	(void)pthread_join(bar.thread, NULL);
	(void)pthread_cond_destroy(&bar.wake);
	bar.runs = false;
	log_status(NULL, 0);
}
