/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "folder.h"

#include "base/file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int path_of(const char *dir, const char *name, char out[4096], struct kh_error *err)
{
	int n = snprintf(out, 4096, "%s/%s", dir, name);

	return n < 0 || n >= 4096 ? kh_fail(err, KH_E_INPUT, 0, "the folder's name is too long") : 0;
}

static int make(const char *dir, bool *made, struct kh_error *err)
{
	struct stat st;

	*made = mkdir(dir, 0700) == 0;
	if (!*made && errno != EEXIST) {
		kh_fail_errno(err, KH_E_SYSTEM, errno, "%s", dir);
		return kh_hint(err, "check the folder above it and its permissions");
	}
	if (stat(dir, &st) || !S_ISDIR(st.st_mode)) {
		kh_fail(err, KH_E_INPUT, ENOTDIR, "%s is not a folder", dir);
		return kh_hint(err, "name a folder, or one that is to be made");
	}
	return 0;
}

int folder_fill(const char *dir, const struct folder_file *files, size_t n, struct kh_error *err)
{
	char path[4096];
	struct kh_error ignored;
	bool made = false;
	size_t done = 0;

	if (make(dir, &made, err))
		return -1;
	for (; done < n; done++)
		if (path_of(dir, files[done].name, path, err) ||
		    file_create(path, 0600, files[done].data, files[done].len, err))
			break;
	if (done == n)
		return 0;
	while (done-- > 0)
		if (!path_of(dir, files[done].name, path, &ignored))
			(void)unlink(path);
	if (made)
		(void)rmdir(dir);
	return -1;
}
