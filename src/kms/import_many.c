/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "import_many.h"

#include "base/progress.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

/* One operand. */
struct entry {
	size_t word;
	char key_id[64]; /* "" where the bundle could not be read: then it stands alone */
	bool is_new;	 /* NEW_KEY_MATERIAL: behind the key's others */
};

/* The entries of one key. */
struct group {
	struct entry *first;
	size_t n, word; /* `word` is the least of theirs */
};

struct many {
	struct cmd *c;
	struct import_run *run;
	struct entry *entries; /* sorted: a key's together */
	struct group *groups;  /* in the order in which they are named first */
	size_t n_groups;
	struct table *table;
	struct kh_error fatal; /* what ends the run as a whole; code KH_OK for none */
};

static void end_run(struct many *m, const struct kh_error *err)
{
	if (m->fatal.code == KH_OK)
		m->fatal = *err;
}

/* What the bundle says of its order; whatever is wrong with it is found out when its turn comes. */
static void read_entry(const char *path, size_t word, struct entry *out)
{
	struct bundle *b = NULL;
	struct kh_error ignored;
	const char *type;

	*out = (struct entry){.word = word};
	if (bundle_read(path, &b, &ignored))
		return;
	type = bundle_request(b)->intent.import_type;
	memcpy(out->key_id, bundle_facts(b)->arn.key_id, sizeof(out->key_id));
	out->is_new = type && strcmp(type, INTENT_NEW) == 0;
	bundle_free(b);
}

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->key_id, y->key_id);

	if (!order && x->is_new != y->is_new)
		return x->is_new ? 1 : -1;
	return order ? order : (x->word > y->word) - (x->word < y->word);
}

static int by_first_word(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return (x->word > y->word) - (x->word < y->word);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_twice(const struct cmd *c, struct kh_error *err)
{
	const char **sorted = malloc(c->nwords * sizeof(const char *));
	int rc = 0;

	if (!sorted)
		return kh_fail_memory(err);
	memcpy((void *)sorted, (const void *)c->words, c->nwords * sizeof(const char *));
	qsort((void *)sorted, c->nwords, sizeof(*sorted), by_text);
	for (size_t i = 1; i < c->nwords && !rc; i++)
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			rc = kh_fail(err, KH_E_USAGE, 0, "%s is named twice", sorted[i]);
	free((void *)sorted);
	return rc;
}

static int make_groups(struct many *m, struct kh_error *err)
{
	size_t n = m->c->nwords;

	m->entries = calloc(n, sizeof(*m->entries));
	m->groups = calloc(n, sizeof(*m->groups));
	if (!m->entries || !m->groups)
		return kh_fail_memory(err);
	for (size_t i = 0; i < n; i++)
		read_entry(m->c->words[i], i, &m->entries[i]);
	qsort(m->entries, n, sizeof(*m->entries), by_key);
	for (size_t i = 0; i < n; i++) {
		struct group *g = m->n_groups ? &m->groups[m->n_groups - 1] : NULL;

		if (!g || !m->entries[i].key_id[0] || strcmp(m->entries[i].key_id, g->first->key_id) != 0) {
			g = &m->groups[m->n_groups++];
			*g = (struct group){.first = &m->entries[i], .word = m->entries[i].word};
		}
		g->n++;
		g->word = m->entries[i].word < g->word ? m->entries[i].word : g->word;
	}
	qsort(m->groups, m->n_groups, sizeof(*m->groups), by_first_word);
	return 0;
}

static void put(struct many *m, size_t word, const struct import *i)
{
	const struct bundle_receipt *receipt = bundle_receipt(i->bundle);
	const struct table_row row = {.item = m->c->words[word], .arn = bundle_request(i->bundle)->kms_key_arn,
				      .result = import_result_word(i->result), .until = receipt->valid_to,
				      .json = m->c->common.json ? import_result_json(m->c->words[word], i) : json_null()};
	struct kh_error err;

	progress_step();
	if (table_put(m->table, word, &row, &err))
		end_run(m, &err);
}

static void put_failed(struct many *m, size_t word, const struct import *i, const struct kh_error *why)
{
	const struct table_row row = {.item = m->c->words[word],
				      .arn = i->bundle ? bundle_request(i->bundle)->kms_key_arn : NULL, .why = why};
	struct kh_error err;

	progress_step();
	if (why->code == KH_E_MEMORY || why->code == KH_E_INTERRUPTED)
		end_run(m, why);
	else if (table_put(m->table, word, &row, &err))
		end_run(m, &err);
}

/* A multi-Region key's material is known to a replica once the primary has it: then its turn comes again. */
static bool comes_again(const struct entry *e, const struct kh_error *err, bool last)
{
	return !last && strncmp(e->key_id, "mrk-", 4) == 0 && kms_is_error(err, "IncorrectKeyMaterialException");
}

/* A new material on top of a first one that is not there would be the first. */
static int check_order(const struct many *m, const struct entry *e, bool failed, struct kh_error *err)
{
	if (!e->is_new || !failed)
		return 0;
	kh_fail(err, KH_E_AGAIN, 0, "%s: not tried, for another bundle of its key failed, and this material is to follow it",
		m->c->words[e->word]);
	return kh_hint(err, "mend that one, then run this again");
}

/* Gives true where its turn is to come again. */
static bool import_entry(struct many *m, const struct entry *e, bool last, bool *failed)
{
	struct import i = {0};
	struct kh_error err = {0};
	bool again = false;

	if (check_order(m, e, *failed, &err)) {
		put_failed(m, e->word, &i, &err);
		return false;
	}
	if (!import_bundle(m->run, m->c->words[e->word], &i, &err)) {
		put(m, e->word, &i);
	} else if (comes_again(e, &err, last)) {
		again = true;
	} else {
		*failed = true;
		put_failed(m, e->word, &i, &err);
	}
	import_clear(&i);
	return again;
}

static void run_group(void *ctx, size_t g)
{
	struct many *m = ctx;
	struct entry *first = m->groups[g].first;
	size_t n = m->groups[g].n, left = 0;
	bool failed = false;

	for (int turn = 0; turn < 2 && n; turn++, n = left, left = 0)
		for (size_t i = 0; i < n && m->fatal.code == KH_OK; i++) {
			if (i && cmd_interrupted()) {
				struct kh_error err;

				kh_fail(&err, KH_E_INTERRUPTED, 0, "interrupted: the rest was not begun");
				end_run(m, &err);
			} else if (import_entry(m, &first[i], turn || n == 1, &failed)) {
				first[left++] = first[i];
			}
		}
}

static int run_all(struct many *m, struct kh_error *err)
{
	size_t begun = 0;
	int rc;

	if (import_open_session(m->run, err))
		return -1;
	progress_begin("importing", 0, m->c->nwords);
	rc = session_run(&m->run->session, m->n_groups, (size_t)m->run->opts->jobs, run_group, m, &begun, err);
	progress_end();
	if (rc)
		return -1;
	if (begun < m->n_groups && m->fatal.code == KH_OK)
		m->fatal.code = KH_E_INTERRUPTED;
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

	if (!check_twice(c, err) && !make_groups(&m, err) && !table_open(c, run->opts->csv, c->nwords, &m.table, err))
		rc = run_all(&m, err);
	table_free(m.table);
	free(m.entries);
	free(m.groups);
	return rc;
}
