/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "file_mode.h"

#include "log.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define MODE 0777

bool file_mode_cannot(int why)
{
	return why == EPERM || why == EINVAL || why == EROFS || why == ENOSYS || why == EOPNOTSUPP ||
	       why == ENOLCK || why == ENOTTY;
}

/* Sticks: vfat has one mode for all its files; others refuse to be told. */
static void warn_of_mode(const char *path, mode_t is, mode_t wanted)
{
	static atomic_flag warned = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&warned))
		log_warning("%s is on a file system that keeps no modes: it is %03o there, not %03o%s", path, (unsigned)(is & MODE),
			    (unsigned)(wanted & MODE), is & ~wanted & 077 ? ", and others on this host may read it" : "");
}

int file_mode_keep(int fd, const char *path, const struct stat *was, bool replaces, struct kh_error *err)
{
	struct stat st;
	mode_t odd;

	if (replaces && (was->st_uid != geteuid() || was->st_gid != getegid()) && fchown(fd, was->st_uid, was->st_gid))
		log_debug("the owner of %s: %s", path, strerror(errno));
	if (replaces && fchmod(fd, was->st_mode & MODE) && !file_mode_cannot(errno))
		return kh_fail_errno(err, KH_E_SYSTEM, errno, "the mode of %s", path);
	if (fstat(fd, &st))
		return kh_fail_errno(err, KH_E_SYSTEM, errno, "the mode of %s", path);
	odd = (replaces ? st.st_mode ^ was->st_mode : st.st_mode & ~was->st_mode) & MODE; /* a umask may take from a new one's */
	if (odd)
		warn_of_mode(path, st.st_mode, was->st_mode);
	return 0;
}

void file_mode_no_lock(const char *path, int why)
{
	static atomic_flag warned = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&warned))
		log_warning("%s is on a file system without locks (%s): see to it that no other keyhaul works on it meanwhile", path,
			    strerror(why));
}
