/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "import_many.h"

#include "base/progress.h"
#include "table.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A KMS key, whatever the Region. */
struct key {
	char id[64];
	bool busy;   /* a bundle of its is being imported */
	bool held;   /* one waits for that one's end: so do those behind it */
	bool failed; /* one was not imported */
};

/* A bundle whose turn comes when all others have been begun. */
struct later {
	size_t word;
	struct key *key;
	bool is_new; /* NEW_KEY_MATERIAL: behind the key's others */
	bool again;  /* it was tried */
};

/* The bundles of one key. */
struct group {
	struct later *first;
	size_t n;
};

struct many {
	struct cmd *c;
	struct import_run *run;
	void *keys; /* a tree, by id */
	struct later *later;
	struct group *groups; /* in the order in which they are named first */
	size_t n_later, n_groups;
	struct table *table;
	struct kh_error fatal; /* what ends the run as a whole; code KH_OK for none */
};

static void end_run(struct many *m, const struct kh_error *err)
{
	if (m->fatal.code == KH_OK)
		m->fatal = *err;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct key *)a)->id, ((const struct key *)b)->id);
}

/* NULL: out of memory. */
static struct key *key_of(struct many *m, const struct bundle *b)
{
	struct key *fresh = calloc(1, sizeof(*fresh)), **found;

	if (!fresh)
		return NULL;
	(void)snprintf(fresh->id, sizeof(fresh->id), "%s", bundle_facts(b)->arn.key_id);
	found = tsearch(fresh, &m->keys, by_id);
	if (!found || *found != fresh)
		free(fresh);
	return found ? *found : NULL;
}

static void free_keys(struct many *m)
{
	while (m->keys) {
		struct key *key = *(struct key **)m->keys;

		(void)tdelete(key, &m->keys, by_id);
		free(key);
	}
}

static int by_key(const void *a, const void *b)
{
	const struct later *x = a, *y = b;
	int order = strcmp(x->key->id, y->key->id);

	if (!order && x->is_new != y->is_new)
		return x->is_new ? 1 : -1;
	return order ? order : (x->word > y->word) - (x->word < y->word);
}

static int by_first_word(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return (x->first->word > y->first->word) - (x->first->word < y->first->word);
}

/* An operand and the file that it names; what is not there has no file. */
struct named {
	const char *word;
	dev_t dev;
	ino_t ino;
};

static int by_file(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = (x->dev > y->dev) - (x->dev < y->dev);

	order = order ? order : (x->ino > y->ino) - (x->ino < y->ino);
	return order || x->ino ? order : strcmp(x->word, y->word);
}

/* By whatever names. */
static int check_twice(const struct cmd *c, struct kh_error *err)
{
	struct named *all = calloc(c->nwords, sizeof(*all));
	struct stat st;
	int rc = 0;

	if (!all)
		return kh_fail_memory(err);
	for (size_t i = 0; i < c->nwords; i++) {
		all[i].word = c->words[i];
		if (stat(c->words[i], &st) == 0) {
			all[i].dev = st.st_dev;
			all[i].ino = st.st_ino;
		}
	}
	qsort(all, c->nwords, sizeof(*all), by_file);
	for (size_t i = 1; i < c->nwords && !rc; i++) {
		if (by_file(&all[i - 1], &all[i]) != 0)
			continue;
		if (strcmp(all[i - 1].word, all[i].word) == 0)
			rc = kh_fail(err, KH_E_USAGE, 0, "%s is named twice", all[i].word);
		else
			rc = kh_fail(err, KH_E_USAGE, 0, "%s and %s are one bundle: it is named twice", all[i - 1].word, all[i].word);
		kh_hint(err, "name each bundle once");
	}
	free(all);
	return rc;
}

/* What was put off, a key's together. */
static int make_groups(struct many *m, struct kh_error *err)
{
	m->groups = calloc(m->n_later, sizeof(*m->groups));
	if (!m->groups)
		return kh_fail_memory(err);
	qsort(m->later, m->n_later, sizeof(*m->later), by_key);
	for (size_t i = 0; i < m->n_later; i++) {
		if (!i || m->later[i].key != m->later[i - 1].key)
			m->groups[m->n_groups++].first = &m->later[i];
		m->groups[m->n_groups - 1].n++;
	}
	qsort(m->groups, m->n_groups, sizeof(*m->groups), by_first_word);
	return 0;
}

static void put(struct many *m, size_t word, const struct import *i)
{
	const struct bundle_receipt *receipt = bundle_receipt(i->bundle);
	const struct table_row row = {.item = m->c->words[word], .arn = bundle_request(i->bundle)->kms_key_arn,
				      .result = import_result_word(i), .until = receipt->valid_to, .imported = true,
				      .json = m->c->common.json ? import_result_json(m->c->words[word], i) : json_null()};
	struct kh_error err;

	progress_step();
	if (table_put(m->table, word, &row, &err))
		end_run(m, &err);
}

/* `result`: NULL for "failed". */
static void put_failed(struct many *m, size_t word, const struct import *i, const char *result, const struct kh_error *why)
{
	const struct table_row row = {.item = m->c->words[word], .result = result,
				      .arn = i->bundle ? bundle_request(i->bundle)->kms_key_arn : NULL, .why = why};
	struct kh_error err;

	progress_step();
	if (why->code == KH_E_MEMORY || why->code == KH_E_INTERRUPTED)
		end_run(m, why);
	else if (table_put(m->table, word, &row, &err))
		end_run(m, &err);
}

/* A multi-Region key's material is known to a replica once the primary has it: then its turn comes again. */
static bool comes_again(const struct key *key, const struct kh_error *err)
{
	return strncmp(key->id, "mrk-", 4) == 0 && kms_is_error(err, "IncorrectKeyMaterialException");
}

/* A new material on top of a first one that is not there would be the first. */
static int check_order(const struct many *m, const struct later *l, struct kh_error *err)
{
	if (!l->is_new || !l->key->failed)
		return 0;
	kh_fail(err, KH_E_AGAIN, 0, "%s: not tried, for another bundle of its key failed, and this material is to follow it",
		m->c->words[l->word]);
	return kh_hint(err, "mend that one, then run this again");
}

static bool is_new(const struct bundle *b)
{
	const char *type = bundle_request(b)->intent.import_type;

	return type && strcmp(type, INTENT_NEW) == 0;
}

static void put_off(struct many *m, size_t word, struct key *key, bool is_new, bool again)
{
	m->later[m->n_later++] = (struct later){.word = word, .key = key, .is_new = is_new, .again = again};
}

/* Imports what is open. Gives true where its turn is to come again. */
static bool import_one_of(struct many *m, size_t word, struct key *key, struct import *i, bool last)
{
	struct kh_error err = {0};

	if (!import_opened(m->run, m->c->words[word], i, &err)) {
		put(m, word, i);
		return false;
	}
	if (!last && comes_again(key, &err))
		return true;
	key->failed = true;
	put_failed(m, word, i, NULL, &err);
	return false;
}

/*
 * The bundle of one operand, as soon as it is read; those that must follow another are put off. The jobs are begun in the
 * order of the words, and nothing else runs until it is known whose turn it is: a key's bundles stay in their order.
 */
static void import_word(void *ctx, size_t word)
{
	struct many *m = ctx;
	struct import i = {0};
	struct kh_error err = {0};
	struct key *key = NULL;

	if (m->fatal.code != KH_OK)
		return;
	if (import_open(m->run, m->c->words[word], &i, &err) || !(key = key_of(m, i.bundle))) {
		if (i.bundle)
			kh_fail_memory(&err);
		put_failed(m, word, &i, NULL, &err);
	} else if (is_new(i.bundle) || key->busy || key->held) {
		key->held = key->held || !is_new(i.bundle);
		put_off(m, word, key, is_new(i.bundle), false);
	} else {
		key->busy = true;
		if (import_one_of(m, word, key, &i, false))
			put_off(m, word, key, false, true);
		key->busy = false;
	}
	import_clear(&i);
}

/* Gives true where its turn is to come again. */
static bool import_later(struct many *m, const struct later *l, bool last)
{
	struct import i = {0};
	struct kh_error err = {0};
	bool again = false;

	if (import_open(m->run, m->c->words[l->word], &i, &err)) {
		l->key->failed = true;
		put_failed(m, l->word, &i, NULL, &err);
	} else if (check_order(m, l, &err)) {
		put_failed(m, l->word, &i, "not tried", &err);
	} else {
		again = import_one_of(m, l->word, l->key, &i, last);
	}
	import_clear(&i);
	return again;
}

static void run_group(void *ctx, size_t g)
{
	struct many *m = ctx;
	struct later *first = m->groups[g].first;
	size_t n = m->groups[g].n, left = 0;

	for (int turn = 0; turn < 2 && n; turn++, n = left, left = 0)
		for (size_t i = 0; i < n && m->fatal.code == KH_OK; i++) {
			if (i && cmd_interrupted()) {
				struct kh_error err;

				kh_fail(&err, KH_E_INTERRUPTED, 0, "interrupted: the rest was not begun");
				end_run(m, &err);
			} else if ((!turn && first[i].again) || import_later(m, &first[i], turn || n == 1)) {
				first[left++] = first[i];
			}
		}
}

/* All that can be imported beside each other, then what was put off. */
static int run_both(struct many *m, struct kh_error *err)
{
	size_t jobs = (size_t)m->run->opts->jobs, begun = 0;

	if (session_run(&m->run->session, m->c->nwords, jobs, import_word, m, &begun, err))
		return -1;
	if (begun == m->c->nwords && m->n_later) {
		begun = 0;
		if (make_groups(m, err) || session_run(&m->run->session, m->n_groups, jobs, run_group, m, &begun, err))
			return -1;
		begun += m->c->nwords - m->n_groups;
	}
	if (begun < m->c->nwords && m->fatal.code == KH_OK)
		m->fatal.code = KH_E_INTERRUPTED;
	return 0;
}

static int run_all(struct many *m, struct kh_error *err)
{
	int rc;

	if (import_open_session(m->run, err))
		return -1;
	progress_begin("importing", 0, m->c->nwords);
	rc = run_both(m, err);
	progress_end();
	if (rc)
		return -1;
	if (m->fatal.code == KH_OK)
		return table_end(m->table, "bundle", err);
	(void)table_rest(m->table, err); /* what was done is told all the same */
	*err = m->fatal;
	if (err->code != KH_E_INTERRUPTED)
		return -1;
	kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: %zu of %zu bundles were seen to", table_count(m->table), m->c->nwords);
	return kh_hint(err, "run this again: it does what is left");
}

int import_many(struct cmd *c, struct import_run *run, struct kh_error *err)
{
	struct many m = {.c = c, .run = run};
	int rc = -1;

	if (check_twice(c, err) || table_open(c, run->opts->csv, c->nwords, &m.table, err))
		goto out;
	m.later = calloc(c->nwords, sizeof(*m.later));
	rc = m.later ? run_all(&m, err) : kh_fail_memory(err);
out:
	table_free(m.table);
	free_keys(&m);
	free(m.later);
	free(m.groups);
	return rc;
}
