/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_REPLY_H
#define KEYHAUL_SIM_REPLY_H

#include "base/error.h"

#include <jansson.h>

/* What a request is answered with: a body (200), or an error of KMS's. */
struct reply {
	int http;
	char code[64]; /* "" for success */
	char message[2048];
	json_t *body; /* the reply's; NULL for an empty object */
};

/* Makes it an error with KMS's code, HTTP status and message. Always gives -1. */
int reply_fail(struct reply *r, const char *code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Makes it KMSInternalException out of an error of ours, which is logged with --debug. Gives -1. */
int reply_internal(struct reply *r, const struct kh_error *err);

/* Makes it a success with this body, which it takes over; NULL (no memory) is KMSInternalException. */
int reply_ok(struct reply *r, json_t *body);

/* Frees the body and makes it empty. */
void reply_clear(struct reply *r);

#endif
