/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "timeline.h"

#include <stdlib.h>
#include <string.h>

/* That a line wrote a state of a bundle. */
struct write {
	const char *sha256;
	size_t chain, line;
};

struct merge {
	const struct record *r;
	struct write *writes; /* by digest */
	size_t n_writes;
	size_t *next; /* of each chain, the line that is not placed yet */
};

static int by_sha256(const void *a, const void *b)
{
	return strcmp(((const struct write *)a)->sha256, ((const struct write *)b)->sha256);
}

static const json_t *files(const struct record *r, size_t chain, size_t line, const char *way)
{
	return json_object_get(r->chains[chain]->v[line].json, way);
}

/* Counts, and with room for them keeps, what was written. */
static size_t gather(struct merge *m)
{
	size_t n = 0;

	for (size_t k = 0; k < m->r->n_chains; k++)
		for (size_t i = 0; i < m->r->chains[k]->n; i++) {
			size_t at;
			json_t *file;

			json_array_foreach(files(m->r, k, i, "wrote"), at, file) {
				if (m->writes)
					m->writes[n] = (struct write){json_string_value(json_object_get(file, "sha256")), k, i};
				n++;
			}
		}
	return n;
}

/* True where all that wrote this state is still to be placed, by another host. */
static bool is_to_come(const struct merge *m, const char *sha256, size_t chain)
{
	const struct write key = {.sha256 = sha256};
	const struct write *w = bsearch(&key, m->writes, m->n_writes, sizeof(*w), by_sha256), *end = m->writes + m->n_writes;
	bool found = false;

	if (!w)
		return false;
	while (w > m->writes && strcmp(w[-1].sha256, sha256) == 0)
		w--;
	for (; w < end && strcmp(w->sha256, sha256) == 0; w++) {
		if (w->chain == chain || w->line < m->next[w->chain])
			return false;
		found = true;
	}
	return found;
}

/* A line's time: the told one is nearer to the truth. */
static const char *time_of(const struct merge *m, size_t chain)
{
	const struct chain_line *l = &m->r->chains[chain]->v[m->next[chain]];

	return l->told ? l->told : l->at;
}

static bool must_wait(const struct merge *m, size_t chain)
{
	size_t at;
	json_t *file;

	json_array_foreach(files(m->r, chain, m->next[chain], "read"), at, file)
		if (is_to_come(m, json_string_value(json_object_get(file, "sha256")), chain))
			return true;
	return false;
}

/* The chain whose next line comes next: the earliest that need not wait, or else the earliest. */
static size_t choose(const struct merge *m)
{
	size_t best = m->r->n_chains;
	bool best_waits = true;

	for (size_t k = 0; k < m->r->n_chains; k++) {
		bool waits;

		if (m->next[k] == m->r->chains[k]->n)
			continue;
		waits = must_wait(m, k);
		if (best == m->r->n_chains || (best_waits && !waits) ||
		    (best_waits == waits && strcmp(time_of(m, k), time_of(m, best)) < 0)) {
			best = k;
			best_waits = waits;
		}
	}
	return best;
}

int timeline_make(const struct record *r, struct timeline_event **out, size_t *n, struct kh_error *err)
{
	struct merge m = {.r = r};
	size_t all = 0;

	*n = 0;
	for (size_t k = 0; k < r->n_chains; k++)
		all += r->chains[k]->n;
	*out = calloc(all + 1, sizeof(**out));
	m.writes = calloc(gather(&m) + 1, sizeof(*m.writes));
	m.next = calloc(r->n_chains + 1, sizeof(*m.next));
	if (!*out || !m.writes || !m.next) {
		free(*out);
		*out = NULL;
		kh_fail_memory(err);
		goto end;
	}
	m.n_writes = gather(&m);
	qsort(m.writes, m.n_writes, sizeof(*m.writes), by_sha256);
	for (; *n < all; (*n)++) {
		size_t k = choose(&m);

		(*out)[*n] = (struct timeline_event){r->chains[k], &r->chains[k]->v[m.next[k]++]};
	}
end:
	free(m.writes);
	free(m.next);
	return *out ? 0 : -1;
}
