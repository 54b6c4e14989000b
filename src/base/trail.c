/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "trail.h"

#include "base64.h"
#include "file.h"
#include "text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX (2 * FILE_DIGEST + 1)
#define JSON_MAX (16u << 20)
#define TOKENS 4 /* strings of a token */

struct entry {
	char *path;
	char sha256[HEX], request[HEX], material[HEX];
};

struct list {
	struct entry *v;
	size_t n, cap, more; /* `more` did not fit */
};

/* `objects` are JSON objects with a comma between; made as they come. */
static struct {
	pthread_mutex_t lock;
	bool on, lost;
	struct list files[TRAIL_WAYS];
	struct buf tokens, failed;
	size_t n_failed;
} trail = {.lock = PTHREAD_MUTEX_INITIALIZER, .tokens = BUF_INIT(65536), .failed = BUF_INIT(JSON_MAX)};

void trail_begin(void)
{
	trail.on = true;
}

/* Room for one more; NULL where there is none. */
static struct entry *grow(struct list *l)
{
	if (l->n == TRAIL_MAX) {
		l->more++;
		return NULL;
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct entry *v = realloc(l->v, cap * sizeof(*v));

		if (!v) {
			trail.lost = true;
			return NULL;
		}
		l->v = v;
		l->cap = cap;
	}
	return &l->v[l->n];
}

/* The same file read again says nothing new. */
static bool is_last(const struct list *l, const char *path, const char *sha256)
{
	return l->n && strcmp(l->v[l->n - 1].path, path) == 0 && strcmp(l->v[l->n - 1].sha256, sha256) == 0;
}

void trail_file(enum trail_way way, const char *path, const void *data, size_t len)
{
	struct list *l = &trail.files[way];
	unsigned char digest[FILE_DIGEST];
	char hex[HEX];
	struct kh_error ignored;
	struct entry *e;

	if (!trail.on)
		return;
	if (file_sha256(data, len, digest, &ignored)) {
		trail.lost = true;
		return;
	}
	hex_encode(digest, sizeof(digest), hex);
	(void)pthread_mutex_lock(&trail.lock);
	e = is_last(l, path, hex) ? NULL : grow(l);
	if (e) {
		*e = (struct entry){.path = strdup(path)};
		memcpy(e->sha256, hex, sizeof(hex));
		trail.lost = trail.lost || !e->path;
		l->n += e->path != NULL;
	}
	(void)pthread_mutex_unlock(&trail.lock);
}

void trail_sections(const char *path, const char *request_sha256, const char *material_sha256)
{
	if (!trail.on)
		return;
	(void)pthread_mutex_lock(&trail.lock);
	for (size_t way = 0; way < TRAIL_WAYS; way++) {
		struct list *l = &trail.files[way];
		size_t i = l->n;

		while (i > 0 && strcmp(l->v[i - 1].path, path) != 0)
			i--;
		if (i > 0 && !l->v[i - 1].request[0]) {
			(void)snprintf(l->v[i - 1].request, HEX, "%s", request_sha256);
			(void)snprintf(l->v[i - 1].material, HEX, "%s", material_sha256);
		}
	}
	(void)pthread_mutex_unlock(&trail.lock);
}

/* Adds {"NAME":"TEXT",...}. */
static int add_object(struct buf *out, const char *const *names, const char *const *texts, size_t n, struct kh_error *err)
{
	for (size_t i = 0; i < n; i++)
		if (buf_addf(out, "%s\"%s\":", err, i ? "," : "{", names[i]) ||
		    text_for_json(texts[i], strlen(texts[i]), out, err))
			return -1;
	return buf_add(out, "}", 1, err);
}

void trail_token(const char *label, const char *manufacturer, const char *model, const char *serial)
{
	static const char *const names[TOKENS] = {"label", "manufacturer", "model", "serial"};
	const char *const texts[TOKENS] = {label, manufacturer, model, serial};
	struct buf one = BUF_INIT(8192);
	struct kh_error ignored;

	if (!trail.on)
		return;
	(void)pthread_mutex_lock(&trail.lock);
	if (add_object(&one, names, texts, TOKENS, &ignored))
		trail.lost = true;
	else if (!strstr(buf_text(&trail.tokens), buf_text(&one)))
		trail.lost = trail.lost || (trail.tokens.len && buf_add(&trail.tokens, ",", 1, &ignored)) ||
			     buf_add(&trail.tokens, buf_text(&one), one.len, &ignored);
	(void)pthread_mutex_unlock(&trail.lock);
	buf_free(&one);
}

void trail_failed(const char *item, const struct kh_error *why)
{
	static const char *const names[] = {"item", "code", "native", "message"};
	const char *const texts[] = {item, kh_code_name(why->code), why->name, why->msg};
	struct kh_error ignored;

	if (!trail.on)
		return;
	(void)pthread_mutex_lock(&trail.lock);
	if (trail.n_failed++ < TRAIL_MAX)
		trail.lost = trail.lost || (trail.failed.len && buf_add(&trail.failed, ",", 1, &ignored)) ||
			     add_object(&trail.failed, names, texts, sizeof(names) / sizeof(names[0]), &ignored);
	(void)pthread_mutex_unlock(&trail.lock);
}

static int add_entry(struct buf *out, const struct entry *e, struct kh_error *err)
{
	static const char *const names[] = {"path", "sha256", "request_sha256", "material_sha256"};
	const char *const texts[] = {e->path, e->sha256, e->request, e->material};

	return add_object(out, names, texts, e->material[0] ? 4 : e->request[0] ? 3 : 2, err);
}

static int add_list(struct buf *out, const char *name, const struct list *l, struct kh_error *err)
{
	if (buf_addf(out, "\"%s\":[", err, name))
		return -1;
	for (size_t i = 0; i < l->n; i++)
		if ((i && buf_add(out, ",", 1, err)) || add_entry(out, &l->v[i], err))
			return -1;
	return buf_add(out, "],", 2, err);
}

int trail_json(struct buf *out, struct kh_error *err)
{
	size_t more = trail.files[TRAIL_READ].more + trail.files[TRAIL_WROTE].more +
		      (trail.n_failed > TRAIL_MAX ? trail.n_failed - TRAIL_MAX : 0);

	if (trail.lost)
		return kh_fail_memory(err);
	if (add_list(out, "read", &trail.files[TRAIL_READ], err) || add_list(out, "wrote", &trail.files[TRAIL_WROTE], err) ||
	    buf_addf(out, "\"tokens\":[%s],\"failed\":[%s],", err, buf_text(&trail.tokens), buf_text(&trail.failed)))
		return -1;
	return more ? buf_addf(out, "\"more\":%zu,", err, more) : 0;
}

void trail_end(void)
{
	for (size_t way = 0; way < TRAIL_WAYS; way++) {
		struct list *l = &trail.files[way];

		for (size_t i = 0; i < l->n; i++)
			free(l->v[i].path);
		free(l->v);
		*l = (struct list){0};
	}
	buf_free(&trail.tokens);
	buf_free(&trail.failed);
	trail.n_failed = 0;
	trail.on = trail.lost = false;
}
