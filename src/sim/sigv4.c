/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sigv4.h"

#include "base/base64.h"
#include "sigv4_uri.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DIGEST_LEN 32

/* Cuts the value of "Name=value" at `*at` and moves behind the comma; NULL where it is not there. */
static const char *take_field(char **at, const char *name)
{
	size_t len = strlen(name);
	char *value, *end;

	while (**at == ' ')
		(*at)++;
	if (strncmp(*at, name, len) != 0 || (*at)[len] != '=')
		return NULL;
	value = *at + len + 1;
	end = value + strcspn(value, ", ");
	*at = *end ? end + 1 : end;
	while (**at == ' ' || **at == ',')
		(*at)++;
	*end = '\0';
	return *value ? value : NULL;
}

static int split_scope(struct sigv4_auth *out, struct kh_error *err)
{
	const char **parts[] = {&out->date, &out->region, &out->service, &out->terminator};
	char *at = out->scope_parts, *slash;

	if (strlen(out->scope) >= sizeof(out->scope_parts))
		return kh_fail(err, KH_E_INPUT, 0, "the credential scope is too long");
	(void)snprintf(out->scope_parts, sizeof(out->scope_parts), "%s", out->scope);
	for (size_t i = 0; i < 4; i++) {
		*parts[i] = at;
		slash = strchr(at, '/');
		if ((slash == NULL) != (i == 3))
			return kh_fail(err, KH_E_INPUT, 0,
				       "Credential must have exactly 5 slash-delimited elements, e.g. "
				       "keyid/date/region/service/term, got '%s/%s'", out->access_key, out->scope);
		if (slash) {
			*slash = '\0';
			at = slash + 1;
		}
	}
	return 0;
}

int sigv4_auth_parse(const char *header, struct sigv4_auth *out, struct kh_error *err)
{
	char *at = out->text, *slash;
	size_t len = strlen(ALGORITHM);

	memset(out, 0, sizeof(*out));
	if (strlen(header) >= sizeof(out->text))
		return kh_fail(err, KH_E_INPUT, 0, "the Authorization header is too long");
	if (strncmp(header, ALGORITHM, len) != 0 || header[len] != ' ')
		return kh_fail(err, KH_E_INPUT, 0, "Unsupported AWS 'algorithm'");
	(void)snprintf(out->text, sizeof(out->text), "%s", header + len + 1);
	out->access_key = take_field(&at, "Credential");
	out->signed_headers = take_field(&at, "SignedHeaders");
	out->signature = take_field(&at, "Signature");
	if (!out->access_key)
		return kh_fail(err, KH_E_INPUT, 0, "Authorization header requires 'Credential' parameter.");
	if (!out->signed_headers)
		return kh_fail(err, KH_E_INPUT, 0, "Authorization header requires 'SignedHeaders' parameter.");
	if (!out->signature || *at)
		return kh_fail(err, KH_E_INPUT, 0, "Authorization header requires 'Signature' parameter.");
	slash = strchr(out->access_key, '/');
	out->scope = slash ? slash + 1 : "";
	if (slash)
		*slash = '\0';
	return split_scope(out, err);
}

const char *sigv4_header(const struct sigv4_request *req, const char *name, size_t *n)
{
	const char *value = NULL;
	size_t count = 0;

	for (size_t i = 0; i < req->n_headers; i++)
		if (strcasecmp(req->headers[i].name, name) == 0) {
			value = value ? value : req->headers[i].value;
			count++;
		}
	if (n)
		*n = count;
	return value;
}

bool sigv4_is_signed(const char *signed_headers, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = signed_headers; at; at = strchr(at, ';')) {
		at += *at == ';';
		if (strncasecmp(at, name, len) == 0 && (at[len] == ';' || at[len] == '\0'))
			return true;
	}
	return false;
}

/* Orders names that end at a ';' or the end of the list. */
static int compare_names(const char *a, const char *b)
{
	size_t len_a = strcspn(a, ";"), len_b = strcspn(b, ";");
	int order = memcmp(a, b, len_a < len_b ? len_a : len_b);

	return order ? order : (len_a > len_b) - (len_a < len_b);
}

bool sigv4_list_is_canonical(const char *signed_headers)
{
	const char *before = NULL, *at = signed_headers;

	for (;; before = at, at += strcspn(at, ";") + 1) {
		size_t len = strcspn(at, ";");

		if (len == 0 || strcspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") < len || (before && compare_names(before, at) >= 0))
			return false;
		if (at[len] == '\0')
			return true;
	}
}

/* The value without outer white space, each inner run of it one space. */
static int add_folded(const char *value, struct buf *out, struct kh_error *err)
{
	bool gap = false, any = false;

	for (; *value; value++) {
		if (strchr(" \t\r\n", *value)) {
			gap = any;
			continue;
		}
		if ((gap && buf_add(out, " ", 1, err)) || buf_add(out, value, 1, err))
			return -1;
		gap = false;
		any = true;
	}
	return 0;
}

/* One line "name:value[,value]" of the canonical headers. */
static int add_header(const struct sigv4_request *req, const char *name, struct buf *out, struct kh_error *err)
{
	size_t seen = 0;

	if (buf_addf(out, "%s:", err, name))
		return -1;
	for (size_t i = 0; i < req->n_headers; i++) {
		if (strcasecmp(req->headers[i].name, name) != 0)
			continue;
		if ((seen++ && buf_add(out, ",", 1, err)) || add_folded(req->headers[i].value, out, err))
			return -1;
	}
	if (!seen)
		return kh_fail(err, KH_E_INPUT, 0, "'%s' is a signed header and not in the request", name);
	return buf_add(out, "\n", 1, err);
}

static int add_headers(const struct sigv4_request *req, const char *signed_headers, struct buf *out,
		       struct kh_error *err)
{
	const char *at = signed_headers;
	char name[256];

	while (*at) {
		size_t len = strcspn(at, ";");

		if (len == 0 || len >= sizeof(name))
			return kh_fail(err, KH_E_INPUT, 0, "SignedHeaders has an empty or too long name");
		memcpy(name, at, len);
		name[len] = '\0';
		if (add_header(req, name, out, err))
			return -1;
		at += len + (at[len] == ';');
	}
	return 0;
}

static int add_hash(const void *data, size_t len, struct buf *out, struct kh_error *err)
{
	unsigned char digest[DIGEST_LEN];
	char hex[SIGV4_HEX];

	if (EVP_Digest(len ? data : "", len, digest, NULL, EVP_sha256(), NULL) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "SHA-256: OpenSSL failed");
	hex_encode(digest, sizeof(digest), hex);
	return buf_add(out, hex, strlen(hex), err);
}

int sigv4_canonical(const struct sigv4_request *req, const char *signed_headers, struct buf *out, struct kh_error *err)
{
	if (buf_addf(out, "%s\n", err, req->method) || sigv4_uri_path(req->path, out, err) ||
	    buf_add(out, "\n", 1, err) || sigv4_uri_query(req->query ? req->query : "", out, err) ||
	    buf_add(out, "\n", 1, err) || add_headers(req, signed_headers, out, err) ||
	    buf_addf(out, "\n%s\n", err, signed_headers))
		return -1;
	return add_hash(req->body, req->body_len, out, err);
}

int sigv4_string_to_sign(const char *amz_date, const char *scope, const struct buf *canonical, struct buf *out,
			 struct kh_error *err)
{
	if (buf_addf(out, ALGORITHM "\n%s\n%s\n", err, amz_date, scope))
		return -1;
	return add_hash(buf_text(canonical), canonical->len, out, err);
}

static int mac(unsigned char key[DIGEST_LEN], const char *data, size_t len, struct kh_error *err)
{
	unsigned char out[DIGEST_LEN];
	unsigned int n = 0;

	if (!HMAC(EVP_sha256(), key, DIGEST_LEN, (const unsigned char *)data, len, out, &n) || n != DIGEST_LEN)
		return kh_fail(err, KH_E_SYSTEM, 0, "HMAC: OpenSSL failed");
	memcpy(key, out, DIGEST_LEN);
	secret_wipe(out, sizeof(out));
	return 0;
}

/* The first step: the key is "AWS4" and the secret, of any length. */
static int first_mac(const char *secret, const char *date, unsigned char key[DIGEST_LEN], struct kh_error *err)
{
	struct secret *start = secret_new(strlen(secret) + 4, err);
	unsigned int n = 0;
	int rc = -1;

	if (!start)
		return -1;
	memcpy(secret_data(start), "AWS4", 4);
	memcpy(secret_data(start) + 4, secret, strlen(secret));
	if (HMAC(EVP_sha256(), secret_bytes(start), (int)(strlen(secret) + 4), (const unsigned char *)date,
		 strlen(date), key, &n) && n == DIGEST_LEN)
		rc = 0;
	else
		kh_fail(err, KH_E_SYSTEM, 0, "HMAC: OpenSSL failed");
	secret_free(start);
	return rc;
}

int sigv4_sign(const char *secret, const struct sigv4_auth *auth, const struct buf *to_sign, char out[SIGV4_HEX],
	       struct kh_error *err)
{
	unsigned char key[DIGEST_LEN] = {0};
	int rc = -1;

	if (first_mac(secret, auth->date, key, err) || mac(key, auth->region, strlen(auth->region), err) ||
	    mac(key, auth->service, strlen(auth->service), err) ||
	    mac(key, auth->terminator, strlen(auth->terminator), err) ||
	    mac(key, buf_text(to_sign), to_sign->len, err))
		goto out;
	hex_encode(key, sizeof(key), out);
	rc = 0;
out:
	secret_wipe(key, sizeof(key));
	return rc;
}

int sigv4_check(const struct sigv4_request *req, const struct sigv4_auth *auth, const char *amz_date,
		const char *secret, struct kh_error *err)
{
	struct buf canonical = BUF_INIT(SIGV4_CANONICAL_MAX), to_sign = BUF_INIT(4096);
	char right[SIGV4_HEX] = "";
	int rc = -1;

	if (sigv4_canonical(req, auth->signed_headers, &canonical, err) ||
	    sigv4_string_to_sign(amz_date, auth->scope, &canonical, &to_sign, err) ||
	    sigv4_sign(secret, auth, &to_sign, right, err))
		goto out;
	if (strlen(auth->signature) != SIGV4_HEX - 1 || CRYPTO_memcmp(auth->signature, right, SIGV4_HEX - 1) != 0)
		kh_fail(err, KH_E_CHECK, 0, "the signature does not match");
	else
		rc = 0;
out:
	secret_wipe(right, sizeof(right));
	buf_free(&canonical);
	buf_free(&to_sign);
	return rc;
}
