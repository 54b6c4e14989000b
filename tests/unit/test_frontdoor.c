/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sim/server.h"
#include "sim_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ACCESS "AKIDKEYHAULSIM000000"
#define SECRET "a secret of the tests, nobody else's 123"

/* What a client sends; a test bends it before or after signing. */
struct sent {
	const char *amz_date, *scope, *target, *type, *signed_headers, *access_key, *secret, *method, *path;
	char authorization[1024];
	const char *extra, *body;
	int64_t now;
};

static struct sent good(void)
{
	return (struct sent){.amz_date = "20270115T080000Z", .scope = "20270115/eu-west-1/kms/aws4_request",
			     .target = "TrentService.ListKeys", .type = "application/x-amz-json-1.1",
			     .signed_headers = "content-type;host;x-amz-date;x-amz-target", .access_key = ACCESS,
			     .secret = SECRET, .body = "{}", .now = FIXTURE_NOW, .method = "POST", .path = "/"};
}

static struct sigv4_request request(const struct sent *s)
{
	struct sigv4_request req = {.method = s->method, .path = s->path, .body = s->body, .body_len = strlen(s->body)};

	req.headers[req.n_headers++] = (struct sigv4_header){"Host", "127.0.0.1:4000"};
	req.headers[req.n_headers++] = (struct sigv4_header){"Content-Type", s->type};
	if (s->amz_date)
		req.headers[req.n_headers++] = (struct sigv4_header){"X-Amz-Date", s->amz_date};
	if (s->target)
		req.headers[req.n_headers++] = (struct sigv4_header){"X-Amz-Target", s->target};
	if (s->extra)
		req.headers[req.n_headers++] = (struct sigv4_header){s->extra, "value"};
	if (s->authorization[0])
		req.headers[req.n_headers++] = (struct sigv4_header){"Authorization", s->authorization};
	return req;
}

static void sign(struct sent *s)
{
	struct buf canonical = BUF_INIT(8192), to_sign = BUF_INIT(8192);
	struct sigv4_request req = request(s);
	char signature[SIGV4_HEX] = "0";
	struct sigv4_auth auth;
	struct kh_error err;

	(void)snprintf(s->authorization, sizeof(s->authorization),
		       "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=0", s->access_key, s->scope,
		       s->signed_headers);
	if (!sigv4_auth_parse(s->authorization, &auth, &err)) {
		cr_assert_eq(sigv4_canonical(&req, s->signed_headers, &canonical, &err), 0, "%s", err.msg);
		cr_assert_eq(sigv4_string_to_sign(s->amz_date ? s->amz_date : "", s->scope, &canonical, &to_sign, &err), 0);
		cr_assert_eq(sigv4_sign(s->secret, &auth, &to_sign, signature, &err), 0);
	}
	(void)snprintf(s->authorization, sizeof(s->authorization),
		       "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s", s->access_key, s->scope,
		       s->signed_headers, signature);
	buf_free(&canonical);
	buf_free(&to_sign);
}

static void ask(struct service *service, const struct sent *s, struct answer *a)
{
	struct sigv4_request req = request(s);

	buf_free(&a->body);
	answer_request(service, &req, s->now, a);
}

/* One way to be wrong: what is bent before signing, or (late) after it, and how it is answered. */
enum field { NOTHING, DATE, SCOPE, TARGET, TYPE, HEADERS, ACCESS_KEY, SECRET_KEY, METHOD, PATH, EXTRA, BODY, AUTHORIZATION };
static const struct {
	enum field field;
	bool late;
	int64_t later; /* seconds that the clock is ahead */
	const char *value, *code, *message;
} wrongs[] = {
	{NOTHING, false, FRONTDOOR_SKEW, NULL, "", "Keys"},
	{NOTHING, false, FRONTDOOR_SKEW + 1, NULL, "InvalidSignatureException",
	 "Signature expired: 20270115T080000Z is now earlier than 20270115T080001Z (20270115T081501Z - 15 min.)"},
	{NOTHING, false, -FRONTDOOR_SKEW, NULL, "", "Keys"},
	{NOTHING, false, -FRONTDOOR_SKEW - 1, NULL, "InvalidSignatureException", "Signature not yet current"},
	{AUTHORIZATION, true, 0, "", "MissingAuthenticationTokenException", "Missing Authentication Token"},
	{AUTHORIZATION, true, 0, "Basic eDp5", "IncompleteSignatureException", "algorithm"},
	{AUTHORIZATION, true, 0, "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host", "IncompleteSignatureException",
	 "'Signature'"},
	{DATE, true, 0, NULL, "IncompleteSignatureException", "X-Amz-Date"},
	{DATE, false, 0, "2027-01-15T08:00", "IncompleteSignatureException", "ISO-8601"},
	{DATE, false, 0, "20270115T080000", "IncompleteSignatureException", "ISO-8601"},
	{DATE, true, 0, "20270115T080001Z", "InvalidSignatureException", "does not match the signature"},
	{SCOPE, false, 0, "20270114/eu-west-1/kms/aws4_request", "InvalidSignatureException", "does not match YYYYMMDD"},
	{SCOPE, false, 0, "20270115/eu-west-1/s3/aws4_request", "InvalidSignatureException", "correct service: 'kms'"},
	{SCOPE, false, 0, "20270115/eu_west/kms/aws4_request", "InvalidSignatureException", "valid Region"},
	{SCOPE, false, 0, "20270115/eu-west-1/kms/aws3_request", "InvalidSignatureException", "valid terminator"},
	{SCOPE, false, 0, "20270115/eu-west-1/kms", "IncompleteSignatureException", "slash-delimited"},
	{ACCESS_KEY, false, 0, "AKIDKEYHAULSIM000001", "UnrecognizedClientException", "security token"},
	{SECRET_KEY, false, 0, "a secret of the tests, nobody else's 124", "InvalidSignatureException", "does not match"},
	{EXTRA, false, 0, "X-Amz-Security-Token", "UnrecognizedClientException", "security token"},
	{EXTRA, true, 0, "X-Amz-Anything", "InvalidSignatureException", "not signed: X-Amz-Anything"},
	{EXTRA, true, 0, "User-Agent", "", "Keys"},
	{HEADERS, false, 0, "content-type;x-amz-date;x-amz-target", "InvalidSignatureException", "'Host' must be"},
	{HEADERS, false, 0, "content-type;host;x-amz-date", "InvalidSignatureException", "X-Amz-Target"},
	{HEADERS, false, 0, "host;x-amz-date;x-amz-target", "InvalidSignatureException", "not signed: Content-Type"},
	{HEADERS, false, 0, "host;content-type;x-amz-date;x-amz-target", "InvalidSignatureException", "must be sorted"},
	{HEADERS, false, 0, "content-type;host;host;x-amz-date;x-amz-target", "InvalidSignatureException", "must be sorted"},
	{HEADERS, false, 0, "Content-Type;host;x-amz-date;x-amz-target", "InvalidSignatureException", "must be sorted"},
	{TARGET, true, 0, "TrentService.CreateKey", "InvalidSignatureException", "does not match the signature"},
	{TARGET, false, 0, "TrentService.Decrypt2", "UnknownOperationException", "Decrypt2"},
	{TARGET, false, 0, "DynamoDB.ListKeys", "UnknownOperationException", "TrentService."},
	{TYPE, false, 0, "text/plain", "UnknownOperationException", "application/x-amz-json-1.1"},
	{METHOD, false, 0, "PUT", "UnknownOperationException", "POST"},
	{METHOD, true, 0, "PUT", "InvalidSignatureException", "does not match"},
	{PATH, false, 0, "/keys", "UnknownOperationException", "POST /"},
	{BODY, true, 0, "{\"Limit\":7}", "InvalidSignatureException", "does not match"},
	{BODY, false, 0, "{\"Limit\":7}", "", "Keys"},
};

static void bend(struct sent *s, enum field field, const char *value)
{
	const char **const fields[] = {
		[DATE] = &s->amz_date, [SCOPE] = &s->scope, [TARGET] = &s->target, [TYPE] = &s->type,
		[HEADERS] = &s->signed_headers, [ACCESS_KEY] = &s->access_key, [SECRET_KEY] = &s->secret,
		[METHOD] = &s->method, [PATH] = &s->path, [EXTRA] = &s->extra, [BODY] = &s->body,
	};

	if (field == AUTHORIZATION)
		(void)snprintf(s->authorization, sizeof(s->authorization), "%s", value);
	else if (field != NOTHING)
		*fields[field] = value;
}

Test(frontdoor, answers_as_aws_does)
{
	struct fixture f;
	struct service service = {.door = {ACCESS, SECRET}};
	struct answer a = {0};

	fixture_open(&f, NULL);
	service.sim = &f.sim;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct sent s = good();
		char code[128];

		s.extra = wrongs[i].field == EXTRA && !wrongs[i].late ? wrongs[i].value : NULL;
		if (!wrongs[i].late)
			bend(&s, wrongs[i].field, wrongs[i].value);
		sign(&s);
		if (wrongs[i].late)
			bend(&s, wrongs[i].field, wrongs[i].value);
		s.now += wrongs[i].later;
		ask(&service, &s, &a);
		(void)snprintf(code, sizeof(code), "\"__type\":\"%s\"", wrongs[i].code);
		cr_assert(!*wrongs[i].code || strstr(buf_text(&a.body), code), "row %zu: %s", i, buf_text(&a.body));
		cr_assert(strstr(buf_text(&a.body), wrongs[i].message), "row %zu: %s", i, buf_text(&a.body));
		cr_assert_eq(a.http == 200, !*wrongs[i].code, "row %zu: %d", i, a.http);
	}
	cr_assert_eq(keystore_count(f.sim.keys), 0);
	buf_free(&a.body);
	fixture_close(&f);
}

Test(frontdoor, sts_says_who_asks)
{
	static const char form[] = "application/x-www-form-urlencoded; charset=utf-8";
	struct service service = {.door = {ACCESS, SECRET}};
	struct answer a = {0};
	struct fixture f;
	struct sent s = good();

	fixture_open(&f, NULL);
	service.sim = &f.sim;
	s.scope = "20270115/cn-north-1/sts/aws4_request";
	s.target = NULL;
	s.type = form;
	s.signed_headers = "content-type;host;x-amz-date";
	s.body = "Action=GetCallerIdentity&Version=2011-06-15";
	sign(&s);
	ask(&service, &s, &a);
	cr_assert_eq(a.http, 200, "%s", buf_text(&a.body));
	cr_assert_not_null(strstr(buf_text(&a.body), "<Arn>arn:aws-cn:iam::000000000000:user/keyhaul-sim</Arn>"));
	s.body = "Action=GetCallerIdentity&Version=2011-06-16";
	ask(&service, &s, &a);
	cr_assert_eq(a.http, 403, "%s", buf_text(&a.body));
	cr_assert_not_null(strstr(buf_text(&a.body), "<Code>SignatureDoesNotMatch</Code>"), "%s", buf_text(&a.body));
	sign(&s);
	ask(&service, &s, &a);
	cr_assert_not_null(strstr(buf_text(&a.body), "<Code>InvalidAction</Code>"), "%s", buf_text(&a.body));
	buf_free(&a.body);
	fixture_close(&f);
}

static void refuses_bad_faults(void)
{
	static const char *const bad[] = {"CreateKey", "CreateKey:0=close", "CreateKey:x=close", "CreateKey:1=what",
					  "CreateKeys:1=close", "CreateKey:1+close", "", "CreateKey:101%=close", "CreateKey:1=close now",
					  "CreateKey:1=http", "CreateKey:1=http 99", "CreateKey:1=http 200x"};
	struct kh_error err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct opt_list list = {{bad[i]}, 1};
		struct faults *faults = NULL;

		cr_assert_eq(faults_parse(&list, &faults, &err), -1, "%s", bad[i]);
		cr_assert_eq(err.code, KH_E_USAGE);
	}
}

/* A file has a fault a line, and its errors name the line. */
static void reads_faults_from_a_file(void)
{
	const char *tmp = getenv("TMPDIR"), *text = "# bad day\n\n  ListKeys:2+=html \r\nCreateKey:1=redirect http://x/\n";
	char path[512];
	struct opt_list list = {{path}, 1};
	struct faults *f = NULL;
	struct kh_error err;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%.400s/faults", tmp ? tmp : "/tmp");
	for (int good = 1; good >= 0; good--) {
		file = fopen(path, "w");
		cr_assert_not_null(file);
		cr_assert(fputs(good ? text : "ListKeys:1=html\nListKeys\n", file) >= 0 && fclose(file) == 0);
		cr_assert_eq(faults_parse(&list, &f, &err), good ? 0 : -1, "%s", err.msg);
		if (!good)
			break;
		cr_assert_null(faults_next(f, "ListKeys"));
		cr_assert_eq(faults_next(f, "ListKeys")->kind, FAULT_HTML);
		cr_assert_eq(faults_next(f, "ListKeys")->kind, FAULT_HTML);
		cr_assert_str_eq(faults_next(f, "CreateKey")->text, "http://x/");
		cr_assert_null(faults_next(f, "CreateKey"));
		faults_free(f);
	}
	cr_assert_not_null(strstr(err.msg, "line 2"), "%s", err.msg);
	(void)remove(path);
}

Test(frontdoor, faults_come_when_they_were_asked_for)
{
	static const struct {
		const char *fault;
		int http;
		bool close, made;
		const char *body;
	} rows[] = {
		{"CreateKey:1=ThrottlingException", 400, false, false, "ThrottlingException"},
		{"CreateKey:1=KMSInternalException", 500, false, false, "KMSInternalException"},
		{"CreateKey:1+=ExpiredTokenException", 400, false, false, "ExpiredTokenException"},
		{"CreateKey:1=close", 0, true, false, ""},
		{"CreateKey:1=drop", 200, true, true, ""},
		{"CreateKey:1=html", 200, false, false, "<html>"},
		{"CreateKey:1=half", 200, false, true, "{\"KeyMetadata\""},
		{"CreateKey:1=empty", 200, false, false, ""},
		{"CreateKey:1=redirect", 302, false, false, ""},
		{"CreateKey:2=close", 200, false, true, "{\"KeyMetadata\""},
		{"ListKeys:1=close", 200, false, true, "{\"KeyMetadata\""},
		{"*:1=throttle", 400, false, false, "ThrottlingException"},
		{"*:50%=close", 200, false, true, "{\"KeyMetadata\""},
		{"CreateKey:1=http 503 <p>busy</p>", 503, false, false, "<p>busy</p>"},
		{"CreateKey:1=after http 500 {}", 500, false, true, "{}"},
		{"CreateKey:1=after DependencyTimeoutException", 500, false, true, "DependencyTimeoutException"},
		{"CreateKey:1=after close", 200, true, true, ""},
	};
	struct fixture f;
	struct sent s = good();
	struct kh_error err;

	fixture_open(&f, NULL);
	s.target = "TrentService.CreateKey";
	s.body = "{\"Origin\":\"EXTERNAL\"}";
	sign(&s);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct service service = {.sim = &f.sim, .door = {ACCESS, SECRET}};
		struct opt_list list = {{rows[i].fault}, 1};
		size_t before = keystore_count(f.sim.keys);
		struct answer a = {0};

		cr_assert_eq(faults_parse(&list, &service.faults, &err), 0, "%s", err.msg);
		ask(&service, &s, &a);
		if (!a.close)
			cr_assert_eq(a.http, rows[i].http, "%s: %d", rows[i].fault, a.http);
		cr_assert_eq(a.close, rows[i].close, "%s", rows[i].fault);
		cr_assert_eq(keystore_count(f.sim.keys) - before, rows[i].made ? 1 : 0, "%s", rows[i].fault);
		cr_assert_not_null(strstr(buf_text(&a.body), rows[i].body), "%s: %s", rows[i].fault, buf_text(&a.body));
		buf_free(&a.body);
		ask(&service, &s, &a);
		cr_assert_eq(a.http == 200 && !a.close, strstr(rows[i].fault, "1+") == NULL && !strstr(rows[i].fault, "y:2=") &&
							       !strstr(rows[i].fault, "50%"),
			     "%s, second call", rows[i].fault);
		buf_free(&a.body);
		faults_free(service.faults);
	}
	refuses_bad_faults();
	reads_faults_from_a_file();
	fixture_close(&f);
}

/* A connection to the server that has sent `text`. */
static int connect_and_send(const struct sockaddr_in *to, const char *text)
{
	const struct timeval patience = {8, 0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	cr_assert_eq(connect(fd, (const struct sockaddr *)to, sizeof(*to)), 0);
	cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	return fd;
}

/* Clients that left, more than there are places, and clients that stay without a word take nobody's place. */
Test(frontdoor, half_requests_stall_nobody)
{
	static const char half[] = "POST / HTTP/1.1\r\n";
	struct service service = {.door = {ACCESS, SECRET}};
	struct server_address at;
	struct server *server = NULL;
	struct sockaddr_in to;
	struct fixture f;
	struct kh_error err;
	char answer[16] = "";
	int held[100], fd;

	fixture_open(&f, NULL);
	service.sim = &f.sim;
	cr_assert_eq(server_parse("127.0.0.1:0", &at, &err), 0);
	cr_assert_eq(server_start(&at, NULL, NULL, &service, &server, &err), 0, "%s", err.msg);
	memcpy(&to, &at.addr, sizeof(to));
	to.sin_port = htons((uint16_t)atoi(strrchr(server_url(server), ':') + 1));
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		held[i] = connect_and_send(&to, half);
	for (size_t i = 0; i < SERVER_CONNECTIONS + 100; i++)
		(void)close(connect_and_send(&to, half));
	fd = connect_and_send(&to, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	cr_assert_eq(recv(fd, answer, 12, MSG_WAITALL), 12, "no answer");
	cr_assert_str_eq(answer, "HTTP/1.1 400");
	(void)close(fd);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		(void)close(held[i]);
	server_stop(server);
	fixture_close(&f);
}
