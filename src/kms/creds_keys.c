/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "creds_chain.h"

#include "aws/awstime.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value that goes into a header as it is: printable ASCII, no space. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static int check(const struct creds_chain *c, const struct creds_values *v, const struct creds *out, struct kh_error *err)
{
	char when[CLOCK_TEXT];

	if (!v->secret || !*v->secret || !v->id || !*v->id) {
		kh_fail(err, KH_E_INPUT, 0, v->id && *v->id ? "%s: an access key id without its secret key" :
			"%s: a secret key without its access key id", out->where);
		return kh_hint(err, "set both, or neither");
	}
	if (strlen(v->id) >= sizeof(out->access_key_id) || strlen(v->secret) > CREDS_TOKEN_MAX ||
	    (v->token && strlen(v->token) > CREDS_TOKEN_MAX))
		return kh_fail(err, KH_E_INPUT, 0, "%s: the credentials are too long", out->where);
	if (!is_plain(v->id) || !is_plain(v->secret) || (v->token && !is_plain(v->token))) {
		kh_fail(err, KH_E_INPUT, 0, "%s: a space, a line end or another control in the credentials", out->where);
		return kh_hint(err, "they go into the request's headers; copy them again without it");
	}
	if (v->expires && v->expires <= c->now) {
		clock_format(v->expires, when);
		kh_fail(err, KH_E_KMS, 0, "%s: the credentials ended at %s", out->where, when);
		kh_name(err, "ExpiredToken");
		return kh_hint(err, "get new ones there; if they are new, check this machine's clock");
	}
	return 0;
}

int creds_keep(const struct creds_chain *c, const struct creds_values *v, struct creds *out, struct kh_error *err)
{
	if (check(c, v, out, err))
		return -1;
	(void)snprintf(out->access_key_id, sizeof(out->access_key_id), "%s", v->id);
	out->expires = v->expires;
	out->secret_key = secret_copy(v->secret, strlen(v->secret), err);
	if (!out->secret_key)
		return -1;
	if (v->token && *v->token) {
		out->session_token = secret_copy(v->token, strlen(v->token), err);
		if (!out->session_token)
			return -1;
	}
	log_debug("credentials: %s, %s", out->provider, out->where);
	return 1;
}

static const char *either(const char *a, const char *b)
{
	return a && *a ? a : b;
}

static const char *text_of(const struct secret *s)
{
	return s ? secret_text(s) : NULL;
}

int creds_from_env(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	const char *expiration = getenv("AWS_CREDENTIAL_EXPIRATION");
	struct creds_values v = {.id = getenv("AWS_ACCESS_KEY_ID"), .secret = text_of(c->env->secret_key),
				 .token = text_of(c->env->session_token)};

	if (!v.id || !*v.id)
		return 0;
	out->provider = "env";
	(void)snprintf(out->where, sizeof(out->where), "the environment");
	if (expiration && *expiration && awstime_parse_absolute(expiration, &v.expires, err))
		return kh_context(err, "AWS_CREDENTIAL_EXPIRATION");
	return creds_keep(c, &v, out, err);
}

static int from_file(struct creds_chain *c, const struct awsfile *f, const char *section, struct creds *out,
		     struct kh_error *err)
{
	struct creds_values v = {.id = awsfile_get(f, section, "aws_access_key_id"),
				 .secret = awsfile_get(f, section, "aws_secret_access_key"),
				 .token = either(awsfile_get(f, section, "aws_security_token"),
						 awsfile_get(f, section, "aws_session_token"))};

	if (!v.id || !*v.id)
		return 0;
	return creds_keep(c, &v, out, err);
}

int creds_from_credentials_file(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	out->provider = "shared-credentials-file";
	(void)snprintf(out->where, sizeof(out->where), "profile '%.200s' in the shared credentials file", c->profile->name);
	return from_file(c, c->profile->credentials, c->profile->credentials_section, out, err);
}

int creds_from_config_file(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	out->provider = "config-file";
	(void)snprintf(out->where, sizeof(out->where), "profile '%.200s' in the config file", c->profile->name);
	return from_file(c, c->profile->config, c->profile->config_section, out, err);
}
