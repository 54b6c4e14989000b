/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_AWS_CALL_H
#define KEYHAUL_KMS_AWS_CALL_H

#include "aws/kmsmodel.h"
#include "aws_args.h"

#include <jansson.h>

/* What the AWS CLI exits with. */
enum aws_status {
	AWS_DONE = 0,
	AWS_USAGE = 252,   /* the command line, or parameters that the model does not take */
	AWS_CONFIG = 253,  /* no Region, no credentials */
	AWS_SERVICE = 254, /* an exception of the service */
	AWS_OTHER = 255,   /* no answer, one that cannot be read, everything else */
};

/* The way to KMS for one operation. It points into itself: it is not moved. */
struct aws_call {
	const struct kmsmodel_operation *operation;
	struct session session;
	struct endpoint endpoint;
	struct kms kms;
};

/*
 * Finds credentials and the endpoint as --region says; `key_id` (NULL for none) keeps a rehearsal's key off AWS. The caller
 * closes it, also after an error, which comes with its status.
 */
int aws_call_open(const struct kmsmodel_operation *operation, const struct session_opts *opts, const char *key_id,
		  struct aws_call *out, enum aws_status *status, struct kh_error *err);
void aws_call_close(struct aws_call *call);

/*
 * Sends a request and gives the reply's object, which the caller drops. What KMS would take twice differently is sent
 * once, and again only where KMS has said that it was throttled. An exception's message is the AWS CLI's, word for word.
 */
int aws_call(struct aws_call *call, const json_t *body, json_t **reply, enum aws_status *status, struct kh_error *err);

#endif
