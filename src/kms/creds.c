/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "creds_chain.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_AFTER 30 /* seconds, where renewing failed */
#define RENEW_LEAST 5  /* seconds that credentials are used at least */

/* What was used before stays until the end: calls may be under way with it. */
struct generation {
	struct creds creds;
	struct generation *older;
};

struct creds_source {
	struct creds_opts opts;
	struct creds_env env;
	struct generation *newest;
	int64_t taken;	  /* when */
	int64_t next_try; /* after a failure */
	bool warned;
};

/* Out of the environment, where whoever may read /proc would find it for as long as we run. */
static int take_variable(const char *name, struct secret **out, struct kh_error *err)
{
	char *value = getenv(name);

	if (!value || !*value || *out)
		return 0;
	*out = secret_copy(value, strlen(value), err);
	return *out ? 0 : -1;
}

static int take_environment(struct creds_env *env, struct kh_error *err)
{
	return take_variable("AWS_SECRET_ACCESS_KEY", &env->secret_key, err) ||
			       take_variable("AWS_SECURITY_TOKEN", &env->session_token, err) ||
			       take_variable("AWS_SESSION_TOKEN", &env->session_token, err) ||
			       take_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN", &env->container_token, err)
		       ? -1 : 0;
}

static void wipe_environment(void)
{
	static const char *const names[] = {"AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN",
					    "AWS_CONTAINER_AUTHORIZATION_TOKEN"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *value = getenv(names[i]);

		if (value)
			secret_wipe(value, strlen(value));
		(void)unsetenv(names[i]);
	}
}

static int refuse_login(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	(void)out;
	if (!profile_get(c->profile, "login_session"))
		return 0;
	kh_fail(err, KH_E_INPUT, 0, "profile '%.200s' asks for an 'aws login' session (login_session), which this version does "
		"not do", c->profile->name);
	return kh_hint(err, "where the AWS CLI has that session, eval \"$(aws configure export-credentials --profile PROFILE --format "
			    "env)\" hands its keys over; then run this without --profile");
}

typedef int provider_fn(struct creds_chain *c, struct creds *out, struct kh_error *err);

/* A provider that is configured with nothing is not one that is not configured: another's credentials would be taken. */
static int refuse_empty(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	static const char *const names[] = {
		"role_arn", "source_profile", "credential_source", "external_id", "role_session_name", "duration_seconds",
		"mfa_serial", "web_identity_token_file", "credential_process", "sso_session", "sso_start_url", "sso_region",
		"sso_account_id", "sso_role_name", "login_session", "aws_access_key_id", "aws_secret_access_key",
	};

	(void)out;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (profile_is_empty(c->profile, names[i])) {
			kh_fail(err, KH_E_INPUT, 0, "profile '%.200s': %s is there, and empty", c->profile->name, names[i]);
			return kh_hint(err, "give it its value, or take its line out of AWS's config and credentials files");
		}
	return 0;
}

/* The first that is configured decides. */
static int first_of(provider_fn *const *row, size_t n, struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++) {
		memset(out, 0, sizeof(*out));
		rc = row[i](c, out, err);
	}
	return rc;
}

int creds_from_profile(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	static provider_fn *const row[] = {refuse_empty, creds_from_web_identity, creds_from_sso,	 creds_from_credentials_file,
					   refuse_login, creds_from_process,	  creds_from_config_file};

	return first_of(row, sizeof(row) / sizeof(row[0]), c, out, err);
}

static int none(const struct profile *p, struct kh_error *err)
{
	if (profile_get(p, "sso_session") || profile_get(p, "sso_start_url")) {
		kh_fail(err, KH_E_INPUT, 0, "no AWS credentials: profile '%.200s' of IAM Identity Center has neither "
			"sso_account_id nor sso_role_name", p->name);
		return kh_hint(err, "'aws configure sso' writes a profile with both");
	}
	kh_fail(err, KH_E_INPUT, 0, "no AWS credentials: neither in the environment nor in profile '%.200s', and no container "
		"or instance that gives any", p->name);
	return kh_hint(err, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile that has credentials (--profile, "
			    "AWS_PROFILE); 'aws configure' writes one");
}

static int look(const struct creds_opts *opts, const struct creds_env *env, const struct profile *profile, struct creds *out,
		struct kh_error *err)
{
	static provider_fn *const row[] = {creds_from_env,     refuse_empty,	      creds_from_role,
					   creds_from_profile, creds_from_container, creds_from_metadata};
	struct creds_chain c = {.opts = opts, .env = env, .top = profile, .profile = profile, .now = clock_now(),
				.visited = {profile->name}, .n_visited = 1};
	size_t from = profile->by_option ? 1 : 0; /* --profile comes before the environment */
	int rc = first_of(row + from, sizeof(row) / sizeof(row[0]) - from, &c, out, err);

	if (!rc)
		rc = none(profile, err);
	if (rc < 0)
		creds_clear(out);
	if (c.asked)
		out->renewable = false;
	return rc < 0 ? -1 : 0;
}

int creds_open(const struct creds_opts *opts, const struct profile *profile, struct creds_source **out,
	       struct kh_error *err)
{
	struct creds_source *s = calloc(1, sizeof(*s));
	int rc;

	if (s)
		s->newest = calloc(1, sizeof(*s->newest));
	if (!s || !s->newest) {
		creds_close(s);
		return kh_fail_memory(err);
	}
	s->opts = *opts;
	s->taken = clock_now();
	if (take_environment(&s->env, err))
		goto fail;
	rc = look(opts, &s->env, profile, &s->newest->creds, err);
	wipe_environment(); /* not before: what credential_process names may want it */
	if (rc)
		goto fail;
	*out = s;
	return 0;
fail:
	creds_close(s);
	return -1;
}

const struct creds *creds_current(const struct creds_source *s)
{
	return &s->newest->creds;
}

static bool is_due(const struct creds_source *s, int64_t now)
{
	const struct creds *c = creds_current(s);

	return c->expires && c->renewable && c->expires - now < CREDS_RENEW && (now >= s->next_try || c->expires <= now) &&
	       (now - s->taken >= RENEW_LEAST || c->expires <= now + RENEW_LEAST);
}

/* The same providers again, over the files as they are now. */
static int ask_again(struct creds_source *s, struct generation *g, struct kh_error *err)
{
	const struct creds *was = creds_current(s);
	struct profile profile;
	int rc = profile_load(s->opts.profile, &profile, err);

	if (!rc)
		rc = look(&s->opts, &s->env, &profile, &g->creds, err);
	profile_clear(&profile);
	if (rc || (strcmp(g->creds.provider, was->provider) == 0 && strcmp(g->creds.where, was->where) == 0))
		return rc;
	kh_fail(err, KH_E_CHECK, 0, "the credentials came from %s, and now would from %s", was->where, g->creds.where);
	return kh_hint(err, "AWS's files were changed meanwhile: run this again");
}

int creds_renew(struct creds_source *s, int64_t now, struct kh_error *err)
{
	char when[CLOCK_TEXT];
	struct generation *g;

	if (!is_due(s, now))
		return 0;
	g = calloc(1, sizeof(*g));
	if (!g)
		return kh_fail_memory(err);
	if (ask_again(s, g, err) == 0) {
		g->older = s->newest;
		s->newest = g;
		s->taken = now;
		s->warned = false;
		return 0;
	}
	creds_clear(&g->creds);
	free(g);
	s->next_try = now + RETRY_AFTER;
	clock_format(creds_current(s)->expires, when);
	if (err->code == KH_E_CHECK || creds_current(s)->expires <= now)
		return kh_context(err, "renewing the credentials, which end at %s", when);
	if (!s->warned)
		log_warning("the credentials end at %s and were not renewed: %s", when, err->msg);
	s->warned = true;
	return 0;
}

void creds_close(struct creds_source *s)
{
	if (!s)
		return;
	while (s->newest) {
		struct generation *older = s->newest->older;

		creds_clear(&s->newest->creds);
		free(s->newest);
		s->newest = older;
	}
	secret_free(s->env.secret_key);
	secret_free(s->env.session_token);
	secret_free(s->env.container_token);
	free(s);
	secret_wipe_stack();
}

void creds_clear(struct creds *c)
{
	secret_free(c->secret_key);
	secret_free(c->session_token);
	secret_wipe(c, sizeof(*c));
}
