/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "web.h"

#include "base/log.h"
#include "http_handle.h"
#include "retry.h"
#include "wipe.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* One exchange. */
struct web {
	CURL *easy;
	struct curl_slist *headers;
	const struct web_request *request;
	struct secret *body;
	struct http_peer peer;
	bool too_large;
	char why[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct web *w = ctx;
	size_t had = secret_len(w->body), len = size * n;

	w->too_large = len > secret_cap(w->body) - had;
	if (w->too_large)
		return 0;
	memcpy(secret_data(w->body) + had, data, len);
	secret_set_len(w->body, had + len);
	return len;
}

static int add_headers(struct web *w, struct kh_error *err)
{
	const struct web_request *r = w->request;
	const struct secret *token = r->sign ? r->sign->session_token : NULL;

	for (size_t i = 0; i < WEB_HEADERS_MAX && r->headers[i].name; i++)
		if (http_handle_header(&w->headers, r->headers[i].name, r->headers[i].value, err))
			return -1;
	return token ? http_handle_header(&w->headers, "X-Amz-Security-Token", secret_text(token), err) : 0;
}

static CURLcode set_all(struct web *w, const struct http_opts *o)
{
	const struct web_request *r = w->request;
	const struct http_sending sending = {
		.url = r->url, .no_proxy = r->no_proxy, .headers = w->headers,
		.body = strcmp(r->method, "GET") == 0 ? NULL : r->body ? secret_text(r->body) : "",
		.body_len = r->body ? secret_len(r->body) : 0,
		.creds = r->sign, .service = r->service, .region = r->region,
	};
	struct http_opts verified = *o;
	CURL *e = w->easy;
	CURLcode rc;

	verified.no_verify = false;
	rc = http_handle_set(e, &verified, &w->peer, w->why);
	rc = rc ? rc : http_handle_send(e, &sending);
#define SET(option, value) (rc = rc ? rc : curl_easy_setopt(e, option, value))
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, w);
	if (sending.body && strcmp(r->method, "POST") != 0) /* PUT without libcurl's reading */
		SET(CURLOPT_CUSTOMREQUEST, r->method);
	if (r->timeout_ms)
		SET(CURLOPT_TIMEOUT_MS, r->timeout_ms);
#undef SET
	return rc;
}

/* What libcurl's failure means. The URL up to its query: an account may be in it. */
static int no_answer(const struct web *w, CURLcode rc, struct kh_error *err)
{
	const char *url = w->request->url, *why = w->why[0] ? w->why : curl_easy_strerror(rc);
	int shown = (int)strcspn(url, "?");

	if (w->peer.refused) {
		kh_fail(err, KH_E_CHECK, 0, "%.*s is not this machine, and nothing proves who answers there", shown, url);
		return kh_hint(err, "credentials come over https, or over http from this machine alone");
	}
	switch (rc) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		kh_fail(err, KH_E_CHECK, (unsigned long)rc, "%.*s: TLS is not verified: %s", shown, url, why);
		return kh_hint(err, "name the CA with --ca-bundle or AWS_CA_BUNDLE; --no-verify-ssl does not count for what hands "
				    "out credentials");
	case CURLE_SSL_CACERT_BADFILE:
		return kh_fail(err, KH_E_INPUT, (unsigned long)rc, "the CA bundle: %s", why);
	case CURLE_OUT_OF_MEMORY: /* so libcurl calls one header of over 100 kB */
	case CURLE_WRITE_ERROR:
		return kh_fail(err, KH_E_KMS, 0, "%.*s: the answer is larger than %d bytes", shown, url, WEB_ANSWER_MAX);
	default:
		kh_fail(err, KH_E_AGAIN, (unsigned long)rc, "%.*s: no answer: %s", shown, url, why);
		return http_handle_hint(w->easy, rc, err);
	}
}

static int transfer(struct web *w, const struct http_opts *opts, struct web_answer *answer, struct kh_error *err)
{
	unsigned long failures = wipe_failures();
	CURLcode rc;

	if (add_headers(w, err))
		return -1;
	rc = set_all(w, opts);
	if (rc)
		return http_handle_failed(rc, err);
	rc = curl_easy_perform(w->easy);
	(void)curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	log_debug("%s %.*s: HTTP %ld", w->request->method, (int)strcspn(w->request->url, "?"), w->request->url, answer->status);
	if (wipe_failures() != failures)
		return kh_fail_memory(err);
	return rc ? no_answer(w, rc, err) : 0;
}

int web_send(const struct http_opts *opts, const struct web_request *request, struct web_answer *answer,
	     struct kh_error *err)
{
	struct web w = {.request = request, .peer.local_only = request->local_only};
	int rc = -1;

	memset(answer, 0, sizeof(*answer));
	answer->body = secret_new(WEB_ANSWER_MAX, err);
	if (!answer->body || http_global_begin(err))
		return -1;
	w.body = answer->body;
	w.easy = curl_easy_init();
	if (w.easy)
		rc = transfer(&w, opts, answer, err);
	else
		kh_fail_memory(err);
	curl_easy_cleanup(w.easy);
	curl_slist_free_all(w.headers);
	http_global_end();
	return rc;
}

void web_clear(struct web_answer *answer)
{
	secret_free(answer->body);
	answer->body = NULL;
}

void web_wait(int attempt)
{
	unsigned chance = 0, ms;
	struct timespec t;

	if (getrandom(&chance, sizeof(chance), 0) != (ssize_t)sizeof(chance))
		chance = 0x80000000u; /* only spreads retries */
	ms = retry_wait_ms(attempt, (double)chance / 4294967296.0);
	t = (struct timespec){ms / 1000, (long)(ms % 1000) * 1000000};
	(void)nanosleep(&t, NULL);
}
