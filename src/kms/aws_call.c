/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_call.h"

#include "aws/errname.h"
#include "retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_CREDENTIALS "no AWS credentials: neither" /* how creds_open begins where nothing is configured at all */

int aws_call_open(const struct kmsmodel_operation *operation, const struct session_opts *opts, const char *key_id,
		  struct aws_call *out, enum aws_status *status, struct kh_error *err)
{
	struct kh_error ignored;
	struct arn arn;

	memset(out, 0, sizeof(*out));
	out->operation = operation;
	*status = AWS_OTHER;
	if (session_open(opts, &out->session, err)) {
		if (err->name[0] && (err->code == KH_E_KMS || err->code == KH_E_AGAIN))
			*status = AWS_SERVICE; /* an exception too, of the service that gives credentials */
		if (strncmp(err->msg, NO_CREDENTIALS, strlen(NO_CREDENTIALS)) != 0)
			return -1;
		*status = AWS_CONFIG;
		return kh_fail(err, KH_E_INPUT, 0,
			       "Unable to locate credentials. You can configure credentials by running \"aws configure\".");
	}
	if (session_connect(&out->session, NULL, &out->endpoint, &out->kms, err))
		return -1;
	out->kms.limits = NULL; /* the AWS CLI does not pace itself */
	if (key_id && arn_kind_of(key_id) == ARN_KEY_ARN && arn_parse_key(key_id, &arn, &ignored) == 0)
		return session_check_rehearsal(&out->endpoint, &arn, err);
	return 0;
}

void aws_call_close(struct aws_call *call)
{
	session_close(&call->session);
}

/* What KMS would do once more, and not see that it did it before. */
static bool is_once(const struct aws_call *call, const json_t *body)
{
	const char *name = call->operation->name, *type = json_string_value(json_object_get(body, "ImportType"));

	return strcmp(name, "CreateKey") == 0 || strcmp(name, "RotateKeyOnDemand") == 0 ||
	       (strcmp(name, "ImportKeyMaterial") == 0 && type && strcmp(type, "NEW_KEY_MATERIAL") == 0);
}

/* kms_call gives up on what is sent once; but of a throttled call it is known that KMS did nothing. */
static int send_once(struct aws_call *call, const json_t *body, struct kms_reply *reply, int *tries, struct kh_error *err)
{
	const struct kms_pace *pace = &call->kms.pace;

	for (*tries = 1;; ++*tries) {
		int rc = kms_call(&call->kms, call->operation->name, body, KMS_ONCE, reply, err);

		if (!rc || reply->outcome != KMS_REFUSED || *tries >= call->kms.max_attempts || pace->stop(pace->ctx) ||
		    errname_retry_of(err->name, (int)reply->status) != ERRNAME_THROTTLE)
			return rc;
		pace->wait_ms(pace->ctx, retry_wait_ms(*tries, pace->random(pace->ctx)));
	}
}

/* Behind `part` and a colon where the text begins with it. */
static const char *behind(const char *text, const char *part)
{
	size_t n = strlen(part);

	if (strncmp(text, part, n) != 0)
		return text;
	return text + n + (strncmp(text + n, ": ", 2) == 0 ? 2 : 0);
}

/* kms_call's "3 tries: OPERATION: CODE: MESSAGE" in the AWS CLI's words. */
static int tell_exception(const struct aws_call *call, const struct kms_reply *reply, int tries, struct kh_error *err)
{
	const struct kh_error was = *err;
	const char *message = strstr(was.msg, call->operation->name);
	char code[80], no_code[80], retries[48] = "", *end = NULL;
	long told = strtol(was.msg, &end, 10);

	if (end != was.msg && strncmp(end, " tries: ", 8) == 0)
		tries = (int)told;
	if (tries >= call->kms.max_attempts)
		(void)snprintf(retries, sizeof(retries), " (reached max retries: %d)", tries - 1);
	(void)snprintf(no_code, sizeof(no_code), "HTTP %ld without an error code", reply->status);
	(void)snprintf(code, sizeof(code), "%ld", reply->status);
	message = behind(message ? message : "", call->operation->name);
	message = behind(message, was.name[0] ? was.name : no_code);
	kh_fail(err, was.code, was.native, "An error occurred (%s) when calling the %s operation%s: %s", was.name[0] ? was.name : code,
		call->operation->name, retries, message);
	return kh_name(err, was.name);
}

int aws_call(struct aws_call *call, const json_t *body, json_t **reply, enum aws_status *status, struct kh_error *err)
{
	struct kms_reply r = {.json = NULL};
	bool once = is_once(call, body);
	int tries = 1;
	int rc = once ? send_once(call, body, &r, &tries, err) : kms_call(&call->kms, call->operation->name, body, 0, &r, err);

	*status = rc == 0 ? AWS_DONE : r.status >= 300 ? AWS_SERVICE : AWS_OTHER;
	if (rc == 0) {
		*reply = r.json;
		return 0;
	}
	if (*status == AWS_SERVICE)
		tell_exception(call, &r, tries, err);
	if (once && r.outcome == KMS_UNKNOWN)
		kh_hint(err, "it may have been done all the same, and was not sent again: look (describe-key, list-key-rotations "
			     "--include-key-material ALL_KEY_MATERIAL) before you run this again");
	kms_reply_clear(&r);
	return -1;
}
