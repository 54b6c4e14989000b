/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "creds_chain.h"

#include "aws/awstime.h"
#include "creds_role.h"
#include "sts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MFA_CODE_MAX 64
#define DURATION_MIN 900
#define DURATION_MAX 43200

static const char session_name_letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=,.@+-";

int creds_role_sts(const struct creds_chain *c, const char *role_arn, struct sts *out, struct kh_error *err)
{
	const struct endpoint_wish wish = {NULL, c->opts->region};

	out->http = c->opts->http;
	out->attempts = c->opts->attempts;
	return sts_open(c->top, &wish, role_arn, out, err);
}

int creds_role_session(const struct creds_chain *c, const char *configured, char out[CREDS_SESSION_NAME], struct kh_error *err)
{
	if (!configured || !*configured) {
		(void)snprintf(out, CREDS_SESSION_NAME, "keyhaul-kms-%lld", (long long)c->now);
		return 0;
	}
	if (strlen(configured) < 2 || strlen(configured) >= CREDS_SESSION_NAME ||
	    configured[strspn(configured, session_name_letters)])
		return kh_fail(err, KH_E_INPUT, 0, "role_session_name '%.70s': 2 to 64 letters, digits and _=,.@+- it must be",
			       configured);
	(void)snprintf(out, CREDS_SESSION_NAME, "%s", configured);
	return 0;
}

int creds_role_take(const struct creds_chain *c, const struct sts *sts, const char *action, const struct creds *sign,
		    const struct secret *form, struct creds *out, struct kh_error *err)
{
	struct sts_field f[] = {{NULL, CREDS_ID_MAX, NULL}, {NULL, CREDS_TOKEN_MAX, NULL}, {NULL, CREDS_TOKEN_MAX, NULL},
				{NULL, 64, NULL}};
	static const char *const names[] = {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"};
	char paths[4][160];
	struct creds_values v = {0};
	int rc;

	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "%sResponse/%sResult/Credentials/%s", action, action, names[i]);
		f[i].path = paths[i];
	}
	rc = sts_call(sts, action, sign, form, f, 4, err);
	if (!rc && !(f[0].value && f[1].value && f[2].value && f[3].value))
		rc = kh_fail(err, KH_E_KMS, 0, "%s: no Credentials in the answer of %s", action, sts->endpoint.url);
	if (!rc)
		rc = awstime_parse_absolute(sts_field_text(&f[3]), &v.expires, err)
			     ? kh_fail(err, KH_E_KMS, 0, "%s: Expiration is no time", action) : 0;
	if (!rc) {
		v.id = sts_field_text(&f[0]);
		v.secret = sts_field_text(&f[1]);
		v.token = sts_field_text(&f[2]);
		out->renewable = true;
		rc = creds_keep(c, &v, out, err);
	}
	sts_fields_clear(f, 4);
	return rc;
}

/* What is wrong with the profile's settings for its role; always gives -1. */
static int bad(const struct profile *p, const char *what, const char *value, struct kh_error *err)
{
	return kh_fail(err, KH_E_INPUT, 0, "profile '%.200s': %s%.200s", p->name, what, value);
}

static bool has_keys(const struct profile *p)
{
	return profile_get(p, "aws_access_key_id") || profile_get(p, "aws_secret_access_key");
}

static bool has_role(const struct profile *p)
{
	return profile_get(p, "role_arn") && !profile_get(p, "web_identity_token_file");
}

/* KH_E_INPUT where the profile was there before: but one may name itself for the keys that it has. */
static int visit(struct creds_chain *c, const char *name, const struct profile *source, struct kh_error *err)
{
	for (size_t i = 0; i < c->n_visited; i++)
		if (strcmp(c->visited[i], name) == 0 && !(strcmp(c->profile->name, name) == 0 && has_keys(source))) {
			bad(c->profile, "its source_profile leads back to itself by way of ", name, err);
			return kh_hint(err, "the last profile of such a chain needs credentials of its own");
		}
	if (c->n_visited == CREDS_PROFILES_MAX)
		return bad(c->profile, "too many profiles one behind the other with source_profile ", name, err);
	c->visited[c->n_visited++] = name;
	return 0;
}

/* 1 with the source's credentials. */
static int from_source_profile(struct creds_chain *c, const char *name, struct creds *out, struct kh_error *err)
{
	const struct profile *was = c->profile;
	struct profile source;
	int rc;

	if (!profile_other(was, name, &source))
		return bad(was, "there is no source_profile ", name, err);
	if (visit(c, name, &source, err))
		return -1;
	c->profile = &source;
	rc = has_keys(&source) || !has_role(&source) ? creds_from_profile(c, out, err) : creds_from_role(c, out, err);
	c->profile = was;
	return rc ? rc : bad(was, "no credentials in its source_profile ", name, err);
}

static int from_credential_source(struct creds_chain *c, const char *name, struct creds *out, struct kh_error *err)
{
	static const struct {
		const char *name;
		int (*take)(struct creds_chain *c, struct creds *out, struct kh_error *err);
	} rows[] = {
		{"Environment", creds_from_env},
		{"EcsContainer", creds_from_container},
		{"Ec2InstanceMetadata", creds_from_metadata},
	};
	int rc;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		rc = rows[i].take(c, out, err);
		return rc ? rc : bad(c->profile, "no credentials come from credential_source ", name, err);
	}
	bad(c->profile, "there is no credential_source ", name, err);
	return kh_hint(err, "Environment, EcsContainer or Ec2InstanceMetadata");
}

static int from_source(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	const char *profile = profile_get(c->profile, "source_profile");
	const char *source = profile_get(c->profile, "credential_source");

	if (profile && source)
		return bad(c->profile, "both source_profile and credential_source", "", err);
	if (!profile && !source) {
		bad(c->profile, "a role (role_arn) without source_profile or credential_source", "", err);
		return kh_hint(err, "one of them says whose credentials take the role");
	}
	return profile ? from_source_profile(c, profile, out, err) : from_credential_source(c, source, out, err);
}

static int add_duration(const struct profile *p, struct secret *form, struct kh_error *err)
{
	const char *text = profile_get(p, "duration_seconds");
	char *end = NULL;
	long n = text ? strtol(text, &end, 10) : 0;

	if (!text)
		return 0;
	if (end == text || *end || n < DURATION_MIN || n > DURATION_MAX)
		return bad(p, "duration_seconds is not 900 to 43200: ", text, err);
	return sts_add(form, "DurationSeconds", text, err);
}

static int add_mfa(struct creds_chain *c, struct secret *form, struct kh_error *err)
{
	const char *serial = profile_get(c->profile, "mfa_serial");
	struct secret *code = NULL;
	char prompt[320];
	int rc;

	if (!serial)
		return 0;
	(void)snprintf(prompt, sizeof(prompt), "MFA code of %.256s: ", serial);
	if (strpbrk(serial, "\r\n\033"))
		return bad(c->profile, "a control in mfa_serial", "", err);
	if (secret_prompt(prompt, MFA_CODE_MAX, &code, err)) {
		kh_context(err, "profile '%.200s' asks for an MFA code", c->profile->name);
		return err->code == KH_E_INTERRUPTED ? -1 : kh_hint(err, "run this on a terminal, or take the role before: "
								    "aws configure export-credentials");
	}
	c->asked = true;
	rc = sts_add(form, "SerialNumber", serial, err) || sts_add(form, "TokenCode", secret_text(code), err) ? -1 : 0;
	secret_free(code);
	return rc;
}

static int take_role(struct creds_chain *c, const struct creds *source, struct creds *out, struct kh_error *err)
{
	const char *role = profile_get(c->profile, "role_arn");
	struct secret *form = sts_form("AssumeRole", err);
	char session[CREDS_SESSION_NAME];
	struct sts sts;
	int rc = -1;

	out->provider = "assume-role";
	(void)snprintf(out->where, sizeof(out->where), "role %.160s of profile '%.100s', by %.100s", role, c->profile->name,
		       source->where);
	if (form && !creds_role_session(c, profile_get(c->profile, "role_session_name"), session, err) &&
	    !sts_add(form, "RoleArn", role, err) && !sts_add(form, "RoleSessionName", session, err) &&
	    !sts_add(form, "ExternalId", profile_get(c->profile, "external_id"), err) && !add_duration(c->profile, form, err) &&
	    !creds_role_sts(c, role, &sts, err) && !add_mfa(c, form, err))
		rc = creds_role_take(c, &sts, "AssumeRole", source, form, out, err);
	secret_free(form);
	return rc < 0 && err->code != KH_E_MEMORY ? kh_context(err, "%s", out->where) : rc;
}

int creds_from_role(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	struct creds source = {0};
	int rc;

	if (!has_role(c->profile))
		return 0;
	rc = from_source(c, &source, err);
	if (rc > 0)
		rc = take_role(c, &source, out, err);
	creds_clear(&source);
	return rc;
}
