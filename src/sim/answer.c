/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "answer.h"

#include "api.h"
#include "base/base64.h"
#include "base/log.h"
#include "bundle/jsontext.h"
#include "sts.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define JSON_TYPE "application/x-amz-json-1.1"
#define TARGET "TrentService."

static void new_request_id(char out[37])
{
	unsigned char b[16] = {0};
	char hex[33];

	(void)RAND_bytes(b, sizeof(b)); /* a name only: zeros would do no harm */
	hex_encode(b, sizeof(b), hex);
	(void)snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

/* The reply as the JSON protocol writes it. */
static void write_json(const struct reply *r, struct answer *out)
{
	json_t *error = NULL;
	struct kh_error err;
	char *text;

	if (r->code[0])
		error = jsontext_pack("{s:s, s:s*}", "__type", r->code, "message", r->message[0] ? r->message : NULL);
	text = jsontext_write(r->code[0] ? error : r->body, JSON_COMPACT);
	out->type = JSON_TYPE;
	out->http = text ? r->http : 500;
	if (text && !(json_object_size(r->body) == 0 && !r->code[0]))
		(void)buf_add(&out->body, text, strlen(text), &err);
	if (text)
		secret_wipe(text, strlen(text)); /* it may be a plaintext */
	free(text);
	json_decref(error);
}

/* What is answered in place of the service, whether it ran or not; false where the reply is still to be written. */
static bool replace(const struct fault *what, struct reply *r, struct answer *out)
{
	struct kh_error err;

	switch (what->kind) {
	case FAULT_CODE:
		reply_fail(r, what->code, "%s", "keyhaul-sim was asked for this error (--fault)");
		return false;
	case FAULT_CLOSE:
		out->close = true;
		return true;
	case FAULT_HTML:
		out->http = 200;
		out->type = "text/html";
		(void)buf_addf(&out->body, "<!DOCTYPE html><html><body><h1>Sign in to this network</h1></body></html>\n", &err);
		return true;
	case FAULT_REDIRECT:
		out->http = 302;
		out->type = "text/plain";
		out->location = what->text;
		return true;
	case FAULT_EMPTY:
		out->http = 200;
		out->type = JSON_TYPE;
		return true;
	case FAULT_HTTP:
		out->http = what->http;
		out->type = what->text[0] == '{' ? JSON_TYPE : what->text[0] == '<' ? "text/html" : "text/plain";
		(void)buf_add(&out->body, what->text, strlen(what->text), &err);
		return true;
	case FAULT_HALF:
	case FAULT_KINDS:
	default:
		return false;
	}
}

static void cut(const struct fault *what, struct answer *out)
{
	if (what && what->kind == FAULT_HALF)
		out->body.len /= 2;
}

static void answer_sts(struct service *s, const struct sigv4_request *req, const char *region, struct reply *r,
		       struct answer *out)
{
	const struct fault *what = NULL;

	if (!r->code[0] && !sts_check(req->body, req->body_len, r)) {
		what = faults_next(s->faults, "GetCallerIdentity");
		if (what && replace(what, r, out))
			return;
	}
	out->type = "text/xml";
	out->http = sts_xml(r, region, out->request_id, &out->body);
	cut(what, out);
}

/* The operation that the request names; NULL with the reply set. */
static const struct op *find_op(const struct sigv4_request *req, struct reply *r)
{
	const char *target = sigv4_header(req, "X-Amz-Target", NULL), *type = sigv4_header(req, "Content-Type", NULL);
	const struct op *op;

	if (strcmp(req->method, "POST") != 0 || strcmp(req->path, "/") != 0 || !target ||
	    strncmp(target, TARGET, strlen(TARGET)) != 0 || !type || strncasecmp(type, JSON_TYPE, strlen(JSON_TYPE)) != 0) {
		reply_fail(r, "UnknownOperationException", "a request is POST / of " JSON_TYPE " with X-Amz-Target: " TARGET
			   "OPERATION");
		return NULL;
	}
	op = api_find(target + strlen(TARGET));
	if (!op)
		reply_fail(r, "UnknownOperationException", "keyhaul-sim has no operation '%.100s'", target + strlen(TARGET));
	return op;
}

/* The service's real time, for what is counted by the second. */
static int64_t steady_ms(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void answer_kms(struct service *s, const struct sigv4_request *req, const char *region, int64_t now,
		       struct reply *r, struct answer *out)
{
	const struct op *op = find_op(req, r);
	const struct fault *what = op ? faults_next(s->faults, op->name) : NULL;

	if (op && !what && !quotas_take(s->quotas, op->name, region, steady_ms()))
		reply_fail(r, "ThrottlingException",
			   "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.");
	else if (op && (!what || what->after))
		api_call(s->sim, op, region, req->body, req->body_len, now + s->sim->offset, r);
	if (what && replace(what, r, out))
		return;
	write_json(r, out);
	cut(what, out);
}

/* Before the scope is known, a form is STS's. */
static bool looks_like_sts(const struct sigv4_request *req)
{
	const char *type = sigv4_header(req, "Content-Type", NULL);

	return type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0;
}

void answer_request(struct service *s, const struct sigv4_request *req, int64_t now, struct answer *out)
{
	struct frontdoor_pass pass;
	struct reply r = {0};

	memset(out, 0, sizeof(*out));
	out->body.max = ANSWER_MAX;
	out->ahead = s->sim->offset;
	new_request_id(out->request_id);
	if (frontdoor_check(&s->door, req, now, &pass, &r)) {
		log_debug("refused at the front door: %s", r.code);
		if (looks_like_sts(req))
			out->http = sts_xml(&r, "", out->request_id, &out->body);
		else
			write_json(&r, out);
		out->type = out->type ? out->type : "text/xml";
	} else if (pass.sts) {
		answer_sts(s, req, pass.region, &r, out);
	} else {
		answer_kms(s, req, pass.region, now, &r, out);
	}
	reply_clear(&r);
}
