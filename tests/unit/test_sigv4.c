/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sim/sigv4.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* AWS's published vectors: each folder has .sreq (the request as sent), .creq, .sts and .authz. */
#define VECTORS 34
#define VECTOR_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define PART_MAX 8192

struct vector {
	char text[PART_MAX], creq[PART_MAX], sts[PART_MAX], authz[PART_MAX];
	struct sigv4_request req;
	struct sigv4_auth auth;
	char *body;
	const char *date;
};

static char stems[VECTORS + 8][512];
static size_t n_stems;

static int collect(const char *path, const struct stat *st, int type, struct FTW *where)
{
	size_t len = strlen(path);

	(void)st;
	(void)where;
	if (type == FTW_F && len > 5 && strcmp(path + len - 5, ".sreq") == 0 && n_stems < VECTORS + 8)
		(void)snprintf(stems[n_stems++], sizeof(stems[0]), "%.*s", (int)(len - 5), path);
	return 0;
}

static void find_vectors(void)
{
	const char *source = getenv("KEYHAUL_SRC");
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/../shared/data/aws4_testsuite", source ? source : ".");
	if (access(path, R_OK) != 0)
		cr_skip_test("../shared/data/aws4_testsuite is not there");
	cr_assert_eq(nftw(path, collect, 8, FTW_PHYS), 0);
	cr_assert_eq(n_stems, VECTORS, "%zu vectors", n_stems);
}

static void load(const char *stem, const char *end, char out[PART_MAX])
{
	struct buf b = BUF_INIT(PART_MAX - 1);
	struct kh_error err;
	char path[600];
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "%s%s", stem, end);
	cr_assert_eq(file_read(path, &b, &err), 0, "%s", err.msg);
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] != '\r')
			out[n++] = b.data[i];
	out[n] = '\0';
	buf_free(&b);
}

/* "METHOD target HTTP/1.1", where a target may have spaces. */
static void split_line(struct vector *v, char *line)
{
	char *target = strchr(line, ' '), *version = strrchr(line, ' '), *question;

	cr_assert(target && version && target < version);
	*target++ = '\0';
	*version = '\0';
	question = strchr(target, '?');
	if (question)
		*question = '\0';
	v->req.method = line;
	v->req.path = target;
	v->req.query = question ? question + 1 : "";
}

static void parse(struct vector *v)
{
	char *at = v->text, *end = strstr(v->text, "\n\n"), *next;

	v->body = end ? end + 2 : v->text + strlen(v->text);
	if (end)
		*end = '\0';
	for (size_t line = 0; at; at = next, line++) {
		char *colon;

		/* a line that begins with white space continues the one before */
		for (next = strchr(at, '\n'); next && (next[1] == ' ' || next[1] == '\t'); next = strchr(next + 1, '\n'))
			;
		if (next)
			*next++ = '\0';
		if (line == 0) {
			split_line(v, at);
			continue;
		}
		colon = strchr(at, ':');
		cr_assert_not_null(colon);
		*colon = '\0';
		if (strcmp(at, "Authorization") != 0)
			v->req.headers[v->req.n_headers++] = (struct sigv4_header){at, colon + 1};
	}
	v->req.body = v->body;
	v->req.body_len = strlen(v->body);
	v->date = sigv4_header(&v->req, "x-amz-date", NULL);
}

static void open_vector(const char *stem, struct vector *v)
{
	struct kh_error err;

	memset(v, 0, sizeof(*v));
	load(stem, ".sreq", v->text);
	load(stem, ".creq", v->creq);
	load(stem, ".sts", v->sts);
	load(stem, ".authz", v->authz);
	parse(v);
	cr_assert_eq(sigv4_auth_parse(v->authz, &v->auth, &err), 0, "%s: %s", stem, err.msg);
}

Test(sigv4, gives_what_the_vectors_say)
{
	static struct vector v;

	find_vectors();
	for (size_t i = 0; i < n_stems; i++) {
		struct buf canonical = BUF_INIT(PART_MAX), to_sign = BUF_INIT(PART_MAX);
		struct kh_error err;

		open_vector(stems[i], &v);
		cr_assert(sigv4_list_is_canonical(v.auth.signed_headers), "%s", stems[i]);
		cr_assert_eq(sigv4_canonical(&v.req, v.auth.signed_headers, &canonical, &err), 0, "%s", err.msg);
		cr_assert_str_eq(buf_text(&canonical), v.creq, "%s", stems[i]);
		cr_assert_eq(sigv4_string_to_sign(v.date, v.auth.scope, &canonical, &to_sign, &err), 0);
		cr_assert_str_eq(buf_text(&to_sign), v.sts, "%s", stems[i]);
		cr_assert_eq(sigv4_check(&v.req, &v.auth, v.date, VECTOR_SECRET, &err), 0, "%s: %s", stems[i], err.msg);
		buf_free(&canonical);
		buf_free(&to_sign);
	}
}

/* True where the changed request means the same: SigV4 folds white space, paths and escapes. */
static bool means_the_same(const struct vector *v)
{
	struct buf canonical = BUF_INIT(PART_MAX);
	struct kh_error err;
	bool same = sigv4_canonical(&v->req, v->auth.signed_headers, &canonical, &err) == 0 &&
		    strcmp(buf_text(&canonical), v->creq) == 0;

	buf_free(&canonical);
	return same;
}

/* Each bit of the text flipped in turn; gives how many of them were refused. `*kept` counts those that mean the same. */
static size_t flip(struct vector *v, char *text, size_t len, const char *secret, size_t *kept)
{
	size_t refused = 0;
	struct kh_error err;

	for (size_t bit = 0; bit < 8 * len; bit++) {
		char *c = &text[bit / 8];
		char was = *c;

		*c = (char)(was ^ (1 << bit % 8));
		if (sigv4_check(&v->req, &v->auth, v->date, secret, &err)) {
			refused++;
		} else {
			cr_assert(secret == text || means_the_same(v), "accepted: bit %zu of '%s'", bit, text);
			cr_assert(secret != text && text != v->auth.signature);
			(*kept)++;
		}
		*c = was;
	}
	return refused;
}

static size_t flip_auth(const struct vector *v)
{
	size_t from = strlen("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), refused = 0;
	char text[PART_MAX];

	/* the access key id is no part of the signature: the front door compares it */
	(void)snprintf(text, sizeof(text), "%s", v->authz);
	for (size_t bit = 8 * from; bit < 8 * strlen(v->authz); bit++) {
		struct sigv4_auth auth;
		struct kh_error err;

		text[bit / 8] = (char)(v->authz[bit / 8] ^ (1 << bit % 8));
		refused += sigv4_auth_parse(text, &auth, &err) || sigv4_check(&v->req, &auth, v->date, VECTOR_SECRET, &err);
		text[bit / 8] = v->authz[bit / 8];
	}
	return refused;
}

/* A path of escapes and dots, and white space in a header, may be changed without a change of what is signed. */
#define KEPT_MAX 160

Test(sigv4, refuses_each_one_bit_change)
{
	static struct vector v;

	find_vectors();
	for (size_t i = 0; i < n_stems; i++) {
		char secret[] = VECTOR_SECRET;
		size_t kept = 0, from;

		open_vector(stems[i], &v);
		from = strlen("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/");
		cr_assert_eq(flip_auth(&v), 8 * (strlen(v.authz) - from), "%s: Authorization", stems[i]);
		cr_assert_eq(flip(&v, secret, strlen(secret), secret, &kept), 8 * strlen(secret), "%s", stems[i]);
		cr_assert_eq(flip(&v, v.body, v.req.body_len, VECTOR_SECRET, &kept), 8 * v.req.body_len);
		cr_assert_eq(flip(&v, (char *)(uintptr_t)v.req.method, strlen(v.req.method), VECTOR_SECRET, &kept),
			     8 * strlen(v.req.method));
		cr_assert_eq(kept, 0);
		(void)flip(&v, (char *)(uintptr_t)v.req.path, strlen(v.req.path), VECTOR_SECRET, &kept);
		(void)flip(&v, (char *)(uintptr_t)v.req.query, strlen(v.req.query), VECTOR_SECRET, &kept);
		for (size_t h = 0; h < v.req.n_headers; h++)
			if (sigv4_is_signed(v.auth.signed_headers, v.req.headers[h].name))
				(void)flip(&v, (char *)(uintptr_t)v.req.headers[h].value,
					   strlen(v.req.headers[h].value), VECTOR_SECRET, &kept);
		cr_assert_lt(kept, KEPT_MAX, "%s: %zu changes mean the same", stems[i], kept);
	}
}

Test(sigv4, takes_bad_authorizations_apart_without_harm)
{
	static const char *const bad[] = {
		"", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA512 Credential=a/b/c/d/e, SignedHeaders=h, Signature=0",
		"Basic dXNlcjpwYXNz", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e", "AWS4-HMAC-SHA256 Credential=, SignedHeaders=h, Signature=0",
		"AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=h, Signature=0",
		"AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f, SignedHeaders=h, Signature=0",
		"AWS4-HMAC-SHA256 Credential=a, SignedHeaders=h, Signature=0",
		"AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=h, Signature=0, More=1",
		"AWS4-HMAC-SHA256 SignedHeaders=h, Credential=a/b/c/d/e, Signature=0",
	};
	static const char *const lists[] = {"", ";", "a;", ";a", "a;;b", "b;a", "a;a", "ab;a", "host;Range", "A"};
	char *large = malloc(9000);
	struct sigv4_auth auth;
	struct kh_error err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(sigv4_auth_parse(bad[i], &auth, &err), -1, "%s", bad[i]);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		cr_assert(!sigv4_list_is_canonical(lists[i]), "%s", lists[i]);
	cr_assert(sigv4_list_is_canonical("a") && sigv4_list_is_canonical("a;ab;b;x-amz-date;x-amz-date-2"));
	memset(large, 'A', 8999);
	large[8999] = '\0';
	cr_assert_eq(sigv4_auth_parse(large, &auth, &err), -1);
	cr_assert_eq(sigv4_auth_parse("AWS4-HMAC-SHA256 Credential=a/b/c/d/e,SignedHeaders=h;i,Signature=0", &auth, &err), 0);
	cr_assert_str_eq(auth.scope, "b/c/d/e");
	cr_assert_str_eq(auth.region, "c");
	cr_assert(sigv4_is_signed(auth.signed_headers, "i") && !sigv4_is_signed(auth.signed_headers, "x"));
	free(large);
}
