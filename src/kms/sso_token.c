/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sso_token.h"

#include "aws/awstime.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "creds_json.h"
#include "endpoint.h"
#include "tokenfile.h"
#include "web.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHA1_BYTES 20
#define PATH_SIZE 4096

static int cache_path(const char *name, char path[PATH_SIZE], struct kh_error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[2 * SHA1_BYTES + 1];
	int n;

	if (EVP_Digest(name, strlen(name), digest, NULL, EVP_sha1(), NULL) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL has no SHA-1");
	hex_encode(digest, SHA1_BYTES, hex);
	n = snprintf(path, PATH_SIZE, "%s/.aws/sso/cache/%s.json", profile_home(), hex);
	return n > 0 && n < PATH_SIZE ? 0 : kh_fail(err, KH_E_INPUT, 0, "the path of the home folder is too long");
}

static bool time_of(const json_t *root, const char *name, int64_t *out)
{
	struct kh_error ignored;
	const char *text = creds_json_text(root, name);
	char plain[64];
	size_t len = strlen(text);

	/* older ones end in UTC in place of Z */
	if (len > 3 && len < sizeof(plain) && strcmp(text + len - 3, "UTC") == 0) {
		(void)snprintf(plain, sizeof(plain), "%.*sZ", (int)(len - 3), text);
		text = plain;
	}
	return *text && awstime_parse_absolute(text, out, &ignored) == 0;
}

/* Written back as the AWS CLI's own: other tools go on with it, and a refresh token counts once. */
static int write_back(const char *path, const json_t *root, struct kh_error *err)
{
	struct secret *text = secret_new(SECRET_MAX, err);
	struct file *f = NULL;
	size_t len;
	int rc = -1;

	if (!text)
		return -1;
	len = json_dumpb(root, (char *)secret_data(text), secret_cap(text), JSON_INDENT(2));
	if (len == 0)
		kh_fail_memory(err);
	else if (len > secret_cap(text))
		kh_fail(err, KH_E_INPUT, 0, "%s: it would be larger than %d bytes", path, SECRET_MAX);
	else if (!file_open_secret(path, SECRET_MAX, &f, err))
		rc = file_replace(f, secret_bytes(text), len, err);
	file_close(f);
	secret_free(text);
	return rc;
}

/* The body of CreateToken, with secrets in it. */
static struct secret *renewal(const json_t *root, struct kh_error *err)
{
	struct secret *body = secret_new(SECRET_MAX, err);
	json_t *form = json_pack("{s:s,s:O,s:O,s:O}", "grantType", "refresh_token", "clientId", json_object_get(root, "clientId"),
				 "clientSecret", json_object_get(root, "clientSecret"), "refreshToken",
				 json_object_get(root, "refreshToken"));
	size_t len = body && form ? json_dumpb(form, (char *)secret_data(body), secret_cap(body), JSON_COMPACT) : 0;

	json_decref(form);
	if (body && len && len <= secret_cap(body)) {
		secret_set_len(body, len);
		return body;
	}
	secret_free(body);
	return NULL;
}

/* True where the answer gave a new token, which is in `root` then. */
static bool take_new(const struct creds_chain *c, json_t *root, const struct web_answer *answer)
{
	struct kh_error ignored;
	json_t *new = creds_json_parse(answer->body, &ignored);
	json_int_t seconds = json_integer_value(json_object_get(new, "expiresIn"));
	json_t *ends = NULL;
	char when[CLOCK_TEXT];
	bool good = answer->status == 200 && *creds_json_text(new, "accessToken") && seconds > 0;

	if (good) {
		clock_format(c->now + seconds, when);
		ends = json_string(when);
	}
	/* `root` has the three already: to put others in their places takes no memory */
	good = ends && !json_object_set_new(root, "expiresAt", ends) &&
	       !json_object_set(root, "accessToken", json_object_get(new, "accessToken"));
	if (good && *creds_json_text(new, "refreshToken"))
		(void)json_object_set(root, "refreshToken", json_object_get(new, "refreshToken"));
	json_decref(new);
	return good;
}

/* By the refresh token. What fails is a line of --debug: the old token may be good for a while. */
static void renew(const struct creds_chain *c, const char *region, const char *path, json_t *root)
{
	struct web_request request = {.method = "POST", .headers = {{"Content-Type", "application/json"}}};
	struct web_answer answer = {0};
	struct kh_error err = {0};
	struct endpoint e = {0};
	char url[ENDPOINT_MAX + 8];
	struct secret *body = NULL;
	int64_t registered = 0;

	if (!*creds_json_text(root, "refreshToken") || !*creds_json_text(root, "clientId") ||
	    !*creds_json_text(root, "clientSecret") || !time_of(root, "registrationExpiresAt", &registered) ||
	    registered <= c->now)
		return;
	body = renewal(root, &err);
	if (!body || endpoint_of_service("sso_oidc", "oidc", NULL, region, c->top, &e, &err))
		goto out;
	(void)snprintf(url, sizeof(url), "%s/token", e.url);
	request.url = url;
	request.body = body;
	request.local_only = !e.tls;
	request.no_proxy = endpoint_is_loopback(&e);
	if (web_send(c->opts->http, &request, &answer, &err))
		goto out;
	if (!take_new(c, root, &answer))
		kh_fail(&err, KH_E_KMS, 0, "CreateToken: HTTP %ld", answer.status);
	else if (write_back(path, root, &err))
		log_warning("the renewed login of IAM Identity Center is good for this run only: %s", err.msg);
out:
	if (err.msg[0])
		log_debug("renewing the login of IAM Identity Center: %s", err.msg);
	web_clear(&answer);
	secret_free(body);
}

static enum sso_token judge(const struct creds_chain *c, const char *path, const json_t *root, struct secret **out,
			    struct kh_error *err)
{
	const char *token = creds_json_text(root, "accessToken");
	int64_t ends;

	if (!*token || !time_of(root, "expiresAt", &ends)) {
		kh_fail(err, KH_E_INPUT, 0, "%s has no accessToken and expiresAt", path);
		kh_hint(err, "'aws sso login' writes it anew");
		return SSO_TOKEN_FAILED;
	}
	if (ends <= c->now)
		return SSO_TOKEN_ENDED;
	*out = secret_copy(token, strlen(token), err);
	return *out ? SSO_TOKEN_GOOD : SSO_TOKEN_FAILED;
}

enum sso_token sso_token_find(const struct creds_chain *c, const char *session, const char *start_url, const char *region,
			      struct secret **out, struct kh_error *err)
{
	enum sso_token found = SSO_TOKEN_FAILED;
	struct secret *text = NULL;
	char path[PATH_SIZE];
	json_t *root;
	int64_t ends;

	if (cache_path(session ? session : start_url, path, err))
		return SSO_TOKEN_FAILED;
	if (access(path, F_OK) && errno == ENOENT)
		return SSO_TOKEN_NONE;
	if (tokenfile_read_whole(path, &text, err))
		return SSO_TOKEN_FAILED;
	root = creds_json_parse(text, err);
	secret_free(text);
	if (root) {
		if (session && time_of(root, "expiresAt", &ends) && ends - c->now < CREDS_RENEW)
			renew(c, region, path, root);
		found = judge(c, path, root, out, err);
	} else if (err->code != KH_E_MEMORY) {
		err->code = KH_E_INPUT;
		kh_context(err, "%s", path);
	}
	json_decref(root);
	return found;
}
