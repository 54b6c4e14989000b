/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul_batch.h"

#include "base/log.h"
#include "base/text.h"
#include "bundle/jsontext.h"
#include "haul_approvers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SHOWN 40 /* bytes in the table */
#define WHY_SHOWN 100

/* Outside text as a terminal may see it, cut to about `most` bytes. NULL with KH_E_MEMORY. */
static char *shown(const char *text, size_t len, size_t most, struct kh_error *err)
{
	struct buf safe = BUF_INIT(8192);
	size_t cut;
	char *out;

	if (text_for_terminal(text, len < 1000 ? len : 1000, &safe, err) != 0 || buf_add(&safe, "", 0, err) != 0) {
		buf_free(&safe);
		return NULL;
	}
	if (safe.len > most + 3) {
		for (cut = most; cut > 0 && ((unsigned char)safe.data[cut] & 0xc0) == 0x80; cut--)
			;
		memcpy(safe.data + cut, "...", 4);
	}
	out = strdup(safe.data); /* the buffer has room to grow in */
	buf_free(&safe);
	if (out == NULL)
		kh_fail_memory(err);
	return out;
}

/* In the place of a reason: under whose approval it was wrapped. */
static int tell_approvers(const struct haul_task *task, struct kh_error *err)
{
	struct buf text = BUF_INIT(BUNDLE_APPROVALS_MAX * (POLICY_NAME_MAX + 16));
	int ret = haul_approvers_text(&task->item, task->batch->o, &text, err);

	if (ret == 0 && text.len > 0 && (task->telling->why = strdup(buf_text(&text))) == NULL)
		ret = kh_fail_memory(err);
	buf_free(&text);
	return ret;
}

int haul_tell_prepare(const struct haul_task *task, struct kh_error *err)
{
	const struct haul_item *item = &task->item;
	const struct key *k = &task->result.key;
	struct haul_telling *t = task->telling;
	size_t len = task->state == HAUL_WRAPPED ? k->label_len : 0, path = strlen(item->path);
	const char *label = k->label, *why = NULL;
	json_t *json;

	if (task->state != HAUL_WRAPPED)
		label = item->key_uri != NULL ? uri_object(item->key_uri, &len) : NULL;
	if (task->state == HAUL_SKIPPED)
		why = haul_skipped_why(item);
	else if (task->state == HAUL_FAILED) /* without the path, which has its own column */
		why = t->error.msg +
		      (strncmp(t->error.msg, item->path, path) == 0 && t->error.msg[path] == ':' ? path + 2 : 0);
	t->algorithm = item->bundle != NULL ? bundle_facts(item->bundle)->algorithm : WRAPALGS;
	t->proof = task->state == HAUL_WRAPPED ? task->result.proof : NULL;
	t->spec = k->spec;
	if ((len > 0 && (t->key = shown(label, len, KEY_SHOWN, err)) == NULL) ||
	    (why != NULL && (t->why = shown(why, strlen(why), WHY_SHOWN, err)) == NULL))
		return -1;
	if (task->state == HAUL_WRAPPED && tell_approvers(task, err) != 0)
		return -1;
	if (!task->batch->c->common.json || task->state == HAUL_FAILED)
		return 0;
	json = task->state == HAUL_WRAPPED ? haul_json(item, task->batch->o, task->token, &task->result)
					   : haul_skipped_json(item);
	t->json = json != NULL ? jsontext_write(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(json);
	return t->json != NULL ? 0 : kh_fail_memory(err);
}

static int keep(struct buf *names, const char *name, uint32_t *at, struct kh_error *err)
{
	if (name == NULL)
		return 0;
	if (names->len == 0 && buf_add(names, "", 1, err) != 0) /* 0 is nothing */
		return -1;
	*at = (uint32_t)names->len;
	return buf_add(names, name, strlen(name) + 1, err);
}

int haul_tell_keep(struct haul_batch *b, size_t i, enum haul_state state, struct haul_telling *t, struct kh_error *err)
{
	struct haul_outcome *out = &b->outcomes[i];

	out->state = (unsigned char)state;
	out->algorithm = (unsigned char)t->algorithm;
	out->telling = t;
	if (keep(&b->names, t->key, &out->key, err) != 0)
		return -1;
	return keep(&b->names, t->why, &out->why, err);
}

/* One proof's warnings stand for all keys that it is for. */
static void warn_once(struct haul_batch *b, enum keyspec spec, const struct proof *p)
{
	for (size_t i = 0; i < b->n_warned; i++)
		if (b->warned[i] == p)
			return;
	haul_warn(spec, p);
	if (b->n_warned < HAUL_WARNED_MAX)
		b->warned[b->n_warned++] = p;
}

void haul_telling_free(struct haul_telling *t)
{
	if (t == NULL)
		return;
	free(t->key);
	free(t->why);
	free(t->json);
	free(t);
}

static int tell_one(struct haul_batch *b, size_t i, struct kh_error *err)
{
	struct haul_telling *t = b->outcomes[i].telling;
	int ret = 0;

	if (t->error.code != KH_OK)
		ret = cmd_item_failed(b->c, b->c->words[i], &t->error, err);
	else if (t->json != NULL)
		ret = cmd_result(b->c, t->json, err);
	if (t->proof != NULL)
		warn_once(b, t->spec, t->proof);
	haul_telling_free(t);
	b->outcomes[i].telling = NULL;
	return ret;
}

void haul_tell(struct haul_batch *b)
{
	struct kh_error err;

	for (; b->told < b->c->nwords && b->outcomes[b->told].telling != NULL; b->told++)
		if (tell_one(b, b->told, &err) != 0)
			haul_batch_fail(b, &err);
}

static void why_not_tried(const struct haul_batch *b, struct kh_error *why)
{
	if (b->is_gone)
		kh_fail(why, KH_E_TOKEN, b->native, "not tried, the token is gone");
	else
		kh_fail(why, KH_E_INTERRUPTED, 0, "not tried, the run was interrupted");
	if (b->o->again)
		kh_hint(why, "%srun it again for those that the result says are not tried: --again wraps all that it is given",
			b->is_gone ? "put the token back and " : "");
	else
		kh_hint(why, "%srun the same command again: what is wrapped is passed over",
			b->is_gone ? "put the token back and " : "");
}

/* One line for all of them; --json has each. */
static int tell_rest(struct haul_batch *b, struct kh_error *err)
{
	struct kh_error why;
	size_t n = 0;

	why_not_tried(b, &why);
	for (; b->told < b->c->nwords; b->told++) {
		int ret = 0;

		if (b->outcomes[b->told].telling != NULL)
			ret = tell_one(b, b->told, err);
		else if (++n > 0)
			ret = cmd_item_add(b->c, b->c->words[b->told], &why, err);
		if (ret != 0)
			return -1;
	}
	if (n == 0)
		return 0;
	*err = why;
	(void)snprintf(err->msg, sizeof(err->msg), "%s: %zu of %zu bundles were not tried",
		       b->is_gone ? "the token is gone" : "interrupted", n, b->c->nwords);
	return -1;
}

/* What stays on the token is a failure of its own, beside the bundles' results. */
static int tell_left(struct haul_batch *b, struct kh_error *err)
{
	struct kh_error why;

	return session_check_left(&b->first.session, &why) == 0 ? 0 : cmd_item_failed(b->c, "temporary objects", &why, err);
}

int haul_tell_end(struct haul_batch *b, struct kh_error *err)
{
	struct kh_error rest;
	int ret;

	if (b->failed) {
		*err = b->error;
		return -1;
	}
	ret = tell_rest(b, &rest);
	if (tell_left(b, err) != 0 || (!b->c->common.json && haul_table_show(b, err) != 0))
		return -1;
	if (ret == 0)
		return haul_end(b->c, err);
	*err = rest;
	return -1;
}

