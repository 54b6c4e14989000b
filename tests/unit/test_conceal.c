/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/secret.h"
#include "kms/creds.h"
#include "kms/kms.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define TOKEN "token/ken-tokentokentoken-12345678"

/* What a server says, the same in each header that is kept. */
struct answers {
	long status;
	const char *body, *headers;
};

static int post(void *ctx, const struct kms_request *r, struct kms_answer *answer, struct kh_error *err)
{
	const struct answers *a = ctx;

	(void)r;
	answer->sent = true;
	answer->status = a->status;
	(void)snprintf(answer->type, sizeof(answer->type), "%s", a->headers);
	(void)snprintf(answer->location, sizeof(answer->location), "%s", a->headers);
	(void)snprintf(answer->error_type, sizeof(answer->error_type), "%s", a->headers);
	(void)snprintf(answer->request_id, sizeof(answer->request_id), "%s", a->headers);
	return buf_add(&answer->body, a->body, strlen(a->body), err);
}

static int64_t now(void *ctx)
{
	(void)ctx;
	return 1700000000000;
}

static bool stop(void *ctx)
{
	(void)ctx;
	return true;
}

/* One call that is answered so. */
static int call(struct answers a, struct kms_reply *reply, struct kh_error *err)
{
	const struct creds creds = {.session_token = secret_copy(TOKEN, strlen(TOKEN), err)};
	struct kms k = {.post = post, .post_ctx = &a, .pace = {.now_ms = now, .stop = stop}, .url = "https://kms.example/",
			.region = "eu-west-1", .creds = &creds, .max_attempts = 1};
	json_t *body = json_object();
	int rc = kms_call(&k, "DescribeKey", body, 0, reply, err);

	json_decref(body);
	secret_free(creds.session_token);
	return rc;
}

Test(conceal, a_session_token_that_comes_back_is_not_shown)
{
	static const struct answers rows[] = {
		{400, "{\"__type\":\"X\",\"message\":\"you sent " TOKEN " and " TOKEN "\"}", ""},
		{400, "{\"__type\":\"X\",\"message\":\"you sent token\\/ken-tokentokentoken-12345678\"}", ""},
		{400, "{\"__type\":\"" TOKEN "\",\"message\":\"m\"}", ""},
		{400, "you sent token\\/ken-tokentokentoken-12345678", ""},
		{400, "<html>", TOKEN},
		{302, "", TOKEN},
		{500, "{}", TOKEN},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct kh_error err = {0};
		struct kms_reply reply;

		cr_assert(call(rows[i], &reply, &err), "row %zu", i);
		cr_assert(!strstr(err.msg, "1234567") && !strstr(err.hint, "1234567") && !strstr(err.name, "1234567"),
			  "row %zu: %s (%s)", i, err.msg, err.name);
		cr_assert(!reply.request_id[0], "row %zu: %s", i, reply.request_id);
	}
}

/* It goes into the receipt, which has to be written when KMS has the material. */
Test(conceal, a_request_id_that_is_none_is_left_out)
{
	static const struct {
		const char *id;
		bool taken;
	} rows[] = {
		{"0a1b2c3d-0000-4000-8000-00aa00bb00cc", true}, {"r-1", true}, {"", true}, {"tokentokentoken", false},
		{"id\xff", false}, {"id with blanks", false}, {"\033[31m", false}, {"a/b", false},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct kh_error err = {0};
		struct kms_reply reply;

		cr_assert_eq(call((struct answers){200, "{}", rows[i].id}, &reply, &err), 0, "%s", err.msg);
		cr_assert_str_eq(reply.request_id, rows[i].taken ? rows[i].id : "", "row %zu", i);
		kms_reply_clear(&reply);
	}
}
