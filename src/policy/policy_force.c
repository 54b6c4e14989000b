/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "policy.h"

#include "base/base64.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who can write it, or put another in its place, decides what counts here. */
static void warn_of(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return;
	if (st.st_mode & (S_IWOTH | S_IWGRP))
		log_warning("%s can be written by %s: who does decides what counts here", path,
			    st.st_mode & S_IWOTH ? "everybody" : "its group");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		log_warning("%s belongs to neither root nor you: its owner decides what counts here", path);
}

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
	char folder[sizeof(POLICY_HOST_PATH)];
	struct stat st;

	if (lstat(host, &st) && errno == ENOENT && !is_out_of_reach(host))
		return 0;
	if (!policy_read(host, out, err)) {
		warn_of(host);
		(void)snprintf(folder, sizeof(folder), "%s", host);
		if (strrchr(folder, '/'))
			*strrchr(folder, '/') = '\0';
		warn_of(folder);
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
