/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul_batch.h"

#include "base/progress.h"
#include "haul_sign.h"

#include <stdlib.h>

#define NAMES_MAX (16u << 20) /* bytes; ten thousand of the longest take 5 */

void haul_batch_fail(struct haul_batch *b, const struct kh_error *why)
{
	if (!b->failed)
		b->error = *why;
	b->failed = true;
}

static void settle(struct haul_batch *b, size_t i, enum haul_state state, struct haul_telling *t)
{
	struct kh_error err;

	(void)pthread_mutex_lock(&b->lock);
	if (state == HAUL_FAILED && t->error.code == KH_E_TOKEN && token_is_gone(t->error.native)) {
		b->is_gone = true;
		b->native = t->error.native;
	}
	if (haul_tell_keep(b, i, state, t, &err) != 0)
		haul_batch_fail(b, &err);
	haul_tell(b);
	(void)pthread_mutex_unlock(&b->lock);
	progress_step();
}

/* Once, by the first thread, before there are others. */
static int open_token(struct haul_batch *b, struct kh_error *err)
{
	if (b->is_open)
		return 0;
	if (session_start(&b->o->token_opts, false, &b->first.session, err) != 0)
		return -1;
	if (haul_sign_open(b->o, b->c->now, err) != 0)
		return -1;
	b->is_open = true;
	progress_begin("wrapping", b->told, b->c->nwords);
	return 0;
}

/* From the open bundle to its blob. `*whole` tells a failure of the token, which ends the run, from one of this bundle. */
static enum haul_state haul(struct haul_worker *w, struct haul_task *task, bool *whole, struct kh_error *err)
{
	struct haul_batch *b = w->batch;

	task->item.is_of_many = true;
	if (haul_check_request(&task->item, b->o, b->first.session.uri, b->c->now, err) != 0)
		return task->item.done ? HAUL_SKIPPED : HAUL_FAILED;
	if (open_token(b, err) != 0) {
		*whole = true;
		return HAUL_FAILED;
	}
	return haul_wrap(&task->item, b->o, &w->session, b->proofs, &task->result, err) == 0 ? HAUL_WRAPPED : HAUL_FAILED;
}

static void fail_whole(struct haul_batch *b, const struct kh_error *why)
{
	(void)pthread_mutex_lock(&b->lock);
	haul_batch_fail(b, why);
	(void)pthread_mutex_unlock(&b->lock);
}

static void task_free(struct haul_task *task)
{
	haul_telling_free(task->telling);
	haul_result_clear(&task->result);
	haul_item_close(&task->item);
	free(task);
}

void haul_batch_finish(struct haul_task *task)
{
	struct haul_batch *b = task->batch;
	struct haul_telling *t = task->telling;
	struct kh_error err;

	if (task->state == HAUL_WRAPPED && haul_write(&task->item, b->o, task->token, &task->result, &t->error) != 0)
		task->state = HAUL_FAILED;
	if (task->state == HAUL_FAILED && task->item.bundle != NULL)
		kh_context(&t->error, "%s", task->item.path);
	else if (task->state != HAUL_FAILED)
		t->error.code = KH_OK;
	if (haul_tell_prepare(task, &err) != 0) {
		fail_whole(b, &err);
	} else {
		task->telling = NULL; /* the batch's now */
		settle(b, task->i, task->state, t);
	}
	task_free(task);
}

static struct haul_task *task_new(struct haul_worker *w, size_t i)
{
	struct haul_task *task = calloc(1, sizeof(*task));

	if (task == NULL)
		return NULL;
	task->batch = w->batch;
	task->token = &w->session.token;
	task->i = i;
	task->telling = calloc(1, sizeof(*task->telling));
	if (task->telling != NULL)
		return task;
	free(task);
	return NULL;
}

static void work(struct haul_worker *w, size_t i)
{
	struct haul_batch *b = w->batch;
	struct haul_task *task = task_new(w, i);
	struct kh_error *why, memory;
	bool whole = false, later;

	if (task == NULL) {
		kh_fail_memory(&memory);
		fail_whole(b, &memory);
		return;
	}
	why = &task->telling->error;
	task->state = HAUL_FAILED;
	if (haul_item_open(b->c->words[i], b->o, &task->item, why) == 0)
		task->state = haul(w, task, &whole, why);
	else if (why->code == KH_E_AGAIN && b->is_shared)
		task->state = HAUL_IN_USE;
	if (task->state == HAUL_FAILED && why->code == KH_E_INTERRUPTED && !whole)
		task->state = HAUL_NOT_TRIED;
	if (whole)
		fail_whole(b, why);
	later = task->state == HAUL_IN_USE || task->state == HAUL_NOT_TRIED;
	if (later)
		b->outcomes[i].state = (unsigned char)task->state;
	if (whole || later)
		task_free(task);
	else if (task->state != HAUL_WRAPPED || !haul_jobs_write(task))
		haul_batch_finish(task);
}

static bool take(struct haul_batch *b, size_t *i)
{
	bool more;

	(void)pthread_mutex_lock(&b->lock);
	more = b->next < b->c->nwords && !b->failed && !b->is_gone && !cmd_interrupted();
	*i = b->next;
	b->next += more;
	(void)pthread_mutex_unlock(&b->lock);
	return more;
}

void haul_batch_work(struct haul_worker *w)
{
	struct haul_batch *b = w->batch;
	bool alone = w == &b->first;
	size_t i;

	while (take(b, &i)) {
		work(w, i);
		/* the others come when the first proof is made: they would wait for it */
		if (alone && b->is_open) {
			haul_jobs_start(b);
			alone = false;
		}
	}
}

/* A bundle that is named twice, or is another program's: when the others have let go of theirs. */
static void work_on_used(struct haul_batch *b)
{
	for (size_t i = 0; i < b->c->nwords && !b->failed && !b->is_gone && !cmd_interrupted(); i++)
		if (b->outcomes[i].state == HAUL_IN_USE)
			work(&b->first, i);
}

static void batch_free(struct haul_batch *b)
{
	for (size_t i = 0; b->outcomes != NULL && i < b->c->nwords; i++)
		haul_telling_free(b->outcomes[i].telling);
	buf_free(&b->names);
	free(b->outcomes);
	haul_sign_close(b->o);
	session_close(&b->first.session);
	proof_run_free(b->proofs);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}

int haul_batch_run(struct cmd *c, const struct haul_opts *o, const struct wrap_choice *choice, struct kh_error *err)
{
	struct haul_batch *b = calloc(1, sizeof(*b));
	int ret = -1;

	if (b == NULL)
		return kh_fail_memory(err);
	b->c = c;
	b->o = o;
	b->names.max = NAMES_MAX;
	b->first.batch = b;
	b->first.session.token.session = CK_INVALID_HANDLE;
	(void)pthread_mutex_init(&b->lock, NULL);
	b->outcomes = calloc(c->nwords, sizeof(*b->outcomes));
	if (b->outcomes == NULL) {
		kh_fail_memory(err);
		goto out;
	}
	if (session_parse(o->token, &o->token_opts, &b->first.session, err) != 0 ||
	    session_check_token_alone(&b->first.session, HAUL_HINT_TOKEN, err) != 0 ||
	    proof_run_new(choice, &b->proofs, err) != 0)
		goto out;
	haul_batch_work(&b->first);
	haul_jobs_end(b);
	work_on_used(b);
	progress_end();
	ret = haul_tell_end(b, err);
out:
	batch_free(b);
	return ret;
}
