/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_FOLDER_H
#define KEYHAUL_FRONT_FOLDER_H

#include "base/error.h"

#include <stddef.h>

#define FOLDER_FILES_MAX 32

struct folder_file {
	const char *name;
	const void *data;
	size_t len;
};

/*
 * Creates the files (0600) in the folder, which is made (0700) where it is missing. Nothing is overwritten; where one
 * cannot be written, those before it are removed again, and the folder too if it was made here. KH_E_INPUT where a
 * file exists, KH_E_SYSTEM.
 */
int folder_fill(const char *dir, const struct folder_file *files, size_t n, struct kh_error *err);

#endif
