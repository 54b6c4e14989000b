/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * For LD_PRELOAD: a host without a clock, and file systems that refuse. The programs themselves have no way to be given
 * another clock but --now.
 *
 *	ODD_CLOCK=SECONDS    what the host's clock says
 *	ODD_FS=WORD,...      chmod, chown: EPERM; sync: of folders EINVAL; lock: ENOLCK; open-modes: files are made 0755, as on vfat
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int refuses(const char *word)
{
	const char *list = getenv("ODD_FS");
	size_t len = strlen(word);

	for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, word, len) == 0 && (at[len] == ',' || at[len] == '\0'))
			return 1;
	return 0;
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

time_t time(time_t *out)
{
	const char *clock = getenv("ODD_CLOCK");
	struct timespec t = {0, 0};

	if (clock)
		t.tv_sec = (time_t)strtoll(clock, NULL, 10);
	else
		(void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
	if (out)
		*out = t.tv_sec;
	return t.tv_sec;
}

int fchmod(int fd, mode_t mode)
{
	return refuses("chmod") ? refuse(EPERM) : (int)syscall(SYS_fchmod, fd, mode);
}

int fchown(int fd, uid_t owner, gid_t group)
{
	return refuses("chown") ? refuse(EPERM) : (int)syscall(SYS_fchown, fd, owner, group);
}

int fsync(int fd)
{
	struct stat st;

	if (refuses("sync") && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return refuse(EINVAL);
	return (int)syscall(SYS_fsync, fd);
}

int flock(int fd, int how)
{
	return refuses("lock") ? refuse(ENOLCK) : (int)syscall(SYS_flock, fd, how);
}

/* What mkostemp gives is 0600 where modes are kept. */
int mkostemp(char *path, int flags)
{
	static unsigned n;
	char *suffix = path + strlen(path) - 6;

	for (unsigned i = 0; i < 1000; i++) {
		unsigned number = (unsigned)getpid() * 31 + n++;
		int fd;

		for (int k = 0; k < 6; k++, number /= 26)
			suffix[k] = (char)('a' + number % 26);
		fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
		if (fd >= 0 && refuses("open-modes"))
			(void)syscall(SYS_fchmod, fd, 0755);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return refuse(EEXIST);
}
