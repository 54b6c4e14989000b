/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "kms/ops.h"
#include "kms/reply.h"
#include "kms/retry.h"
#include "kms/tags.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define KEY "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"

/* One reply of the fake server; body NULL: no reply (`sent` says how far it got). */
struct step {
	long status;
	const char *body;
	bool sent;
	enum kh_code code; /* of what the transport says */
};

struct fake {
	const struct step *steps;
	size_t n, at;
	int64_t ms;
	unsigned waited[16];
	size_t waits;
	bool fresh;
	bool stop;
	int64_t date; /* of each reply */
	const char *sim_clock; /* likewise; NULL: none */
};

static int fake_post(void *ctx, const struct kms_request *r, struct kms_answer *answer, struct kh_error *err)
{
	struct fake *f = ctx;
	const struct step *s = &f->steps[f->at < f->n ? f->at : f->n - 1];

	f->at++;
	f->fresh = r->fresh;
	answer->sent = s->sent || s->body;
	answer->status = s->status;
	answer->date = f->date;
	(void)snprintf(answer->sim_clock, sizeof(answer->sim_clock), "%s", f->sim_clock ? f->sim_clock : "");
	if (!s->body)
		return kh_fail(err, s->code, 0, "fake: no answer");
	return buf_add(&answer->body, s->body, strlen(s->body), err);
}

static int64_t fake_now(void *ctx)
{
	return ((struct fake *)ctx)->ms;
}

static void fake_wait(void *ctx, unsigned ms)
{
	struct fake *f = ctx;

	f->ms += ms;
	f->waited[f->waits++ % N(f->waited)] = ms;
}

static double fake_chance(void *ctx)
{
	(void)ctx;
	return 1.0;
}

static bool fake_stop(void *ctx)
{
	return ((struct fake *)ctx)->stop;
}

static struct kms client(struct fake *f)
{
	return (struct kms){.post = fake_post, .post_ctx = f, .url = "http://fake", .region = "eu-west-1",
			    .max_attempts = RETRY_ATTEMPTS,
			    .pace = {fake_now, fake_wait, fake_chance, fake_stop, f}};
}

#define EXCEPTION(status, code) {status, "{\"__type\":\"" code "\",\"message\":\"m\"}", true, KH_OK}
#define LOST {0, NULL, true, KH_E_AGAIN}
#define UNSENT {0, NULL, false, KH_E_AGAIN}
#define FINE {200, "{}", true, KH_OK}

/* Which answers are tried again, how often, and what is known in the end. */
static const struct {
	struct step steps[3];
	size_t n;
	unsigned flags;
	size_t requests;
	enum kh_code code;
	enum kms_outcome outcome;
} calls[] = {
	{{FINE}, 1, 0, 1, KH_OK, KMS_DONE},
	{{EXCEPTION(500, "KMSInternalException"), FINE}, 2, 0, 2, KH_OK, KMS_DONE},
	{{EXCEPTION(500, "KMSInternalException")}, 1, 0, 3, KH_E_AGAIN, KMS_UNKNOWN},
	{{EXCEPTION(500, "DependencyTimeoutException")}, 1, 0, 3, KH_E_AGAIN, KMS_UNKNOWN},
	{{EXCEPTION(400, "ThrottlingException")}, 1, 0, 3, KH_E_AGAIN, KMS_REFUSED},
	{{EXCEPTION(400, "com.amazonaws.kms#ThrottlingException:http://x")}, 1, 0, 3, KH_E_AGAIN, KMS_REFUSED},
	{{EXCEPTION(400, "RequestLimitExceeded")}, 1, 0, 3, KH_E_AGAIN, KMS_REFUSED},
	{{EXCEPTION(400, "LimitExceededException")}, 1, 0, 1, KH_E_KMS, KMS_REFUSED},
	{{EXCEPTION(400, "AccessDeniedException")}, 1, 0, 1, KH_E_KMS, KMS_REFUSED},
	{{EXCEPTION(403, "ExpiredTokenException")}, 1, 0, 1, KH_E_KMS, KMS_REFUSED},
	{{EXCEPTION(400, "NeverHeardOfException")}, 1, 0, 1, KH_E_KMS, KMS_REFUSED},
	{{{503, "", true, KH_OK}}, 1, 0, 3, KH_E_AGAIN, KMS_UNKNOWN},
	{{{502, "<html>", true, KH_OK}}, 1, 0, 3, KH_E_KMS, KMS_UNKNOWN},
	{{{429, "{}", true, KH_OK}}, 1, 0, 3, KH_E_AGAIN, KMS_REFUSED},
	{{{200, "<html>", true, KH_OK}}, 1, 0, 1, KH_E_KMS, KMS_UNKNOWN},
	{{{200, "{\"a\":1", true, KH_OK}}, 1, 0, 1, KH_E_KMS, KMS_UNKNOWN},
	{{{200, "", true, KH_OK}}, 1, 0, 1, KH_E_KMS, KMS_UNKNOWN},
	{{{307, "", true, KH_OK}}, 1, 0, 1, KH_E_KMS, KMS_REFUSED},
	{{LOST}, 1, 0, 3, KH_E_AGAIN, KMS_UNKNOWN},
	{{UNSENT}, 1, 0, 3, KH_E_AGAIN, KMS_UNSENT},
	{{{0, NULL, false, KH_E_CHECK}}, 1, 0, 1, KH_E_CHECK, KMS_UNSENT},
	{{{0, NULL, true, KH_E_KMS}}, 1, 0, 1, KH_E_KMS, KMS_UNKNOWN},
	/* the first try may have done it, whatever the second says */
	{{LOST, EXCEPTION(400, "KMSInvalidStateException")}, 2, 0, 2, KH_E_KMS, KMS_UNKNOWN},
	/* once */
	{{LOST}, 1, KMS_ONCE, 1, KH_E_AGAIN, KMS_UNKNOWN},
	{{EXCEPTION(500, "KMSInternalException")}, 1, KMS_ONCE, 1, KH_E_AGAIN, KMS_UNKNOWN},
	{{EXCEPTION(400, "ThrottlingException")}, 1, KMS_ONCE, 3, KH_E_AGAIN, KMS_REFUSED},
	{{EXCEPTION(400, "ThrottlingException"), FINE}, 2, KMS_ONCE, 2, KH_OK, KMS_DONE},
	{{EXCEPTION(400, "ThrottlingException"), LOST, FINE}, 3, KMS_ONCE, 2, KH_E_AGAIN, KMS_UNKNOWN},
	{{EXCEPTION(503, "SlowDown")}, 1, KMS_ONCE, 1, KH_E_AGAIN, KMS_REFUSED},
	{{{429, "{}", true, KH_OK}}, 1, KMS_ONCE, 1, KH_E_AGAIN, KMS_REFUSED},
	{{UNSENT, FINE}, 2, KMS_ONCE, 2, KH_OK, KMS_DONE},
	{{UNSENT, LOST, FINE}, 3, KMS_ONCE, 2, KH_E_AGAIN, KMS_UNKNOWN},
};


Test(kms, tries_again_as_standard_mode_does)
{
	for (size_t i = 0; i < N(calls); i++) {
		struct fake f = {.steps = calls[i].steps, .n = calls[i].n};
		struct kms k = client(&f);
		struct kms_reply reply;
		struct kh_error err = {0};
		json_t *body = json_object();
		int rc = kms_call(&k, "DescribeKey", body, calls[i].flags, &reply, &err);

		cr_assert_eq(rc == 0, calls[i].code == KH_OK, "row %zu", i);
		cr_assert_eq(rc ? err.code : KH_OK, calls[i].code, "row %zu: code %d: %s", i, (int)err.code, err.msg);
		cr_assert_eq(f.at, calls[i].requests, "row %zu: %zu requests", i, f.at);
		cr_assert_eq(reply.outcome, calls[i].outcome, "row %zu: outcome %d", i, (int)reply.outcome);
		cr_assert_eq(f.fresh, calls[i].flags != 0, "row %zu: fresh", i);
		cr_assert_eq(f.waits, f.at - 1, "row %zu: a wait between two tries", i);
		cr_assert(rc == 0 || err.msg[0], "row %zu says nothing", i);
		kms_reply_clear(&reply);
		json_decref(body);
	}
}

Test(kms, waits_longer_each_time_and_not_after_stop)
{
	static const struct step steps[] = {LOST};
	struct fake f = {.steps = steps, .n = 1};
	struct kms k = client(&f);
	struct kms_reply reply;
	struct kh_error err;
	json_t *body = json_object();

	k.max_attempts = 7;
	cr_assert(kms_call(&k, "DescribeKey", body, 0, &reply, &err));
	for (size_t i = 0; i < 6; i++) {
		static const unsigned want[] = {1000, 2000, 4000, 8000, 16000, 20000};

		cr_assert_eq(f.waited[i], want[i], "wait %zu: %u", i, f.waited[i]);
	}
	cr_assert_eq(retry_wait_ms(3, 0.5), 2000);
	cr_assert_eq(retry_wait_ms(100, 1.0), 20000);
	cr_assert_eq(retry_wait_ms(1, 0.0), 0);
	f = (struct fake){.steps = steps, .n = 1, .stop = true};
	cr_assert(kms_call(&k, "DescribeKey", body, 0, &reply, &err));
	cr_assert_eq(f.at, 1);
	json_decref(body);
}

Test(kms, attempts_come_from_the_environment_then_the_profile)
{
	static const struct {
		const char *env, *profile;
		int rc, out;
	} rows[] = {
		{NULL, NULL, 0, 3}, {"", NULL, 0, 3},	 {"5", "2", 0, 5}, {NULL, "2", 0, 2},	{"1", NULL, 0, 1},
		{"0", NULL, -1, 3}, {"-1", NULL, -1, 3}, {"x", "2", -1, 3}, {"3 ", NULL, -1, 3}, {"101", NULL, -1, 3},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct kh_error err;
		int out = 0, rc = retry_attempts(rows[i].env, rows[i].profile, &out, &err);

		cr_assert_eq(rc, rows[i].rc, "row %zu", i);
		cr_assert_eq(out, rows[i].out, "row %zu: %d", i, out);
	}
}

/* Where the code of an error is, and how the clocks' difference is named. */
Test(kms, reads_an_error_where_it_stands)
{
	static const struct {
		const char *body, *header;
		const char *code, *says;
	} rows[] = {
		{"{\"__type\":\"a.b#NotFoundException\",\"message\":\"gone\"}", "", "NotFoundException", "gone"},
		{"{\"__type\":\"NotFoundException\",\"code\":\"Other\"}", "Third", "NotFoundException", ""},
		{"{\"Message\":\"big\"}", "DisabledException:http://x", "DisabledException", "big"},
		{"{\"code\":\"DisabledException\"}", "", "DisabledException", ""},
		{"", "DisabledException", "DisabledException", ""},
		{"not json", "DisabledException", "DisabledException", ""},
		{"{\"__type\":7,\"message\":[]}", "", "", "HTTP 400 without an error code"},
		{"{}", "", "", "HTTP 400 without an error code"},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct kms_answer a = {.status = 400, .body = BUF_INIT(1000)};
		struct kms_reply reply = {0};
		enum errname_retry again;
		struct kh_error err = {0};

		cr_assert_eq(buf_add(&a.body, rows[i].body, strlen(rows[i].body), &err), 0);
		(void)snprintf(a.error_type, sizeof(a.error_type), "%s", rows[i].header);
		cr_assert(reply_read("DescribeKey", &a, 0, &reply, &again, &err), "row %zu", i);
		cr_assert_str_eq(err.name, rows[i].code, "row %zu: %s", i, err.name);
		cr_assert_eq(err.native, 400);
		cr_assert(strstr(err.msg, rows[i].says), "row %zu: %s", i, err.msg);
		buf_free(&a.body);
	}
}

Test(kms, names_the_skew_of_the_clocks)
{
	static const struct {
		const char *code;
		int64_t date;
		const char *hint;
	} rows[] = {
		{"InvalidSignatureException", 1000 + 600, "10 minutes behind"},
		{"RequestExpired", 100000 - 7200, "120 minutes ahead"},
		{"RequestTimeTooSkewed", 1000 + 241, "4 minutes behind"},
		{"InvalidSignatureException", 1000 + 239, NULL},
		{"InvalidSignatureException", 0, NULL},
		{"NotFoundException", 1000 + 600, NULL},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct kms_answer a = {.status = 403, .body = BUF_INIT(1000), .date = rows[i].date};
		struct kms_reply reply = {0};
		enum errname_retry again;
		struct kh_error err = {0};

		cr_assert_eq(buf_addf(&a.body, "{\"__type\":\"%s\"}", &err, rows[i].code), 0);
		cr_assert(reply_read("DescribeKey", &a, rows[i].date > 5000 ? 100000 : 1000, &reply, &again, &err));
		cr_assert_eq(strstr(err.hint, "minutes") != NULL, rows[i].hint != NULL, "row %zu: %s", i, err.hint);
		cr_assert(!rows[i].hint || strstr(err.hint, rows[i].hint), "row %zu: %s", i, err.hint);
		buf_free(&a.body);
	}
}

/* Every member is looked at: each of these spoils one of a good reply. */
Test(kms, takes_no_spoilt_metadata)
{
	static const struct {
		const char *body;
		bool good;
	} rows[] = {
		{"{\"Arn\":\"" KEY "\",\"KeySpec\":\"HMAC_256\",\"KeyState\":\"Enabled\",\"Origin\":\"EXTERNAL\","
		 "\"ValidTo\":1800000000.25,\"MultiRegion\":true}", true},
		{"{\"Arn\":\"arn:aws:kms:x\",\"KeySpec\":\"HMAC_256\",\"KeyState\":\"Enabled\",\"Origin\":\"EXTERNAL\"}", false},
		{"{\"Arn\":7,\"KeySpec\":\"HMAC_256\",\"KeyState\":\"Enabled\",\"Origin\":\"EXTERNAL\"}", false},
		{"{\"KeySpec\":\"HMAC_256\",\"KeyState\":\"Enabled\",\"Origin\":\"EXTERNAL\"}", false},
		{"{\"Arn\":\"" KEY "\",\"KeySpec\":\"\",\"KeyState\":\"Enabled\",\"Origin\":\"EXTERNAL\"}", false},
		{"{\"Arn\":\"" KEY "\",\"KeySpec\":\"HMAC_256\",\"KeyState\":\"Enabled\",\"Origin\":\"EXTERNAL\","
		 "\"MultiRegion\":1}", false},
		{"{\"Arn\":\"" KEY "\",\"KeySpec\":\"HMAC_256\",\"KeyState\":\"Enabled\",\"Origin\":\"EXTERNAL\","
		 "\"ValidTo\":\"2027\"}", false},
		{"{\"Arn\":\"" KEY "\",\"KeySpec\":\"HMAC_256\",\"KeyState\":\"Enabled\",\"Origin\":\"EXTERNAL\","
		 "\"ValidTo\":-5}", false},
		{"[]", false},
	};

	for (size_t i = 0; i < N(rows); i++) {
		char body[1024];
		const struct step step = {200, body, true, KH_OK};
		struct fake f = {.steps = &step, .n = 1};
		struct kms k = client(&f);
		struct ops_key key;
		struct kh_error err = {0};

		(void)snprintf(body, sizeof(body), "{\"KeyMetadata\":%s}", rows[i].body);
		cr_assert_eq(ops_describe(&k, KEY, &key, &err) == 0, rows[i].good, "row %zu: %s", i, err.msg);
		cr_assert(rows[i].good || err.code == KH_E_KMS, "row %zu: code %d", i, (int)err.code);
		cr_assert(!rows[i].good || (key.valid_to == 1800000000 && key.multi_region));
	}
}

Test(kms, reads_all_pages_of_the_materials)
{
	static const struct step steps[] = {
		{200, "{\"Rotations\":[{\"KeyMaterialId\":\"aa\",\"ImportState\":\"IMPORTED\",\"KeyMaterialDescription\":\"\"}],"
		      "\"Truncated\":true,\"NextMarker\":\"m\"}", true, KH_OK},
		{200, "{\"Rotations\":[{\"KeyMaterialId\":\"bb\",\"ImportState\":\"PENDING_IMPORT\"}],\"Truncated\":false}", true,
		 KH_OK},
	};
	static const struct step endless[] = {
		{200, "{\"Rotations\":[],\"Truncated\":true,\"NextMarker\":\"m\"}", true, KH_OK}};
	struct fake f = {.steps = steps, .n = 2}, g = {.steps = endless, .n = 1};
	struct kms k = client(&f);
	struct ops_materials *m = calloc(1, sizeof(*m));
	struct kh_error err;

	cr_assert_eq(ops_materials(&k, KEY, m, &err), 0);
	cr_assert_eq(f.at, 2);
	cr_assert_eq(m->n, 2);
	cr_assert(m->v[0].imported && !m->v[1].imported);
	k = client(&g);
	cr_assert(ops_materials(&k, KEY, m, &err));
	cr_assert_eq(err.code, KH_E_KMS);
	cr_assert_eq(g.at, 2, "the same mark again: %zu calls", g.at);
	free(m);
}

Test(kms, reads_tags_as_the_aws_cli_does)
{
	static const struct {
		const char *words[3];
		const char *json; /* NULL: refused */
	} rows[] = {
		{{"TagKey=a,TagValue=b"}, "[{\"TagKey\":\"a\",\"TagValue\":\"b\"}]"},
		{{"TagValue=b,TagKey=a", "TagKey=c,TagValue="},
		 "[{\"TagKey\":\"a\",\"TagValue\":\"b\"},{\"TagKey\":\"c\",\"TagValue\":\"\"}]"},
		{{"TagKey='a,b',TagValue=\"c=\\\"d\\\"\""}, "[{\"TagKey\":\"a,b\",\"TagValue\":\"c=\\\"d\\\"\"}]"},
		{{"[{\"TagKey\":\"a\",\"TagValue\":\"b\"}]"}, "[{\"TagKey\":\"a\",\"TagValue\":\"b\"}]"},
		{{"TagKey=a"}, NULL}, {{"TagKey=,TagValue=b"}, NULL}, {{"Key=a,Value=b"}, NULL},
		{{"TagKey=a,TagKey=b,TagValue=c"}, NULL}, {{"TagKey='a,TagValue=b"}, NULL}, {{"[{\"TagKey\":1}]"}, NULL},
		{{"{\"TagKey\":\"a\",\"TagValue\":\"b\"}"}, NULL}, {{"["}, NULL},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct opt_list words = {{rows[i].words[0], rows[i].words[1]}, rows[i].words[1] ? 2 : 1};
		struct kh_error err = {0};
		json_t *tags = NULL;
		int rc = tags_parse(&words, &tags, &err);
		char *text = rc ? NULL : json_dumps(tags, JSON_COMPACT);

		cr_assert_eq(rc == 0, rows[i].json != NULL, "row %zu: %s", i, err.msg);
		cr_assert(rc || strcmp(text, rows[i].json) == 0, "row %zu: %s", i, text ? text : "");
		cr_assert(rc == 0 || err.code == KH_E_USAGE);
		free(text);
		if (!rc)
			json_decref(tags);
	}
}

/* KMS's clock is taken for ours where signatures work by it, and no other. */
Test(kms, takes_no_date_that_cannot_be)
{
	static const int64_t off[] = {0, 60, -60, 900, -900, 901, -901, -1699999999, 86400 * 365};
	static const struct step answers[] = {FINE, EXCEPTION(400, "NotFoundException")};

	for (size_t i = 0; i < 2 * N(off); i++) {
		int64_t wanted = off[i / 2] <= 900 && off[i / 2] >= -900 ? off[i / 2] : 0;
		struct fake f = {.steps = &answers[i % 2], .n = 1, .ms = 1700000000000, .date = 1700000000 + off[i / 2]};
		struct kms k = client(&f);
		struct kms_reply reply;
		struct kh_error err;
		json_t *body = json_object();

		(void)kms_call(&k, "DescribeKey", body, 0, &reply, &err);
		cr_assert_eq(kms_now(&k) - 1700000000, wanted, "row %zu: %lld", i, (long long)kms_now(&k));
		kms_reply_clear(&reply);
		json_decref(body);
	}
	/* a rehearsal's time may be any, from this machine alone */
	for (size_t i = 0; i < 6; i++) {
		static const char *const said[] = {"7862400", "-86400", "7862400x", "99999999999", "", "7862400"};
		static const int64_t wanted[] = {7862400, -86400, 0, 0, 0, 0};
		struct fake f = {.steps = answers, .n = 1, .ms = 1700000000000, .date = 1700000000, .sim_clock = said[i]};
		struct kms k = client(&f);
		struct kms_reply reply;
		struct kh_error err;
		json_t *body = json_object();

		k.no_proxy = i < 5;
		(void)kms_call(&k, "DescribeKey", body, 0, &reply, &err);
		cr_assert_eq(kms_now(&k) - 1700000000, wanted[i], "'%s': %lld", said[i], (long long)kms_now(&k));
		kms_reply_clear(&reply);
		json_decref(body);
	}
}
