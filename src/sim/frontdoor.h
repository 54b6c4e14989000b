/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_FRONTDOOR_H
#define KEYHAUL_SIM_FRONTDOOR_H

#include "reply.h"
#include "sigv4.h"

#include <stdint.h>

#define FRONTDOOR_SKEW 900 /* seconds that a signature's date may be off */

/* The one pair of credentials that is let in. */
struct frontdoor {
	const char *access_key;
	const char *secret_key;
};

/* Who was let in, for what. */
struct frontdoor_pass {
	char region[32];
	bool sts; /* the scope's service: sts, else kms */
};

/*
 * Lets a request in or answers as AWS does: MissingAuthenticationTokenException, IncompleteSignatureException,
 * UnrecognizedClientException, InvalidSignatureException. `now` is the real time. Nothing else is done before.
 */
int frontdoor_check(const struct frontdoor *f, const struct sigv4_request *req, int64_t now, struct frontdoor_pass *out,
		    struct reply *r);

#endif
