/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "server.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PEM_MAX 65536

struct server {
	struct MHD_Daemon *daemon;
	struct service *service;
	struct buf cert, key; /* libmicrohttpd reads them as long as it runs */
	char url[128];
};

/* One request while it comes in. */
struct exchange {
	char *uri; /* as sent, query and all */
	struct buf body;
	bool started;
};

static void *on_uri(void *ctx, const char *uri, struct MHD_Connection *connection)
{
	struct exchange *x = calloc(1, sizeof(*x));

	(void)ctx;
	(void)connection;
	if (x) {
		x->uri = strdup(uri);
		x->body.max = SERVER_BODY_MAX;
	}
	return x;
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *state;

	(void)ctx;
	(void)connection;
	(void)why;
	if (!x)
		return;
	if (x->body.data)
		secret_wipe(x->body.data, x->body.cap);
	buf_free(&x->body);
	free(x->uri);
	free(x);
	*state = NULL;
}

static enum MHD_Result take_header(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct sigv4_request *req = ctx;

	(void)kind;
	if (req->n_headers == SIGV4_HEADERS_MAX)
		return MHD_NO;
	req->headers[req->n_headers++] = (struct sigv4_header){name, value ? value : ""};
	return MHD_YES;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, const struct answer *a)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		a->body.len, (void *)(uintptr_t)buf_text(&a->body), MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc;
	char ahead[24];

	if (!response)
		return MHD_NO;
	(void)MHD_add_response_header(response, "Content-Type", a->type);
	(void)MHD_add_response_header(response, "x-amzn-RequestId", a->request_id);
	if (a->ahead) {
		(void)snprintf(ahead, sizeof(ahead), "%lld", (long long)a->ahead);
		(void)MHD_add_response_header(response, "x-keyhaul-sim-clock", ahead);
	}
	if (a->location)
		(void)MHD_add_response_header(response, "Location", a->location);
	rc = MHD_queue_response(connection, (unsigned int)a->http, response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result answer_too_large(struct MHD_Connection *connection, int http)
{
	struct answer a = {.http = http, .type = "application/x-amz-json-1.1", .body = BUF_INIT(256)};
	struct kh_error err;
	enum MHD_Result rc;

	(void)buf_addf(&a.body, "{\"__type\":\"RequestEntityTooLargeException\",\"message\":\"at most %u bytes and %d "
		       "headers\"}", &err, SERVER_BODY_MAX, SIGV4_HEADERS_MAX);
	rc = send_answer(connection, &a);
	buf_free(&a.body);
	return rc;
}

static enum MHD_Result answer_whole(struct server *s, struct MHD_Connection *connection, const char *method,
				    struct exchange *x)
{
	struct sigv4_request req = {.method = method, .path = x->uri};
	char *question = strchr(x->uri, '?');
	struct answer a;
	enum MHD_Result rc;

	if (question) {
		*question = '\0';
		req.query = question + 1;
	}
	req.body = buf_text(&x->body);
	req.body_len = x->body.len;
	/* one that was not looked at could be one that is not signed */
	if (MHD_get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL) > SIGV4_HEADERS_MAX)
		return answer_too_large(connection, 431);
	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, &req);
	if (s->service->latency)
		(void)nanosleep(&(struct timespec){s->service->latency / 1000, s->service->latency % 1000 * 1000000}, NULL);
	answer_request(s->service, &req, clock_now(), &a);
	rc = a.close ? MHD_NO : send_answer(connection, &a);
	if (a.body.data)
		secret_wipe(a.body.data, a.body.cap);
	buf_free(&a.body);
	return rc;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
				  const char *version, const char *data, size_t *size, void **state)
{
	struct exchange *x = *state;
	const char *length;
	struct kh_error err;

	(void)url;
	(void)version;
	if (!x || !x->uri)
		return MHD_NO;
	if (!x->started) {
		x->started = true;
		length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
		return length && strtoull(length, NULL, 10) > SERVER_BODY_MAX ? answer_too_large(connection, 413) : MHD_YES;
	}
	if (*size == 0)
		return answer_whole(ctx, connection, method, x);
	if (buf_add(&x->body, data, *size, &err))
		return MHD_NO; /* chunked and too large */
	*size = 0;
	return MHD_YES;
}

__attribute__((format(printf, 2, 0)))
static void on_log(void *ctx, const char *fmt, va_list ap)
{
	char line[1024];

	(void)ctx;
	if (vsnprintf(line, sizeof(line), fmt, ap) > 0)
		log_debug("libmicrohttpd: %.*s", (int)strcspn(line, "\n"), line);
}

int server_parse(const char *listen, struct server_address *out, struct kh_error *err)
{
	const char *colon = strrchr(listen, ':');
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->addr;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out->addr;
	size_t len = colon ? (size_t)(colon - listen) : 0;
	char *end = NULL;
	unsigned long port;

	memset(out, 0, sizeof(*out));
	out->ipv6 = listen[0] == '[' && len > 2 && listen[len - 1] == ']';
	port = colon && colon[1] >= '0' && colon[1] <= '9' ? strtoul(colon + 1, &end, 10) : 65536;
	if (len == 0 || len >= sizeof(out->text) || port > 65535 || *end)
		goto bad;
	memcpy(out->text, listen + out->ipv6, len - 2 * (size_t)out->ipv6);
	if (out->ipv6) {
		if (inet_pton(AF_INET6, out->text, &v6->sin6_addr) != 1)
			goto bad;
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		out->loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
		return 0;
	}
	if (inet_pton(AF_INET, out->text, &v4->sin_addr) != 1)
		goto bad;
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)port);
	out->loopback = ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return 0;
bad:
	kh_fail(err, KH_E_USAGE, 0, "--listen: '%s' is not ADDR:PORT", listen);
	return kh_hint(err, "an address in numbers, such as 127.0.0.1:0 or [::1]:8080");
}

static int read_pem(const char *path, struct buf *out, struct kh_error *err)
{
	*out = (struct buf)BUF_INIT(PEM_MAX);
	return path ? file_read(path, out, err) : 0;
}

static int set_url(struct server *s, const struct server_address *at, bool tls, struct kh_error *err)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);

	if (!info || !info->port)
		return kh_fail(err, KH_E_SYSTEM, 0, "libmicrohttpd does not tell the port");
	(void)snprintf(s->url, sizeof(s->url), "%s://%s%s%s:%u", tls ? "https" : "http", at->ipv6 ? "[" : "", at->text,
		       at->ipv6 ? "]" : "", (unsigned)info->port);
	return 0;
}

static int start_daemon(struct server *s, const struct server_address *at, bool tls, struct kh_error *err)
{
	/* poll: with epoll a client that leaves in the middle of its headers keeps its place until the timeout */
	unsigned int flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG | (at->ipv6 ? MHD_USE_IPv6 : 0) |
			     (tls ? MHD_USE_TLS : 0);
	/* with --latency each connection has a thread that may wait, and there is no pool */
	bool waits = s->service->latency != 0;
	struct MHD_OptionItem tls_options[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, tls ? (void *)(uintptr_t)buf_text(&s->cert) : NULL},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, tls ? (void *)(uintptr_t)buf_text(&s->key) : NULL},
		{MHD_OPTION_END, 0, NULL},
	};

	errno = 0;
	s->daemon = MHD_start_daemon(
		flags | (waits ? MHD_USE_THREAD_PER_CONNECTION : 0), 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_SOCK_ADDR,
		(const struct sockaddr *)&at->addr, MHD_OPTION_THREAD_POOL_SIZE, waits ? 0u : (unsigned)SERVER_THREADS,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)SERVER_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)SERVER_TIMEOUT, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_HEADERS_MAX,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_ARRAY, tls ? tls_options : &tls_options[2], MHD_OPTION_END);
	if (s->daemon)
		return 0;
	if (tls && errno == 0)
		return kh_fail(err, KH_E_INPUT, 0, "--cert and --key are no certificate and its key in PEM");
	kh_fail_errno(err, KH_E_SYSTEM, errno ? errno : EADDRNOTAVAIL, "listening on %s port %u", at->text,
		      (unsigned)ntohs(at->ipv6 ? ((const struct sockaddr_in6 *)&at->addr)->sin6_port
					       : ((const struct sockaddr_in *)&at->addr)->sin_port));
	return kh_hint(err, "another keyhaul-sim may have it: end that one ('kill \"$KEYHAUL_SIM_PID\"'), or leave --listen out for "
			    "a free port");
}

int server_start(const struct server_address *at, const char *cert, const char *key, struct service *service,
		 struct server **out, struct kh_error *err)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		return kh_fail_memory(err);
	s->service = service;
	if (read_pem(cert, &s->cert, err) || read_pem(key, &s->key, err) || start_daemon(s, at, cert != NULL, err) ||
	    set_url(s, at, cert != NULL, err)) {
		server_stop(s);
		return -1;
	}
	*out = s;
	return 0;
}

const char *server_url(const struct server *s)
{
	return s->url;
}

void server_stop(struct server *s)
{
	if (!s)
		return;
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	if (s->key.data)
		secret_wipe(s->key.data, s->key.cap);
	buf_free(&s->key);
	buf_free(&s->cert);
	free(s);
}
