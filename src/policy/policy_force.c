/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "policy.h"

#include "base/base64.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Its folder is there, and is a link to nothing: what it is to be on is not mounted. */
static bool is_out_of_reach(const char *host)
{
	const char *slash = strrchr(host, '/');
	char folder[256];
	struct stat st;
	int n = slash ? snprintf(folder, sizeof(folder), "%.*s", (int)(slash - host), host) : 0;

	return n > 0 && (size_t)n < sizeof(folder) && lstat(folder, &st) == 0 && stat(folder, &st) != 0;
}

/* A host's policy that cannot be judged is none that lets anything through. */
static int read_host(const char *host, struct policy **out, struct kh_error *err)
{
	struct stat st;

	if (lstat(host, &st) && errno == ENOENT && !is_out_of_reach(host))
		return 0;
	if (!policy_read(host, out, err)) {
		if (!stat(host, &st) && (st.st_mode & S_IWOTH))
			log_warning("%s can be written by everybody: who does decides what counts here", host);
		return 0;
	}
	if (err->code != KH_E_MEMORY)
		err->code = KH_E_CHECK;
	kh_context(err, "this host's policy counts, and cannot be read");
	return kh_hint(err, "mend it; keyhaul does nothing here that it could forbid");
}

/* The bytes decide: two policies that mean the same have two digests, and approvals are for one of them. */
static int check_same(const struct policy *host, const char *option, struct kh_error *err)
{
	struct buf text = BUF_INIT(POLICY_MAX);
	unsigned char digest[FILE_DIGEST];
	char hex[BUNDLE_DIGEST_HEX];
	int rc = file_read(option, &text, err) || file_sha256(buf_text(&text), text.len, digest, err) ? -1 : 0;

	buf_free(&text);
	if (rc)
		return -1;
	hex_encode(digest, sizeof(digest), hex);
	if (strcmp(hex, host->sha256) == 0)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "--policy %s (SHA-256 %s) is not this host's policy %s (SHA-256 %s)", option, hex,
		host->path, host->sha256);
	return kh_hint(err, "the host's counts whenever it is there: leave --policy out, or have the host's policy replaced");
}

int policy_in_force(const char *host, const char *option, struct policy **out, struct kh_error *err)
{
	struct policy *p = NULL;

	*out = NULL;
	if (read_host(host, &p, err))
		return -1;
	if (!p && option && policy_read(option, &p, err))
		return -1;
	if (p && option && strcmp(p->path, option) != 0 && check_same(p, option, err)) {
		policy_free(p);
		return -1;
	}
	*out = p;
	return 0;
}
