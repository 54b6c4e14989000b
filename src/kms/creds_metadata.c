/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "creds_json.h"

#include "base/clock.h"
#include "base/log.h"
#include "endpoint.h"
#include "web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ROLES "/latest/meta-data/iam/security-credentials/"
#define ROLE_MAX 65
#define TIMES_MAX 60

/* The instance's service and how it is asked. */
struct metadata {
	const struct creds_chain *c;
	char root[ENDPOINT_MAX];
	long timeout_ms;
	long attempts;
	struct secret *token;
};

static const char *setting(const struct creds_chain *c, const char *variable, const char *option)
{
	const char *value = getenv(variable);

	return value && *value ? value : profile_get(c->top, option);
}

static int number(const struct creds_chain *c, const char *variable, const char *option, long *out, struct kh_error *err)
{
	const char *text = setting(c, variable, option);
	char *end = NULL;

	*out = text ? strtol(text, &end, 10) : 1;
	if (text && (end == text || *end || *out < 1 || *out > TIMES_MAX))
		return kh_fail(err, KH_E_INPUT, 0, "%s '%.60s' is not a number from 1 to %d", variable, text, TIMES_MAX);
	return 0;
}

static int find_service(struct metadata *m, struct kh_error *err)
{
	const char *url = setting(m->c, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
	const char *mode = setting(m->c, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
	struct endpoint e = {0};

	if (mode && strcasecmp(mode, "ipv4") != 0 && strcasecmp(mode, "ipv6") != 0)
		return kh_fail(err, KH_E_INPUT, 0, "ec2_metadata_service_endpoint_mode '%.60s' is neither IPv4 nor IPv6", mode);
	if (!url)
		url = mode && strcasecmp(mode, "ipv6") == 0 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
	if (endpoint_parse(url, &e, err)) {
		err->code = KH_E_INPUT;
		return kh_context(err, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
	}
	(void)snprintf(m->root, sizeof(m->root), "%s", e.url);
	if (number(m->c, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", &m->timeout_ms, err) ||
	    number(m->c, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", &m->attempts, err))
		return -1;
	m->timeout_ms *= 1000;
	return 0;
}

/* One question; 0 with a 200 and a body. Its failure is no failure of the run: there may be no such service here. */
static int ask(const struct metadata *m, const char *method, const char *path, const struct web_header *header,
	       struct web_answer *answer, struct kh_error *err)
{
	char url[ENDPOINT_MAX + 200];
	const struct web_request request = {.method = method, .url = url, .headers = {*header}, .no_proxy = true,
					    .timeout_ms = m->timeout_ms};
	int rc = -1;

	(void)snprintf(url, sizeof(url), "%s%s", m->root, path);
	for (long attempt = 1; attempt <= m->attempts; attempt++) {
		web_clear(answer);
		rc = web_send(m->c->opts->http, &request, answer, err);
		if (!rc && answer->status == 200 && secret_len(answer->body))
			return 0;
		if (!rc)
			rc = kh_fail(err, KH_E_KMS, (unsigned long)answer->status, "%s: HTTP %ld", url, answer->status);
		if (answer->status >= 400 && answer->status < 500)
			return rc;
	}
	return rc;
}

/* A session with the service (version 2). There is no way back to version 1. */
static int open_session(struct metadata *m, struct kh_error *err)
{
	const struct web_header ttl = {"x-aws-ec2-metadata-token-ttl-seconds", "21600"};
	struct web_answer answer = {0};
	int rc = ask(m, "PUT", "/latest/api/token", &ttl, &answer, err);

	if (!rc) {
		m->token = answer.body;
		answer.body = NULL;
	}
	web_clear(&answer);
	return rc;
}

static int find_role(const struct metadata *m, const struct web_header *session, char role[ROLE_MAX], struct kh_error *err)
{
	struct web_answer answer = {0};
	int rc = ask(m, "GET", ROLES, session, &answer, err);

	if (!rc) {
		const char *text = secret_text(answer.body);
		size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-");

		if (len == 0 || len >= ROLE_MAX || (text[len] && strcmp(text + len, "\n") != 0))
			rc = kh_fail(err, KH_E_KMS, 0, "what the instance metadata names is no role");
		else
			(void)snprintf(role, ROLE_MAX, "%.*s", (int)len, text);
	}
	web_clear(&answer);
	return rc;
}

/* Where the service hands out ended ones it cannot get new ones just now, and AWS takes the old ones for longer. */
static void stretch(const struct creds_chain *c, json_t *root)
{
	struct kh_error ignored;
	char until[CLOCK_TEXT];
	struct creds probe = {.where = ""};
	const struct creds_names names = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", true};
	struct creds_chain past = *c;

	past.now = 0;
	if (creds_json_keep(&past, root, &names, &probe, &ignored) > 0 && probe.expires <= c->now) {
		log_warning("the instance's credentials have ended, and it gives no others: trying them all the same");
		clock_format(c->now + CREDS_RENEW, until);
		(void)json_object_set_new(root, "Expiration", json_string(until));
	}
	creds_clear(&probe);
}

static int take_keys(struct creds_chain *c, const struct metadata *m, const struct web_header *session, const char *role,
		     struct creds *out, struct kh_error *err)
{
	static const struct creds_names names = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", true};
	struct web_answer answer = {0};
	char path[sizeof(ROLES) + ROLE_MAX];
	json_t *root = NULL;
	int rc;

	(void)snprintf(path, sizeof(path), "%s%s", ROLES, role);
	rc = ask(m, "GET", path, session, &answer, err);
	if (!rc)
		root = creds_json_parse(answer.body, err);
	rc = root ? 0 : -1;
	if (root && *creds_json_text(root, "Code") && strcmp(creds_json_text(root, "Code"), "Success") != 0) {
		rc = kh_fail(err, KH_E_KMS, 0, "%.100s: %.200s", creds_json_text(root, "Code"), creds_json_text(root, "Message"));
	} else if (root) {
		stretch(c, root);
		rc = creds_json_keep(c, root, &names, out, err);
	}
	json_decref(root);
	web_clear(&answer);
	return rc;
}

int creds_from_metadata(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	const char *disabled = getenv("AWS_EC2_METADATA_DISABLED");
	struct metadata m = {.c = c};
	struct kh_error why = {0};
	char role[ROLE_MAX];
	int rc = -1;

	if (disabled && strcasecmp(disabled, "true") == 0)
		return 0;
	if (find_service(&m, err))
		return -1;
	out->provider = "iam-role";
	if (!open_session(&m, &why)) {
		const struct web_header session = {"x-aws-ec2-metadata-token", secret_text(m.token)};

		rc = find_role(&m, &session, role, &why);
		if (!rc) {
			(void)snprintf(out->where, sizeof(out->where), "instance role %s", role);
			rc = take_keys(c, &m, &session, role, out, &why);
		}
	}
	secret_free(m.token);
	if (rc > 0)
		return rc;
	if (why.code == KH_E_MEMORY)
		return kh_fail_memory(err);
	log_debug("instance metadata: %s", why.msg);
	creds_clear(out);
	return 0;
}
