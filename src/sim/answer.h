/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_ANSWER_H
#define KEYHAUL_SIM_ANSWER_H

#include "fault.h"
#include "frontdoor.h"
#include "quota.h"
#include "sim.h"

#define ANSWER_MAX (1u << 20)

/* The service as the server sees it: what lets in, what answers, what goes wrong on purpose. */
struct service {
	struct sim *sim;
	struct frontdoor door;
	struct faults *faults; /* NULL for none */
	struct quotas *quotas; /* NULL for none */
	long latency;	       /* milliseconds that an answer takes at least */
};

/* What goes back over HTTP. */
struct answer {
	int http;
	bool close; /* nothing is sent: the connection is closed */
	const char *type;
	const char *location; /* of a redirect (the service owns it); NULL otherwise */
	char request_id[37];
	int64_t ahead; /* seconds that the service's time is ahead of the real one (--clock) */
	struct buf body;
};

/* Answers a whole request; `now` is the real time. The caller frees answer.body. Any thread. */
void answer_request(struct service *s, const struct sigv4_request *req, int64_t now, struct answer *out);

#endif
