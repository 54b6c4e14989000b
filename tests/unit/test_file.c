/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/file.h"
#include "base/log.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* file.c's flock: the lock file can be taken away between its open and its flock, as another keyhaul's end does. */
static int taken_away, locked;

/* What a file system answers to what it cannot do; 0: it can. */
static int no_locks, no_modes, no_folder_sync, no_sync;

int flock(int fd, int how)
{
	locked++;
	if (no_locks) {
		errno = no_locks;
		return -1;
	}
	if (taken_away > 0) {
		taken_away--;
		cr_assert_eq(unlink("a.lock"), 0);
	}
	return (int)syscall(SYS_flock, fd, how);
}

int fchmod(int fd, mode_t mode)
{
	if (no_modes) {
		errno = no_modes;
		return -1;
	}
	return (int)syscall(SYS_fchmod, fd, mode);
}

int fsync(int fd)
{
	struct stat st;
	int why = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? no_folder_sync : no_sync;

	if (why) {
		errno = why;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static void fresh_folder(void)
{
	char folder[] = "keyhaul-file-XXXXXX";
	const char *tmp = getenv("TMPDIR");

	cr_assert_eq(chdir(tmp ? tmp : "/tmp"), 0);
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void holds(const char *path, const char *text)
{
	struct buf b = BUF_INIT(4096);
	struct kh_error err;

	cr_assert_eq(file_read(path, &b, &err), 0, "%s", err.msg);
	cr_assert_str_eq(buf_text(&b), text);
	buf_free(&b);
}

static size_t files_here(void)
{
	DIR *dir = opendir(".");
	size_t n = 0;

	for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

Test(file, is_replaced_whole)
{
	struct kh_error err;
	struct file *f = NULL;
	struct stat before, after;

	fresh_folder();
	put("a", "old");
	cr_assert(geteuid() != 0 || chown("a", 65534, 65534) == 0);
	cr_assert_eq(chmod("a", 0640), 0);
	cr_assert_eq(stat("a", &before), 0);
	cr_assert_eq(file_open("a", 100, &f, &err), 0, "%s", err.msg);
	cr_assert_str_eq(buf_text(file_content(f)), "old");
	cr_assert_eq(access("a.lock", F_OK), 0);
	cr_assert_eq(file_replace(f, "new text", 8, &err), 0, "%s", err.msg);
	holds("a", "new text");
	cr_assert_eq(stat("a", &after), 0);
	cr_assert_neq(before.st_ino, after.st_ino, "a new file under the old name, not the old one written over");
	cr_assert_eq(after.st_mode & 0777, 0640, "with the mode it had");
	cr_assert(geteuid() != 0 || after.st_uid == 65534, "and the owner, who carries on with what root wrote");
	cr_assert_eq(file_replace(f, "again", 5, &err), 0, "a second time: %s", err.msg);
	file_close(f);
	holds("a", "again");
	cr_assert_eq(files_here(), 1, "neither lock nor temporary file stays");
}

Test(file, that_is_not_there_yet_is_made)
{
	struct kh_error err;
	struct file *f = NULL;
	struct stat st;

	fresh_folder();
	cr_assert_eq(file_open("new", 100, &f, &err), 0);
	cr_assert_null(file_content(f));
	cr_assert_eq(file_replace(f, "w", 1, &err), 0, "%s", err.msg);
	cr_assert_eq(file_replace(f, "x", 1, &err), 0, "once more: %s", err.msg);
	file_close(f);
	holds("new", "x");
	cr_assert(stat("new", &st) == 0 && (st.st_mode & 0777) == 0600);
	cr_assert_eq(file_create("new", 0600, "y", 1, &err), -1);
	cr_assert_eq(err.code, KH_E_INPUT);
	cr_assert_str_eq(err.name, "EEXIST");
	holds("new", "x");
	cr_assert_eq(file_create("newer", 0640, "y", 1, &err), 0);
	holds("newer", "y");
	cr_assert_eq(file_open("nowhere/file", 100, &f, &err), -1);
	cr_assert_eq(err.code, KH_E_INPUT, "a folder that is not there is bad input, not a full disk");
}

Test(file, whose_name_leaves_no_room_beside_it_is_refused_at_once)
{
	char name[NAME_MAX - 6 + 1];
	struct kh_error err;
	struct file *f = NULL;

	fresh_folder();
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	cr_assert_eq(file_open(name, 100, &f, &err), -1);
	cr_assert_eq(err.code, KH_E_INPUT);
	cr_assert_eq(files_here(), 0);
	name[sizeof(name) - 2] = '\0';
	cr_assert_eq(file_open(name, 100, &f, &err), 0, "%s", err.msg);
	cr_assert_eq(file_replace(f, "x", 1, &err), 0, "%s", err.msg);
	file_close(f);
	cr_assert_eq(files_here(), 1);
}

Test(file, symlinks_and_others_are_refused)
{
	struct kh_error err;
	struct file *f = NULL;
	struct buf b = BUF_INIT(100);

	fresh_folder();
	put("target", "t");
	cr_assert_eq(symlink("target", "link"), 0);
	cr_assert_eq(file_open("link", 100, &f, &err), -1);
	cr_assert(err.code == KH_E_INPUT && strstr(err.msg, "symlink"));
	cr_assert_eq(mkfifo("fifo", 0600), 0);
	cr_assert_eq(file_open("fifo", 100, &f, &err), -1);
	cr_assert_eq(err.code, KH_E_INPUT);
	cr_assert_eq(mkdir("folder", 0700), 0);
	cr_assert_eq(file_open("folder", 100, &f, &err), -1);
	cr_assert_eq(file_read("folder", &b, &err), -1);
	cr_assert_eq(err.code, KH_E_INPUT);
	holds("link", "t"); /* what is only read may be a link */
	cr_assert_eq(symlink("target", "b.lock"), 0);
	cr_assert_eq(file_open("b", 100, &f, &err), -1, "a symlink in the lock's place");
	holds("target", "t");
	cr_assert_eq(files_here(), 5, "no lock stays");
}

Test(file, larger_than_its_cap_is_refused)
{
	struct kh_error err;
	struct file *f = NULL;
	struct buf b = BUF_INIT(4);

	fresh_folder();
	put("a", "12345");
	cr_assert_eq(file_open("a", 4, &f, &err), -1);
	cr_assert_eq(err.code, KH_E_INPUT);
	cr_assert_eq(file_read("a", &b, &err), -1);
	buf_free(&b);
	cr_assert_eq(file_open("a", 5, &f, &err), 0);
	file_close(f);
	cr_assert_eq(file_read("/dev/zero", &b, &err), -1, "without an end");
	buf_free(&b);
}

Test(file, two_writers_do_not_meet)
{
	struct kh_error err;
	struct file *f = NULL;
	int status = -1;
	pid_t pid;

	fresh_folder();
	put("a", "old");
	cr_assert_eq(file_open("a", 100, &f, &err), 0);
	pid = fork();
	if (pid == 0) {
		struct file *other = NULL;

		_exit(file_open("a", 100, &other, &err) == -1 && err.code == KH_E_AGAIN && err.hint[0] ? 42 : 1);
	}
	cr_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 42, "the second one is told to wait");
	cr_assert_eq(access("a.lock", F_OK), 0, "and does not take the lock away");
	file_close(f);
	put("a.lock", ""); /* one that a killed writer left */
	cr_assert_eq(file_open("a", 100, &f, &err), 0, "%s", err.msg);
	file_close(f);
	cr_assert_eq(files_here(), 1);
}

Test(file, changed_meanwhile_is_not_overwritten)
{
	struct kh_error err;
	struct file *f = NULL;

	fresh_folder();
	put("a", "old");
	cr_assert_eq(file_open("a", 100, &f, &err), 0);
	put("a", "theirs");
	cr_assert_eq(file_replace(f, "ours", 4, &err), -1);
	cr_assert_eq(err.code, KH_E_CHECK);
	holds("a", "theirs");
	cr_assert_eq(unlink("a"), 0);
	cr_assert_eq(file_replace(f, "ours", 4, &err), -1, "gone is changed");
	file_close(f);
	cr_assert_eq(file_open("b", 100, &f, &err), 0);
	put("b", "theirs");
	cr_assert_eq(file_replace(f, "ours", 4, &err), -1, "there now is changed");
	file_close(f);
	holds("b", "theirs");
	cr_assert_eq(files_here(), 1, "no temporary file stays");
}

Test(file, a_full_disk_leaves_it_as_it_was)
{
	static const char text[] = "longer than the sixteen bytes that may be written";
	struct rlimit old, tiny;
	struct kh_error err;
	struct file *f = NULL;
	int replaced, created;

	fresh_folder();
	put("a", "old");
	cr_assert_eq(file_open("a", 100, &f, &err), 0);
	cr_assert_neq(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	tiny = old;
	tiny.rlim_cur = 16;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &tiny), 0);
	created = file_create("b", 0600, text, strlen(text), &err);
	replaced = file_replace(f, text, strlen(text), &err);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	cr_assert(replaced == -1 && created == -1);
	cr_assert_eq(err.code, KH_E_SYSTEM);
	cr_assert_str_eq(err.name, "EFBIG");
	cr_assert_gt(strlen(err.hint), 0);
	file_close(f);
	holds("a", "old");
	cr_assert_eq(files_here(), 1, "nothing half written stays");
}

/* vfat, some network file systems, FUSE: the file is whole, what it could not be given is told; other errors are errors. */
Test(file, file_systems_that_refuse)
{
	static const int cannot[] = {EPERM, EINVAL, ENOTSUP, ENOSYS, EROFS, ENOLCK};
	struct kh_error err;
	struct file *f = NULL;

	fresh_folder();
	put("a", "old");
	for (size_t i = 0; i < sizeof(cannot) / sizeof(cannot[0]); i++) {
		no_locks = no_modes = no_folder_sync = no_sync = cannot[i];
		cr_assert_eq(chmod("a", 0644), 0);
		log_reset();
		cr_assert_eq(file_open("a", 100, &f, &err), 0, "%s", err.msg);
		cr_assert_eq(file_replace(f, "whole", 5, &err), 0, "%s: %s", strerror(cannot[i]), err.msg);
		file_close(f);
		holds("a", "whole");
		/* once a run */
		cr_assert_eq(strstr(log_warnings(), "a is on a file system that keeps no modes: it is 600 there, not 644") != NULL, i == 0);
		cr_assert_eq(strstr(log_warnings(), "a is on a file system without locks (Operation not permitted)") != NULL, i == 0);
		cr_assert_eq(files_here(), 1);
	}
	no_locks = no_modes = no_folder_sync = no_sync = 0;
	no_modes = EIO;
	cr_assert_eq(file_open("a", 100, &f, &err), 0);
	cr_assert_eq(file_replace(f, "more", 4, &err), -1);
	cr_assert_str_eq(err.name, "EIO");
	no_modes = 0;
	no_sync = EIO;
	cr_assert_eq(file_replace(f, "more", 4, &err), -1, "a disk that fails is no file system that cannot");
	cr_assert_str_eq(err.name, "EIO");
	no_sync = 0;
	file_close(f);
	holds("a", "whole");
	cr_assert_eq(files_here(), 1);
}

Test(file, sha256_is_sha256)
{
	/* FIPS 180-4's "abc" */
	static const unsigned char abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22,
					    0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00,
					    0x15, 0xad};
	unsigned char digest[FILE_DIGEST];
	struct kh_error err;

	cr_assert_eq(file_sha256("abc", 3, digest, &err), 0);
	cr_assert_eq(memcmp(digest, abc, sizeof(abc)), 0);
}

/* Two files of the user's, one of them named as the other's lock: neither is locked, removed or written. */
Test(file, somebodys_own_file_is_no_lock)
{
	struct kh_error err;
	struct file *f = NULL;

	fresh_folder();
	put("a", "old");
	put("a.lock", "a bundle by that name");
	cr_assert_eq(file_open("a", 100, &f, &err), -1);
	cr_assert(err.code == KH_E_INPUT && strstr(err.msg, "a.lock") && err.hint[0], "%s", err.msg);
	holds("a.lock", "a bundle by that name");
	put("b.lock", "");
	cr_assert_eq(link("b.lock", "two names"), 0);
	cr_assert_eq(file_open("b", 100, &f, &err), -1, "a file that has another name too");
	cr_assert(err.code == KH_E_INPUT && access("b.lock", F_OK) == 0);
	cr_assert_eq(mkfifo("c.lock", 0600), 0);
	cr_assert_eq(file_open("c", 100, &f, &err), -1, "a FIFO");
	cr_assert(err.code == KH_E_INPUT && access("c.lock", F_OK) == 0);
	cr_assert_eq(mkdir("d.lock", 0700), 0);
	cr_assert_eq(file_open("d", 100, &f, &err), -1, "a folder");
	cr_assert(err.code == KH_E_INPUT && access("d.lock", F_OK) == 0);
	cr_assert_eq(file_open("e", 100, &f, &err), 0, "%s", err.msg);
	put("e.lock", "written since");
	file_close(f);
	holds("e.lock", "written since");
	cr_assert_eq(file_open("g", 100, &f, &err), 0, "%s", err.msg);
	cr_assert_eq(unlink("g.lock"), 0);
	put("g.lock", "");
	file_close(f);
	cr_assert_eq(access("g.lock", F_OK), 0, "another's lock under the same name");
}

Test(file, a_lock_taken_away_is_taken_again)
{
	struct kh_error err;
	struct file *f = NULL;

	fresh_folder();
	put("a", "old");
	taken_away = 1;
	cr_assert_eq(file_open("a", 100, &f, &err), 0, "%s", err.msg);
	cr_assert_eq(locked, 2);
	cr_assert_eq(access("a.lock", F_OK), 0, "the one that is locked is the one that others find");
	file_close(f);
	taken_away = 1000;
	cr_assert_eq(file_open("a", 100, &f, &err), -1, "not for ever");
	cr_assert_eq(err.code, KH_E_AGAIN);
}
