/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_HTTP_HANDLE_H
#define KEYHAUL_KMS_HTTP_HANDLE_H

#include "http.h"

#include <curl/curl.h>
#include <stdbool.h>

/* What a handle of libcurl's has whoever is asked: KMS (http.c), or what hands out credentials (web.c). */

/* Whom a handle may be connected to, judged by the address. */
struct http_peer {
	bool local_only; /* nobody but this machine */
	bool refused;	 /* out: another machine it was */
};

/* libcurl with an allocator that wipes, and without a TLS key log; once for each http_global_end. KH_E_SYSTEM. */
int http_global_begin(struct kh_error *err);
void http_global_end(void);

/* The seconds in which a call ends whatever its limits are, so that a reply that drips has an end: they are all small. */
long http_handle_cap(const struct http_opts *opts);

/*
 * Protocols, TLS (1.2 or later, verified unless opts->no_verify), CAs, limits of time, no redirects, which peers. What it
 * points to lives as long as the handle. `why` gets libcurl's words for a failure.
 */
CURLcode http_handle_set(CURL *easy, const struct http_opts *opts, struct http_peer *peer, char why[CURL_ERROR_SIZE]);

/* One request as it is sent, whoever is asked. All but the credentials, which libcurl copies, is the caller's until it ended. */
struct http_sending {
	const char *url;
	bool no_proxy;	  /* to the host itself, whatever the environment says */
	const char *body; /* NULL: GET */
	size_t body_len;
	struct curl_slist *headers;
	const struct creds *creds; /* SigV4 by these for the scope; NULL: not signed */
	const char *service, *region;
};

/* Sets all of that on a handle, and unsets what another request had. */
CURLcode http_handle_send(CURL *easy, const struct http_sending *r);

/* Adds "NAME: VALUE"; the caller frees the list, also after an error. KH_E_INPUT for a line end in the value. */
int http_handle_header(struct curl_slist **list, const char *name, const char *value, struct kh_error *err);

/* KH_E_SYSTEM for an option that libcurl does not take. */
int http_handle_failed(CURLcode rc, struct kh_error *err);

/* The hint for a transfer that brought no answer: the name, the proxy, TLS, or the network. Gives -1. */
int http_handle_hint(CURL *easy, CURLcode rc, struct kh_error *err);

/* True where the address is this machine. */
bool http_is_loopback(const struct sockaddr *addr);

#endif
