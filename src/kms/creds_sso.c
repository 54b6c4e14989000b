/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "creds_json.h"

#include "endpoint.h"
#include "sso_token.h"
#include "web.h"

#include "aws/errname.h"
#include "base/cmd.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define URL_MAX 1024

/* What the profile says, with its [sso-session] if it names one. */
struct sso {
	const char *session; /* NULL for the form without */
	const char *start_url, *region, *account, *role;
};

static int bad(const struct creds_chain *c, const char *what, const char *name, struct kh_error *err)
{
	kh_fail(err, KH_E_INPUT, 0, "profile '%.200s' of IAM Identity Center: %s %.100s", c->profile->name, what, name);
	return kh_hint(err, "'aws configure sso' writes such a profile whole");
}

/* The session's value; one in the profile too must be the same. */
static int setting(const struct creds_chain *c, const struct sso *s, const char *option, const char **out, struct kh_error *err)
{
	const char *own = profile_get(c->profile, option);
	const char *shared = s->session ? profile_section_get(c->profile, "sso-session", s->session, option) : NULL;

	if (own && shared && strcmp(own, shared) != 0)
		return bad(c, "the profile and its sso-session contradict each other in", option, err);
	*out = shared ? shared : own;
	return *out ? 0 : bad(c, "it lacks", option, err);
}

static int read_settings(const struct creds_chain *c, struct sso *s, struct kh_error *err)
{
	s->session = profile_get(c->profile, "sso_session");
	if (s->session && !profile_section_is_there(c->profile, "sso-session", s->session))
		return bad(c, "the config file has no sso-session", s->session, err);
	if (setting(c, s, "sso_start_url", &s->start_url, err) || setting(c, s, "sso_region", &s->region, err) ||
	    setting(c, s, "sso_account_id", &s->account, err) || setting(c, s, "sso_role_name", &s->role, err) || !s->account || !s->role)
		return -1;
	for (const char *at = s->account; *at; at++)
		if (!isdigit((unsigned char)*at))
			return bad(c, "no account:", "sso_account_id", err);
	if (s->role[strspn(s->role, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-")])
		return bad(c, "no name of a role:", "sso_role_name", err);
	return 0;
}

static int login_again(const struct creds_chain *c, const char *what, struct kh_error *err)
{
	kh_fail(err, KH_E_KMS, 0, "profile '%.200s' of IAM Identity Center: %s", c->profile->name, what);
	return kh_hint(err, "run 'aws sso login --profile %.200s', then this again", c->profile->name);
}

/* The name of the error: in the header that web.c does not read, or as __type or code in the body. */
static int refused(const struct creds_chain *c, const struct web_answer *answer, enum errname_retry *again, struct kh_error *err)
{
	struct kh_error ignored;
	json_t *root;

	*again = errname_retry_of("", (int)answer->status);
	if (answer->status == 401)
		return login_again(c, "the login was refused: it has ended", err);
	root = creds_json_parse(answer->body, &ignored);
	kh_fail(err, *again == ERRNAME_FINAL ? KH_E_KMS : KH_E_AGAIN, (unsigned long)answer->status,
		"GetRoleCredentials: HTTP %ld%s%.300s", answer->status, *creds_json_text(root, "message") ? ": " : "",
		creds_json_text(root, "message"));
	kh_hint(err, answer->status == 403 ? "this login may not take the role: check sso_account_id and sso_role_name"
					   : "check sso_region, sso_account_id and sso_role_name");
	json_decref(root);
	return -1;
}

static int read_answer(const struct creds_chain *c, const struct web_answer *answer, struct creds *out, struct kh_error *err)
{
	static const struct creds_names names = {"accessKeyId", "secretAccessKey", "sessionToken", "expiration", true};
	json_t *root = creds_json_parse(answer->body, err);
	const json_t *keys = json_object_get(root, "roleCredentials");
	int rc = -1;

	if (root && !json_is_object(keys))
		kh_fail(err, KH_E_KMS, 0, "GetRoleCredentials: no roleCredentials in the answer");
	else if (root)
		rc = creds_json_keep(c, keys, &names, out, err);
	json_decref(root);
	return rc;
}

static int ask(struct creds_chain *c, const struct endpoint *e, const struct web_request *request, struct creds *out,
	       struct kh_error *err)
{
	int rc;

	for (int attempt = 1;; attempt++) {
		enum errname_retry again = ERRNAME_FINAL;
		struct web_answer answer = {0};

		rc = web_send(c->opts->http, request, &answer, err);
		if (rc)
			again = err->code == KH_E_AGAIN ? ERRNAME_TRANSIENT : ERRNAME_FINAL;
		else if (answer.status == 200)
			rc = read_answer(c, &answer, out, err);
		else
			rc = refused(c, &answer, &again, err);
		web_clear(&answer);
		if (rc > 0 || again == ERRNAME_FINAL || attempt >= c->opts->attempts || cmd_interrupted())
			return rc < 0 ? kh_context(err, "%s", e->host) : rc;
		web_wait(attempt);
	}
}

static int get_role_credentials(struct creds_chain *c, const struct sso *s, const struct secret *token, struct creds *out,
				struct kh_error *err)
{
	struct web_request request = {.method = "GET"};
	struct endpoint e = {0};
	char url[URL_MAX];
	size_t n = 0;

	if (endpoint_of_service("sso", "portal.sso", NULL, s->region, c->top, &e, err))
		return -1;
	n += (size_t)snprintf(url, sizeof(url), "%s/federation/credentials?account_id=%.32s&role_name=", e.url, s->account);
	for (const char *at = s->role; *at && n < sizeof(url) - 4; at++)
		n += (size_t)snprintf(url + n, sizeof(url) - n, strchr("+=,@", *at) ? "%%%02X" : "%c", (unsigned char)*at);
	request.url = url;
	request.headers[0] = (struct web_header){"x-amz-sso_bearer_token", secret_text(token)};
	request.local_only = !e.tls;
	request.no_proxy = endpoint_is_loopback(&e);
	return ask(c, &e, &request, out, err);
}

int creds_from_sso(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	struct secret *token = NULL;
	struct sso s = {0};
	int rc = -1;

	if (!profile_get(c->profile, "sso_account_id") && !profile_get(c->profile, "sso_role_name"))
		return 0;
	out->provider = "sso";
	if (read_settings(c, &s, err))
		return -1;
	(void)snprintf(out->where, sizeof(out->where), "IAM Identity Center, role %.64s in account %.12s of profile '%.100s'",
		       s.role, s.account, c->profile->name);
	switch (sso_token_find(c, s.session, s.start_url, s.region, &token, err)) {
	case SSO_TOKEN_GOOD:
		rc = get_role_credentials(c, &s, token, out, err);
		break;
	case SSO_TOKEN_NONE:
		login_again(c, "there is no login on this machine", err);
		err->code = KH_E_INPUT;
		break;
	case SSO_TOKEN_ENDED:
		login_again(c, "the login has run out", err);
		break;
	default:
		kh_context(err, "profile '%.200s' of IAM Identity Center", c->profile->name);
	}
	secret_free(token);
	return rc;
}
