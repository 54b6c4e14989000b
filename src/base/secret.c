/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "secret.h"

#include "log.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <errno.h>

#define STACK_BELOW 65536 /* bytes; libcurl, OpenSSL and jansson go down by less */

struct secret {
	size_t cap;
	size_t len;
	unsigned char data[];
};

struct secret *secret_new(size_t cap, struct kh_error *err)
{
	struct secret *s;

	if (cap > SECRET_MAX) {
		kh_fail(err, KH_E_INPUT, 0, "a secret of %zu bytes is larger than %d", cap, SECRET_MAX);
		return NULL;
	}
	s = calloc(1, sizeof(*s) + cap + 1);
	if (!s) {
		kh_fail_memory(err);
		return NULL;
	}
	s->cap = cap;
	return s;
}

struct secret *secret_copy(const void *data, size_t len, struct kh_error *err)
{
	struct secret *s = secret_new(len, err);

	if (s && len)
		memcpy(s->data, data, len);
	if (s)
		s->len = len;
	return s;
}

void secret_free(struct secret *s)
{
	if (!s)
		return;
	OPENSSL_cleanse(s, sizeof(*s) + s->cap + 1);
	free(s);
}

unsigned char *secret_data(struct secret *s)
{
	return s->data;
}

const unsigned char *secret_bytes(const struct secret *s)
{
	return s->data;
}

const char *secret_text(const struct secret *s)
{
	return (const char *)s->data;
}

size_t secret_len(const struct secret *s)
{
	return s->len;
}

size_t secret_cap(const struct secret *s)
{
	return s->cap;
}

void secret_set_len(struct secret *s, size_t len)
{
	s->len = len < s->cap ? len : s->cap;
	s->data[s->len] = '\0';
}

/* 1: a byte was taken; 0: end of line or file; -1: error. */
static int take_byte(int fd, const char *name, struct secret *s, struct kh_error *err)
{
	unsigned char c = 0;
	ssize_t n;

	do
		n = read(fd, &c, 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return kh_fail_errno(err, KH_E_INPUT, errno, "reading %s", name);
	if (n == 0 || c == '\n')
		return 0;
	if (c == '\0')
		return kh_fail(err, KH_E_INPUT, 0, "%s: a NUL byte in the first line", name);
	if (s->len == s->cap)
		return kh_fail(err, KH_E_INPUT, 0, "%s: the first line is longer than %zu bytes", name, s->cap - 1);
	s->data[s->len++] = c;
	secret_wipe(&c, 1);
	return 1;
}

int secret_read_line(int fd, const char *name, size_t max, struct secret **out, struct kh_error *err)
{
	struct secret *s = secret_new(max + 1, err); /* one more for the CR */
	int rc = s ? 1 : -1;

	while (rc > 0)
		rc = take_byte(fd, name, s, err);
	if (rc < 0)
		goto fail;
	if (s->len && s->data[s->len - 1] == '\r')
		secret_set_len(s, s->len - 1);
	if (s->len == 0 || s->len > max) {
		kh_fail(err, KH_E_INPUT, 0, s->len ? "%s: the first line is too long" : "%s: the first line is empty",
			name);
		kh_hint(err, "the secret is the first line, without a space or line before it");
		goto fail;
	}
	*out = s;
	return 0;
fail:
	secret_free(s);
	return -1;
}

static int open_warned(const char *path, struct kh_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return kh_fail_errno(err, KH_E_INPUT, errno, "%s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRGRP | S_IROTH)))
		log_warning("%s holds a secret, and others may read it (mode %04o): chmod 600", path, st.st_mode & 07777);
	return fd;
}

int secret_read_file(const char *path, size_t max, struct secret **out, struct kh_error *err)
{
	int fd = open_warned(path, err), rc;

	if (fd < 0)
		return -1;
	rc = secret_read_line(fd, path, max, out, err);
	close(fd);
	return rc;
}

int secret_read_whole(const char *path, size_t max, struct secret **out, struct kh_error *err)
{
	struct secret *s = NULL;
	int fd = open_warned(path, err), rc = -1;
	ssize_t n = 1;

	if (fd < 0)
		return -1;
	s = secret_new(max + 1, err);
	while (s && n != 0 && s->len <= max) {
		n = read(fd, s->data + s->len, s->cap - s->len);
		if (n < 0 && errno != EINTR) {
			kh_fail_errno(err, KH_E_INPUT, errno, "reading %s", path);
			goto out;
		}
		if (n > 0)
			secret_set_len(s, s->len + (size_t)n);
	}
	if (s && s->len > max) {
		kh_fail(err, KH_E_INPUT, 0, "%s: larger than %zu bytes", path, max);
	} else if (s) {
		*out = s;
		s = NULL;
		rc = 0;
	}
out:
	secret_free(s);
	close(fd);
	return rc;
}

void secret_wipe(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}

/* A frame of its own, below that of whoever calls. */
__attribute__((noinline)) void secret_wipe_stack(void)
{
	unsigned char below[STACK_BELOW];

	OPENSSL_cleanse(below, sizeof(below));
}

void secret_lockdown(void)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !defined(KEYHAUL_SANITIZED)
	(void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L); /* LeakSanitizer reads its own process */
#endif
}
