/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "daemon.h"

#include "base/cmd.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 1000 /* where the kernel has no pidfd */

static int ready_fd = -1; /* the child's end of the pipe, until it has said something */
static sigset_t before;	  /* the signal mask outside daemon_wait's waiting */

/* The parent's pipes and files are none of the daemon's: they would keep their readers waiting. */
static void close_inherited(int keep)
{
	(void)syscall(SYS_close_range, STDERR_FILENO + 1U, (unsigned)keep - 1, 0U);
	(void)syscall(SYS_close_range, (unsigned)keep + 1, ~0U, 0U);
}

static void write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return; /* the parent is gone, and with it who would read this */
		p += n;
		len -= (size_t)n;
	}
}

static void read_all(int fd, struct buf *out)
{
	struct kh_error err;
	char block[1024];
	ssize_t n;

	for (;;) {
		n = read(fd, block, sizeof(block));
		if (n < 0 && errno == EINTR && !cmd_interrupted())
			continue;
		if (n <= 0 || buf_add(out, block, (size_t)n, &err))
			break;
	}
	secret_wipe(block, sizeof(block));
}

/* What the child sends is an error, with KH_OK for none, and the text. */
static int listen_to(int fd, pid_t pid, struct buf *text, struct kh_error *err)
{
	struct buf all = BUF_INIT(sizeof(*err) + DAEMON_TEXT_MAX);
	int rc = -1, status = 0;

	read_all(fd, &all);
	if (all.len < sizeof(*err)) {
		(void)kill(pid, SIGTERM);
		(void)waitpid(pid, &status, 0);
		kh_fail(err, KH_E_SYSTEM, 0, "the simulator ended before it listened");
		goto out;
	}
	memcpy(err, all.data, sizeof(*err));
	if (err->code == KH_OK)
		rc = buf_add(text, all.data + sizeof(*err), all.len - sizeof(*err), err);
	else
		(void)waitpid(pid, &status, 0);
out:
	if (all.data)
		secret_wipe(all.data, all.cap);
	buf_free(&all);
	return rc;
}

int daemon_fork(bool *child, struct buf *text, struct kh_error *err)
{
	int ends[2], rc;
	pid_t pid;

	*child = false;
	if (pipe2(ends, O_CLOEXEC))
		return kh_fail_errno(err, KH_E_SYSTEM, errno, "a pipe");
	pid = fork();
	if (pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return kh_fail_errno(err, KH_E_SYSTEM, errno, "starting the daemon");
	}
	if (pid == 0) {
		*child = true;
		ready_fd = ends[1];
		close_inherited(ready_fd);
		(void)setsid();
		return 0;
	}
	close(ends[1]);
	rc = listen_to(ends[0], pid, text, err);
	close(ends[0]);
	return rc;
}

static void detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		close(null);
	}
	close(ready_fd);
	ready_fd = -1;
}

int daemon_ready(const char *text, struct kh_error *err)
{
	struct kh_error none = {.code = KH_OK};

	if (strlen(text) > DAEMON_TEXT_MAX)
		return kh_fail(err, KH_E_SYSTEM, 0, "the daemon's lines are too long");
	write_all(ready_fd, &none, sizeof(none));
	write_all(ready_fd, text, strlen(text));
	detach();
	return 0;
}

void daemon_failed(const struct kh_error *why)
{
	if (ready_fd < 0)
		return;
	write_all(ready_fd, why, sizeof(*why));
	detach();
}

void daemon_block_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGQUIT);
	(void)pthread_sigmask(SIG_BLOCK, &set, &before);
}

bool daemon_is_alive(long pid)
{
	return kill((pid_t)pid, 0) == 0 || errno != ESRCH;
}

void daemon_wait(long die_with)
{
	const struct timespec look = {LOOK_MS / 1000, 0};
	struct pollfd fd = {.fd = -1, .events = POLLIN};
	int n = 0;

	if (die_with)
		fd.fd = (int)syscall(SYS_pidfd_open, (pid_t)die_with, 0U);
	while (!cmd_interrupted() && n <= 0) {
		if (die_with && fd.fd < 0 && !daemon_is_alive(die_with))
			break;
		n = ppoll(&fd, 1, die_with && fd.fd < 0 ? &look : NULL, &before);
	}
	if (fd.fd >= 0)
		close(fd.fd);
}
