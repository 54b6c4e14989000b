/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "creds.h"

#include "base/log.h"
#include "base/shell.h"
#include "profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 8192

/* A value that goes into a header as it is: printable ASCII, no space. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static int set_keys(const char *id, const char *secret, const char *token, const char *source, struct creds *out,
		    struct kh_error *err)
{
	out->source = source;
	if (!secret || !*secret) {
		kh_fail(err, KH_E_INPUT, 0, "%s: an access key id without its secret key", source);
		return kh_hint(err, "set both, or neither");
	}
	if (strlen(id) >= sizeof(out->access_key_id) || strlen(secret) > TOKEN_MAX ||
	    (token && strlen(token) > TOKEN_MAX))
		return kh_fail(err, KH_E_INPUT, 0, "%s: the credentials are too long", source);
	if (!is_plain(id) || !is_plain(secret) || (token && !is_plain(token))) {
		kh_fail(err, KH_E_INPUT, 0, "%s: a space, a line end or another control in the credentials", source);
		return kh_hint(err, "they go into the request's headers; copy them again without it");
	}
	(void)snprintf(out->access_key_id, sizeof(out->access_key_id), "%s", id);
	out->secret_key = secret_copy(secret, strlen(secret), err);
	if (!out->secret_key)
		return -1;
	if (token && *token) {
		out->session_token = secret_copy(token, strlen(token), err);
		if (!out->session_token)
			return -1;
	}
	log_debug("credentials: %s", source);
	return 1;
}

static const char *either(const char *a, const char *b)
{
	return a && *a ? a : b;
}

/* 1: taken, 0: not there. */
static int from_environment(struct creds *out, struct kh_error *err)
{
	const char *id = getenv("AWS_ACCESS_KEY_ID");

	if (!id || !*id)
		return 0;
	return set_keys(id, getenv("AWS_SECRET_ACCESS_KEY"),
			either(getenv("AWS_SECURITY_TOKEN"), getenv("AWS_SESSION_TOKEN")), "the environment", out, err);
}

static int from_file(const struct awsfile *f, const char *section, const char *source, struct creds *out,
		     struct kh_error *err)
{
	const char *id = awsfile_get(f, section, "aws_access_key_id");

	if (!id || !*id)
		return 0;
	return set_keys(id, awsfile_get(f, section, "aws_secret_access_key"),
			either(awsfile_get(f, section, "aws_security_token"),
			       awsfile_get(f, section, "aws_session_token")),
			source, out, err);
}

/* The AWS CLI's command that hands keys over, for the profile that was named. NULL with KH_E_MEMORY. */
static int add_export(const struct profile *p, struct buf *out, struct kh_error *err)
{
	const char *const words[] = {"aws", "configure", "export-credentials", "--format", "env", NULL};
	const char *const named[] = {"--profile", p->name, NULL};

	return shell_words(words, out, err) || (p->by_option && shell_words(named, out, err)) ? -1 : 0;
}

static int refuse(const char *what, const char *where, const struct profile *p, struct kh_error *err)
{
	struct buf command = BUF_INIT(2 * AWSFILE_NAME_MAX);

	kh_fail(err, KH_E_INPUT, 0, "%s asks for %s, which this version does not do", where, what);
	if (!add_export(p, &command, err))
		kh_hint(err, "get keys in another way and hand them over: eval \"$(%s)\"%s", buf_text(&command),
			p->by_option ? ", then run this without --profile" : "");
	buf_free(&command);
	return -1;
}

/* What a profile can ask for that comes before keys in files, in AWS's order. */
static int refuse_early(const struct profile *p, struct kh_error *err)
{
	static const struct {
		const char *option, *what;
	} rows[] = {
		{"role_arn", "a role (role_arn)"},
		{"sso_session", "IAM Identity Center (sso_session)"},
		{"sso_start_url", "IAM Identity Center (sso_start_url)"},
		{"sso_account_id", "IAM Identity Center (sso_account_id)"},
		{"sso_role_name", "IAM Identity Center (sso_role_name)"},
	};
	char where[AWSFILE_NAME_MAX];

	(void)snprintf(where, sizeof(where), "profile '%.400s'", p->name);
	if (profile_get(p, "role_arn"))
		return refuse(rows[0].what, where, p, err);
	if (!p->by_option && getenv("AWS_WEB_IDENTITY_TOKEN_FILE") && getenv("AWS_ROLE_ARN"))
		return refuse("a role by web identity", "AWS_WEB_IDENTITY_TOKEN_FILE", p, err);
	for (size_t i = 1; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (profile_get(p, rows[i].option))
			return refuse(rows[i].what, where, p, err);
	return 0;
}

static int refuse_login_or_process(const struct profile *p, struct kh_error *err)
{
	char where[AWSFILE_NAME_MAX];

	(void)snprintf(where, sizeof(where), "profile '%.400s'", p->name);
	if (profile_get(p, "login_session"))
		return refuse("an 'aws login' session (login_session)", where, p, err);
	if (profile_get(p, "credential_process"))
		return refuse("an outside program (credential_process)", where, p, err);
	return 0;
}

static int none(const struct profile *p, struct kh_error *err)
{
	if (getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
		return refuse("a container's credentials", "the environment", p, err);
	kh_fail(err, KH_E_INPUT, 0, "no AWS credentials: neither in the environment nor in AWS's files");
	return kh_hint(err, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or --profile; roles, IAM Identity Center "
			    "and instance metadata are not done by this version: where the AWS CLI does them, "
			    "eval \"$(aws configure export-credentials --format env)\" hands its keys over");
}

int creds_load(const struct profile *profile, struct creds *out, struct kh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = profile->by_option ? 0 : from_environment(out, err);
	if (!rc)
		rc = refuse_early(profile, err);
	if (!rc)
		rc = from_file(profile->credentials, profile->credentials_section, "the shared credentials file", out,
			       err);
	if (!rc)
		rc = refuse_login_or_process(profile, err);
	if (!rc)
		rc = from_file(profile->config, profile->config_section, "the config file", out, err);
	if (!rc)
		rc = none(profile, err);
	if (rc < 0)
		creds_clear(out);
	return rc < 0 ? -1 : 0;
}

void creds_clear(struct creds *c)
{
	secret_free(c->secret_key);
	secret_free(c->session_token);
	secret_wipe(c, sizeof(*c));
}
