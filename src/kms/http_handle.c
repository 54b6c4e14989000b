/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "http_handle.h"

#include "wipe.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CAP_CONNECT 60 /* seconds in the cap of a call for a limit that is switched off */
#define CAP_READ 600

int http_handle_failed(CURLcode rc, struct kh_error *err)
{
	if (rc == CURLE_OUT_OF_MEMORY)
		return kh_fail_memory(err);
	return kh_fail(err, KH_E_SYSTEM, (unsigned long)rc, "libcurl: %s", curl_easy_strerror(rc));
}

int http_global_begin(struct kh_error *err)
{
	CURLcode rc;

	(void)unsetenv("SSLKEYLOGFILE"); /* libcurl would write the session's secrets there */
	rc = curl_global_init_mem(CURL_GLOBAL_DEFAULT, wipe_malloc, wipe_free, wipe_realloc, wipe_strdup, wipe_calloc);
	return rc ? http_handle_failed(rc, err) : 0;
}

void http_global_end(void)
{
	curl_global_cleanup();
}

bool http_is_loopback(const struct sockaddr *addr)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (addr->sa_family == AF_INET) {
		memcpy(&v4, addr, sizeof(v4));
		return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
	}
	if (addr->sa_family != AF_INET6)
		return false;
	memcpy(&v6, addr, sizeof(v6));
	return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && v6.sin6_addr.s6_addr[12] == 127);
}

/* Judged here, by the address itself: a name can stand for anything. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct http_peer *peer = ctx;

	(void)purpose;
	if (peer->local_only && !http_is_loopback(&addr->addr)) {
		peer->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
}

/* Parsing the one-file bundle of all CAs takes longer than the call; the folder of hashed ones is looked up in. */
static CURLcode set_ca(CURL *easy, const char *ca_bundle)
{
	const char *folder = curl_version_info(CURLVERSION_NOW)->capath;
	struct stat st;
	CURLcode rc;

	if (ca_bundle && !(stat(ca_bundle, &st) == 0 && S_ISDIR(st.st_mode))) {
		rc = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
		return rc ? rc : curl_easy_setopt(easy, CURLOPT_CAINFO, ca_bundle);
	}
	folder = ca_bundle ? ca_bundle : folder;
	if (!folder || access(folder, R_OK))
		return CURLE_OK;
	rc = curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	return rc ? rc : curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
}

long http_handle_cap(const struct http_opts *o)
{
	return (o->connect_timeout ? o->connect_timeout : CAP_CONNECT) + (o->read_timeout ? o->read_timeout : CAP_READ);
}

static CURLcode set_limits(CURL *easy, const struct http_opts *o)
{
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, o->connect_timeout ? o->connect_timeout : 86400L);

	if (!rc && o->read_timeout) {
		rc = curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
		rc = rc ? rc : curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, o->read_timeout);
	}
	return rc ? rc : curl_easy_setopt(easy, CURLOPT_TIMEOUT, http_handle_cap(o));
}

CURLcode http_handle_set(CURL *easy, const struct http_opts *opts, struct http_peer *peer, char why[CURL_ERROR_SIZE])
{
	CURLcode rc = CURLE_OK;

#define SET(option, value) (rc = rc ? rc : curl_easy_setopt(easy, option, value))
	SET(CURLOPT_ERRORBUFFER, why);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, opts->no_verify ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, opts->no_verify ? 0L : 2L);
	SET(CURLOPT_USERAGENT, "keyhaul-kms/" VERSION);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, peer);
#undef SET
	rc = rc ? rc : set_limits(easy, opts);
	return rc ? rc : set_ca(easy, opts->ca_bundle);
}

CURLcode http_handle_send(CURL *easy, const struct http_sending *r)
{
	CURLcode rc = CURLE_OK;
	char scope[96] = "";

	if (r->creds)
		(void)snprintf(scope, sizeof(scope), "aws:amz:%s:%s", r->region, r->service);
#define SET(option, value) (rc = rc ? rc : curl_easy_setopt(easy, option, value))
	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_PROXY, r->no_proxy ? "" : NULL); /* a proxy could stand for any host */
	SET(CURLOPT_HTTPHEADER, r->headers);
	SET(CURLOPT_AWS_SIGV4, r->creds ? scope : NULL);
	SET(CURLOPT_USERNAME, r->creds ? r->creds->access_key_id : NULL);
	SET(CURLOPT_PASSWORD, r->creds ? secret_text(r->creds->secret_key) : NULL);
	if (r->body) {
		SET(CURLOPT_POSTFIELDSIZE, (long)r->body_len);
		SET(CURLOPT_POSTFIELDS, r->body);
	} else {
		SET(CURLOPT_HTTPGET, 1L);
	}
#undef SET
	return rc;
}

int http_handle_header(struct curl_slist **list, const char *name, const char *value, struct kh_error *err)
{
	struct secret *line;
	struct curl_slist *more = NULL;
	size_t size = strlen(name) + strlen(value) + 3;

	if (strpbrk(value, "\r\n"))
		return kh_fail(err, KH_E_INPUT, 0, "the value of the header %s has a line end in it", name);
	line = secret_new(size, err);
	if (!line)
		return -1;
	(void)snprintf((char *)secret_data(line), size, "%s: %s", name, value);
	more = curl_slist_append(*list, secret_text(line));
	secret_free(line);
	if (!more)
		return kh_fail_memory(err);
	*list = more;
	return 0;
}

int http_handle_hint(CURL *easy, CURLcode rc, struct kh_error *err)
{
	long proxy = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
	if (proxy == 407)
		return kh_hint(err, "the proxy asks who you are: https_proxy=http://HOST:PORT with USER:PASSWORD@ before HOST; no_proxy names hosts "
				    "that it is not asked for");
	if (proxy >= 300)
		return kh_hint(err, "the proxy did not connect: https_proxy names it, and no_proxy hosts that it is not asked for");
	switch (rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return kh_hint(err, "no host of that name is known here: check the Region, the endpoint, and the network's name "
				    "service");
	case CURLE_COULDNT_RESOLVE_PROXY:
		return kh_hint(err, "the proxy's name is not known here: check https_proxy and no_proxy");
	case CURLE_SSL_CONNECT_ERROR:
		return kh_hint(err, "what answers there has no TLS or ended it: check the endpoint, its port, and the proxy, then run "
				    "this again");
	default:
		return kh_hint(err, "check the network, the proxy (https_proxy, no_proxy) and the endpoint, then run this again");
	}
}
