/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "qr/frame.h"

#include <string.h>

/* Codes, a line each, as pictures give them: what is joined has the digest that they name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct buf out = BUF_INIT(FRAME_FILE_MAX);
	struct frames *f = NULL;
	struct kh_error err = {0};
	size_t of;

	if (frames_new(&f, &err))
		return 0;
	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		size_t len = line ? (size_t)(line - at) : (size_t)(end - at);
		enum frame_seen seen;

		if (frames_take(f, at, len, &seen, &err))
			fuzz_must(err.msg[0] && (err.code == KH_E_INPUT || err.code == KH_E_CHECK || err.code == KH_E_MEMORY));
		at += len + 1;
	}
	fuzz_must(frames_have(f, &of) <= of && of <= FRAMES_MAX);
	if (frames_join(f, &out, &err))
		fuzz_must(err.msg[0]);
	else
		fuzz_must(out.len > 0 && strlen(frames_digest(f)) == FRAME_DIGEST_HEX - 1);
	buf_free(&out);
	frames_free(f);
	return 0;
}
