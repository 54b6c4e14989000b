/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "file.h"

#include "file_mode.h"
#include "trail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMP_SUFFIX ".XXXXXX"

struct file {
	char *path;
	char *lock_path;
	int lock_fd;
	bool exists;
	struct stat was; /* mode and owner of the file that is replaced; a new one is ours, 0600, also when it is replaced again */
	unsigned char digest[FILE_DIGEST];
	bool hushed; /* no transcript tells of it */
	struct buf content;
};

int file_sha256(const void *data, size_t len, unsigned char out[FILE_DIGEST], struct kh_error *err)
{
	unsigned int n = 0;

	if (EVP_Digest(data, len, out, &n, EVP_sha256(), NULL) != 1 || n != FILE_DIGEST)
		return kh_fail(err, KH_E_SYSTEM, 0, "SHA-256: OpenSSL failed");
	return 0;
}

static int read_fd(int fd, const char *path, struct buf *out, struct kh_error *err)
{
	char block[4096];

	for (;;) {
		ssize_t n = read(fd, block, sizeof(block));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kh_fail_errno(err, KH_E_INPUT, errno, "%s", path);
		if (n == 0)
			return buf_add(out, "", 0, err);
		if (buf_add(out, block, (size_t)n, err))
			return kh_context(err, "%s", path);
	}
}

int file_read(const char *path, struct buf *out, struct kh_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t before = out->len;
	int rc;

	if (fd < 0)
		return kh_fail_errno(err, KH_E_INPUT, errno, "%s", path);
	rc = read_fd(fd, path, out, err);
	close(fd);
	if (!rc)
		trail_file(TRAIL_READ, path, out->data + before, out->len - before);
	return rc;
}

static char *with_suffix(const char *path, const char *suffix, struct kh_error *err)
{
	size_t size = strlen(path) + strlen(suffix) + 1;
	char *s = malloc(size);

	if (!s)
		kh_fail_memory(err);
	else
		(void)snprintf(s, size, "%s%s", path, suffix);
	return s;
}

static int fail_not_a_lock(const struct file *f, struct kh_error *err)
{
	kh_fail(err, KH_E_INPUT, 0, "%s is in the way: it is no lock file of keyhaul's", f->lock_path);
	return kh_hint(err, "%s is locked by an empty file of that name; move that one away, or name this one otherwise",
		       f->path);
}

static int open_lock(struct file *f, struct kh_error *err)
{
	struct stat st;

	f->lock_fd = open(f->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	if (f->lock_fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return kh_fail_errno(err, KH_E_INPUT, errno, "%s", f->path); /* its folder is not there */
	if (f->lock_fd < 0 && (errno == EISDIR || errno == ELOOP || errno == ENXIO))
		return fail_not_a_lock(f, err);
	if (f->lock_fd < 0) {
		kh_fail_errno(err, KH_E_SYSTEM, errno, "%s", f->lock_path);
		return kh_hint(err, "the folder must be writable: the file is locked and written anew there");
	}
	if (fstat(f->lock_fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0 && st.st_nlink <= 1)
		return 0;
	close(f->lock_fd);
	f->lock_fd = -1; /* somebody's own file: file_close must not remove it */
	return fail_not_a_lock(f, err);
}

/* That the file at the lock's path is the one that we locked, and still nobody's text. */
static bool lock_is_ours(const struct file *f)
{
	struct stat ours, there;

	return fstat(f->lock_fd, &ours) == 0 && lstat(f->lock_path, &there) == 0 && ours.st_ino == there.st_ino &&
	       ours.st_dev == there.st_dev && ours.st_size == 0;
}

/*
 * The lock file is removed at the end, so the one that we locked may no longer
 * be the one at that path: then it is tried again.
 */
static int take_lock(struct file *f, struct kh_error *err)
{
	for (int i = 0; i < 16; i++) {
		if (open_lock(f, err))
			return -1;
		int why = flock(f->lock_fd, LOCK_EX | LOCK_NB) ? errno : 0;

		if (why == EWOULDBLOCK) {
			close(f->lock_fd);
			f->lock_fd = -1; /* theirs: file_close must not remove it */
			kh_fail(err, KH_E_AGAIN, 0, "%s is in use by another keyhaul", f->path);
			return kh_hint(err, "wait until it has ended, then run this again");
		}
		if (why && why != EINTR) /* else two could write at once: that is for people to see to */
			file_mode_no_lock(f->path, why);
		if (lock_is_ours(f))
			return 0;
		close(f->lock_fd);
		f->lock_fd = -1;
	}
	return kh_fail(err, KH_E_AGAIN, 0, "%s is in use by another keyhaul", f->path);
}

/* Reads PATH as it is now; `*exists` false where there is none. */
static int read_now(const struct file *f, struct buf *out, bool *exists, struct stat *st, struct kh_error *err)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK), rc = -1;

	*exists = fd >= 0;
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 && errno == ELOOP) {
		kh_fail_errno(err, KH_E_INPUT, errno, "%s is a symlink", f->path);
		return kh_hint(err, "name the file itself: a symlink would be replaced, not what it points to");
	}
	if (fd < 0)
		return kh_fail_errno(err, KH_E_INPUT, errno, "%s", f->path);
	if (fstat(fd, st))
		kh_fail_errno(err, KH_E_INPUT, errno, "%s", f->path);
	else if (!S_ISREG(st->st_mode))
		kh_fail(err, KH_E_INPUT, 0, "%s is not a regular file", f->path);
	else
		rc = read_fd(fd, f->path, out, err);
	close(fd);
	return rc;
}

/* That the names beside it will do: later is too late, when KMS has the material and the receipt is to be written. */
static int check_name(const char *path, struct kh_error *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (strlen(name) + strlen(TEMP_SUFFIX) <= NAME_MAX)
		return 0;
	kh_fail_errno(err, KH_E_INPUT, ENAMETOOLONG, "%.64s...", name);
	return kh_hint(err, "a bundle's name has at most %zu bytes, for it is written anew beside the old one",
		       NAME_MAX - strlen(TEMP_SUFFIX));
}

static int open_file(const char *path, size_t max, bool hushed, struct file **out, struct kh_error *err)
{
	struct file *f = calloc(1, sizeof(*f));

	if (!f)
		return kh_fail_memory(err);
	f->lock_fd = -1;
	f->hushed = hushed;
	f->content.max = max;
	f->was.st_mode = 0600;
	f->was.st_uid = geteuid();
	f->was.st_gid = getegid();
	f->path = with_suffix(path, "", err);
	f->lock_path = with_suffix(path, ".lock", err);
	if (!f->path || !f->lock_path || check_name(path, err) || take_lock(f, err) ||
	    read_now(f, &f->content, &f->exists, &f->was, err) ||
	    file_sha256(buf_text(&f->content), f->content.len, f->digest, err)) {
		file_close(f);
		return -1;
	}
	if (f->exists && !hushed)
		trail_file(TRAIL_READ, path, buf_text(&f->content), f->content.len);
	*out = f;
	return 0;
}

int file_open(const char *path, size_t max, struct file **out, struct kh_error *err)
{
	return open_file(path, max, false, out, err);
}

int file_open_secret(const char *path, size_t max, struct file **out, struct kh_error *err)
{
	return open_file(path, max, true, out, err);
}

const char *file_path(const struct file *f)
{
	return f->path;
}

const struct buf *file_content(const struct file *f)
{
	return f->exists ? &f->content : NULL;
}

static int write_all(int fd, const char *path, const void *data, size_t len, struct kh_error *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			kh_fail_errno(err, KH_E_SYSTEM, errno, "writing %s", path);
			return kh_hint(err, "nothing was changed; make room or mend the folder, then run this again");
		}
		p += n;
		len -= (size_t)n;
	}
	/* where a file system cannot sync the write stands */
	if (fsync(fd) && !file_mode_cannot(errno))
		return kh_fail_errno(err, KH_E_SYSTEM, errno, "writing %s", path);
	return 0;
}

static void sync_folder(const char *path)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');
	int fd;

	if (!slash)
		(void)snprintf(folder, sizeof(folder), ".");
	else
		(void)snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd); /* not every file system can */
		close(fd);
	}
}

static int still_the_same(const struct file *f, struct kh_error *err)
{
	struct buf now = BUF_INIT(f->content.max);
	unsigned char digest[FILE_DIGEST];
	bool exists = false;
	struct stat st;
	int rc = -1;

	if (read_now(f, &now, &exists, &st, err) || file_sha256(buf_text(&now), now.len, digest, err))
		goto out;
	if (exists != f->exists || (exists && memcmp(digest, f->digest, sizeof(digest)) != 0)) {
		kh_fail(err, KH_E_CHECK, 0, "%s was changed by somebody else meanwhile", f->path);
		kh_hint(err, "look at it with 'keyhaul inspect', then run this again");
		goto out;
	}
	rc = 0;
out:
	buf_free(&now);
	return rc;
}

int file_replace(struct file *f, const void *data, size_t len, struct kh_error *err)
{
	unsigned char digest[FILE_DIGEST];
	char *temp = with_suffix(f->path, TEMP_SUFFIX, err);
	int fd = -1, rc = -1;

	if (!temp || file_sha256(data, len, digest, err))
		goto out;
	fd = mkostemp(temp, O_CLOEXEC); /* 0600 */
	if (fd < 0) {
		kh_fail_errno(err, KH_E_SYSTEM, errno, "a new file beside %s", f->path);
		goto out;
	}
	/* whose it was it stays, where we may: root works on a bundle that others carry on with */
	if (file_mode_keep(fd, f->path, &f->was, f->exists, err) || write_all(fd, f->path, data, len, err) || still_the_same(f, err))
		goto remove;
	if (rename(temp, f->path)) {
		kh_fail_errno(err, KH_E_SYSTEM, errno, "writing %s", f->path);
		goto remove;
	}
	sync_folder(f->path);
	memcpy(f->digest, digest, sizeof(digest));
	f->exists = true;
	if (!f->hushed)
		trail_file(TRAIL_WROTE, f->path, data, len);
	rc = 0;
remove:
	if (rc)
		(void)unlink(temp);
out:
	if (fd >= 0)
		close(fd);
	free(temp);
	return rc;
}

void file_close(struct file *f)
{
	if (!f)
		return;
	if (f->lock_fd >= 0) {
		if (lock_is_ours(f))
			(void)unlink(f->lock_path); /* while it is still locked */
		close(f->lock_fd);
	}
	buf_free(&f->content);
	free(f->path);
	free(f->lock_path);
	free(f);
}

int file_create(const char *path, unsigned mode, const void *data, size_t len, struct kh_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
	int why = errno, rc;

	if (fd < 0) {
		kh_fail_errno(err, why == EEXIST ? KH_E_INPUT : KH_E_SYSTEM, why, "%s", path);
		return kh_hint(err, why == EEXIST ? "nothing is overwritten: name another, or move that one away"
						    : "check the folder and its permissions");
	}
	rc = write_all(fd, path, data, len, err);
	if (close(fd) && !rc)
		rc = kh_fail_errno(err, KH_E_SYSTEM, errno, "writing %s", path);
	if (rc)
		(void)unlink(path);
	else
		sync_folder(path);
	if (!rc)
		trail_file(TRAIL_WROTE, path, data, len);
	return rc;
}
