/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_FILE_H
#define KEYHAUL_BASE_FILE_H

#include "buf.h"

#define FILE_DIGEST 32 /* SHA-256 */

/*
 * Reads a whole file into `out`, at most out->max bytes (KH_E_INPUT above).
 * Pipes are read too; folders are refused. KH_E_INPUT where it cannot be read.
 */
int file_read(const char *path, struct buf *out, struct kh_error *err);

/*
 * A file of the user's that is read, thought about and written whole again:
 * PATH.lock is locked (flock, not waited for: KH_E_AGAIN says who is in the
 * way) from file_open until file_close; a symlink is refused. A PATH.lock that
 * is not an empty regular file is somebody's own: KH_E_INPUT, and it stays.
 */
struct file;

/* Locks PATH and, where it exists, reads it (at most `max` bytes). The caller closes it. */
int file_open(const char *path, size_t max, struct file **out, struct kh_error *err);

/* The same for a file that holds secrets: no digest of it comes into a transcript. */
int file_open_secret(const char *path, size_t max, struct file **out, struct kh_error *err);

/* The path that it was opened by; the file owns it. */
const char *file_path(const struct file *f);

/* What was read; NULL where the file did not exist. The file owns it. */
const struct buf *file_content(const struct file *f);

/*
 * Writes it whole: a temporary file in the same folder (with the mode of the
 * one it replaces, 0600 where there was none; a file system that keeps none is
 * warned of), fsync, what is
 * on disk compared by SHA-256 with what was read, rename, fsync of the folder.
 * Ended at any instant, PATH is as it was or as it was to be. KH_E_CHECK where
 * somebody else changed it, KH_E_SYSTEM where the disk is full.
 */
int file_replace(struct file *f, const void *data, size_t len, struct kh_error *err);

/* Unlocks, removes PATH.lock and frees; NULL is fine. */
void file_close(struct file *f);

/* Writes a file that must not exist yet, whole and fsynced, with this mode. KH_E_INPUT where it exists. */
int file_create(const char *path, unsigned mode, const void *data, size_t len, struct kh_error *err);

/* SHA-256 of a file, read piece by piece. KH_E_INPUT where it cannot be read, is no file or is over `max` bytes. */
int file_sha256_of(const char *path, size_t max, unsigned char out[FILE_DIGEST], struct kh_error *err);

/* SHA-256 of bytes; KH_E_SYSTEM where OpenSSL cannot. */
int file_sha256(const void *data, size_t len, unsigned char out[FILE_DIGEST], struct kh_error *err);

#endif
