/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "record.h"

#include <stdlib.h>
#include <string.h>

/* A bundle as one command read or wrote it. */
struct touch {
	const char *sha256, *request, *material, *path;
	const struct chain *chain;
	const struct chain_line *line;
	size_t at; /* in the command's list: the order of its doings */
	bool wrote;
	bool scanned; /* 'scan' wrote it, out of pictures: it was carried there and not made */
	bool copied; /* the same command read it so: neither was it made by that */
	bool shown; /* 'qr' read it, and made the pictures */
	bool superseded; /* the same command wrote another state of it */
	bool rewrapped; /* and with other material: 'wrap --again' */
};

struct touches {
	struct touch *v;
	size_t n, cap;
};

static int keep(struct touches *t, const struct touch *one, struct kh_error *err)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 256;
		struct touch *v = realloc(t->v, cap * sizeof(*v));

		if (!v)
			return kh_fail_memory(err);
		t->v = v;
		t->cap = cap;
	}
	t->v[t->n++] = *one;
	return 0;
}

static bool is_verb(const struct chain_line *l, const char *verb)
{
	const json_t *typed = json_object_get(l->json, "typed");
	const char *program = json_string_value(json_object_get(l->json, "program")), *word = json_string_value(json_array_get(typed, 1));

	return program && word && strcmp(program, "keyhaul-qr") == 0 && strcmp(word, verb) == 0;
}

/* Files that are no bundles count as written: another program may have carried a bundle in one. */
static int take_files(struct touches *t, const struct chain *c, const struct chain_line *l, bool wrote, struct kh_error *err)
{
	const json_t *files = json_object_get(l->json, wrote ? "wrote" : "read");
	size_t i;
	json_t *file;

	json_array_foreach(files, i, file) {
		const struct touch one = {.sha256 = json_string_value(json_object_get(file, "sha256")),
					  .request = json_string_value(json_object_get(file, "request_sha256")),
					  .material = json_string_value(json_object_get(file, "material_sha256")),
					  .path = json_string_value(json_object_get(file, "path")), .chain = c, .line = l,
					  .at = i, .wrote = wrote, .scanned = wrote && is_verb(l, "scan"),
					  .shown = !wrote && is_verb(l, "qr")};

		if ((one.request || wrote) && keep(t, &one, err))
			return -1;
	}
	return 0;
}

static int by_sha256(const void *a, const void *b)
{
	return strcmp(((const struct touch *)a)->sha256, ((const struct touch *)b)->sha256);
}

static int text_order(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* By request, and the latest of a request last. */
static int by_request(const void *a, const void *b)
{
	const struct touch *x = a, *y = b;
	int order = text_order(x->request, y->request);

	if (!order)
		order = strcmp(x->line->at, y->line->at);
	if (!order)
		order = x->line->n < y->line->n ? -1 : x->line->n > y->line->n;
	if (!order)
		order = (int)x->wrote - (int)y->wrote;
	return order ? order : x->at < y->at ? -1 : x->at > y->at;
}

/* By request and material, and the earliest of these first. */
static int by_material(const void *a, const void *b)
{
	const struct touch *x = a, *y = b;
	int order = text_order(x->request, y->request);

	if (!order)
		order = text_order(x->material, y->material);
	return order ? order : by_request(a, b);
}

/* What one command read and wrote anew is not how the bundle was left. `t` is of that command alone, by request. */
static void mark_superseded(struct touch *t, size_t n)
{
	for (size_t from = 0, to; from < n; from = to) {
		const struct touch *written = NULL;

		for (to = from; to < n && text_order(t[to].request, t[from].request) == 0; to++)
			if (t[to].wrote)
				written = &t[to];
		for (size_t i = from; written && t[from].request && i < to; i++) {
			t[i].superseded = strcmp(t[i].sha256, written->sha256) != 0;
			t[i].rewrapped = written->material && text_order(t[i].material, written->material) != 0;
		}
	}
}

/* 'merge' of two copies writes what it read elsewhere; 'fetch' reads back what it wrote. `t` is of one command alone. */
static void mark_copied(struct touch *t, size_t n)
{
	qsort(t, n, sizeof(*t), by_sha256);
	for (size_t from = 0, to; from < n; from = to) {
		const char *read = NULL;
		bool others = false; /* it was read under several names */

		for (to = from; to < n && strcmp(t[to].sha256, t[from].sha256) == 0; to++) {
			if (t[to].wrote)
				continue;
			others = others || (read && strcmp(t[to].path, read) != 0);
			read = t[to].path;
		}
		for (size_t i = from; i < to; i++)
			t[i].copied = t[i].wrote && read && (others || strcmp(t[i].path, read) != 0);
	}
}

static int gather(const struct record *r, struct touches *t, struct kh_error *err)
{
	for (size_t k = 0; k < r->n_chains; k++)
		for (size_t i = 0; i < r->chains[k]->n; i++) {
			const struct chain *c = r->chains[k];
			size_t from = t->n;

			if (take_files(t, c, &c->v[i], false, err) || take_files(t, c, &c->v[i], true, err))
				return -1;
			if (t->n == from)
				continue;
			mark_copied(t->v + from, t->n - from);
			qsort(t->v + from, t->n - from, sizeof(*t->v), by_request);
			mark_superseded(t->v + from, t->n - from);
		}
	return 0;
}

static void tell_carried(struct record *r, const struct touch *t, const char *did, const char *what)
{
	findings_add(&r->findings, KH_E_CHECK, "%s: line %lld (host '%s') %s the bundle '%s' %s (SHA-256 %s)", t->chain->path,
		     (long long)t->line->n, t->chain->host, did, t->path, what, t->sha256);
}

static bool is_earlier(const struct touch *t, const struct touch *first)
{
	return !first || strcmp(t->line->at, first->line->at) < 0;
}

/* One state: somebody made it, and pictures that it was read from are of it. Pictures themselves have no line. */
static void check_state(struct record *r, const struct touch *t, size_t n)
{
	const struct touch *first = NULL, *scanned = NULL;
	bool made = false, shown = false;

	for (size_t i = 0; i < n; i++) {
		made = made || (t[i].wrote && !t[i].scanned && !t[i].copied);
		shown = shown || t[i].shown;
		if ((!t[i].wrote || t[i].scanned) && is_earlier(&t[i], first))
			first = &t[i];
		if (t[i].scanned && is_earlier(&t[i], scanned))
			scanned = &t[i];
	}
	if (!made && first)
		tell_carried(r, first, first->scanned ? "scanned" : "read", "as no command in these transcripts wrote it");
	else if (scanned && !shown)
		tell_carried(r, scanned, "scanned", "from QR codes that no 'keyhaul qr' in these transcripts made");
}

/* `t` is by digest, so what is of one state stands together. */
static void check_carried(struct record *r, const struct touches *t)
{
	for (size_t from = 0, to; from < t->n; from = to) {
		for (to = from; to < t->n && strcmp(t->v[to].sha256, t->v[from].sha256) == 0; to++)
			;
		check_state(r, t->v + from, to - from);
	}
}

static const struct touch *find_state(const struct touches *t, const char *sha256)
{
	const struct touch key = {.sha256 = sha256};

	return t->n ? bsearch(&key, t->v, t->n, sizeof(*t->v), by_sha256) : NULL;
}

static bool is_superseded(const struct touches *t, const struct touch *state)
{
	const struct touch *first = state, *end = t->v + t->n;

	while (first > t->v && strcmp(first[-1].sha256, state->sha256) == 0)
		first--;
	for (; first < end && strcmp(first->sha256, state->sha256) == 0; first++)
		if (first->superseded)
			return true;
	return false;
}

static void check_states(struct record *r, const struct touches *t)
{
	for (size_t i = 0; i < r->n_bundles; i++) {
		const struct record_bundle *b = &r->bundles[i];
		const struct touch *state = find_state(t, b->sha256);

		if (!state)
			findings_add(&r->findings, KH_E_CHECK,
				     "%s: the bundle is not as any command in these transcripts left it: it was changed, or is another (SHA-256 %s)",
				     b->path, b->sha256);
		else if (is_superseded(t, state))
			findings_add(&r->findings, KH_E_CHECK, "%s: a later command wrote this bundle anew; this is how it was before",
				     b->path);
	}
}

/* `t` is by request. */
static void check_missing(struct record *r, const struct touches *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct touch *last = &t->v[i];

		if (!last->request || (i + 1 < t->n && text_order(last->request, t->v[i + 1].request) == 0))
			continue;
		if (!record_bundle_of(r, last->request))
			findings_add(&r->findings, KH_E_INPUT,
				     "the bundle '%s' is missing: line %lld of %s (host '%s') names it (request %s, file %s)", last->path,
				     (long long)last->line->n, last->chain->path, last->chain->host, last->request, last->sha256);
	}
}

static bool has_state(const struct record *r, const char *sha256)
{
	for (size_t i = 0; i < r->n_bundles; i++)
		if (strcmp(r->bundles[i].sha256, sha256) == 0)
			return true;
	return false;
}

/*
 * What a command left is there, though another copy of that request is: the key in each may be another. `t` is by digest.
 * Where no bundle of the request is there check_missing says so.
 */
static void check_left(struct record *r, const struct touches *t)
{
	for (size_t from = 0, to; from < t->n; from = to) {
		const struct touch *made = NULL;

		for (to = from; to < t->n && strcmp(t->v[to].sha256, t->v[from].sha256) == 0; to++)
			if (t->v[to].request && t->v[to].wrote && !t->v[to].scanned && !t->v[to].copied)
				made = &t->v[to];
		if (made && !is_superseded(t, made) && record_bundle_of(r, made->request) && !has_state(r, made->sha256))
			findings_add(&r->findings, KH_E_CHECK, "%s: the bundle '%s' that line %lld (host '%s') left, SHA-256 %s, is missing",
				     made->chain->path, made->path, (long long)made->line->n, made->chain->host, made->sha256);
	}
}

/* One request is for one material; another that a command put in its place is no second one. `t` is by material. */
static void check_materials(struct record *r, const struct touches *t)
{
	const struct touch *before = NULL;

	for (size_t from = 0, to; from < t->n; from = to) {
		const struct touch *first = &t->v[from];
		bool rewrapped = false;

		for (to = from; to < t->n && text_order(t->v[to].request, first->request) == 0 &&
				text_order(t->v[to].material, first->material) == 0;
		     to++)
			rewrapped = rewrapped || t->v[to].rewrapped;
		if (!first->request || !first->material || rewrapped)
			continue;
		if (before && strcmp(before->request, first->request) == 0)
			findings_add(&r->findings, KH_E_CHECK,
				     "request %s has two materials: line %lld of %s ('%s', material %s) and line %lld of %s ('%s', material %s)",
				     first->request, (long long)before->line->n, before->chain->path, before->path, before->material,
				     (long long)first->line->n, first->chain->path, first->path, first->material);
		before = first;
	}
}

static bool is_left(const struct touches *t, const struct record_bundle *b)
{
	const struct touch *state = find_state(t, b->sha256);

	return state && !is_superseded(t, state);
}

/* What was only found gives way to what a command left. `t` is by digest. */
static void drop_older(struct record *r, const struct touches *t)
{
	for (size_t i = r->n_bundles; i-- > 0;) {
		const char *sought = r->bundles[i].sought;
		bool drop = r->bundles[i].spare;

		if (!sought || is_left(t, &r->bundles[i]))
			continue;
		for (size_t k = 0; !drop && k < r->n_bundles; k++)
			drop = strcmp(bundle_request_sha256(r->bundles[k].b), sought) == 0 && is_left(t, &r->bundles[k]);
		if (drop)
			record_drop(r, i);
	}
}

int record_join(struct record *r, struct kh_error *err)
{
	struct touches t = {0};
	int rc = gather(r, &t, err);

	if (!rc && t.n) {
		qsort(t.v, t.n, sizeof(*t.v), by_sha256);
		drop_older(r, &t);
		qsort(t.v, t.n, sizeof(*t.v), by_request);
		check_missing(r, &t);
		qsort(t.v, t.n, sizeof(*t.v), by_material);
		check_materials(r, &t);
		qsort(t.v, t.n, sizeof(*t.v), by_sha256);
		check_left(r, &t);
		check_carried(r, &t);
	}
	if (!rc)
		check_states(r, &t);
	free(t.v);
	if (!rc && r->findings.failed)
		rc = kh_fail_memory(err);
	return rc;
}
