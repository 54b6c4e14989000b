/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_query.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16
#define TEXT_MAX 4096

enum kind { MEMBER, INDEX, EVERY, SEVERAL };

/* One step of a path, and the next. */
struct aws_query {
	enum kind kind;
	char *name;		 /* MEMBER */
	long n;			 /* INDEX; from the end when negative */
	struct aws_query *part;	 /* SEVERAL: the first of its paths */
	struct aws_query *after; /* on the first step of a path in SEVERAL: the next path */
	struct aws_query *next;
};

struct reader {
	const char *text, *at;
	int depth;
	struct kh_error *err;
};

static int path(struct reader *r, struct aws_query **out);

static void skip(struct reader *r)
{
	r->at += strspn(r->at, " \t\r\n");
}

/* Takes the character, with the space before it. */
static bool take(struct reader *r, char c)
{
	skip(r);
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

static int bad(struct reader *r, const char *what)
{
	kh_fail(r->err, KH_E_USAGE, 0, "Bad value for --query %.300s: %s at character %zu", r->text, what,
		(size_t)(r->at - r->text) + 1);
	return kh_hint(r->err, "a.b, [n], [*] and [a,b] are what there is here; for the rest of JMESPath pipe the JSON into jq");
}

static struct aws_query *new_step(struct reader *r, enum kind kind)
{
	struct aws_query *q = calloc(1, sizeof(*q));

	if (!q)
		kh_fail_memory(r->err);
	else
		q->kind = kind;
	return q;
}

static int member(struct reader *r, struct aws_query **out)
{
	const char *begin, *end;

	skip(r);
	begin = r->at;
	if (*begin == '"') {
		end = begin + 1 + strcspn(begin + 1, "\"\\");
		if (*end != '"')
			return bad(r, "a quoted name without its end, or with a backslash");
		begin++;
		r->at = end + 1;
	} else {
		end = begin;
		while (isalnum((unsigned char)*end) || *end == '_')
			end++;
		if (end == begin || isdigit((unsigned char)*begin))
			return bad(r, *begin ? "no name" : "it ends where a name was to come");
		r->at = end;
	}
	*out = new_step(r, MEMBER);
	if (!*out)
		return -1;
	(*out)->name = strndup(begin, (size_t)(end - begin));
	return (*out)->name ? 0 : kh_fail_memory(r->err);
}

static int several(struct reader *r, struct aws_query **out)
{
	struct aws_query **part;

	*out = new_step(r, SEVERAL);
	if (!*out)
		return -1;
	part = &(*out)->part;
	do {
		if (path(r, part))
			return -1;
		part = &(*part)->after;
	} while (take(r, ','));
	return take(r, ']') ? 0 : bad(r, "no comma and no ]");
}

/* Behind a [ that may hold a number or a star. */
static int bracket(struct reader *r, bool first, struct aws_query **out)
{
	char *end = NULL;
	bool every;
	long n;

	skip(r);
	every = *r->at == '*';
	if (!every && *r->at != '-' && !isdigit((unsigned char)*r->at))
		return first ? several(r, out) : bad(r, "no number and no *");
	errno = 0;
	n = every ? 0 : strtol(r->at, &end, 10);
	if (errno || end == r->at)
		return bad(r, "no number");
	r->at = every ? r->at + 1 : end;
	if (!take(r, ']'))
		return bad(r, "no ]");
	*out = new_step(r, every ? EVERY : INDEX);
	if (!*out)
		return -1;
	(*out)->n = n;
	return 0;
}

static int step(struct reader *r, bool first, struct aws_query **out, bool *more)
{
	*more = true;
	if (take(r, '['))
		return bracket(r, first, out);
	if (first)
		return member(r, out);
	*more = take(r, '.');
	if (!*more)
		return 0;
	return take(r, '[') ? several(r, out) : member(r, out);
}

static int path(struct reader *r, struct aws_query **out)
{
	bool more = true;
	int rc;

	if (r->depth++ == DEPTH_MAX)
		return bad(r, "too deep");
	rc = step(r, true, out, &more);
	while (!rc && more) {
		out = &(*out)->next;
		rc = step(r, false, out, &more);
	}
	r->depth--;
	return rc;
}

int aws_query_compile(const char *text, struct aws_query **out, struct kh_error *err)
{
	struct reader r = {.text = text, .at = text, .err = err};
	int rc;

	*out = NULL;
	rc = strlen(text) > TEXT_MAX ? kh_fail(err, KH_E_USAGE, 0, "Bad value for --query: longer than %d bytes", TEXT_MAX) : path(&r, out);
	skip(&r);
	if (!rc && *r.at)
		rc = bad(&r, "what is no path");
	if (rc) {
		aws_query_free(*out);
		*out = NULL;
	}
	return rc;
}

void aws_query_free(struct aws_query *q)
{
	while (q) {
		struct aws_query *next = q->next, *part = q->part;

		while (part) {
			struct aws_query *after = part->after;

			aws_query_free(part);
			part = after;
		}
		free(q->name);
		free(q);
		q = next;
	}
}

static json_t *search_every(const struct aws_query *q, const json_t *in)
{
	json_t *out = json_array(), *one;
	const json_t *element;
	size_t i;

	json_array_foreach(in, i, element) {
		one = aws_query_search(q->next, element);
		if (json_is_null(one)) {
			json_decref(one);
		} else if (json_array_append_new(out, one)) {
			json_decref(out);
			return NULL;
		}
	}
	return out;
}

static json_t *search_several(const struct aws_query *q, const json_t *in)
{
	json_t *out = json_array();

	for (const struct aws_query *part = q->part; part; part = part->after)
		if (json_array_append_new(out, aws_query_search(part, in))) {
			json_decref(out);
			return NULL;
		}
	return out;
}

json_t *aws_query_search(const struct aws_query *q, const json_t *in)
{
	json_t *list, *out;
	size_t n = json_array_size(in);

	for (; q; q = q->next) {
		if (q->kind == MEMBER) {
			in = json_object_get(in, q->name);
		} else if (q->kind == INDEX) {
			in = json_array_get(in, (size_t)(q->n < 0 ? q->n + (long)n : q->n));
		} else if (q->kind == EVERY) {
			return json_is_array(in) ? search_every(q, in) : json_null();
		} else if (in && !json_is_null(in)) {
			list = search_several(q, in);
			out = list ? aws_query_search(q->next, list) : NULL;
			json_decref(list);
			return out;
		}
		n = json_array_size(in);
	}
	return in ? json_deep_copy(in) : json_null();
}
