/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "kms.h"

#include "aws/limits.h"
#include "base/log.h"
#include "bundle/jsontext.h"
#include "conceal.h"
#include "pace.h"
#include "reply.h"
#include "retry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATE_OFF_MAX 900 /* seconds that a Date may be off: no signature of ours would be taken by such a clock */

#define SIM_CLOCK_MAX 1000000000LL /* seconds that a rehearsal may be ahead or behind: thirty years */

/* The call in hand. */
struct call {
	struct kms *k;
	const char *operation;
	char target[80];
	char *body;
	unsigned flags;
	int attempt;
};

int64_t kms_now(const struct kms *k)
{
	int64_t now_ms = k->pace.now_ms(k->pace.ctx);

	return k->date ? k->date + (now_ms - k->date_ms) / 1000 : now_ms / 1000;
}

bool kms_is_error(const struct kh_error *err, const char *name)
{
	return strcmp(err->name, name) == 0;
}

bool kms_is_denied(const struct kh_error *err)
{
	return kms_is_error(err, "AccessDeniedException") || kms_is_error(err, "AccessDenied");
}

void kms_reply_clear(struct kms_reply *reply)
{
	json_decref(reply->json);
	reply->json = NULL;
}

static void log_attempt(const struct call *call, const struct kms_answer *answer, int64_t began_ms, int rc)
{
	long long took = (long long)(call->k->pace.now_ms(call->k->pace.ctx) - began_ms);

	if (rc)
		log_debug("%s: try %d: no reply after %lld ms", call->operation, call->attempt, took);
	else
		log_debug("%s: try %d: HTTP %ld after %lld ms, request id %s", call->operation, call->attempt,
			  answer->status, took, answer->request_id[0] ? answer->request_id : "none");
}

/* A rehearsal's time may be any: keyhaul-sim says how far it is from the Date, and is believed from this machine alone. */
static int64_t sim_clock(const struct kms *k, const struct kms_answer *answer)
{
	char *end = NULL;
	long long ahead;

	if (!answer->sim_clock[0] || !k->no_proxy)
		return 0;
	errno = 0;
	ahead = strtoll(answer->sim_clock, &end, 10);
	return errno || *end || ahead < -SIM_CLOCK_MAX || ahead > SIM_CLOCK_MAX ? 0 : (int64_t)ahead;
}

static void take_date(struct kms *k, const struct kms_answer *answer)
{
	int64_t now_ms = k->pace.now_ms(k->pace.ctx), off = answer->date - now_ms / 1000;

	if (!answer->date)
		return;
	if (off >= -DATE_OFF_MAX && off <= DATE_OFF_MAX) {
		k->date = answer->date + sim_clock(k, answer);
		k->date_ms = now_ms;
	} else if (!k->date_warned) {
		k->date_warned = true;
		log_warning("the reply's Date is %lld minutes from this machine's clock: passed over",
			    (long long)(off < 0 ? -off : off) / 60);
	}
}

/* The 200 of an operation that answers nothing. */
static int read_nothing(struct kms_reply *reply, struct kh_error *err)
{
	reply->json = json_object();
	if (!reply->json)
		return kh_fail_memory(err);
	reply->outcome = KMS_DONE;
	return 0;
}

/* Sends it once and reads what came. `*again`: another try may help. */
static int try_once(const struct call *call, struct kms_reply *reply, enum errname_retry *again, struct kh_error *err)
{
	struct kms *k = call->k;
	const struct kms_request request = {.url = k->url, .service = "kms", .region = k->region,
					    .target = call->target, .body = call->body,
					    .body_len = strlen(call->body), .creds = k->creds,
					    .fresh = call->flags & (KMS_FRESH | KMS_ONCE), .local_only = k->local_only,
					    .no_proxy = k->no_proxy};
	const struct creds *sent = k->creds;
	struct kms_answer answer = {.body = BUF_INIT(KMS_REPLY_MAX)};
	int64_t began = k->pace.now_ms(k->pace.ctx);
	int rc = k->post(k->post_ctx, &request, &answer, err);

	conceal_in_answer(sent, &answer);
	log_attempt(call, &answer, began, rc);
	reply->status = rc ? 0 : answer.status;
	if (rc) {
		reply->outcome = answer.sent ? KMS_UNKNOWN : KMS_UNSENT;
		*again = err->code == KH_E_AGAIN ? ERRNAME_TRANSIENT : ERRNAME_FINAL;
		kh_context(err, "%s", call->operation);
	} else {
		take_date(k, &answer);
		(void)snprintf(reply->request_id, sizeof(reply->request_id), "%s", answer.request_id);
		reply->tls_verified = answer.tls_verified;
		if (call->flags & KMS_NO_OUTPUT && answer.status == 200 && answer.body.len == 0)
			rc = read_nothing(reply, err);
		else
			rc = reply_read(call->operation, &answer, k->pace.now_ms(k->pace.ctx) / 1000, reply, again, err);
		if (rc && kms_is_error(err, "NotFoundException"))
			kh_hint(err, "no such key in %s: check the id, the Region and the account ('aws kms list-keys'); right after "
				     "creation wait a few seconds", k->region);
		if (rc)
			conceal_in_error(sent, err);
	}
	buf_free(&answer.body);
	return rc;
}

/* What the next try is signed with. */
static int renew(struct kms *k, struct kh_error *err)
{
	if (!k->source)
		return 0;
	if (creds_renew(k->source, k->pace.now_ms(k->pace.ctx) / 1000, err))
		return -1;
	k->creds = creds_current(k->source);
	return 0;
}

/* KMS's own word, by its code: nothing was done. A bare 429 may be anybody's between. */
static bool is_throttled(const struct kms_reply *reply, const struct kh_error *err)
{
	const struct errname *row = errname_find(err->name);

	return reply->outcome == KMS_REFUSED && row && row->retry == ERRNAME_THROTTLE && row->http < 500;
}

static bool may_try_again(const struct call *call, const struct kms_reply *reply, enum errname_retry again,
			  const struct kh_error *err)
{
	if (again == ERRNAME_FINAL || call->attempt >= call->k->max_attempts || call->k->pace.stop(call->k->pace.ctx))
		return false;
	return !(call->flags & KMS_ONCE) || reply->outcome == KMS_UNSENT || is_throttled(reply, err);
}

/* Waits for the call's place in the row. Who is told to end meanwhile sends it no more: it is nobody's loss yet. */
static int await_turn(const struct call *call, struct kh_error *err)
{
	const struct kms *k = call->k;
	const struct kms_pace *pace = &k->pace;
	unsigned ms;

	if (!k->limits)
		return 0;
	ms = pace_take(k->limits, k->account, k->region, call->operation, pace->now_ms(pace->ctx));
	if (!ms)
		return 0;
	pace->wait_ms(pace->ctx, ms);
	return pace->stop(pace->ctx) ? kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted before %s was sent", call->operation) : 0;
}

static void slow_down(const struct call *call, enum errname_retry again)
{
	const struct kms *k = call->k;

	if (k->limits && again == ERRNAME_THROTTLE)
		pace_throttled(k->limits, k->account, k->region, call->operation, k->pace.now_ms(k->pace.ctx));
}

int kms_call(struct kms *k, const char *operation, const json_t *body, unsigned flags, struct kms_reply *reply,
	     struct kh_error *err)
{
	struct call call = {.k = k, .operation = operation, .flags = flags};
	enum errname_retry again = ERRNAME_FINAL;
	bool unknown = false;
	int rc = -1;

	memset(reply, 0, sizeof(*reply));
	reply->outcome = KMS_UNSENT;
	(void)snprintf(call.target, sizeof(call.target), "TrentService.%s", operation);
	call.body = jsontext_write(body, JSON_COMPACT);
	if (!call.body)
		return kh_fail_memory(err);
	for (call.attempt = 1;; call.attempt++) {
		if (await_turn(&call, err) || renew(k, err)) {
			rc = -1;
			again = ERRNAME_FINAL;
			break;
		}
		rc = try_once(&call, reply, &again, err);
		slow_down(&call, again);
		/* a refusal of the second try does not undo what the first may have done */
		unknown = unknown || (rc && reply->outcome == KMS_UNKNOWN);
		if (!rc || !may_try_again(&call, reply, again, err))
			break;
		log_progress("%s", err->msg);
		k->pace.wait_ms(k->pace.ctx, retry_wait_ms(call.attempt, k->pace.random(k->pace.ctx)));
	}
	if (rc && unknown)
		reply->outcome = KMS_UNKNOWN;
	if (rc && again != ERRNAME_FINAL && call.attempt > 1)
		kh_context(err, "%d tries", call.attempt);
	free(call.body);
	return rc;
}

int kms_call_owned(struct kms *k, const char *operation, json_t *body, unsigned flags, struct kms_reply *reply,
		   struct kh_error *err)
{
	int rc;

	if (!body) {
		memset(reply, 0, sizeof(*reply));
		reply->outcome = KMS_UNSENT;
		return kh_fail_memory(err);
	}
	rc = kms_call(k, operation, body, flags, reply, err);
	json_decref(body);
	return rc;
}
