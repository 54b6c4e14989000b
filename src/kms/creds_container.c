/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "creds_json.h"

#include "base/cmd.h"
#include "base/log.h"
#include "endpoint.h"
#include "tokenfile.h"
#include "web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES 3
#define TIMEOUT_MS 2000
#define URL_MAX 1024
#define SERVICE_HOST "http://169.254.170.2"

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* What has no place in a URL: blanks, controls, what is not ASCII. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

/* Over http only the hosts that AWS names, and this machine: the answer holds keys. */
static int check_host(const char *url, bool *local, struct kh_error *err)
{
	static const char *const hosts[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
	struct endpoint e = {0};
	char root[ENDPOINT_MAX];
	size_t scheme = strcspn(url, ":"), len;

	*local = false;
	len = strncmp(url + scheme, "://", 3) == 0 ? scheme + 3 + strcspn(url + scheme + 3, "/?#") : strlen(url);
	(void)snprintf(root, sizeof(root), "%.*s", (int)(len < sizeof(root) ? len : sizeof(root) - 1), url);
	if (len >= sizeof(root) || endpoint_parse(root, &e, err)) {
		kh_fail(err, KH_E_INPUT, 0, "AWS_CONTAINER_CREDENTIALS_FULL_URI is no http or https URL with a plain host");
		return kh_hint(err, "as in http://169.254.170.23/v1/credentials");
	}
	if (e.tls)
		return 0;
	*local = endpoint_is_loopback(&e);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (*local || strcmp(e.host, hosts[i]) == 0)
			return 0;
	kh_fail(err, KH_E_INPUT, 0, "AWS_CONTAINER_CREDENTIALS_FULL_URI: http to the host '%.200s'", e.host);
	return kh_hint(err, "https, or http to this machine, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
}

static int find_url(char url[URL_MAX], bool *local, struct kh_error *err)
{
	const char *relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"), *chosen = relative ? relative : full;
	int n;

	*local = false;
	if (!is_plain(chosen) || (relative && relative[0] != '/'))
		return kh_fail(err, KH_E_INPUT, 0, relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path"
							     : "AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL");
	n = snprintf(url, URL_MAX, "%s%s", relative ? SERVICE_HOST : "", chosen);
	if (n < 0 || n >= URL_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "the URI of the container's credentials is longer than %d bytes", URL_MAX - 1);
	return relative ? 0 : check_host(url, local, err);
}

/* What is sent as Authorization: the file's, read each time, else the variable's; NULL for none. The caller frees it. */
static int find_token(const struct creds_chain *c, struct secret **out, struct kh_error *err)
{
	const char *path = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");

	if (path)
		return tokenfile_read(path, out, err) ? kh_context(err, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") : 0;
	if (!c->env->container_token)
		return 0;
	*out = secret_copy(secret_bytes(c->env->container_token), secret_len(c->env->container_token), err);
	return *out ? 0 : -1;
}

static int read_answer(const struct creds_chain *c, const struct web_answer *answer, struct creds *out, struct kh_error *err)
{
	static const struct creds_names names = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", true};
	struct kh_error ignored;
	json_t *root = creds_json_parse(answer->body, answer->status == 200 ? err : &ignored);
	int rc = -1;

	if (answer->status != 200)
		kh_fail(err, KH_E_KMS, (unsigned long)answer->status, "HTTP %ld%s%.100s%s%.200s", answer->status,
			json_object_get(root, "code") ? ", " : "", creds_json_text(root, "code"),
			json_object_get(root, "message") ? ": " : "", creds_json_text(root, "message"));
	else if (root)
		rc = creds_json_keep(c, root, &names, out, err);
	json_decref(root);
	return rc;
}

static int ask(struct creds_chain *c, const struct web_request *request, struct creds *out, struct kh_error *err)
{
	const struct timespec pause = {0, 300000000};
	int rc = -1;

	for (int attempt = 1;; attempt++) {
		struct web_answer answer = {0};

		rc = web_send(c->opts->http, request, &answer, err);
		if (!rc)
			rc = read_answer(c, &answer, out, err);
		web_clear(&answer);
		if (rc > 0 || attempt == TRIES || cmd_interrupted() || (err->code != KH_E_AGAIN && err->code != KH_E_KMS))
			return rc;
		log_debug("container credentials: try %d: %s", attempt, err->msg);
		(void)nanosleep(&pause, NULL);
	}
}

int creds_from_container(struct creds_chain *c, struct creds *out, struct kh_error *err)
{
	struct web_request request = {.method = "GET", .headers = {{"Accept", "application/json"}}, .no_proxy = true,
				      .timeout_ms = TIMEOUT_MS};
	struct secret *token = NULL;
	char url[URL_MAX];
	int rc = -1;

	if (!variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") && !variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
		return 0;
	out->provider = "container-role";
	request.url = url;
	if (!find_url(url, &request.local_only, err) && !find_token(c, &token, err)) {
		(void)snprintf(out->where, sizeof(out->where), "the container's %.*s", (int)strcspn(url, "?"), url);
		if (token)
			request.headers[1] = (struct web_header){"Authorization", secret_text(token)};
		rc = ask(c, &request, out, err);
	}
	secret_free(token);
	return rc < 0 && err->code != KH_E_MEMORY ? kh_context(err, "the container's credentials") : rc;
}
