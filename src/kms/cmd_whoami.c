/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "base/clock.h"
#include "bundle/result.h"
#include "session.h"
#include "sts.h"

#include <stdio.h>
#include <string.h>

struct whoami_opts {
	struct session_opts aws;
};

/* GetCallerIdentity's answer. */
enum { ACCOUNT, ARN, USER_ID, FIELDS };

static int ask(const struct session *s, struct sts *sts, struct sts_field *f, struct kh_error *err)
{
	const struct endpoint_wish wish = {s->opts->endpoint_url, s->opts->region};
	struct secret *form = sts_form("GetCallerIdentity", err);
	int rc = -1;

	sts->http = &s->http_opts;
	sts->attempts = s->max_attempts;
	if (form && !sts_open(&s->profile, &wish, NULL, sts, err))
		rc = sts_call(sts, "GetCallerIdentity", creds_current(s->source), form, f, FIELDS, err);
	if (!rc && !(f[ACCOUNT].value && f[ARN].value && f[USER_ID].value))
		rc = kh_fail(err, KH_E_KMS, 0, "GetCallerIdentity: %s: not an answer of STS", sts->endpoint.url);
	secret_free(form);
	return rc;
}

static int show_expiry(struct cmd *c, int64_t expires, struct kh_error *err)
{
	long long left = (long long)(expires - c->now) / 60;
	char when[CLOCK_TEXT];

	if (!expires)
		return cmd_printf(c, err, "expires   not stated\n");
	clock_format(expires, when);
	return cmd_printf(c, err, left > 120 ? "expires   %s, in %lld hours\n" : "expires   %s, in %lld minutes\n", when,
			  left > 120 ? left / 60 : left);
}

static int show(struct cmd *c, const struct creds *creds, const struct sts *sts, const struct sts_field *f, struct kh_error *err)
{
	char when[CLOCK_TEXT];
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "account", sts_field_text(&f[ACCOUNT]), "arn",
			      sts_field_text(&f[ARN]), "user_id", sts_field_text(&f[USER_ID]), "access_key_id",
			      creds->access_key_id, "provider", creds->provider, "from", creds->where, "endpoint",
			      sts->endpoint.url);

	if (creds->expires) {
		clock_format(creds->expires, when);
		if (o && json_object_set_new(o, "expires", json_string(when))) {
			json_decref(o);
			return kh_fail_memory(err);
		}
	}
	return cmd_printf(c, err, "account   %s\narn       %s\nprovider  %s: %s\n", sts_field_text(&f[ACCOUNT]),
			  sts_field_text(&f[ARN]), creds->provider, creds->where) ||
			       show_expiry(c, creds->expires, err) || result_add(c, o, err)
		       ? -1 : 0;
}

static int run_whoami(struct cmd *c, struct kh_error *err)
{
	const struct whoami_opts *o = c->opts;
	struct sts_field f[FIELDS] = {
		[ACCOUNT] = {"GetCallerIdentityResponse/GetCallerIdentityResult/Account", STS_TEXT_MAX, NULL},
		[ARN] = {"GetCallerIdentityResponse/GetCallerIdentityResult/Arn", STS_TEXT_MAX, NULL},
		[USER_ID] = {"GetCallerIdentityResponse/GetCallerIdentityResult/UserId", STS_TEXT_MAX, NULL},
	};
	struct session s;
	struct sts sts;
	int rc = -1;

	if (session_open(&o->aws, &s, err))
		goto out;
	rc = ask(&s, &sts, f, err);
	if (rc)
		kh_context(err, "%s", creds_current(s.source)->where);
	else
		rc = show(c, creds_current(s.source), &sts, f, err);
out:
	sts_fields_clear(f, FIELDS);
	session_close(&s);
	return rc;
}

static const struct opt_group groups[] = {
	OPT_GROUP("AWS", session_rows, offsetof(struct whoami_opts, aws)),
	OPT_GROUPS_END,
};

const struct cmd_row cmd_whoami = {
	.verb = "whoami",
	.operands = "",
	.summary = "tells whose AWS credentials are found, where they come from and when they end; never the secret",
	.groups = groups,
	.opts_size = sizeof(struct whoami_opts),
	.run = run_whoami,
};
