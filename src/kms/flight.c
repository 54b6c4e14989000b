/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "flight.h"

#include "base/cmd.h"
#include "http_transfer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POLL_MS 250	       /* after which a signal is seen at the latest */
#define STACK (512u << 10)

/* One thread, and the transfer that it waits for. */
struct worker {
	struct flight *flight;
	struct http *http;
	CURL *easy;
	pthread_t thread;
	pthread_cond_t ended;
	bool waiting; /* for the transfer's end */
	CURLcode rc;
	struct worker *next; /* in the queue of what is to be begun */
};

struct flight {
	pthread_mutex_t lock; /* who has it runs: a job, or the transfers */
	pthread_cond_t sleepers;
	CURLM *multi;
	struct worker *workers;
	size_t n_workers, ready; /* of them `ready` are whole */
	struct worker *queue, **queue_end; /* in the order in which they came */
	size_t running;
	void (*job)(void *ctx, size_t i);
	void *ctx;
	size_t n, next;
};

static _Thread_local struct worker *self;

static int make_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int rc = pthread_condattr_init(&attr);

	if (rc)
		return rc;
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	rc = pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
	return rc;
}

int flight_open(const struct http_opts *opts, size_t jobs, struct flight **out, struct kh_error *err)
{
	struct flight *f = calloc(1, sizeof(*f));

	if (!f)
		return kh_fail_memory(err);
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)make_cond(&f->sleepers);
	f->n_workers = jobs;
	f->workers = calloc(jobs, sizeof(*f->workers));
	if (!f->workers) {
		kh_fail_memory(err);
		goto fail;
	}
	for (; f->ready < jobs; f->ready++) {
		f->workers[f->ready].flight = f;
		if (http_open(opts, &f->workers[f->ready].http, err))
			goto fail;
		(void)make_cond(&f->workers[f->ready].ended);
	}
	f->multi = curl_multi_init();
	if (!f->multi) {
		kh_fail_memory(err);
		goto fail;
	}
	/* what is sent on a connection of its own leaves one behind: the oldest make room */
	(void)curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, (long)(2 * jobs));
	*out = f;
	return 0;
fail:
	flight_close(f);
	return -1;
}

void flight_close(struct flight *f)
{
	if (!f)
		return;
	for (size_t i = 0; f->workers && i < f->ready; i++) {
		http_close(f->workers[i].http);
		(void)pthread_cond_destroy(&f->workers[i].ended);
	}
	if (f->multi)
		(void)curl_multi_cleanup(f->multi);
	free(f->workers);
	(void)pthread_cond_destroy(&f->sleepers);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}

int flight_post(void *ctx, const struct kms_request *request, struct kms_answer *answer, struct kh_error *err)
{
	struct flight *f = ctx;
	struct worker *w = self;

	w->easy = http_begin(w->http, request, answer, err);
	if (!w->easy)
		return -1;
	w->waiting = true;
	w->next = NULL;
	*f->queue_end = w;
	f->queue_end = &w->next;
	(void)curl_multi_wakeup(f->multi);
	while (w->waiting)
		(void)pthread_cond_wait(&w->ended, &f->lock);
	return http_end(w->http, w->rc, request, answer, err);
}

void flight_wait(void *ctx, unsigned ms)
{
	struct flight *f = ctx;
	struct timespec until = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (!cmd_interrupted() && pthread_cond_timedwait(&f->sleepers, &f->lock, &until) != ETIMEDOUT)
		;
}

void flight_aside(struct flight *f, bool aside)
{
	if (aside)
		(void)pthread_mutex_unlock(&f->lock);
	else
		(void)pthread_mutex_lock(&f->lock);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct flight *f = w->flight;

	self = w;
	(void)pthread_mutex_lock(&f->lock);
	while (f->next < f->n && !cmd_interrupted())
		f->job(f->ctx, f->next++);
	f->running--;
	(void)pthread_mutex_unlock(&f->lock);
	(void)curl_multi_wakeup(f->multi);
	return NULL;
}

/* Signals are for the thread that drives the transfers: a job's system calls are not cut short. */
static size_t start(struct flight *f)
{
	size_t wanted = f->n < f->n_workers ? f->n : f->n_workers, n = 0;
	pthread_attr_t attr;
	sigset_t all, was;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK);
	f->running = wanted;
	while (n < wanted && pthread_create(&f->workers[n].thread, &attr, work, &f->workers[n]) == 0)
		n++;
	f->running -= wanted - n;
	(void)pthread_attr_destroy(&attr);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	return n;
}

static void end_transfer(struct worker *w, CURLcode rc)
{
	w->rc = rc;
	w->waiting = false;
	(void)pthread_cond_signal(&w->ended);
}

static void begin_queued(struct flight *f)
{
	struct worker *w = f->queue, *next;

	f->queue = NULL;
	f->queue_end = &f->queue;
	for (; w; w = next) {
		next = w->next;
		(void)curl_easy_setopt(w->easy, CURLOPT_PRIVATE, (char *)w);
		if (curl_multi_add_handle(f->multi, w->easy))
			end_transfer(w, CURLE_FAILED_INIT);
	}
}

static void end_ended(struct flight *f)
{
	CURLMsg *message;
	int left = 0;

	while ((message = curl_multi_info_read(f->multi, &left)) != NULL) {
		CURL *easy = message->easy_handle;
		CURLcode rc = message->data.result;
		char *private = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
		(void)curl_multi_remove_handle(f->multi, easy); /* the message is gone with it */
		if (private)
			end_transfer((struct worker *)(void *)private, rc);
	}
}

size_t flight_run(struct flight *f, size_t n, void (*job)(void *ctx, size_t i), void *ctx)
{
	size_t threads;
	int still = 0;

	f->job = job;
	f->ctx = ctx;
	f->n = n;
	f->next = 0;
	f->queue = NULL;
	f->queue_end = &f->queue;
	(void)pthread_mutex_lock(&f->lock);
	threads = start(f);
	while (f->running) {
		begin_queued(f);
		(void)curl_multi_perform(f->multi, &still);
		end_ended(f);
		if (cmd_interrupted())
			(void)pthread_cond_broadcast(&f->sleepers);
		(void)pthread_mutex_unlock(&f->lock);
		(void)curl_multi_poll(f->multi, NULL, 0, POLL_MS, NULL);
		(void)pthread_mutex_lock(&f->lock);
	}
	(void)pthread_mutex_unlock(&f->lock);
	for (size_t i = 0; i < threads; i++)
		(void)pthread_join(f->workers[i].thread, NULL);
	return f->next;
}
