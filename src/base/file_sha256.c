/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 65536

static int digest_fd(int fd, const char *path, size_t max, EVP_MD_CTX *ctx, struct kh_error *err)
{
	unsigned char piece[PIECE];
	size_t len = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kh_fail_errno(err, KH_E_INPUT, errno, "%s", path);
		if (n == 0)
			return 0;
		len += (size_t)n;
		if (len > max)
			return kh_fail(err, KH_E_INPUT, 0, "%s: larger than %zu bytes", path, max);
		if (EVP_DigestUpdate(ctx, piece, (size_t)n) <= 0)
			return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot do SHA-256");
	}
}

int file_sha256_of(const char *path, size_t max, unsigned char out[FILE_DIGEST], struct kh_error *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret = -1;
	struct stat st;

	if (ctx == NULL) {
		kh_fail_memory(err);
	} else if (fd < 0 || fstat(fd, &st) != 0) {
		kh_fail_errno(err, KH_E_INPUT, errno, "%s", path);
	} else if (!S_ISREG(st.st_mode)) {
		kh_fail(err, KH_E_INPUT, 0, "%s is not a file", path);
	} else if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) <= 0) {
		kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot do SHA-256");
	} else {
		ret = digest_fd(fd, path, max, ctx, err);
	}
	if (ret == 0 && EVP_DigestFinal_ex(ctx, out, NULL) <= 0)
		ret = kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot do SHA-256");
	if (fd >= 0)
		close(fd);
	EVP_MD_CTX_free(ctx);
	return ret;
}
