/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "text.h"

#include <stdint.h>
#include <string.h>

/* Takes one code point; gives its length, or 0 where the bytes are no UTF-8 (overlong, surrogate, cut). */
static size_t decode(const unsigned char *p, size_t len, uint32_t *out)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80 ? 1 : (p[0] & 0xe0) == 0xc0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : (p[0] & 0xf8) == 0xf0 ? 4 : 0;
	uint32_t c;

	if (n == 0 || n > len)
		return 0;
	c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*out = c;
	return n;
}

struct range {
	uint32_t first, last;
};

static int is_in(const struct range *ranges, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return 1;
	return 0;
}

static int is_unseen(uint32_t c)
{
	static const struct range ranges[] = {
		{0x00, 0x1f},	  {0x7f, 0x9f},	    {0xad, 0xad},     {0x61c, 0x61c},	{0x180e, 0x180e},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
		{0xe0000, 0xe007f},
	};

	return is_in(ranges, sizeof(ranges) / sizeof(ranges[0]), c);
}

/* Without a locale, by the blocks that have them (Unicode 15, UAX #11): a table's columns, not typesetting. */
size_t text_columns(const char *text)
{
	static const struct range wide[] = {
		{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f},
		{0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
	};
	static const struct range combining[] = {{0x300, 0x36f}, {0x1ab0, 0x1aff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};
	const unsigned char *p = (const unsigned char *)text;
	size_t len = strlen(text), columns = 0;

	while (len) {
		uint32_t c = 0;
		size_t n = decode(p, len, &c);

		if (!n || !is_in(combining, sizeof(combining) / sizeof(combining[0]), c))
			columns += n && is_in(wide, sizeof(wide) / sizeof(wide[0]), c) ? 2 : 1;
		n = n ? n : 1;
		p += n;
		len -= n;
	}
	return columns;
}

int text_for_terminal(const char *text, size_t len, struct buf *out, struct kh_error *err)
{
	const unsigned char *p = (const unsigned char *)text;
	int rc = 0;

	while (len && !rc) {
		uint32_t c = 0;
		size_t n = decode(p, len, &c);

		if (n == 0 || (n == 1 && is_unseen(c)))
			rc = buf_addf(out, "\\x%02X", err, (unsigned)p[0]);
		else if (is_unseen(c))
			rc = buf_addf(out, "\\u{%X}", err, (unsigned)c);
		else
			rc = buf_add(out, p, n, err);
		n = n ? n : 1;
		p += n;
		len -= n;
	}
	return rc;
}

const char *text_shown(const char *text, char *out, size_t size)
{
	struct buf room = {out, 0, size, size - 1}; /* never grows */
	struct kh_error cut;

	out[0] = '\0';
	(void)text_for_terminal(text, strlen(text), &room, &cut);
	return out;
}

static int json_point(uint32_t c, struct buf *out, struct kh_error *err)
{
	const char ascii = (char)c;

	if (c == '"' || c == '\\')
		return buf_addf(out, "\\%c", err, ascii);
	if (c >= 0x20 && c < 0x7f)
		return buf_add(out, &ascii, 1, err);
	if (c < 0x10000)
		return buf_addf(out, "\\u%04x", err, (unsigned)c);
	return buf_addf(out, "\\u%04x\\u%04x", err, 0xd800u + (unsigned)((c - 0x10000) >> 10),
			0xdc00u + (unsigned)((c - 0x10000) & 0x3ff));
}

int text_for_json(const char *text, size_t len, struct buf *out, struct kh_error *err)
{
	const unsigned char *p = (const unsigned char *)text;
	int rc = buf_add(out, "\"", 1, err);

	while (len && !rc) {
		uint32_t c = 0xfffd;
		size_t n = decode(p, len, &c);

		rc = json_point(n ? c : 0xfffd, out, err);
		n = n ? n : 1;
		p += n;
		len -= n;
	}
	return rc ? rc : buf_add(out, "\"", 1, err);
}

int text_percent(const char *text, size_t len, struct buf *out, struct kh_error *err)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)text[i];
		int r = ch < 0x20 || ch > 0x7e || ch == '%' ? buf_addf(out, "%%%02X", err, ch)
							     : buf_add(out, &text[i], 1, err);

		if (r != 0)
			return -1;
	}
	return 0;
}
