/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul_batch.h"

#include "base/log.h"

#include <signal.h>
#include <stdlib.h>

static void *run(void *worker)
{
	haul_batch_work(worker);
	return NULL;
}

static struct haul_task *next_task(struct haul_writers *w)
{
	struct haul_task *task;

	(void)pthread_mutex_lock(&w->lock);
	while (w->first == NULL && !w->end)
		(void)pthread_cond_wait(&w->more, &w->lock);
	task = w->first;
	if (task != NULL) {
		w->first = task->next;
		w->waiting--;
		if (w->first == NULL)
			w->last = &w->first;
	}
	(void)pthread_mutex_unlock(&w->lock);
	return task;
}

static void *write_all(void *writers)
{
	struct haul_task *task;

	while ((task = next_task(writers)) != NULL)
		haul_batch_finish(task);
	return NULL;
}

bool haul_jobs_write(struct haul_task *task)
{
	struct haul_writers *w = &task->batch->writers;
	bool taken;

	if (w->n == 0)
		return false;
	(void)pthread_mutex_lock(&w->lock);
	taken = w->waiting < HAUL_WRITER_TASKS;
	if (taken) {
		task->next = NULL;
		*w->last = task;
		w->last = &task->next;
		w->waiting++;
		(void)pthread_cond_signal(&w->more);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return taken;
}

/* Without them the workers write. */
static void start_writers(struct haul_writers *w)
{
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->more, NULL);
	w->last = &w->first;
	w->end = false;
	while (w->n < HAUL_WRITERS && pthread_create(&w->threads[w->n], NULL, write_all, w) == 0)
		w->n++;
}

static void end_writers(struct haul_writers *w)
{
	(void)pthread_mutex_lock(&w->lock);
	w->end = true;
	(void)pthread_cond_broadcast(&w->more);
	(void)pthread_mutex_unlock(&w->lock);
	for (; w->n > 0; w->n--)
		(void)pthread_join(w->threads[w->n - 1], NULL);
	(void)pthread_cond_destroy(&w->more);
	(void)pthread_mutex_destroy(&w->lock);
}

/* What has to be said is said once, with how many keys at a time it comes to. */
static size_t allowed(const struct haul_batch *b, size_t wanted)
{
	const struct session *s = &b->first.session;
	unsigned long sessions = token_sessions_max(&s->token);
	char words[TOKEN_WORDS_MAX];

	if (!module_is_threaded(s->module)) {
		log_warning("--jobs %ld: the module cannot be called by threads at once (it did not take "
			    "CKF_OS_LOCKING_OK): one key at a time", b->o->jobs);
		return 1;
	}
	if (sessions == 0 || sessions >= wanted)
		return wanted;
	log_warning("--jobs %ld: %s says that it takes %lu session%s: %lu key%s at a time", b->o->jobs,
		    token_words(&s->token, words), sessions, sessions == 1 ? "" : "s", sessions, sessions == 1 ? "" : "s");
	return sessions;
}

/* A session that another thread has already would be no session of its own. */
static bool is_new(const struct haul_batch *b, CK_SESSION_HANDLE session)
{
	bool known = session == b->first.session.token.session;

	for (size_t i = 0; i < b->n_helpers; i++)
		known |= session == b->helpers[i].session.token.session;
	return !known;
}

static int open_beside(const struct haul_batch *b, struct haul_worker *w, struct kh_error *err)
{
	if (session_open_beside(&b->first.session, &w->session, err) != 0)
		return -1;
	if (is_new(b, w->session.token.session))
		return 0;
	w->session.token.session = CK_INVALID_HANDLE;
	return kh_fail(err, KH_E_TOKEN, 0, "C_OpenSession: CKR_OK with the handle of a session that is open");
}

static int start(struct haul_batch *b, struct haul_worker *w, struct kh_error *err)
{
	int why;

	w->batch = b;
	if (open_beside(b, w, err) != 0)
		return -1;
	why = pthread_create(&w->thread, NULL, run, w);
	if (why == 0)
		return 0;
	session_close_beside(&b->first.session, &w->session);
	return kh_fail_errno(err, KH_E_SYSTEM, why, "a thread");
}

static void start_helpers(struct haul_batch *b, size_t wanted)
{
	struct kh_error err;
	size_t n;

	wanted = allowed(b, wanted);
	b->helpers = wanted > 1 ? calloc(wanted - 1, sizeof(*b->helpers)) : NULL;
	if (b->helpers == NULL)
		return;
	for (n = 1; n < wanted && start(b, &b->helpers[n - 1], &err) == 0; n++)
		b->n_helpers++;
	if (n < wanted) /* as many as there are */
		log_warning("--jobs %ld: %zu key%s at a time, for there are no more sessions: %s", b->o->jobs, n,
			    n == 1 ? "" : "s", err.msg);
}

void haul_jobs_start(struct haul_batch *b)
{
	size_t left = b->c->nwords - b->next, wanted = (size_t)b->o->jobs < left ? (size_t)b->o->jobs : left;
	sigset_t all, was;

	if (left < 2 || b->is_gone || b->failed)
		return;
	b->is_shared = true;
	/* signals are for the first thread */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	/* a signer's calls are the workers', of whom there is one where the module takes no threads */
	if (b->o->signer == NULL)
		start_writers(&b->writers);
	if (wanted > 1)
		start_helpers(b, wanted);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
}

void haul_jobs_end(struct haul_batch *b)
{
	if (!b->is_shared)
		return;
	for (size_t i = 0; i < b->n_helpers; i++)
		(void)pthread_join(b->helpers[i].thread, NULL);
	end_writers(&b->writers); /* what is in hand refers to the helpers' tokens */
	for (size_t i = 0; i < b->n_helpers; i++)
		session_close_beside(&b->first.session, &b->helpers[i].session);
	free(b->helpers);
	b->helpers = NULL;
	b->n_helpers = 0;
	b->is_shared = false;
}
