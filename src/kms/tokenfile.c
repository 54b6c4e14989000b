/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "tokenfile.h"

#include "profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int read_all(int fd, const char *path, struct secret *s, struct kh_error *err)
{
	for (;;) {
		size_t had = secret_len(s);
		ssize_t n = had < secret_cap(s) ? read(fd, secret_data(s) + had, secret_cap(s) - had) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kh_fail_errno(err, KH_E_INPUT, errno, "%s", path);
		if (had == secret_cap(s))
			return kh_fail(err, KH_E_INPUT, 0, "%s: larger than %d bytes", path, SECRET_MAX - 1);
		if (n == 0)
			break;
		secret_set_len(s, had + (size_t)n);
	}
	if (secret_len(s) == 0)
		return kh_fail(err, KH_E_INPUT, 0, "%s: it is empty", path);
	if (memchr(secret_bytes(s), '\0', secret_len(s)))
		return kh_fail(err, KH_E_INPUT, 0, "%s: a NUL byte in it", path);
	return 0;
}

int tokenfile_read_whole(const char *path, struct secret **out, struct kh_error *err)
{
	struct secret *s = NULL;
	char full[4096];
	int fd, n;

	n = snprintf(full, sizeof(full), "%s%s", strncmp(path, "~/", 2) == 0 ? profile_home() : "",
		     strncmp(path, "~/", 2) == 0 ? path + 1 : path);
	if (n < 0 || (size_t)n >= sizeof(full))
		return kh_fail(err, KH_E_INPUT, 0, "the path '%.100s...' is too long", path);
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return kh_fail_errno(err, KH_E_INPUT, errno, "%s", full);
	s = secret_new(SECRET_MAX, err);
	if (!s || read_all(fd, full, s, err)) {
		secret_free(s);
		s = NULL;
	}
	close(fd);
	*out = s;
	return s ? 0 : -1;
}

int tokenfile_read(const char *path, struct secret **out, struct kh_error *err)
{
	struct secret *s = NULL;
	size_t len;

	if (tokenfile_read_whole(path, &s, err))
		return -1;
	len = secret_len(s);
	len -= len && secret_bytes(s)[len - 1] == '\n';
	len -= len && secret_bytes(s)[len - 1] == '\r';
	secret_set_len(s, len);
	if (len == 0 || strpbrk(secret_text(s), "\r\n")) {
		kh_fail(err, KH_E_INPUT, 0, len ? "%s: a line end in the token" : "%s: it is empty", path);
		secret_free(s);
		return -1;
	}
	*out = s;
	return 0;
}
