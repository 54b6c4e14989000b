/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_HTTP_H
#define KEYHAUL_KMS_HTTP_H

#include "kms.h"

/* How to connect; NULL and 0 for what is not said. */
struct http_opts {
	const char *ca_bundle;	/* a file, or a folder of hashed certificates */
	bool no_verify;		/* take any certificate */
	long connect_timeout;	/* seconds; 0: none */
	long read_timeout;	/* seconds without a byte; 0: none */
};

/* libcurl, and the only thing that includes it. */
struct http;

/* Starts libcurl with an allocator that wipes what it frees. The caller closes it. KH_E_SYSTEM, KH_E_MEMORY. */
int http_open(const struct http_opts *opts, struct http **out, struct kh_error *err);
void http_close(struct http *h);

/*
 * kms->post with a struct http: signs (SigV4), sends and receives one request. No redirect is followed, the reply is
 * at most answer->body.max bytes, TLS is verified unless no_verify. KH_E_AGAIN where there was no answer, KH_E_CHECK
 * where TLS could not be verified or local_only and it is another machine, KH_E_KMS for what is no HTTP.
 */
int http_post(void *ctx, const struct kms_request *request, struct kms_answer *answer, struct kh_error *err);

#endif
