/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "reply.h"

#include "base/base64.h"
#include "base/clock.h"
#include "bundle/jsontext.h"

#include <stdio.h>
#include <string.h>

#define SHOWN 80	 /* bytes of a body that is no KMS reply */
#define SKEW_MIN 240	 /* seconds from which a difference of clocks is worth naming */

static int bad_member(const char *name, const char *what, struct kh_error *err)
{
	kh_fail(err, KH_E_KMS, 0, "the reply's %s is %s", name, what);
	return kh_hint(err, "what answers at this endpoint is not KMS, or something in between changes its replies");
}

int reply_text(const json_t *object, const char *name, bool required, char *out, size_t max, struct kh_error *err)
{
	const json_t *member = json_object_get(object, name);
	size_t len = json_string_length(member);

	out[0] = '\0';
	if (!member && !required)
		return 0;
	if (!json_is_string(member))
		return bad_member(name, member ? "not a string" : "missing", err);
	if (len == 0 || len >= max)
		return bad_member(name, len ? "too long" : "empty", err);
	memcpy(out, json_string_value(member), len + 1);
	return 0;
}

int reply_time(const json_t *object, const char *name, bool required, int64_t *out, struct kh_error *err)
{
	const json_t *member = json_object_get(object, name);
	double seconds = json_number_value(member);

	*out = 0;
	if (!member && !required)
		return 0;
	if (!json_is_number(member))
		return bad_member(name, member ? "not a number" : "missing", err);
	if (!(seconds >= 1 && seconds <= (double)CLOCK_MAX))
		return bad_member(name, "no time", err);
	*out = (int64_t)seconds;
	return 0;
}

int reply_flag(const json_t *object, const char *name, bool *out, struct kh_error *err)
{
	const json_t *member = json_object_get(object, name);

	*out = json_is_true(member);
	if (member && !json_is_boolean(member))
		return bad_member(name, "not true or false", err);
	return 0;
}

int reply_blob(const json_t *object, const char *name, struct buf *out, struct kh_error *err)
{
	const json_t *member = json_object_get(object, name);
	struct kh_error why = {0};

	if (!json_is_string(member))
		return bad_member(name, member ? "not a string" : "missing", err);
	if (json_string_length(member) == 0)
		return bad_member(name, "empty", err);
	if (json_string_length(member) > BASE64_LEN(out->max))
		return bad_member(name, "too long", err);
	if (base64_decode(json_string_value(member), json_string_length(member), out, &why)) {
		if (why.code == KH_E_MEMORY)
			return kh_fail_memory(err);
		return bad_member(name, "not base64 or too long", err);
	}
	return 0;
}

/* Something answered, and it is not KMS. */
static int not_kms(const char *operation, const struct kms_answer *answer, const char *what, struct kh_error *err)
{
	int shown = (int)(answer->body.len < SHOWN ? answer->body.len : SHOWN);

	kh_fail(err, KH_E_KMS, (unsigned long)answer->status,
		"%s: not an answer of KMS: HTTP %ld, %s, %zu bytes, %s%s%.*s%s", operation, answer->status,
		answer->type[0] ? answer->type : "no Content-Type", answer->body.len, what, shown ? ": '" : "", shown,
		buf_text(&answer->body), shown ? "'" : "");
	return kh_hint(err, "check the endpoint (--endpoint-url, AWS_ENDPOINT_URL_KMS), and whether a proxy answers in "
			    "its place");
}

static int redirected(const char *operation, const struct kms_answer *answer, struct kh_error *err)
{
	kh_fail(err, KH_E_KMS, (unsigned long)answer->status, "%s: HTTP %ld redirects to '%s'; it is not followed",
		operation, answer->status, answer->location);
	return kh_hint(err, "KMS never redirects: check the endpoint (--endpoint-url, AWS_ENDPOINT_URL_KMS) and proxies");
}

/* The error code, bare: body __type, else the header, else body code; "" for none. */
static void error_code(const struct kms_answer *answer, const json_t *body, char out[64])
{
	const char *raw = json_string_value(json_object_get(body, "__type"));

	if (!raw || !*raw)
		raw = answer->error_type;
	if (!*raw)
		raw = json_string_value(json_object_get(body, "code"));
	errname_bare(raw ? raw : "", out);
}

static const char *error_message(const json_t *body)
{
	const char *text = json_string_value(json_object_get(body, "message"));

	if (!text)
		text = json_string_value(json_object_get(body, "Message"));
	return text ? text : "";
}

/* Clocks that differ make signatures fail: then the difference is what to mend. */
static void name_skew(const char *code, const struct kms_answer *answer, int64_t now, struct kh_error *err)
{
	static const char *const codes[] = {"InvalidSignatureException", "RequestExpired", "RequestTimeTooSkewed",
					    "SignatureDoesNotMatch"};
	long long behind = answer->date ? (long long)(answer->date - now) : 0;

	if (behind > -SKEW_MIN && behind < SKEW_MIN)
		return;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(code, codes[i]) == 0)
			kh_hint(err, "this machine's clock is %lld minutes %s KMS's: set it, then run this again",
				(behind < 0 ? -behind : behind) / 60, behind > 0 ? "behind" : "ahead of");
}

static int refused(const char *operation, const struct kms_answer *answer, const json_t *body, int64_t now,
		   struct kms_reply *reply, enum errname_retry *again, struct kh_error *err)
{
	const struct errname *row;
	char code[64];
	const char *message = error_message(body);

	error_code(answer, body, code);
	row = errname_find(code);
	*again = errname_retry_of(code, (int)answer->status);
	if (*again == ERRNAME_TRANSIENT)
		reply->outcome = KMS_UNKNOWN; /* a server fault may come after the deed */
	if (!code[0])
		kh_fail(err, *again == ERRNAME_FINAL ? KH_E_KMS : KH_E_AGAIN, (unsigned long)answer->status,
			"%s: HTTP %ld without an error code%s%s", operation, answer->status, *message ? ": " : "",
			message);
	else
		kh_fail(err, row ? row->code : *again == ERRNAME_FINAL ? KH_E_KMS : KH_E_AGAIN,
			(unsigned long)answer->status, "%s: %s%s%s", operation, code, *message ? ": " : "", message);
	kh_name(err, code);
	if (row && row->hint)
		kh_hint(err, "%s", row->hint);
	else if (*again != ERRNAME_FINAL)
		kh_hint(err, "run this again in a while");
	name_skew(code, answer, now, err);
	return -1;
}

int reply_read(const char *operation, const struct kms_answer *answer, int64_t now, struct kms_reply *reply,
	       enum errname_retry *again, struct kh_error *err)
{
	json_error_t why;
	json_t *body = jsontext_read(buf_text(&answer->body), answer->body.len, JSON_REJECT_DUPLICATES, &why);
	bool is_object = json_is_object(body);
	int rc = -1;

	*again = ERRNAME_FINAL;
	reply->outcome = KMS_REFUSED;
	if (!body && json_error_code(&why) == json_error_out_of_memory) {
		reply->outcome = KMS_UNKNOWN;
		return kh_fail_memory(err);
	}
	if (answer->status >= 300 && answer->status < 400) {
		redirected(operation, answer, err);
	} else if (answer->status == 200 && is_object) {
		reply->outcome = KMS_DONE;
		reply->json = body;
		body = NULL;
		rc = 0;
	} else if (answer->status == 200) {
		reply->outcome = KMS_UNKNOWN;
		not_kms(operation, answer, answer->body.len ? "no JSON object" : "nothing", err);
	} else if (is_object || answer->error_type[0] || answer->body.len == 0) {
		refused(operation, answer, body, now, reply, again, err);
	} else {
		*again = errname_retry_of("", (int)answer->status);
		if (answer->status >= 500)
			reply->outcome = KMS_UNKNOWN;
		not_kms(operation, answer, "no JSON object", err);
	}
	json_decref(body);
	return rc;
}
