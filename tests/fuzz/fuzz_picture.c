/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "qr/picture.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int each(void *ctx, const char *text, size_t len, struct kh_error *err)
{
	(void)ctx;
	(void)err;
	fuzz_must(len == 0 || text != NULL);
	return 0;
}

/* A file, read as a picture and looked at for codes; small ones alone, for time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct picture p = {0};
	struct kh_error err = {0};
	char path[64];
	int fd = memfd_create("picture", MFD_CLOEXEC);

	if (fd < 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, data, size) == (ssize_t)size) {
		if (picture_read(path, &p, &err))
			fuzz_must(err.msg[0] && !p.pixels);
		else if ((size_t)p.width * p.height <= (1u << 18))
			(void)picture_codes(&p, each, NULL, &err);
	}
	picture_clear(&p);
	(void)close(fd);
	return 0;
}
