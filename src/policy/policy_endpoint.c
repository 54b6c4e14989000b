/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "policy_field.h"

#include "aws/partition.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_local_host(const char *host, size_t len)
{
	static const char *const local[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (len == strlen(local[i]) && strncasecmp(host, local[i], len) == 0)
			return true;
	return false;
}

static int bad(const char *text, const char *why, struct kh_error *err)
{
	kh_fail(err, KH_E_INPUT, 0, "'%.200s' is no endpoint: %s", text, why);
	return kh_hint(err, "https://HOST or https://HOST:PORT, http:// for this machine alone, or the word unstated");
}

int policy_check_endpoint_form(const char *text, struct kh_error *err)
{
	size_t scheme = strncmp(text, "https://", 8) == 0 ? 8 : strncmp(text, "http://", 7) == 0 ? 7 : 0, len, digits;
	const char *host = text + scheme, *rest;

	if (strcmp(text, "unstated") == 0)
		return 0;
	if (!scheme)
		return bad(text, "neither https:// nor http://", err);
	len = *host == '[' ? 1 + strspn(host + 1, "0123456789abcdefABCDEF:.") + 1 : strcspn(host, ":/");
	if (strnlen(host, len) < len || len < 1 || (*host == '[' && host[len - 1] != ']'))
		return bad(text, "no host", err);
	for (size_t i = 0; *host != '[' && i < len; i++)
		if (!isalnum((unsigned char)host[i]) && !strchr("-._", host[i]))
			return bad(text, "a host with signs that no host has", err);
	rest = host + len;
	digits = *rest == ':' ? strspn(rest + 1, "0123456789") : 0;
	if (*rest == ':' && (!digits || digits > 5))
		return bad(text, "no port", err);
	rest += *rest == ':' ? digits + 1 : 0;
	if (*rest && strcmp(rest, "/") != 0)
		return bad(text, "more than a host and a port", err);
	if (scheme == 7 && !is_local_host(host, len))
		return bad(text, "http:// to another machine", err);
	return 0;
}

static size_t without_slash(const char *url)
{
	size_t len = strlen(url);

	return len && url[len - 1] == '/' ? len - 1 : len;
}

bool policy_same_endpoint(const char *a, const char *b)
{
	size_t len = without_slash(a);

	return len == without_slash(b) && strncasecmp(a, b, len) == 0;
}

bool policy_is_kms(const char *endpoint, const char *region)
{
	char host[PARTITION_HOST_MAX], url[PARTITION_HOST_MAX + 8] = "https://";
	struct kh_error ignored;

	for (unsigned i = 0; i < 4; i++)
		if (!partition_host("kms", region, i & 1, i & 2, host, &ignored)) {
			memcpy(url + 8, host, strlen(host) + 1);
			if (policy_same_endpoint(endpoint, url))
				return true;
		}
	return false;
}
