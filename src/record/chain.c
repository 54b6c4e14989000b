/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "chain_line.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/cmd_transcript.h"
#include "base/file.h"
#include "sign/cms.h"

#include <stdlib.h>
#include <string.h>

struct reader {
	struct chain *c;
	struct findings *f;
	const char *data;
	size_t len;
	size_t whole_end; /* behind the last whole line and its line end */
	size_t file_line; /* of the line in hand */
	size_t zeros;	  /* the last line with bytes of zero in it since the last whole one; 0 for none */
	bool lost;	  /* lines were lost so */
	size_t cap;
};

/* What stands between whole lines: torn, where the next line names it. */
static int check_between(const struct reader *r, const struct chain_line *l, size_t begin, struct kh_error *err)
{
	const size_t between = begin - r->whole_end, named = l->torn_bytes > 0 ? (size_t)l->torn_bytes : 0;
	unsigned char digest[FILE_DIGEST];
	char hex[CANON_HEX];

	if (between == 0 && !l->torn)
		return 0;
	if (between == 0 || !l->torn || (named != between && named + 1 != between)) {
		findings_add(r->f, KH_E_CHECK, "%s: line %zu: what stands before it is no line, and is not what it says was torn",
			     r->c->path, r->file_line);
		return 0;
	}
	if (file_sha256(r->data + r->whole_end, named, digest, err))
		return -1;
	hex_encode(digest, sizeof(digest), hex);
	if (strcmp(hex, l->torn) != 0)
		findings_add(r->f, KH_E_CHECK, "%s: line %zu: the torn line before it was changed", r->c->path, r->file_line);
	return 0;
}

/* A disk or a copy lost what stood there: then what was before the line in hand is not known, but for its number. */
static bool is_behind_zeros(struct reader *r, const struct chain_line *l)
{
	if (!r->zeros || l->torn)
		return false;
	r->lost = true;
	findings_add(r->f, KH_E_INPUT, "%s: line %zu of the file is torn: there are zeros in it, and what stood there is lost", r->c->path,
		     r->zeros);
	return l->n > (r->c->n ? r->c->v[r->c->n - 1].n : 0);
}

/* Which of the ways to break a chain it was. */
static void tell_broken(const struct reader *r, const struct chain_line *l, const struct chain_line *before)
{
	const json_int_t was = before ? before->n : 0;

	if (l->n > was + 1)
		findings_add(r->f, KH_E_CHECK, "%s: lines are missing: %lld follows %lld", r->c->path, (long long)l->n, (long long)was);
	else if (l->n <= was)
		findings_add(r->f, KH_E_CHECK, "%s: lines are out of order: %lld follows %lld", r->c->path, (long long)l->n,
			     (long long)was);
	else
		findings_add(r->f, KH_E_CHECK, "%s: line %lld was changed: it is not the one that line %lld was written behind",
			     r->c->path, (long long)was, (long long)l->n);
}

static void check_follows(const struct reader *r, const struct chain_line *l)
{
	const struct chain_line *before = r->c->n ? &r->c->v[r->c->n - 1] : NULL;
	const char *previous = json_string_value(json_object_get(l->json, "previous"));

	if (strcmp(previous, before ? before->sha256 : "none") != 0 || l->n != (before ? before->n : 0) + 1)
		tell_broken(r, l, before);
	if (before && before->is_close)
		findings_add(r->f, KH_E_CHECK, "%s: line %lld stands behind the line that closes it", r->c->path, (long long)l->n);
}

static int keep(struct reader *r, const struct chain_line *l, struct kh_error *err)
{
	if (r->c->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		struct chain_line *v = realloc(r->c->v, cap * sizeof(*v));

		if (!v)
			return kh_fail_memory(err);
		r->c->v = v;
		r->cap = cap;
	}
	r->c->v[r->c->n++] = *l;
	return 0;
}

static int take_line(struct reader *r, size_t begin, size_t end, struct kh_error *err)
{
	struct chain_line l;
	int rc = chain_line_parse(r->data + begin, end - begin, &l, err);

	if (rc > 0 && memchr(r->data + begin, '\0', end - begin))
		r->zeros = r->file_line;
	if (rc)
		return rc > 0 ? 0 : -1; /* what it is, the next line says */
	l.file_line = r->file_line;
	if (!is_behind_zeros(r, &l)) {
		if (check_between(r, &l, begin, err))
			goto fail;
		check_follows(r, &l);
	}
	r->zeros = 0;
	if (keep(r, &l, err))
		goto fail;
	r->whole_end = end < r->len ? end + 1 : end;
	return 0;
fail:
	chain_line_clear(&l);
	return -1;
}

/* Who closed it: a signature of the close's canonical form. Whose certificate it has to be is for who reads the page. */
static int take_signer(const struct reader *r, const struct chain_line *l, struct kh_error *err)
{
	const char *text = json_string_value(json_object_get(l->json, "signature"));
	struct buf signature = BUF_INIT(CMS_SIGNATURE_MAX), content = BUF_INIT(65536);
	struct cms_signer who = {NULL, 0};
	char name[CERT_NAME_MAX];
	int rc = -1;

	if (base64_decode(text, strlen(text), &signature, err) || canon_text(json_object_get(l->json, "close"), &content, err) ||
	    cms_verify(buf_text(&signature), signature.len, buf_text(&content), content.len, &who, err) ||
	    cert_sha256(who.cert, r->c->signer_sha256, err))
		goto out;
	r->c->signer = strdup(cert_subject(who.cert, name));
	r->c->closed_at = who.signed_at;
	rc = r->c->signer ? 0 : kh_fail_memory(err);
out:
	X509_free(who.cert);
	buf_free(&signature);
	buf_free(&content);
	return rc;
}

static int check_close(const struct reader *r, struct kh_error *err)
{
	const struct chain_line *l = r->c->n ? &r->c->v[r->c->n - 1] : NULL;
	const json_t *close = l ? json_object_get(l->json, "close") : NULL;
	const char *last = json_string_value(json_object_get(close, "last"));
	struct kh_error why;

	if (!l || !l->is_close)
		return 0;
	if (r->c->n < 2 || strcmp(last, r->c->v[r->c->n - 2].sha256) != 0 ||
	    json_integer_value(json_object_get(close, "lines")) != (json_int_t)r->c->n - 1) {
		if (!r->lost)
			findings_add(r->f, KH_E_CHECK, "%s: its last line closes other lines than these", r->c->path);
		return 0;
	}
	if (take_signer(r, l, &why)) {
		if (why.code == KH_E_MEMORY) {
			*err = why;
			return -1;
		}
		findings_add(r->f, KH_E_CHECK, "%s: the signature of the line that closes it: %s", r->c->path, why.msg);
		return 0;
	}
	r->c->closed = true;
	return 0;
}

/* What is behind the last whole line, where nothing names it yet. */
static void check_end(const struct reader *r)
{
	const size_t left = r->len - r->whole_end;

	r->c->torn = left > 0;
	if (left > 0)
		findings_add(r->f, KH_E_INPUT, "%s: it ends in a torn line of %zu bytes: a command was ended while it wrote it, and none "
			     "came after", r->c->path, left);
}

static void take_host(struct chain *c, struct findings *f)
{
	c->host = "";
	for (size_t i = 0; i < c->n; i++) {
		const json_t *from = c->v[i].is_close ? json_object_get(c->v[i].json, "close") : c->v[i].json;
		const char *host = json_string_value(json_object_get(from, "host"));

		if (i == 0)
			c->host = host;
		else if (strcmp(host, c->host) != 0)
			findings_add(f, KH_E_CHECK, "%s: line %lld is of the host '%s', the first of '%s'", c->path, (long long)c->v[i].n,
				     host, c->host);
	}
}

int chain_parse(const char *path, const char *data, size_t len, struct findings *f, struct chain **out, struct kh_error *err)
{
	struct reader r = {.c = calloc(1, sizeof(struct chain)), .f = f, .data = data, .len = len};
	const size_t head = strlen(TRANSCRIPT_HEAD);

	if (!r.c)
		return kh_fail_memory(err);
	r.c->path = strdup(path);
	if (!r.c->path) {
		kh_fail_memory(err);
		goto fail;
	}
	if (len > TRANSCRIPT_FILE_MAX || memcmp(data, TRANSCRIPT_HEAD, len < head ? len : head) != 0) {
		kh_fail(err, KH_E_INPUT, 0, "%s is no transcript of keyhaul's", path);
		goto fail;
	}
	for (size_t begin = 0, end; begin < len; begin = end + 1) {
		const char *nl = memchr(data + begin, '\n', len - begin);

		end = nl ? (size_t)(nl - data) : len;
		r.file_line++;
		if (take_line(&r, begin, end, err))
			goto fail;
	}
	check_end(&r);
	take_host(r.c, f);
	if (check_close(&r, err))
		goto fail;
	*out = r.c;
	return 0;
fail:
	chain_free(r.c);
	return -1;
}

int chain_read(const char *path, struct findings *f, struct chain **out, struct kh_error *err)
{
	struct buf text = BUF_INIT(TRANSCRIPT_FILE_MAX);
	int rc = file_read(path, &text, err);

	if (!rc)
		rc = chain_parse(path, buf_text(&text), text.len, f, out, err);
	buf_free(&text);
	return rc;
}

void chain_free(struct chain *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		chain_line_clear(&c->v[i]);
	free(c->v);
	free(c->signer);
	free(c->path);
	free(c);
}

const char *chain_last_sha256(const struct chain *c)
{
	return c->n ? c->v[c->n - 1].sha256 : "none";
}
