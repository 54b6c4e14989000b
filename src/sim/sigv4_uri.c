/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sigv4_uri.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX 128
#define SEGMENTS_MAX 256
#define TEXT_MAX 32768

static bool is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("-_.~", c));
}

static int add_encoded(const char *text, size_t len, struct buf *out, struct kh_error *err)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (is_unreserved(c) ? buf_add(out, &text[i], 1, err) : buf_addf(out, "%%%02X", err, c))
			return -1;
	}
	return 0;
}

int sigv4_uri_path(const char *path, struct buf *out, struct kh_error *err)
{
	struct {
		const char *at;
		size_t len;
	} segments[SEGMENTS_MAX];
	size_t n = 0, len = strlen(path);

	for (const char *at = path; *at;) {
		size_t span = strcspn(at, "/");

		if (span == 2 && memcmp(at, "..", 2) == 0) {
			n -= n > 0;
		} else if (span && !(span == 1 && *at == '.')) {
			if (n == SEGMENTS_MAX)
				return kh_fail(err, KH_E_INPUT, 0, "the path has too many segments");
			segments[n].at = at;
			segments[n++].len = span;
		}
		at += span + (at[span] == '/');
	}
	for (size_t i = 0; i < n; i++)
		if (buf_add(out, "/", 1, err) || add_encoded(segments[i].at, segments[i].len, out, err))
			return -1;
	if (n == 0 || path[len - 1] == '/')
		return buf_add(out, "/", 1, err);
	return 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int sigv4_uri_decode(const char *text, size_t len, int form, struct buf *out, struct kh_error *err)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (form && c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
			int low = high >= 0 ? hex_value(text[i + 2]) : -1;

			if (low < 0 || (high == 0 && low == 0))
				return kh_fail(err, KH_E_INPUT, 0, "a broken percent-escape");
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (buf_add(out, &c, 1, err))
			return -1;
	}
	return 0;
}

static int compare_pairs(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "name=value" in canonical form. '=' sorts above '-' and digits, so name and value are parted by \1 until sorted. */
static int one_pair(const char *at, size_t len, struct buf *out, struct kh_error *err)
{
	struct buf plain = BUF_INIT(TEXT_MAX);
	const char *eq = memchr(at, '=', len);
	size_t name = eq ? (size_t)(eq - at) : len;
	int rc = -1;

	if (sigv4_uri_decode(at, name, 0, &plain, err) || add_encoded(buf_text(&plain), plain.len, out, err) ||
	    buf_add(out, "\1", 1, err))
		goto out;
	plain.len = 0;
	if (eq && (sigv4_uri_decode(eq + 1, len - name - 1, 0, &plain, err) ||
		   add_encoded(buf_text(&plain), plain.len, out, err)))
		goto out;
	rc = 0;
out:
	buf_free(&plain);
	return rc;
}

int sigv4_uri_query(const char *query, struct buf *out, struct kh_error *err)
{
	struct buf pairs[PAIRS_MAX];
	char *sorted[PAIRS_MAX] = {NULL};
	size_t n = 0;
	int rc = -1;

	for (const char *at = query; *at;) {
		size_t len = strcspn(at, "&");

		if (n == PAIRS_MAX) {
			kh_fail(err, KH_E_INPUT, 0, "the query has too many parameters");
			goto out;
		}
		if (len) {
			pairs[n] = (struct buf)BUF_INIT(TEXT_MAX);
			if (one_pair(at, len, &pairs[n++], err))
				goto out;
			sorted[n - 1] = pairs[n - 1].data;
		}
		at += len + (at[len] == '&');
	}
	qsort(sorted, n, sizeof(sorted[0]), compare_pairs);
	for (size_t i = 0; i < n; i++) {
		*strchr(sorted[i], '\1') = '=';
		if ((i && buf_add(out, "&", 1, err)) || buf_add(out, sorted[i], strlen(sorted[i]), err))
			goto out;
	}
	rc = 0;
out:
	while (n)
		buf_free(&pairs[--n]);
	return rc;
}
