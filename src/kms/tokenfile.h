/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_TOKENFILE_H
#define KEYHAUL_KMS_TOKENFILE_H

#include "base/secret.h"

/*
 * A file with a secret in it, whole: at most SECRET_MAX bytes, a leading ~/ is the home folder. The caller frees `*out`.
 * KH_E_INPUT where it cannot be read, is no file, is empty or has a NUL in it.
 */
int tokenfile_read_whole(const char *path, struct secret **out, struct kh_error *err);

/* The same for one token: without the line end at its end, and none in it (it goes into a header). */
int tokenfile_read(const char *path, struct secret **out, struct kh_error *err);

#endif
