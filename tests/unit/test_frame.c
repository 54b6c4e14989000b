/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "qr/frame.h"

#include "base/base64.h"
#include "base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static unsigned char file[FRAME_FILE_MAX];
static char hex[FRAME_DIGEST_HEX];

static void fill(size_t len)
{
	unsigned char digest[FILE_DIGEST];
	struct kh_error err;

	for (size_t i = 0; i < len; i++)
		file[i] = (unsigned char)(i * 31 + (i >> 7));
	cr_assert_eq(file_sha256(file, len, digest, &err), 0);
	hex_encode(digest, sizeof(digest), hex);
}

/* All sizes of file and frame give the file back, its frames in any order and some twice. */
Test(frame, come_back_in_any_order)
{
	static const size_t lens[] = {1, 39, 40, 41, 4999, FRAME_FILE_MAX}, sizes[] = {FRAME_BYTES_MIN, 123, FRAME_BYTES_MAX};

	for (size_t l = 0; l < sizeof(lens) / sizeof(lens[0]); l++)
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			struct buf out = BUF_INIT(FRAME_FILE_MAX);
			struct frames *f = NULL;
			struct kh_error err = {0};
			enum frame_seen seen;
			char text[FRAME_TEXT_MAX];
			size_t n = 0, of;

			fill(lens[l]);
			if (frame_count(lens[l], sizes[s], &n, &err)) {
				cr_assert(n > FRAMES_MAX, "%zu by %zu: %s", lens[l], sizes[s], err.msg);
				continue;
			}
			cr_assert_eq(frames_new(&f, &err), 0);
			for (size_t i = 0; i < 2 * n; i++) {
				size_t at = (i * 7 + 3) % n;

				frame_make(file, lens[l], sizes[s], at, n, hex, text);
				cr_assert_eq(strlen(text), frame_text_len(at + 1 < n ? sizes[s] : lens[l] - at * sizes[s]));
				cr_assert_eq(strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ/"), strlen(text));
				cr_assert_eq(frames_take(f, text, strlen(text), &seen, &err), 0, "%s", err.msg);
			}
			for (size_t i = 0; i < n; i++) { /* where 7 divides n */
				frame_make(file, lens[l], sizes[s], i, n, hex, text);
				cr_assert_eq(frames_take(f, text, strlen(text), &seen, &err), 0);
			}
			cr_assert(seen == FRAME_AGAIN || n % 7 == 0);
			cr_assert_eq(frames_have(f, &of), n);
			cr_assert_eq(of, n);
			cr_assert_eq(frames_join(f, &out, &err), 0, "%s", err.msg);
			cr_assert(out.len == lens[l] && memcmp(out.data, file, out.len) == 0);
			buf_free(&out);
			frames_free(f);
		}
}

/* Each a change of a good frame's text: at `at`, `with`. */
Test(frame, what_is_no_frame_is_refused)
{
	static const struct {
		const char *what;
		int at;
		const char *with;
		int code; /* KH_OK: passed over */
	} rows[] = {
		{"another product's", 0, "KEYHAULX", KH_OK},
		{"a newer form", 7, "2", KH_OK},
		{"number 000", 9, "000", KH_E_INPUT},
		{"a number over the count", 9, "004", KH_E_INPUT},
		{"no number", 9, "0A1", KH_E_INPUT},
		{"another count", 13, "004", KH_E_CHECK},
		{"no separator", 12, "0", KH_E_INPUT},
		{"a digest in lower case", 17, "a", KH_E_INPUT},
		{"another bundle's digest", 17, "00000000", KH_E_CHECK},
		{"no base32", FRAME_HEAD, "1", KH_E_INPUT},
		{"another part of the same number", FRAME_HEAD, "AAAA", KH_E_CHECK},
		{"lower case", FRAME_HEAD, "a", KH_E_INPUT},
	};
	char good[FRAME_TEXT_MAX], text[FRAME_TEXT_MAX];

	fill(100);
	frame_make(file, 100, FRAME_BYTES_MIN, 1, 3, hex, good);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frames *f = NULL;
		struct kh_error err = {0};
		enum frame_seen seen;

		cr_assert_eq(frames_new(&f, &err), 0);
		cr_assert_eq(frames_take(f, good, strlen(good), &seen, &err), 0);
		cr_assert_eq(seen, FRAME_NEW);
		memcpy(text, good, sizeof(text));
		memcpy(text + rows[i].at, rows[i].with, strlen(rows[i].with));
		err.code = KH_OK;
		cr_assert_eq(frames_take(f, text, strlen(text), &seen, &err), rows[i].code == KH_OK ? 0 : -1, "%s", rows[i].what);
		cr_assert_eq((int)err.code, rows[i].code, "%s: %s", rows[i].what, err.msg);
		cr_assert(rows[i].code != KH_OK || seen == FRAME_FOREIGN, "%s", rows[i].what);
		frames_free(f);
	}
}

/* What is cut, too long or has bits left over; and frames that are each right and together are not what they say. */
Test(frame, the_digest_decides)
{
	struct buf out = BUF_INIT(FRAME_FILE_MAX);
	struct frames *f = NULL;
	struct kh_error err = {0};
	enum frame_seen seen;
	char text[FRAME_TEXT_MAX + 8];

	fill(80);
	cr_assert_eq(frames_new(&f, &err), 0);
	frame_make(file, 80, FRAME_BYTES_MIN, 0, 2, hex, text);
	for (size_t n = strlen("KEYHAUL1/"); n <= FRAME_HEAD; n++)
		cr_assert_eq(frames_take(f, text, n, &seen, &err), -1, "%zu", n);
	cr_assert_eq(frames_take(f, text, strlen(text) - 2, &seen, &err), -1, "bits left over");
	memset(text + FRAME_HEAD, 'A', sizeof(text) - FRAME_HEAD);
	cr_assert_eq(frames_take(f, text, FRAME_TEXT_MAX, &seen, &err), -1, "too long");
	frame_make(file, 80, FRAME_BYTES_MIN, 0, 2, hex, text);
	cr_assert_eq(frames_take(f, text, strlen(text), &seen, &err), 0, "%s", err.msg);
	cr_assert_eq(frames_join(f, &out, &err), -1);
	cr_assert_eq((int)err.code, KH_E_INPUT);
	file[79] ^= 1;
	frame_make(file, 80, FRAME_BYTES_MIN, 1, 2, hex, text);
	cr_assert_eq(frames_take(f, text, strlen(text), &seen, &err), 0);
	cr_assert_eq(frames_join(f, &out, &err), -1);
	cr_assert_eq((int)err.code, KH_E_CHECK);
	cr_assert(frames_has(f, 1) && !frames_has(f, 2) && strcmp(frames_digest(f), hex) == 0);
	buf_free(&out);
	frames_free(f);
}
