/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_transcript.h"

#include "base64.h"
#include "file.h"
#include "file_mode.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TRIES 500 /* of 20 ms */
#define CLOSE_MARK ",\"close\":{"

struct transcript {
	char *path;
	int fd;
	pid_t pid;
	bool locked;
};

/* Where the file ends. */
struct tail {
	off_t size;
	off_t whole_end; /* behind the last whole line and its line end; 0 for none */
	bool needs_end;	 /* the file does not end with a line end */
	unsigned long n; /* that line's number */
	char digest[2 * FILE_DIGEST + 1];
	bool closed;
};

/* Without one two commands' lines could stand in each other, and the chain be broken. */
static int fail_no_lock(const struct transcript *t, int why, struct kh_error *err)
{
	kh_fail_errno(err, KH_E_SYSTEM, why, "the transcript %s cannot be locked", t->path);
	return kh_hint(err, "name a file on a file system that has locks, such as a tmpfs, and copy it from there");
}

static int lock(struct transcript *t, struct kh_error *err)
{
	const struct timespec pause = {0, 20000000};

	for (int i = 0; i < LOCK_TRIES && !t->locked; i++) {
		if (flock(t->fd, LOCK_EX | LOCK_NB) == 0)
			t->locked = true;
		else if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_no_lock(t, errno, err);
		else if (cmd_interrupted())
			return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted while the transcript %s was locked", t->path);
		else
			(void)nanosleep(&pause, NULL);
	}
	if (t->locked)
		return 0;
	kh_fail(err, KH_E_AGAIN, 0, "the transcript %s is locked by another program", t->path);
	return kh_hint(err, "end what holds it ('fuser %s'), then run this again", t->path);
}

static void unlock(struct transcript *t)
{
	if (t->locked)
		(void)flock(t->fd, LOCK_UN);
	t->locked = false;
}

int transcript_lock(struct transcript *t, struct kh_error *err)
{
	return lock(t, err);
}

static int fail_no_transcript(const struct transcript *t, struct kh_error *err)
{
	kh_fail(err, KH_E_INPUT, 0, "%s is no transcript of keyhaul's", t->path);
	return kh_hint(err, "name a new file with --transcript or KEYHAUL_TRANSCRIPT; nothing was added to this one");
}

static int take_line(const struct transcript *t, const char *line, size_t len, struct tail *out, struct kh_error *err)
{
	unsigned char digest[FILE_DIGEST];
	const size_t head = strlen(TRANSCRIPT_HEAD);
	char *end = NULL;

	out->n = strtoul(line + head, &end, 10);
	if (end == line + head || *end != ',')
		return fail_no_transcript(t, err);
	out->closed = strncmp(end, CLOSE_MARK, strlen(CLOSE_MARK)) == 0;
	if (file_sha256(line, len, digest, err))
		return -1;
	hex_encode(digest, sizeof(digest), out->digest);
	return 0;
}

static bool is_whole(const char *line, size_t len)
{
	const size_t head = strlen(TRANSCRIPT_HEAD), tail = strlen(TRANSCRIPT_TAIL);

	return len > head + tail && memcmp(line, TRANSCRIPT_HEAD, head) == 0 &&
	       memcmp(line + len - tail, TRANSCRIPT_TAIL, tail) == 0;
}

/* The line that ends at `end`, without its line end; gives where it begins. */
static size_t line_begin(const char *text, size_t end)
{
	const char *nl = end ? memrchr(text, '\n', end) : NULL;

	return nl ? (size_t)(nl - text) + 1 : 0;
}

/*
 * The last whole line of `text`, which is the end of the file from `from` on; what comes behind it is torn. A line of which
 * nothing but its line end is missing is whole.
 */
static int find_tail(const struct transcript *t, const char *text, size_t len, off_t from, struct tail *out,
		     struct kh_error *err)
{
	const size_t head = strlen(TRANSCRIPT_HEAD);

	for (size_t end = len, begin; end > 0; end = begin ? begin - 1 : 0) {
		begin = line_begin(text, end);
		if (is_whole(text + begin, end - begin)) {
			out->whole_end = from + (off_t)end + (end < len);
			return take_line(t, text + begin, end - begin, out, err);
		}
	}
	/* nothing but the beginning of a first line that was torn */
	if (from > 0 || (len > 0 && memcmp(text, TRANSCRIPT_HEAD, len < head ? len : head) != 0))
		return fail_no_transcript(t, err);
	return 0;
}

static int read_at(const struct transcript *t, off_t from, char *to, size_t len, struct kh_error *err)
{
	while (len) {
		ssize_t n = pread(t->fd, to, len, from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kh_fail_errno(err, KH_E_INPUT, errno, "the transcript %s", t->path);
		if (n == 0)
			return kh_fail(err, KH_E_CHECK, 0, "the transcript %s got shorter while it was read", t->path);
		to += n;
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

static int check_file(const struct transcript *t, struct stat *st, struct kh_error *err)
{
	struct stat there;

	if (fstat(t->fd, st))
		return kh_fail_errno(err, KH_E_INPUT, errno, "the transcript %s", t->path);
	if (!S_ISREG(st->st_mode))
		return kh_fail(err, KH_E_INPUT, 0, "the transcript %s is not a regular file", t->path);
	if (stat(t->path, &there) || there.st_ino != st->st_ino || there.st_dev != st->st_dev)
		return kh_fail(err, KH_E_CHECK, 0, "the transcript %s was moved or replaced while a command ran", t->path);
	if (st->st_size <= (off_t)TRANSCRIPT_FILE_MAX)
		return 0;
	kh_fail(err, KH_E_INPUT, 0, "the transcript %s is larger than %u bytes", t->path, TRANSCRIPT_FILE_MAX);
	return kh_hint(err, "close it ('keyhaul transcript close') and begin another");
}

/* A piece at the end is enough nearly always; then all of it. */
static int look(const struct transcript *t, struct tail *out, struct kh_error *err)
{
	struct stat st;
	off_t from;
	char *text = NULL;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (check_file(t, &st, err))
		return -1;
	out->size = st.st_size;
	from = st.st_size > 65536 ? st.st_size - 65536 : 0;
	for (;;) {
		size_t len = (size_t)(st.st_size - from);

		free(text);
		text = malloc(len + 1);
		if (!text) {
			kh_fail_memory(err);
			break;
		}
		text[len] = '\0';
		if (read_at(t, from, text, len, err))
			break;
		out->needs_end = len > 0 && text[len - 1] != '\n';
		rc = find_tail(t, text, len, from, out, err);
		if (!rc || !from)
			break;
		from = 0;
	}
	free(text);
	return rc;
}

static int check_open(const struct transcript *t, const struct tail *tail, struct kh_error *err)
{
	if (!tail->closed)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "the transcript %s is closed", t->path);
	return kh_hint(err, "name a new file with --transcript or KEYHAUL_TRANSCRIPT, or unset that");
}

int transcript_open(const char *path, struct transcript **out, struct kh_error *err)
{
	struct transcript *t = calloc(1, sizeof(*t));
	struct tail tail;

	if (!t)
		return kh_fail_memory(err);
	t->fd = -1;
	t->pid = getpid();
	t->path = strdup(path);
	if (!t->path) {
		kh_fail_memory(err);
		goto fail;
	}
	t->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	if (t->fd < 0) {
		kh_fail_errno(err, KH_E_SYSTEM, errno, "the transcript %s", path);
		kh_hint(err, "nothing is done without a record where one is asked for: name a file that can be written");
		goto fail;
	}
	if (lock(t, err) || look(t, &tail, err) || check_open(t, &tail, err))
		goto fail;
	if (tail.whole_end < tail.size)
		log_warning("the last line of the transcript %s is torn (%lld bytes): a command was killed or the disk was full; the "
			    "next line says so", path, (long long)(tail.size - tail.whole_end));
	unlock(t);
	*out = t;
	return 0;
fail:
	transcript_close(t);
	return -1;
}

/* What is behind the last whole line, by its size and digest; its own line end is written before the new line. */
static int add_torn(const struct transcript *t, const struct tail *tail, struct buf *line, struct kh_error *err)
{
	size_t len = (size_t)(tail->size - tail->whole_end);
	unsigned char digest[FILE_DIGEST];
	char hex[2 * FILE_DIGEST + 1], *text = malloc(len + 1);
	int rc = -1;

	if (!text) {
		kh_fail_memory(err);
	} else if (!read_at(t, tail->whole_end, text, len, err) && !file_sha256(text, len, digest, err)) {
		hex_encode(digest, sizeof(digest), hex);
		rc = buf_addf(line, "\"torn\":{\"bytes\":%zu,\"sha256\":\"%s\"},", err, len, hex);
	}
	free(text);
	return rc;
}

static int write_line(const struct transcript *t, const struct tail *tail, const struct buf *line, struct kh_error *err)
{
	const char *p = buf_text(line);
	size_t left = line->len;

	while (left) {
		ssize_t n = write(t->fd, p, left);
		int why = errno;

		if (n < 0 && why == EINTR)
			continue;
		if (n < 0) {
			if (ftruncate(t->fd, tail->size))
				log_warning("a torn line is left at the end of the transcript %s", t->path);
			return kh_fail_errno(err, KH_E_SYSTEM, why, "writing the transcript %s", t->path);
		}
		p += n;
		left -= (size_t)n;
	}
	if (fsync(t->fd) && !file_mode_cannot(errno))
		return kh_fail_errno(err, KH_E_SYSTEM, errno, "writing the transcript %s", t->path);
	return 0;
}

int transcript_append(struct transcript *t, const struct buf *members, struct kh_error *err)
{
	struct buf line = BUF_INIT(TRANSCRIPT_LINE_MAX);
	bool held = t->locked;
	struct tail tail;
	int rc = -1;

	if (getpid() != t->pid)
		return 0;
	if (lock(t, err) || look(t, &tail, err) || check_open(t, &tail, err))
		goto out;
	if ((tail.needs_end && buf_add(&line, "\n", 1, err)) ||
	    buf_addf(&line, TRANSCRIPT_HEAD "%lu,", err, tail.n + 1) ||
	    buf_add(&line, buf_text(members), members->len, err) ||
	    (tail.whole_end < tail.size && add_torn(t, &tail, &line, err)) ||
	    buf_addf(&line, "\"previous\":\"%s\"," TRANSCRIPT_TAIL "\n", err, tail.n ? tail.digest : "none"))
		goto out;
	rc = write_line(t, &tail, &line, err);
out:
	if (!held)
		unlock(t);
	buf_free(&line);
	return rc;
}

void transcript_close(struct transcript *t)
{
	if (!t)
		return;
	if (t->fd >= 0)
		close(t->fd);
	free(t->path);
	free(t);
}
