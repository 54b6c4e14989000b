/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_encode(const void *data, size_t len, struct buf *out, struct kh_error *err)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)p[i] << 16;
		char quad[4];

		if (n > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (n > 2)
			v |= (uint32_t)p[i + 2];
		for (unsigned k = 0; k < 4; k++)
			quad[k] = k <= n ? alphabet[v >> (18 - 6 * k) & 63] : '=';
		if (buf_add(out, quad, sizeof(quad), err))
			return -1;
	}
	return 0;
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Bytes in the quad, 0 where it is not base64. */
static size_t decode_quad(const char *quad, int last, unsigned char out[3])
{
	size_t n = 3;
	uint32_t v = 0;

	if (last && quad[3] == '=')
		n = quad[2] == '=' ? 1 : 2;
	for (size_t k = 0; k < 4; k++) {
		int d = k <= n ? value_of(quad[k]) : 0;

		if (d < 0)
			return 0;
		v = v << 6 | (uint32_t)d;
	}
	if ((n == 1 && (v & 0xffff)) || (n == 2 && (v & 0xff)))
		return 0;
	out[0] = (unsigned char)(v >> 16);
	out[1] = (unsigned char)(v >> 8);
	out[2] = (unsigned char)v;
	return n;
}

int base64_decode(const char *text, size_t len, struct buf *out, struct kh_error *err)
{
	unsigned char bytes[3];

	if (len % 4)
		return kh_fail(err, KH_E_INPUT, 0, "not padded base64: %zu characters", len);
	for (size_t i = 0; i < len; i += 4) {
		size_t n = decode_quad(text + i, i + 4 == len, bytes);

		if (!n)
			return kh_fail(err, KH_E_INPUT, 0, "not base64 at character %zu", i + 1);
		if (buf_add(out, bytes, n, err))
			return -1;
	}
	return 0;
}

void hex_encode(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = '\0';
}
