/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_WEB_H
#define KEYHAUL_KMS_WEB_H

#include "base/secret.h"
#include "http.h"

#define WEB_HEADERS_MAX 4
#define WEB_ANSWER_MAX SECRET_MAX /* bytes of an answer's body */

struct web_header {
	const char *name, *value;
};

/* One request to what hands out credentials: STS, IAM Identity Center, a container's or machine's own service. */
struct web_request {
	const char *method; /* "GET", "PUT", "POST" */
	const char *url;
	struct web_header headers[WEB_HEADERS_MAX]; /* up to the first without a name */
	const struct secret *body;	/* NULL for none */
	const struct creds *sign;	/* SigV4; NULL for unsigned */
	const char *service, *region;	/* of the signature's scope */
	bool local_only;		/* refuse to connect to what is not this machine */
	bool no_proxy;
	long timeout_ms;		/* for all of it; 0: the times of struct http_opts */
};

struct web_answer {
	long status;
	struct secret *body; /* may hold keys; web_clear frees it */
};

/*
 * Sends it once, TLS always verified, no redirect followed, nothing of it logged but method, host and status. 0 with
 * an answer of any status; KH_E_AGAIN for none, KH_E_CHECK where TLS is not verified or local_only and it is another
 * machine, KH_E_INPUT for a header's value with a line end. `answer` is to be cleared in any case.
 */
int web_send(const struct http_opts *opts, const struct web_request *request, struct web_answer *answer,
	     struct kh_error *err);

void web_clear(struct web_answer *answer);

/* Waits before try `attempt` + 1: up to 2^(attempt-1) seconds by chance. A signal ends it early. */
void web_wait(int attempt);

#endif
