/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sheet.h"

#include "base/base64.h"
#include "base/file.h"
#include "draw.h"

int sheet_make(const void *data, size_t len, size_t bytes, struct sheet *out, struct kh_error *err)
{
	unsigned char digest[FILE_DIGEST];

	*out = (struct sheet){.data = data, .len = len, .bytes = bytes};
	if (frame_count(len, bytes, &out->count, err) || file_sha256(data, len, digest, err))
		return -1;
	hex_encode(digest, sizeof(digest), out->digest);
	return 0;
}

static int encode(const struct sheet *s, size_t i, struct draw_code *code, struct kh_error *err)
{
	char text[FRAME_TEXT_MAX];

	frame_make(s->data, s->len, s->bytes, i, s->count, s->digest, text);
	return draw_encode(text, code, err);
}

int sheet_png(const struct sheet *s, size_t i, int scale, struct buf *out, struct kh_error *err)
{
	struct draw_code code = {0};
	int rc = encode(s, i, &code, err) || draw_png(&code, scale, out, err) ? -1 : 0;

	draw_clear(&code);
	return rc;
}

static int add_svg(const struct sheet *s, size_t i, bool standalone, struct buf *out, struct kh_error *err)
{
	struct draw_code code = {0};
	int rc = encode(s, i, &code, err) || draw_svg(&code, standalone, out, err) ? -1 : 0;

	draw_clear(&code);
	return rc;
}

int sheet_svg(const struct sheet *s, size_t i, struct buf *out, struct kh_error *err)
{
	return add_svg(s, i, true, out, err);
}

int sheet_terminal(const struct sheet *s, size_t i, bool light_background, struct buf *out, struct kh_error *err)
{
	struct draw_code code = {0};
	int rc = encode(s, i, &code, err) || draw_terminal(&code, light_background, out, err) ? -1 : 0;

	draw_clear(&code);
	return rc;
}

int sheet_html(const struct sheet *s, struct buf *out, struct kh_error *err)
{
	if (buf_addf(out,
		     "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>keyhaul: %zu frames</title>\n"
		     "<style>\nbody{font-family:sans-serif;color:#000;background:#fff;margin:1.5em}\n"
		     "code{font-family:monospace;overflow-wrap:anywhere}\n"
		     "main{display:flex;flex-wrap:wrap;gap:1.5em}\n"
		     "figure{margin:0;width:14cm;break-inside:avoid}\nfigure svg{width:100%%;height:auto;display:block}\n"
		     "figcaption{text-align:center;font-size:1.2em}\n"
		     "@page{margin:15mm}\n@media print{body{margin:0}main{display:block}figure{margin:0 auto 6mm}}\n</style></head>\n"
		     "<body><h1>A keyhaul bundle in %zu frames</h1>\n<p>SHA-256 of the file: <code>%s</code></p>\n"
		     "<p>Photograph or scan each frame, in any order, and read the pictures with <code>keyhaul-qr scan --out BUNDLE "
		     "IMAGE...</code></p>\n<main>\n",
		     err, s->count, s->count, s->digest))
		return -1;
	for (size_t i = 0; i < s->count; i++)
		if (buf_addf(out, "<figure>", err) || add_svg(s, i, false, out, err) ||
		    buf_addf(out, "<figcaption>%zu of %zu &middot; %.8s</figcaption></figure>\n", err, i + 1, s->count, s->digest))
			return -1;
	return buf_addf(out, "</main></body></html>\n", err);
}

size_t sheet_fits(int columns, int lines)
{
	size_t bytes = FRAME_BYTES_MAX;

	for (; bytes >= FRAME_BYTES_MIN; bytes -= 5) {
		int width = draw_width_for(frame_text_len(bytes));

		if (width && draw_terminal_columns(width) <= columns && draw_terminal_lines(width) <= lines)
			return bytes;
	}
	return 0;
}
