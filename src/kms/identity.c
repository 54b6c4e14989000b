/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "identity.h"

#include <stdio.h>
#include <string.h>

#define ANSWER "GetCallerIdentityResponse/GetCallerIdentityResult/"

/* STS has been opened. */
static int ask(const struct session *s, const struct sts *sts, struct sts_field f[IDENTITY_FIELDS], struct kh_error *err)
{
	struct secret *form = sts_form("GetCallerIdentity", err);
	int rc = -1;

	if (form)
		rc = sts_call(sts, "GetCallerIdentity", creds_current(s->source), form, f, IDENTITY_FIELDS, err);
	if (!rc && !(f[IDENTITY_ACCOUNT].value && f[IDENTITY_ARN].value && f[IDENTITY_USER_ID].value))
		rc = kh_fail(err, KH_E_KMS, 0, "GetCallerIdentity: %s: not an answer of STS", sts->endpoint.url);
	secret_free(form);
	return rc;
}

static int open_sts(const struct session *s, const struct endpoint_wish *wish, struct sts *sts, struct sts_field f[IDENTITY_FIELDS],
		    struct kh_error *err)
{
	f[IDENTITY_ACCOUNT] = (struct sts_field){ANSWER "Account", STS_TEXT_MAX, NULL};
	f[IDENTITY_ARN] = (struct sts_field){ANSWER "Arn", STS_TEXT_MAX, NULL};
	f[IDENTITY_USER_ID] = (struct sts_field){ANSWER "UserId", STS_TEXT_MAX, NULL};
	sts->http = &s->http_opts;
	sts->attempts = s->max_attempts;
	return sts_open(&s->profile, wish, NULL, sts, err);
}

int identity_ask(const struct session *s, const struct endpoint_wish *wish, struct sts *sts, struct sts_field f[IDENTITY_FIELDS],
		 struct kh_error *err)
{
	return open_sts(s, wish, sts, f, err) ? -1 : ask(s, sts, f, err);
}

int identity_may_create(const struct session *s, const struct endpoint *endpoint, enum keyspec spec, const struct policy *p,
			struct kh_error *err)
{
	const bool here = endpoint_is_loopback(endpoint);
	/* --endpoint-url is KMS's, and of keyhaul-sim alone STS's too */
	const struct endpoint_wish wish = {here ? s->opts->endpoint_url : NULL, endpoint->region};
	struct sts_field f[IDENTITY_FIELDS];
	struct arn arn = {.account = ""};
	struct sts sts;
	int rc;

	(void)snprintf(arn.region, sizeof(arn.region), "%s", endpoint->region);
	if (policy_check_key_made(p, &arn, spec, err))
		return -1;
	if (!p || !p->accounts)
		return 0;
	rc = open_sts(s, &wish, &sts, f, err);
	if (!rc && endpoint_is_loopback(&sts.endpoint) == here) {
		rc = ask(s, &sts, f, err);
		if (rc)
			kh_context(err, "the policy has accounts, and whose the credentials are is not known");
		else
			(void)snprintf(arn.account, sizeof(arn.account), "%s", sts_field_text(&f[IDENTITY_ACCOUNT]));
		rc = rc ? rc : policy_check_key_made(p, &arn, spec, err);
	}
	sts_fields_clear(f, IDENTITY_FIELDS);
	return rc;
}
