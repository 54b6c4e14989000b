/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_FILE_MODE_H
#define KEYHAUL_BASE_FILE_MODE_H

#include "error.h"

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Gives a new file (made 0600, open as `fd`) the owner and mode `was` of the one that it is to replace (`replaces`), where the file
 * system can. One that keeps no modes is warned of, once a run: the file is whole all the same. KH_E_SYSTEM for what else
 * goes wrong.
 */
int file_mode_keep(int fd, const char *path, const struct stat *was, bool replaces, struct kh_error *err);

/* Warns, once a run, that the file system of `path` has no locks (errno value `why`). */
void file_mode_no_lock(const char *path, int why);

/* True for what a file system that cannot do it answers to a lock, a mode, a sync: not a failure of the disk. */
bool file_mode_cannot(int why);

#endif
