/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "endpoint.h"

#include "aws/arn.h"
#include "profile.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

const char *endpoint_region_said(const struct endpoint_wish *wish, const struct profile *profile)
{
	const char *region = wish->region;

	region = region ? region : env("AWS_REGION");
	region = region ? region : env("AWS_DEFAULT_REGION");
	return region ? region : profile_get(profile, "region");
}

int endpoint_region(const struct endpoint_wish *wish, const struct profile *profile, const char *key_id,
		    char out[ENDPOINT_REGION_MAX], struct kh_error *err)
{
	const char *region = wish->region;
	char own[32] = "";

	if (key_id && arn_region(key_id, own) && region && strcmp(region, own) != 0) {
		kh_fail(err, KH_E_USAGE, 0, "--region %s differs from the ARN's own Region %s", region, own);
		return kh_hint(err, "leave --region out: an ARN's Region is always the one to ask");
	}
	region = own[0] ? own : endpoint_region_said(wish, profile);
	if (!region) {
		kh_fail(err, KH_E_USAGE, 0, "no Region");
		return kh_hint(err, "give --region or AWS_REGION%s", key_id ? ", or name the key by its ARN" : "");
	}
	if (strlen(region) >= ENDPOINT_REGION_MAX || !partition_region_valid(region))
		return kh_fail(err, KH_E_USAGE, 0, "'%s' is no name of a Region", region);
	(void)snprintf(out, ENDPOINT_REGION_MAX, "%s", region);
	return 0;
}

static bool is_true(const char *variable, const struct profile *profile, const char *option)
{
	const char *value = env(variable);

	if (!value && option)
		value = profile_get(profile, option);
	return value && strcasecmp(value, "true") == 0;
}

/* 1: one is configured, 0: none. */
static int configured(const char *service, const char *url, const struct profile *profile, char out[ENDPOINT_MAX],
		      struct kh_error *err)
{
	char variable[64];
	int rc;

	if (!url && is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", profile, "ignore_configured_endpoint_urls"))
		return 0;
	(void)snprintf(variable, sizeof(variable), "AWS_ENDPOINT_URL_%s", service);
	for (char *at = variable; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	url = url ? url : env(variable);
	url = url ? url : env("AWS_ENDPOINT_URL");
	if (!url) {
		rc = profile_service_endpoint(profile, service, out, ENDPOINT_MAX, err);
		if (rc)
			return rc;
		url = profile_get(profile, "endpoint_url");
	}
	if (!url)
		return 0;
	if (strlen(url) >= ENDPOINT_MAX)
		return kh_fail(err, KH_E_USAGE, 0, "the endpoint URL is longer than %d bytes", ENDPOINT_MAX - 1);
	(void)snprintf(out, ENDPOINT_MAX, "%s", url);
	return 1;
}

static int bad_url(const char *url, const char *why, struct kh_error *err)
{
	const char *host = strrchr(url, '@'); /* what stands before it may be a password */

	kh_fail(err, KH_E_USAGE, 0, "endpoint URL '%s%.200s': %s", host ? "..." : "", host ? host : url, why);
	return kh_hint(err, "a URL like https://host or http://127.0.0.1:8080");
}

/* The host's end in the text behind the scheme; NULL where it is none. */
static const char *take_host(const char *at, char host[PARTITION_HOST_MAX])
{
	bool v6 = *at == '[';
	size_t len;

	at += v6;
	len = strspn(at, v6 ? "0123456789abcdefABCDEF:." : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
							   "0123456789.-_");
	if (len == 0 || len >= PARTITION_HOST_MAX || (v6 && at[len] != ']'))
		return NULL;
	for (size_t i = 0; i < len; i++)
		host[i] = (char)tolower((unsigned char)at[i]);
	host[len] = '\0';
	return at + len + v6;
}

int endpoint_parse(const char *url, struct endpoint *out, struct kh_error *err)
{
	const char *at = strncasecmp(url, "https://", 8) == 0 ? url + 8 : strncasecmp(url, "http://", 7) == 0 ? url + 7 : NULL;
	long port = 0;
	bool v6;
	int n;

	if (!at)
		return bad_url(url, "neither http:// nor https://", err);
	out->tls = at == url + 8;
	v6 = *at == '[';
	at = take_host(at, out->host);
	if (!at)
		return bad_url(url, "no host, or one with signs that no host has", err);
	if (*at == ':') {
		const char *digits = ++at;

		while (isdigit((unsigned char)*at) && port < 65536)
			port = port * 10 + (*at++ - '0');
		if (at == digits || port < 1 || port > 65535)
			return bad_url(url, "the port is not from 1 to 65535", err);
	}
	if (*at && strcmp(at, "/") != 0)
		return bad_url(url, "more than a host and a port", err);
	if (port == (out->tls ? 443 : 80))
		port = 0;
	n = snprintf(out->url, sizeof(out->url), port ? "%s://%s%s%s:%ld" : "%s://%s%s%s", out->tls ? "https" : "http",
		     v6 ? "[" : "", out->host, v6 ? "]" : "", port);
	return n > 0 && (size_t)n < sizeof(out->url) ? 0 : bad_url(url, "too long", err);
}

/* Whatever options, settings and files say: keyhaul rehearse sets the variable, which can forbid alone. */
static int check_rehearsal(const struct endpoint *e, struct kh_error *err)
{
	if (!env(ENDPOINT_REHEARSAL) || endpoint_is_loopback(e))
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "%s is not this machine, and this is a rehearsal (" ENDPOINT_REHEARSAL " is set)", e->url);
	return kh_hint(err, "a rehearsal asks keyhaul-sim alone; for the day unset " ENDPOINT_REHEARSAL);
}

int endpoint_of_service(const char *service, const char *service_host, const char *endpoint_url, const char *region,
			const struct profile *profile, struct endpoint *out, struct kh_error *err)
{
	bool fips = is_true("AWS_USE_FIPS_ENDPOINT", profile, "use_fips_endpoint");
	bool dual = is_true("AWS_USE_DUALSTACK_ENDPOINT", profile, "use_dualstack_endpoint");
	char text[ENDPOINT_MAX], host[PARTITION_HOST_MAX];
	int rc;

	rc = configured(service, endpoint_url, profile, text, err);
	if (rc < 0)
		return -1;
	if (rc && (fips || dual)) {
		kh_fail(err, KH_E_USAGE, 0, "%s and an endpoint URL of one's own exclude each other",
			fips ? "FIPS" : "dual-stack");
		return kh_hint(err, "unset AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT, or the endpoint URL");
	}
	/* there the plain hosts of the others are those with FIPS */
	if (strcmp(service, "kms") != 0 && strcmp(partition_of_region(region)->id, "aws-us-gov") == 0)
		fips = false;
	if (!rc) {
		if (partition_host(service_host, region, fips, dual, host, err))
			return -1;
		(void)snprintf(text, sizeof(text), "https://%s", host);
	}
	(void)snprintf(out->region, sizeof(out->region), "%s", region);
	return endpoint_parse(text, out, err) || check_rehearsal(out, err) ? -1 : 0;
}

int endpoint_resolve(const struct endpoint_wish *wish, const struct profile *profile, const char *key_id,
		     struct endpoint *out, struct kh_error *err)
{
	char region[ENDPOINT_REGION_MAX];

	memset(out, 0, sizeof(*out));
	if (endpoint_region(wish, profile, key_id, region, err))
		return -1;
	return endpoint_of_service("kms", "kms", wish->endpoint_url, region, profile, out, err);
}

bool endpoint_is_loopback(const struct endpoint *e)
{
	size_t len = strlen(e->host);
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET6, e->host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
	if (inet_aton(e->host, &v4)) /* also 127.1 */
		return ntohl(v4.s_addr) >> 24 == 127;
	len -= len > 0 && e->host[len - 1] == '.';
	return (len == 9 && strncmp(e->host, "localhost", 9) == 0) ||
	       (len > 10 && strncmp(e->host + len - 10, ".localhost", 10) == 0);
}
