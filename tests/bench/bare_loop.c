/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * The PKCS#11 calls of a batch of wraps of a secret key, one after the other in one login:
 *
 *	bare_loop MODULE TOKEN_LABEL PIN KEY_LABEL MODULUS_FILE COUNT [FILE...]
 *
 * Alone it makes the calls and drops the blobs. With files it does with each what no program can leave out that is to
 * leave a result behind: reads it whole, and writes it again with the blob behind it, to a file beside it that is synced,
 * renamed over it, and its folder synced.
 */
#include "bare.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 65536

static void must_be(int good, const char *path)
{
	if (good)
		return;
	perror(path);
	exit(1);
}

static size_t read_whole(const char *path, CK_BYTE *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, TEXT_MAX) : -1;

	must_be(n >= 0 && close(fd) == 0, path);
	return (size_t)n;
}

static void write_again(const char *path, const CK_BYTE *text, size_t len)
{
	char beside[4096], folder[4096];
	char *slash;
	int fd;

	snprintf(beside, sizeof(beside), "%s.new", path);
	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	must_be(slash != NULL, path);
	*slash = '\0';
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must_be(fd >= 0 && write(fd, text, len) == (ssize_t)len && fsync(fd) == 0 && close(fd) == 0 &&
			rename(beside, path) == 0, beside);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must_be(fd >= 0 && fsync(fd) == 0 && close(fd) == 0, folder);
}

int main(int argc, char **argv)
{
	static CK_BYTE text[TEXT_MAX + BARE_BLOB_MAX], modulus[BARE_MODULUS_MAX];
	CK_FUNCTION_LIST *fn;
	CK_SESSION_HANDLE s;
	size_t modulus_len;
	long n;

	if (argc < 7)
		return 2;
	n = strtol(argv[6], NULL, 10);
	if (n < 1 || (argc > 7 && argc - 7 < n))
		return 2;
	fn = bare_load(argv[1]);
	s = bare_begin(fn, argv[2], argv[3]);
	modulus_len = bare_modulus(argv[5], modulus);
	for (long i = 0; i < n; i++) {
		size_t len = argc > 7 ? read_whole(argv[7 + i], text) : 0;
		CK_OBJECT_HANDLE key = bare_find(fn, s, argv[4]);

		len += bare_wrap(fn, s, bare_put(fn, s, modulus, modulus_len), key, text + len);
		if (argc > 7)
			write_again(argv[7 + i], text, len);
	}
	bare_end(fn, s);
	return 0;
}
