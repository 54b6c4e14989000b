/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "http_transfer.h"

#include "aws/awstime.h"
#include "http_handle.h"
#include "wipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADERS_MAX 65536 /* bytes of all headers of a reply; KMS's are under one thousand */

struct http {
	CURL *easy;
	struct http_opts opts;
	char why[CURL_ERROR_SIZE];
	/* the request in hand */
	struct curl_slist *request_headers;
	struct kms_answer *answer;
	struct http_peer peer;
	bool too_large;
	size_t headers; /* bytes of them so far */
	unsigned long failures; /* wipe_failures at the beginning */
};

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct http *h = ctx;
	struct kh_error err;

	if (!buf_add(&h->answer->body, data, size * n, &err))
		return size * n;
	h->too_large = err.code != KH_E_MEMORY;
	return 0;
}

static void keep(const char *value, size_t len, char *out, size_t size)
{
	(void)snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), value);
}

static void take_date(const char *value, size_t len, struct kms_answer *answer)
{
	char text[64];
	struct kh_error err;

	keep(value, len, text, sizeof(text));
	if (awstime_parse_http(text, &answer->date, &err))
		answer->date = 0; /* a reply without a usable Date is still a reply */
}

/* Where the connection stands, a proxy's tunnel and TLS with it, and the request itself is sent next. */
static int on_ready(void *ctx, char *peer, char *own, int peer_port, int own_port)
{
	(void)peer;
	(void)own;
	(void)peer_port;
	(void)own_port;
	((struct http *)ctx)->answer->sent = true;
	return CURL_PREREQFUNC_OK;
}

/* One header line; a status line begins the headers of another reply. */
static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct http *h = ctx;
	struct kms_answer *a = h->answer;
	size_t len = size * n, name = 0, end = len;
	const char *value;

	h->headers += len;
	h->too_large = h->headers > HEADERS_MAX;
	if (h->too_large)
		return 0;
	while (end && (line[end - 1] == '\r' || line[end - 1] == '\n' || line[end - 1] == ' '))
		end--;
	while (name < end && line[name] != ':')
		name++;
	if (name == end)
		return len;
	value = line + name + 1;
	while (value < line + end && (*value == ' ' || *value == '\t'))
		value++;
	end = (size_t)(line + end - value);
	if (name == 12 && strncasecmp(line, "Content-Type", name) == 0)
		keep(value, end, a->type, sizeof(a->type));
	else if (name == 8 && strncasecmp(line, "Location", name) == 0)
		keep(value, end, a->location, sizeof(a->location));
	else if (name == 16 && strncasecmp(line, "x-amzn-ErrorType", name) == 0)
		keep(value, end, a->error_type, sizeof(a->error_type));
	else if (name == 16 && strncasecmp(line, "x-amzn-RequestId", name) == 0)
		keep(value, end, a->request_id, sizeof(a->request_id));
	else if (name == 19 && strncasecmp(line, "x-keyhaul-sim-clock", name) == 0)
		keep(value, end, a->sim_clock, sizeof(a->sim_clock));
	else if (name == 4 && strncasecmp(line, "Date", name) == 0)
		take_date(value, end, a);
	return len;
}

static CURLcode set_once(struct http *h)
{
	CURL *e = h->easy;
	CURLcode rc = http_handle_set(e, &h->opts, &h->peer, h->why);

#define SET(option, value) (rc = rc ? rc : curl_easy_setopt(e, option, value))
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, h);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, h);
	SET(CURLOPT_PREREQFUNCTION, on_ready);
	SET(CURLOPT_PREREQDATA, h);
#undef SET
	return rc;
}

int http_open(const struct http_opts *opts, struct http **out, struct kh_error *err)
{
	struct http *h;
	CURLcode rc;

	if (http_global_begin(err))
		return -1;
	h = calloc(1, sizeof(*h));
	if (h) {
		h->opts = *opts;
		h->easy = curl_easy_init();
	}
	if (!h || !h->easy) {
		http_close(h);
		return kh_fail_memory(err);
	}
	rc = set_once(h);
	if (rc) {
		http_close(h);
		return http_handle_failed(rc, err);
	}
	*out = h;
	return 0;
}

void http_close(struct http *h)
{
	if (h && h->easy)
		curl_easy_cleanup(h->easy);
	free(h);
	http_global_end();
}

static int not_local(const struct kms_request *r, struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, 0, "%s is not this machine, and nothing proves who answers there", r->url);
	return kh_hint(err, "whoever answers could stand in for KMS: use https with a certificate that verifies "
			    "(--ca-bundle for a private CA); without it only loopback addresses are taken");
}

static int not_verified(const struct http *h, const struct kms_request *r, CURLcode rc, struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, (unsigned long)rc, "%s: TLS is not verified: %s", r->url, h->why);
	return kh_hint(err, "name the CA with --ca-bundle or AWS_CA_BUNDLE, and check the host name and this machine's clock");
}

static int too_large(const struct http *h, const struct kms_request *r, struct kh_error *err)
{
	kh_fail(err, KH_E_KMS, 0, "%s: the reply is larger than %zu bytes, or its headers than %d: no answer of KMS", r->url,
		h->answer->body.max, HEADERS_MAX);
	return kh_hint(err, "check the endpoint (--endpoint-url, AWS_ENDPOINT_URL_KMS)");
}

/* What libcurl's failure means. */
static int transport_failed(const struct http *h, const struct kms_request *r, CURLcode rc, struct kh_error *err)
{
	const char *why = h->why[0] ? h->why : curl_easy_strerror(rc);

	if (h->peer.refused)
		return not_local(r, err);
	switch (rc) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return not_verified(h, r, rc, err);
	case CURLE_SSL_CACERT_BADFILE:
		kh_fail(err, KH_E_INPUT, (unsigned long)rc, "the CA bundle '%s': %s",
			h->opts.ca_bundle ? h->opts.ca_bundle : "of the system", why);
		return kh_hint(err, "a file of PEM certificates, or a folder that c_rehash has been over");
	case CURLE_OUT_OF_MEMORY: /* so libcurl calls one header of over 100 kB */
		return too_large(h, r, err);
	case CURLE_WRITE_ERROR:
		return h->too_large ? too_large(h, r, err) : kh_fail_memory(err);
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		kh_fail(err, KH_E_KMS, (unsigned long)rc, "%s: what answers is no HTTP: %s", r->url, why);
		return kh_hint(err, "check the endpoint (--endpoint-url, AWS_ENDPOINT_URL_KMS)");
	default:
		kh_fail(err, KH_E_AGAIN, (unsigned long)rc, "%s: no answer: %s", r->url, why);
		if (rc == CURLE_COULDNT_CONNECT && r->no_proxy)
			return kh_hint(err, "nothing listens there: a keyhaul-sim that has ended? 'eval \"$(keyhaul-sim --daemon)\"' "
					    "starts another; for AWS unset AWS_ENDPOINT_URL_KMS and take your own keys again");
		return http_handle_hint(h->easy, rc, err);
	}
}

static int make_headers(struct http *h, const struct kms_request *r, struct kh_error *err)
{
	const struct secret *token = r->creds ? r->creds->session_token : NULL;

	return http_handle_header(&h->request_headers, "Content-Type", "application/x-amz-json-1.1", err) ||
			       http_handle_header(&h->request_headers, "X-Amz-Target", r->target, err) ||
			       (token && http_handle_header(&h->request_headers, "X-Amz-Security-Token", secret_text(token), err))
		       ? -1
		       : 0;
}

static void drop_headers(struct http *h)
{
	(void)curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(h->request_headers);
	h->request_headers = NULL;
}

CURL *http_begin(struct http *h, const struct kms_request *request, struct kms_answer *answer, struct kh_error *err)
{
	struct http_sending sending = {.url = request->url, .no_proxy = request->no_proxy, .body = request->body,
				       .body_len = request->body_len, .creds = request->creds, .service = request->service,
				       .region = request->region};
	CURLcode rc;

	h->answer = answer;
	h->peer.local_only = request->local_only;
	h->peer.refused = false;
	h->too_large = false;
	h->headers = 0;
	h->failures = wipe_failures();
	h->why[0] = '\0';
	if (make_headers(h, request, err)) {
		drop_headers(h);
		return NULL;
	}
	sending.headers = h->request_headers;
	rc = http_handle_send(h->easy, &sending);
	rc = rc ? rc : curl_easy_setopt(h->easy, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
	if (!rc)
		return h->easy;
	drop_headers(h);
	http_handle_failed(rc, err);
	return NULL;
}

int http_end(struct http *h, CURLcode rc, const struct kms_request *request, struct kms_answer *answer,
	     struct kh_error *err)
{
	(void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	answer->tls_verified = strncmp(request->url, "https:", 6) == 0 && !h->opts.no_verify;
	drop_headers(h);
	if (wipe_failures() != h->failures)
		return kh_fail_memory(err);
	return rc ? transport_failed(h, request, rc, err) : 0;
}

int http_post(void *ctx, const struct kms_request *request, struct kms_answer *answer, struct kh_error *err)
{
	struct http *h = ctx;
	CURL *easy = http_begin(h, request, answer, err);

	return easy ? http_end(h, curl_easy_perform(easy), request, answer, err) : -1;
}
