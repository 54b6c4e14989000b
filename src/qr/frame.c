/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "frame.h"

#include "base/base64.h"
#include "base/file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "KEYHAUL1/"
#define MAGIC_LEN (sizeof(MAGIC) - 1)

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

struct part {
	unsigned char *data;
	size_t len;
};

struct frames {
	char digest[FRAME_DIGEST_HEX];
	size_t count, have;
	struct part parts[FRAMES_MAX];
};

/* A frame's text, taken apart; `data` points into it. */
struct head {
	size_t number, count; /* from 1 */
	char digest[FRAME_DIGEST_HEX];
	const char *data;
	size_t len;
};

size_t frame_text_len(size_t bytes)
{
	return FRAME_HEAD + (bytes * 8 + 4) / 5;
}

int frame_count(size_t len, size_t bytes, size_t *count, struct kh_error *err)
{
	*count = (len + bytes - 1) / bytes;
	if (*count && *count <= FRAMES_MAX)
		return 0;
	kh_fail(err, KH_E_INPUT, 0, "%zu bytes in frames of %zu are %zu frames", len, bytes, *count);
	return kh_hint(err, "1 to %d frames can be read again: give --frame-bytes a larger number", FRAMES_MAX);
}

static void encode(const unsigned char *p, size_t len, char *out)
{
	uint32_t bits = 0;
	unsigned n = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | p[i];
		for (n += 8; n >= 5; n -= 5)
			*out++ = base32[bits >> (n - 5) & 31];
	}
	if (n)
		*out++ = base32[bits << (5 - n) & 31];
	*out = '\0';
}

void frame_make(const void *data, size_t len, size_t bytes, size_t i, size_t count, const char *hex,
		char out[FRAME_TEXT_MAX])
{
	size_t at = i * bytes, n = len - at < bytes ? len - at : bytes;
	int head = snprintf(out, FRAME_TEXT_MAX, MAGIC "%03zu/%03zu/", i + 1, count);

	for (size_t k = 0; k < FRAME_DIGEST_HEX - 1; k++)
		out[(size_t)head + k] = (char)(hex[k] >= 'a' ? hex[k] - 'a' + 'A' : hex[k]);
	out[(size_t)head + FRAME_DIGEST_HEX - 1] = '/';
	encode((const unsigned char *)data + at, n, out + head + FRAME_DIGEST_HEX);
}

int frames_new(struct frames **out, struct kh_error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : kh_fail_memory(err);
}

void frames_free(struct frames *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < FRAMES_MAX; i++)
		free(f->parts[i].data);
	free(f);
}

/* Three digits, 1 to FRAMES_MAX; 0 for anything else. */
static size_t number_of(const char *at)
{
	size_t n = 0;

	for (int i = 0; i < 3; i++) {
		if (at[i] < '0' || at[i] > '9')
			return 0;
		n = n * 10 + (size_t)(at[i] - '0');
	}
	return n;
}

static int parse(const char *text, size_t len, struct head *out)
{
	const char *at = text + MAGIC_LEN;

	if (len <= FRAME_HEAD || len >= FRAME_TEXT_MAX || at[3] != '/' || at[7] != '/' || text[FRAME_HEAD - 1] != '/')
		return -1;
	out->number = number_of(at);
	out->count = number_of(at + 4);
	if (!out->number || out->number > out->count)
		return -1;
	for (size_t i = 0; i < FRAME_DIGEST_HEX - 1; i++) {
		char c = at[8 + i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F')))
			return -1;
		out->digest[i] = (char)(c >= 'A' ? c - 'A' + 'a' : c);
	}
	out->digest[FRAME_DIGEST_HEX - 1] = '\0';
	out->data = text + FRAME_HEAD;
	out->len = len - FRAME_HEAD;
	return 0;
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* Into `out` of len * 5 / 8 bytes. One text for each value: the bits left over are zero, and fewer than five. */
static int decode(const char *text, size_t len, unsigned char *out)
{
	uint32_t bits = 0;
	unsigned n = 0;

	for (size_t i = 0; i < len; i++) {
		int v = value_of(text[i]);

		if (v < 0)
			return -1;
		bits = (bits << 5 | (uint32_t)v) & 0xfff;
		n += 5;
		if (n >= 8) {
			n -= 8;
			*out++ = (unsigned char)(bits >> n & 0xff);
		}
	}
	return n < 5 && !(bits & ((1u << n) - 1)) ? 0 : -1;
}

static int bad(size_t number, struct kh_error *err)
{
	if (number)
		kh_fail(err, KH_E_INPUT, 0, "frame %zu is damaged", number);
	else
		kh_fail(err, KH_E_INPUT, 0, "a code that begins as keyhaul's frames do, and is none");
	return kh_hint(err, "it was made by something else, or by a newer keyhaul: make the frames anew with 'keyhaul-qr qr'");
}

/* The frame's bytes, against those that are there under its number. */
static int put(struct frames *f, const struct head *h, enum frame_seen *seen, struct kh_error *err)
{
	struct part *p = &f->parts[h->number - 1];
	size_t len = h->len * 5 / 8;
	unsigned char *data = malloc(len ? len : 1);
	int rc = 0;

	if (!data)
		return kh_fail_memory(err);
	if (!len || len > FRAME_BYTES_MAX || decode(h->data, h->len, data)) {
		rc = bad(h->number, err);
	} else if (!p->data) {
		*p = (struct part){data, len};
		data = NULL;
		f->have++;
		*seen = FRAME_NEW;
	} else if (p->len != len || memcmp(p->data, data, len) != 0) {
		rc = kh_fail(err, KH_E_CHECK, 0, "two frames with the number %zu that say different things", h->number);
		kh_hint(err, "one of them was not made by 'keyhaul-qr qr' of this bundle: scan again what was made, and nothing else");
	}
	free(data);
	return rc;
}

int frames_take(struct frames *f, const char *text, size_t len, enum frame_seen *seen, struct kh_error *err)
{
	struct head h;

	*seen = FRAME_FOREIGN;
	if (len < MAGIC_LEN || memcmp(text, MAGIC, MAGIC_LEN) != 0)
		return 0;
	if (parse(text, len, &h))
		return bad(0, err);
	if (f->have && strcmp(f->digest, h.digest) == 0 && f->count != h.count) {
		kh_fail(err, KH_E_CHECK, 0, "a frame of the same bundle in another split is among them: one of %zu frames, where the others "
			"are of %zu", h.count, f->count);
		return kh_hint(err, "scan the frames of one run of 'keyhaul-qr qr' at a time; --frame wants the --frame-bytes of the first");
	}
	if (f->have && strcmp(f->digest, h.digest) != 0) {
		kh_fail(err, KH_E_CHECK, 0, "a frame of another bundle is among them: SHA-256 %.16s..., %zu frames, where the others "
			"say %.16s..., %zu", h.digest, h.count, f->digest, f->count);
		return kh_hint(err, "scan the pictures of one bundle at a time");
	}
	if (!f->have) {
		memcpy(f->digest, h.digest, sizeof(f->digest));
		f->count = h.count;
	}
	*seen = FRAME_AGAIN;
	return put(f, &h, seen, err);
}

size_t frames_have(const struct frames *f, size_t *of)
{
	*of = f->count;
	return f->have;
}

const char *frames_digest(const struct frames *f)
{
	return f->digest;
}

bool frames_has(const struct frames *f, size_t i)
{
	return i < FRAMES_MAX && f->parts[i].data;
}

int frames_join(const struct frames *f, struct buf *out, struct kh_error *err)
{
	unsigned char digest[FILE_DIGEST];
	char hex[FRAME_DIGEST_HEX];

	if (!f->have || f->have != f->count)
		return kh_fail(err, KH_E_INPUT, 0, "%zu of %zu frames are missing", f->count - f->have, f->count);
	for (size_t i = 0; i < f->count; i++)
		if (buf_add(out, f->parts[i].data, f->parts[i].len, err))
			return -1;
	if (file_sha256(out->data, out->len, digest, err))
		return -1;
	hex_encode(digest, sizeof(digest), hex);
	if (strcmp(hex, f->digest) == 0)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "the frames together have SHA-256 %s, and they say %s", hex, f->digest);
	return kh_hint(err, "a frame was changed or replaced: make them anew with 'keyhaul-qr qr', and scan those");
}
