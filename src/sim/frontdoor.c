/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "frontdoor.h"

#include "aws/partition.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define INCOMPLETE "IncompleteSignatureException"
#define INVALID "InvalidSignatureException"
#define AMZ_DATE 17 /* "20150830T123600Z" and a NUL */

/* "20150830T123600Z" to seconds. */
static int parse_amz_date(const char *text, int64_t *out)
{
	char iso[CLOCK_TEXT];
	struct kh_error err;

	if (strlen(text) != AMZ_DATE - 1)
		return -1;
	(void)snprintf(iso, sizeof(iso), "%.4s-%.2s-%.2s%.3s:%.2s:%.3s", text, text + 4, text + 6, text + 8, text + 11,
		       text + 13);
	return clock_parse(iso, out, &err);
}

static void format_amz_date(int64_t t, char out[AMZ_DATE])
{
	char iso[CLOCK_TEXT];

	clock_format(t, iso);
	(void)snprintf(out, AMZ_DATE, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", iso, iso + 5, iso + 8, iso + 11, iso + 14, iso + 17);
}

static int check_date(const char *amz_date, const struct sigv4_auth *auth, int64_t now, struct reply *r)
{
	char limit[AMZ_DATE], here[AMZ_DATE];
	int64_t when = 0;

	if (parse_amz_date(amz_date, &when))
		return reply_fail(r, INCOMPLETE, "Date must be in ISO-8601 'basic format'. Got '%.100s'.", amz_date);
	if (strncmp(auth->date, amz_date, 8) != 0 || strlen(auth->date) != 8)
		return reply_fail(r, INVALID, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
				  "from HTTP: '%.20s' != '%.8s', from '%s'.", auth->date, amz_date, amz_date);
	format_amz_date(now, here);
	if (when < now - FRONTDOOR_SKEW) {
		format_amz_date(now - FRONTDOOR_SKEW, limit);
		return reply_fail(r, INVALID, "Signature expired: %s is now earlier than %s (%s - 15 min.)", amz_date, limit,
				  here);
	}
	if (when > now + FRONTDOOR_SKEW) {
		format_amz_date(now + FRONTDOOR_SKEW, limit);
		return reply_fail(r, INVALID, "Signature not yet current: %s is still later than %s (%s + 15 min.)", amz_date,
				  limit, here);
	}
	return 0;
}

static int check_scope(const struct sigv4_auth *auth, struct frontdoor_pass *out, struct reply *r)
{
	if (strcmp(auth->terminator, "aws4_request") != 0)
		return reply_fail(r, INVALID, "Credential should be scoped with a valid terminator: 'aws4_request', not '%s'.",
				  auth->terminator);
	out->sts = strcmp(auth->service, "sts") == 0;
	if (!out->sts && strcmp(auth->service, "kms") != 0)
		return reply_fail(r, INVALID, "Credential should be scoped to correct service: 'kms'.");
	if (strlen(auth->region) >= sizeof(out->region) || !partition_region_valid(auth->region))
		return reply_fail(r, INVALID, "Credential should be scoped to a valid Region, not '%s'.", auth->region);
	(void)snprintf(out->region, sizeof(out->region), "%s", auth->region);
	return 0;
}

/* True for what SigV4 has under the signature wherever it is sent. */
static bool must_be_signed(const char *name)
{
	return strncasecmp(name, "x-amz-", 6) == 0 || strcasecmp(name, "content-type") == 0;
}

/* Host, and each x-amz-* header and the content type that KMS acts on, have to be under the signature. */
static int check_signed(const struct sigv4_request *req, const struct sigv4_auth *auth, struct reply *r)
{
	/* the service makes the list itself: another order, or other letters, would be another signature */
	if (!sigv4_list_is_canonical(auth->signed_headers))
		return reply_fail(r, INVALID, "'SignedHeaders' must be sorted, in lower case and without doubles, not '%.200s'.",
				  auth->signed_headers);
	if (!sigv4_is_signed(auth->signed_headers, "host"))
		return reply_fail(r, INVALID, "'Host' must be a 'SignedHeader' in the AWS Authorization header.");
	for (size_t i = 0; i < req->n_headers; i++) {
		const char *name = req->headers[i].name;

		if (must_be_signed(name) && !sigv4_is_signed(auth->signed_headers, name))
			return reply_fail(r, INVALID, "There were headers present in the request which were not signed: %.100s",
					  name);
	}
	return 0;
}

/* The headers that there may be once only. */
static int take_headers(const struct sigv4_request *req, const char **authorization, const char **amz_date,
			struct reply *r)
{
	size_t n = 0;

	*authorization = sigv4_header(req, "Authorization", &n);
	if (n == 0)
		return reply_fail(r, "MissingAuthenticationTokenException", "Missing Authentication Token");
	if (n > 1)
		return reply_fail(r, INCOMPLETE, "There is more than one Authorization header.");
	*amz_date = sigv4_header(req, "X-Amz-Date", &n);
	if (*amz_date && n == 1)
		return 0;
	reply_fail(r, INCOMPLETE, "Authorization header requires existence of one 'X-Amz-Date' header.");
	return -1;
}

int frontdoor_check(const struct frontdoor *f, const struct sigv4_request *req, int64_t now, struct frontdoor_pass *out,
		    struct reply *r)
{
	const char *authorization = NULL, *amz_date = NULL;
	struct sigv4_auth auth = {0};
	struct kh_error err;

	memset(out, 0, sizeof(*out));
	if (take_headers(req, &authorization, &amz_date, r) || !authorization || !amz_date)
		return -1;
	if (sigv4_auth_parse(authorization, &auth, &err))
		return reply_fail(r, INCOMPLETE, "%s", err.msg);
	if (check_scope(&auth, out, r))
		return -1;
	/* there are no sessions here: a session token is one of somebody else's */
	if (strcmp(auth.access_key, f->access_key) != 0 || sigv4_header(req, "X-Amz-Security-Token", NULL))
		return reply_fail(r, "UnrecognizedClientException", "The security token included in the request is invalid.");
	if (check_date(amz_date, &auth, now, r) || check_signed(req, &auth, r))
		return -1;
	if (sigv4_check(req, &auth, amz_date, f->secret_key, &err) == 0)
		return 0;
	if (err.code == KH_E_SYSTEM || err.code == KH_E_MEMORY)
		return reply_internal(r, &err);
	return reply_fail(r, INVALID, "The request signature we calculated does not match the signature you provided. Check "
			  "your AWS Secret Access Key and signing method. Consult the service documentation for details.");
}
