/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "watch.h"

#include "base/cmd.h"
#include "base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define CALLS 64 /* at once; those over it are not watched */
#define LOOK_MS 200
#define FIRST_MS 1000
#define MOST_MS 60000
#define STACK_BYTES (256u * 1024)

/* A call under way. `began` is zero while the rest is not filled in. */
static struct {
	_Atomic(const char *) name;
	_Atomic int64_t began; /* milliseconds of the monotonic clock */
} calls[CALLS];

/* What the watcher remembers of a call: which one it is, and when it is next spoken of. */
struct seen {
	int64_t began, next;
};

static struct {
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t end;
	unsigned users;
	bool runs, stop;
	pthread_t thread;
	char place[WATCH_PLACE_MAX];
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int64_t now_ms(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + 1; /* never zero */
}

unsigned watch_enter(const char *name)
{
	static _Thread_local unsigned mine; /* where this thread's last call was: most likely free */

	for (unsigned i = 0; i < CALLS; i++) {
		unsigned call = (mine + i) % CALLS;
		const char *none = NULL;

		if (!atomic_compare_exchange_strong(&calls[call].name, &none, name))
			continue;
		atomic_store(&calls[call].began, now_ms());
		mine = call;
		return call;
	}
	return CALLS;
}

void watch_leave(unsigned call)
{
	if (call >= CALLS)
		return;
	atomic_store(&calls[call].began, 0);
	atomic_store(&calls[call].name, NULL);
}

void watch_place(const char *words)
{
	(void)pthread_mutex_lock(&watch.lock);
	(void)snprintf(watch.place, sizeof(watch.place), "%.*s", WATCH_PLACE_MAX - 1, words);
	(void)pthread_mutex_unlock(&watch.lock);
}

static void say_waiting(const char *name, int64_t waited)
{
	char line[WATCH_PLACE_MAX + 96];

	(void)snprintf(line, sizeof(line), "waiting for %s%s%s: %lld s", name, watch.place[0] ? " on " : "", watch.place,
		       (long long)(waited / 1000));
	log_line("", line);
}

static void say_interrupted(const char *name)
{
	char line[WATCH_PLACE_MAX + 160];

	(void)snprintf(line, sizeof(line), "interrupted: waiting for %s%s%s to answer; interrupt again to end at once", name,
		       watch.place[0] ? " on " : "", watch.place);
	log_line("", line);
}

static void look(struct seen *seen, unsigned call, bool *told)
{
	int64_t began = atomic_load(&calls[call].began), waited = now_ms() - began;
	const char *name = atomic_load(&calls[call].name);

	if (began == 0 || name == NULL || atomic_load(&calls[call].began) != began)
		return;
	if (seen->began != began)
		*seen = (struct seen){began, FIRST_MS};
	if (!*told && cmd_interrupted() && waited >= LOOK_MS) {
		*told = true;
		say_interrupted(name);
	}
	if (waited < seen->next)
		return;
	say_waiting(name, waited);
	while (seen->next <= waited)
		seen->next += seen->next < MOST_MS ? seen->next : MOST_MS;
}

static void *run(void *arg)
{
	struct seen seen[CALLS] = {{0, 0}};
	bool told = false;

	(void)arg;
	(void)pthread_mutex_lock(&watch.lock);
	while (!watch.stop) {
		struct timespec until = {0, 0};

		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOOK_MS * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
		(void)pthread_cond_timedwait(&watch.end, &watch.lock, &until);
		for (unsigned i = 0; i < CALLS && !watch.stop; i++)
			look(&seen[i], i, &told);
	}
	(void)pthread_mutex_unlock(&watch.lock);
	return NULL;
}

static bool start_thread(void)
{
	pthread_condattr_t monotonic;
	pthread_attr_t small;
	sigset_t all, was;
	bool ok;

	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&watch.end, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	(void)pthread_attr_init(&small);
	(void)pthread_attr_setstacksize(&small, STACK_BYTES);
	(void)sigfillset(&all); /* signals are for the threads that wait for something */
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	ok = pthread_create(&watch.thread, &small, run, NULL) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	(void)pthread_attr_destroy(&small);
	return ok;
}

void watch_start(void)
{
	(void)pthread_mutex_lock(&watch.lock);
	if (watch.users++ == 0) {
		watch.stop = false;
		watch.runs = start_thread();
	}
	(void)pthread_mutex_unlock(&watch.lock);
}

void watch_stop(void)
{
	bool last;

	(void)pthread_mutex_lock(&watch.lock);
	last = watch.users > 0 && --watch.users == 0;
	watch.stop = last;
	if (last)
		(void)pthread_cond_signal(&watch.end);
	(void)pthread_mutex_unlock(&watch.lock);
	if (!last)
		return;
	if (watch.runs)
		(void)pthread_join(watch.thread, NULL);
	watch.runs = false;
	(void)pthread_cond_destroy(&watch.end);
}
