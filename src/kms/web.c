/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "web.h"

#include "base/log.h"
#include "http_transfer.h"
#include "retry.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

/* One exchange. */
struct web {
	CURL *easy;
	struct curl_slist *headers;
	const struct web_request *request;
	struct secret *body;
	bool refused_peer;
	bool too_large;
	char why[CURL_ERROR_SIZE];
};

/* Judged here, by the address itself: a name can stand for anything. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct web *w = ctx;

	(void)purpose;
	if (w->request->local_only && !http_is_loopback(&addr->addr)) {
		w->refused_peer = true;
		return CURL_SOCKET_BAD;
	}
	return socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
}

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

static int add_header(struct web *w, const struct web_header *h, struct kh_error *err)
{
	size_t size = strlen(h->name) + strlen(h->value) + 3;
	struct curl_slist *more = NULL;
	struct secret *line;

	if (strpbrk(h->value, "\r\n"))
		return kh_fail(err, KH_E_INPUT, 0, "the value of the header %s has a line end in it", h->name);
	line = secret_new(size, err);
	if (!line)
		return -1;
	(void)snprintf((char *)secret_data(line), size, "%s: %s", h->name, h->value);
	more = curl_slist_append(w->headers, secret_text(line));
	secret_free(line);
	if (!more)
		return kh_fail_memory(err);
	w->headers = more;
	return 0;
}

static int add_headers(struct web *w, struct kh_error *err)
{
	const struct web_request *r = w->request;
	const struct secret *token = r->sign ? r->sign->session_token : NULL;
	const struct web_header signing = {"X-Amz-Security-Token", token ? secret_text(token) : ""};

	for (size_t i = 0; i < WEB_HEADERS_MAX && r->headers[i].name; i++)
		if (add_header(w, &r->headers[i], err))
			return -1;
	return token ? add_header(w, &signing, err) : 0;
}

static CURLcode set_body(CURL *e, const struct web_request *r)
{
	CURLcode rc;

	if (strcmp(r->method, "GET") == 0)
		return curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
	rc = curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, r->body ? (long)secret_len(r->body) : 0L);
	rc = rc ? rc : curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body ? secret_text(r->body) : "");
	return rc ? rc : curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method);
}

static CURLcode set_signing(CURL *e, const struct web_request *r)
{
	char scope[96];
	CURLcode rc;

	if (!r->sign)
		return CURLE_OK;
	(void)snprintf(scope, sizeof(scope), "aws:amz:%s:%s", r->region, r->service);
	rc = curl_easy_setopt(e, CURLOPT_AWS_SIGV4, scope);
	rc = rc ? rc : curl_easy_setopt(e, CURLOPT_USERNAME, r->sign->access_key_id);
	return rc ? rc : curl_easy_setopt(e, CURLOPT_PASSWORD, secret_text(r->sign->secret_key));
}

static CURLcode set_times(CURL *e, const struct http_opts *o, const struct web_request *r)
{
	CURLcode rc;

	if (r->timeout_ms)
		return curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, r->timeout_ms);
	rc = curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, o->connect_timeout ? o->connect_timeout : 86400L);
	if (!rc && o->connect_timeout && o->read_timeout)
		rc = curl_easy_setopt(e, CURLOPT_TIMEOUT, o->connect_timeout + o->read_timeout);
	return rc;
}

static CURLcode set_all(struct web *w, const struct http_opts *o)
{
	const struct web_request *r = w->request;
	CURL *e = w->easy;
	CURLcode rc = CURLE_OK;

#define SET(option, value) (rc = rc ? rc : curl_easy_setopt(e, option, value))
	SET(CURLOPT_ERRORBUFFER, w->why);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_USERAGENT, "keyhaul-kms/" VERSION);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, w);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, w);
	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_HTTPHEADER, w->headers);
	if (r->no_proxy)
		SET(CURLOPT_PROXY, "");
#undef SET
	rc = rc ? rc : set_body(e, r);
	rc = rc ? rc : set_signing(e, r);
	rc = rc ? rc : set_times(e, o, r);
	return rc ? rc : http_set_ca(e, o->ca_bundle);
}

/* What libcurl's failure means. The URL up to its query: an account may be in it. */
static int no_answer(const struct web *w, CURLcode rc, struct kh_error *err)
{
	const char *url = w->request->url, *why = w->why[0] ? w->why : curl_easy_strerror(rc);
	int shown = (int)strcspn(url, "?");

	if (w->refused_peer) {
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
	case CURLE_OUT_OF_MEMORY:
		return kh_fail_memory(err);
	case CURLE_WRITE_ERROR:
		return kh_fail(err, KH_E_KMS, 0, "%.*s: the answer is larger than %d bytes", shown, url, WEB_ANSWER_MAX);
	default:
		kh_fail(err, KH_E_AGAIN, (unsigned long)rc, "%.*s: no answer: %s", shown, url, why);
		return kh_hint(err, "check the network and the proxy (https_proxy, no_proxy), then run this again");
	}
}

static int transfer(struct web *w, const struct http_opts *opts, struct web_answer *answer, struct kh_error *err)
{
	CURLcode rc;

	if (add_headers(w, err))
		return -1;
	rc = set_all(w, opts);
	if (rc)
		return kh_fail(err, KH_E_SYSTEM, (unsigned long)rc, "libcurl: %s", curl_easy_strerror(rc));
	rc = curl_easy_perform(w->easy);
	(void)curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	log_debug("%s %.*s: HTTP %ld", w->request->method, (int)strcspn(w->request->url, "?"), w->request->url, answer->status);
	return rc ? no_answer(w, rc, err) : 0;
}

int web_send(const struct http_opts *opts, const struct web_request *request, struct web_answer *answer,
	     struct kh_error *err)
{
	struct web w = {.request = request};
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
