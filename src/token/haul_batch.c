/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul_batch.h"

#include "base/progress.h"

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
	b->is_open = true;
	progress_begin("wrapping", b->told, b->c->nwords);
	return 0;
}

/* From the open bundle to its result. `*whole` tells a failure of the token, which ends the run, from one of this bundle. */
static enum haul_state haul(struct haul_worker *w, struct haul_item *item, bool *whole, struct kh_error *err)
{
	struct haul_batch *b = w->batch;

	if (haul_check_request(item, b->o, b->first.session.uri, b->c->now, err) != 0)
		return item->done ? HAUL_SKIPPED : HAUL_FAILED;
	if (open_token(b, err) != 0) {
		*whole = true;
		return HAUL_FAILED;
	}
	return haul_one(item, b->o, &w->session, b->proofs, &w->result, err) == 0 ? HAUL_WRAPPED : HAUL_FAILED;
}

static int work(struct haul_worker *w, size_t i, struct kh_error *err)
{
	struct haul_batch *b = w->batch;
	struct haul_telling *t = calloc(1, sizeof(*t));
	struct haul_item item = {0};
	enum haul_state state = HAUL_FAILED;
	bool whole = false, later;
	int ret = -1;

	if (t == NULL)
		return kh_fail_memory(err);
	if (haul_item_open(b->c->words[i], b->o, &item, &t->error) == 0)
		state = haul(w, &item, &whole, &t->error);
	else if (t->error.code == KH_E_AGAIN && b->is_shared)
		state = HAUL_IN_USE;
	if (state == HAUL_FAILED && item.bundle != NULL && !whole)
		kh_context(&t->error, "%s", item.path);
	*err = t->error; /* of the whole */
	if (state == HAUL_FAILED && t->error.code == KH_E_INTERRUPTED && !whole)
		state = HAUL_NOT_TRIED;
	later = state == HAUL_IN_USE || state == HAUL_NOT_TRIED;
	if (whole || (!later && haul_tell_prepare(w, &item, state, t, err) != 0))
		goto out;
	if (later) {
		b->outcomes[i].state = (unsigned char)state;
	} else {
		if (state != HAUL_FAILED)
			t->error.code = KH_OK;
		t->proof = state == HAUL_WRAPPED ? w->result.proof : NULL;
		t->spec = w->result.key.spec;
		settle(b, i, state, t);
		t = NULL;
	}
	ret = 0;
out:
	haul_telling_free(t);
	haul_result_clear(&w->result);
	haul_item_close(&item);
	return ret;
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

static void work_and_note(struct haul_worker *w, size_t i)
{
	struct kh_error err;

	if (work(w, i, &err) == 0)
		return;
	(void)pthread_mutex_lock(&w->batch->lock);
	haul_batch_fail(w->batch, &err);
	(void)pthread_mutex_unlock(&w->batch->lock);
}

void haul_batch_work(struct haul_worker *w)
{
	struct haul_batch *b = w->batch;
	bool alone = w == &b->first;
	size_t i;

	while (take(b, &i)) {
		work_and_note(w, i);
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
			work_and_note(&b->first, i);
}

static void batch_free(struct haul_batch *b)
{
	for (size_t i = 0; b->outcomes != NULL && i < b->c->nwords; i++)
		haul_telling_free(b->outcomes[i].telling);
	buf_free(&b->names);
	free(b->outcomes);
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
