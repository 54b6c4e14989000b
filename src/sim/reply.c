/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "reply.h"

#include "aws/errname.h"
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

int reply_fail(struct reply *r, const char *code, const char *fmt, ...)
{
	const struct errname *row = errname_find(code);
	va_list ap;

	reply_clear(r);
	r->http = row ? row->http : 400;
	(void)snprintf(r->code, sizeof(r->code), "%s", code);
	va_start(ap, fmt);
	if (vsnprintf(r->message, sizeof(r->message), fmt, ap) < 0)
		r->message[0] = '\0';
	va_end(ap);
	return -1;
}

int reply_internal(struct reply *r, const struct kh_error *err)
{
	log_debug("internal failure: %s", err->msg);
	return reply_fail(r, "KMSInternalException", "keyhaul-sim: %s", err->msg);
}

int reply_ok(struct reply *r, json_t *body)
{
	if (!body)
		return reply_fail(r, "KMSInternalException", "keyhaul-sim: out of memory");
	reply_clear(r);
	r->http = 200;
	r->body = body;
	return 0;
}

void reply_clear(struct reply *r)
{
	json_decref(r->body);
	*r = (struct reply){0};
}
