/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "record.h"

#include "base/base64.h"
#include "base/cmd_transcript.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The list with room for one more at its end; it grows by doubling. NULL where there is none: the list is as it was then. */
static void *with_room(void *list, size_t n, size_t size, struct kh_error *err)
{
	void *grown = list;

	if (n >= RECORD_FILES_MAX) {
		kh_fail(err, KH_E_INPUT, 0, "more than %d files", RECORD_FILES_MAX);
		return NULL;
	}
	if ((n & (n - 1)) == 0) {
		grown = realloc(list, (n ? 2 * n : 1) * size);
		if (!grown)
			kh_fail_memory(err);
	}
	return grown;
}

static int keep_bundle(struct record *r, const char *path, const struct buf *text, struct kh_error *err)
{
	struct record_bundle one = {.path = strdup(path)}, *grown;
	unsigned char digest[FILE_DIGEST];

	if (!one.path) {
		kh_fail_memory(err);
		goto fail;
	}
	if (bundle_parse(buf_text(text), text->len, &one.b, err)) {
		kh_context(err, "%s", path);
		goto fail;
	}
	grown = file_sha256(buf_text(text), text->len, digest, err)
			? NULL
			: with_room(r->bundles, r->n_bundles, sizeof(*r->bundles), err);
	if (!grown)
		goto fail;
	r->bundles = grown;
	hex_encode(digest, sizeof(digest), one.sha256);
	r->bundles[r->n_bundles++] = one;
	return 0;
fail:
	bundle_free(one.b);
	free(one.path);
	return -1;
}

/* One goes on as the other, or is it: a host would be there twice. */
static int check_new(const struct record *r, const struct chain *c, struct kh_error *err)
{
	for (size_t i = 0; i < r->n_chains; i++) {
		const struct chain *other = r->chains[i];
		const size_t n = c->n < other->n ? c->n : other->n;

		if (n == 0 || strcmp(c->v[n - 1].sha256, other->v[n - 1].sha256) != 0)
			continue;
		kh_fail(err, KH_E_INPUT, 0, "%s: the same transcript as %s", c->path, other->path);
		return kh_hint(err, "give each host's transcript once, the one with the most lines");
	}
	return 0;
}

static int keep_chain(struct record *r, const char *path, const struct buf *text, struct kh_error *err)
{
	struct chain *c = NULL, **grown;

	if (chain_parse(path, buf_text(text), text->len, &r->findings, &c, err))
		return -1;
	grown = check_new(r, c, err) ? NULL : with_room(r->chains, r->n_chains, sizeof(struct chain *), err);
	if (!grown) {
		chain_free(c);
		return -1;
	}
	r->chains = grown;
	r->chains[r->n_chains++] = c;
	return 0;
}

int record_add(struct record *r, const char *path, struct kh_error *err)
{
	static const char head[] = TRANSCRIPT_HEAD;
	struct buf text = BUF_INIT(TRANSCRIPT_FILE_MAX);
	int rc = file_read(path, &text, err);

	if (rc) {
		buf_free(&text);
		return rc;
	}
	if (text.len && strncmp(buf_text(&text), head, text.len < sizeof(head) - 1 ? text.len : sizeof(head) - 1) == 0) {
		rc = keep_chain(r, path, &text, err);
	} else {
		rc = keep_bundle(r, path, &text, err);
		if (rc && err->code == KH_E_INPUT)
			kh_hint(err, "a record is made of transcripts and bundles, and this is neither");
	}
	buf_free(&text);
	return rc;
}

/* The name beside the transcript: no path that a transcript gives is ever opened. */
static int beside(const char *transcript, const char *named, char *out, size_t size)
{
	const char *slash = strrchr(transcript, '/'), *name = strrchr(named, '/');
	int n = snprintf(out, size, "%.*s%s", slash ? (int)(slash - transcript) + 1 : 0, transcript, name ? name + 1 : named);

	return n > 0 && (size_t)n < size ? 0 : -1;
}

/* The last bundle was found for that request. A copy of one that is there says nothing new. */
static void keep_found(struct record *r, const char *request, bool spare)
{
	struct record_bundle *one = &r->bundles[r->n_bundles - 1];

	one->sought = request;
	one->spare = spare;
	for (size_t i = 0; i + 1 < r->n_bundles; i++)
		if (strcmp(r->bundles[i].sha256, one->sha256) == 0) {
			record_drop(r, r->n_bundles - 1);
			return;
		}
}

static int find_one(struct record *r, const struct chain *c, const json_t *file, struct kh_error *err)
{
	const char *request = json_string_value(json_object_get(file, "request_sha256"));
	const bool spare = request && record_bundle_of(r, request);
	struct buf text = BUF_INIT(BUNDLE_MAX);
	struct kh_error why;
	char path[4096];
	struct stat st;
	int rc = 0;

	if (!request ||
	    beside(c->path, json_string_value(json_object_get(file, "path")), path, sizeof(path)) || lstat(path, &st) ||
	    !S_ISREG(st.st_mode))
		return 0;
	for (size_t i = 0; i < r->n_bundles; i++)
		if (strcmp(r->bundles[i].path, path) == 0)
			return 0;
	if (file_read(path, &text, &why) || keep_bundle(r, path, &text, &why)) {
		if (why.code == KH_E_MEMORY) {
			*err = why;
			rc = -1;
		} else if (!spare) {
			findings_add(&r->findings, why.code, "%s", why.msg);
		}
	} else {
		keep_found(r, request, spare);
	}
	buf_free(&text);
	return rc;
}

/* In the order in which they were asked for. */
static int by_fetch(const void *a, const void *b)
{
	const struct record_bundle *x = a, *y = b;
	const int64_t one = bundle_request(x->b)->fetched_at, other = bundle_request(y->b)->fetched_at;

	return one != other ? (one < other ? -1 : 1) : strcmp(x->path, y->path);
}

int record_find_bundles(struct record *r, struct kh_error *err)
{
	static const char *const ways[] = {"wrote", "read"};

	for (size_t k = 0; k < r->n_chains; k++)
		for (size_t i = r->chains[k]->n; i-- > 0;)
			for (size_t way = 0; way < 2; way++) {
				size_t at;
				json_t *file;

				json_array_foreach(json_object_get(r->chains[k]->v[i].json, ways[way]), at, file)
					if (find_one(r, r->chains[k], file, err))
						return -1;
			}
	if (r->n_bundles)
		qsort(r->bundles, r->n_bundles, sizeof(*r->bundles), by_fetch);
	return 0;
}

const struct record_bundle *record_bundle_of(const struct record *r, const char *request_sha256)
{
	for (size_t i = 0; i < r->n_bundles; i++)
		if (strcmp(bundle_request_sha256(r->bundles[i].b), request_sha256) == 0)
			return &r->bundles[i];
	return NULL;
}

static void clear_bundle(struct record_bundle *one)
{
	for (size_t k = 0; k < BUNDLE_APPROVALS_MAX; k++)
		free(one->uncounted[k]);
	free(one->material_uncounted);
	bundle_free(one->b);
	free(one->path);
}

void record_drop(struct record *r, size_t index)
{
	clear_bundle(&r->bundles[index]);
	r->n_bundles--;
	memmove(&r->bundles[index], &r->bundles[index + 1], (r->n_bundles - index) * sizeof(*r->bundles));
}

void record_clear(struct record *r)
{
	for (size_t i = 0; i < r->n_chains; i++)
		chain_free(r->chains[i]);
	for (size_t i = 0; i < r->n_bundles; i++)
		clear_bundle(&r->bundles[i]);
	free(r->chains);
	free(r->bundles);
	findings_clear(&r->findings);
	*r = (struct record){0};
}
