/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "base/clock.h"
#include "bundle/result.h"
#include "identity.h"

#include <stdio.h>
#include <string.h>

struct whoami_opts {
	struct session_opts aws;
};

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
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "account", sts_field_text(&f[IDENTITY_ACCOUNT]), "arn",
			      sts_field_text(&f[IDENTITY_ARN]), "user_id", sts_field_text(&f[IDENTITY_USER_ID]), "access_key_id",
			      creds->access_key_id, "provider", creds->provider, "from", creds->where, "endpoint",
			      sts->endpoint.url);

	if (creds->expires) {
		clock_format(creds->expires, when);
		if (o && json_object_set_new(o, "expires", json_string(when))) {
			json_decref(o);
			return kh_fail_memory(err);
		}
	}
	return cmd_printf(c, err, "account   %s\narn       %s\nprovider  %s: %s\n", sts_field_text(&f[IDENTITY_ACCOUNT]),
			  sts_field_text(&f[IDENTITY_ARN]), creds->provider, creds->where) ||
			       show_expiry(c, creds->expires, err) || result_add(c, o, err)
		       ? -1 : 0;
}

static int run_whoami(struct cmd *c, struct kh_error *err)
{
	const struct whoami_opts *o = c->opts;
	const struct endpoint_wish wish = {o->aws.endpoint_url, o->aws.region};
	struct sts_field f[IDENTITY_FIELDS] = {{NULL, 0, NULL}};
	struct session s;
	struct sts sts;
	int rc = -1;

	if (session_open(&o->aws, &s, err))
		goto out;
	rc = identity_ask(&s, &wish, &sts, f, err);
	if (rc)
		kh_context(err, "%s", creds_current(s.source)->where);
	else
		rc = show(c, creds_current(s.source), &sts, f, err);
out:
	sts_fields_clear(f, IDENTITY_FIELDS);
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
