/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "draw.h"

#include <errno.h>
#include <png.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#define VERSIONS 40

/* Alphanumeric characters of each version at level M (ISO/IEC 18004 table 7). */
static const unsigned short capacity[VERSIONS] = {
	20,   38,   61,	  90,	122,  154,  178,  221,	262,  311,  366,  419,	483,  528,  600,  656,	734,  816,  909,  970,
	1035, 1134, 1248, 1326, 1451, 1542, 1637, 1732, 1839, 1994, 2113, 2238, 2369, 2506, 2632, 2780, 2894, 3054, 3220, 3391,
};

int draw_width_for(size_t characters)
{
	for (int v = 0; v < VERSIONS; v++)
		if (capacity[v] >= characters)
			return 17 + 4 * (v + 1);
	return 0;
}

int draw_encode(const char *text, struct draw_code *out, struct kh_error *err)
{
	size_t all;
	QRcode *code;

	/* the library sees by itself that the text is alphanumeric */
	code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	if (!code)
		return errno == ENOMEM ? kh_fail_memory(err) : kh_fail_errno(err, KH_E_SYSTEM, errno, "libqrencode");
	all = (size_t)code->width * (size_t)code->width;
	out->width = code->width;
	out->modules = malloc(all);
	if (out->modules)
		memcpy(out->modules, code->data, all);
	QRcode_free(code);
	return out->modules ? 0 : kh_fail_memory(err);
}

void draw_clear(struct draw_code *code)
{
	free(code->modules);
	code->modules = NULL;
}

bool draw_is_dark(const struct draw_code *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return code->modules[y * code->width + x] & 1;
}

int draw_terminal_columns(int width)
{
	return width + 2 * DRAW_QUIET;
}

int draw_terminal_lines(int width)
{
	return (width + 2 * DRAW_QUIET + 1) / 2;
}

int draw_terminal(const struct draw_code *code, bool light_background, struct buf *out, struct kh_error *err)
{
	/* by what is drawn: nothing, the upper half, the lower half, both */
	static const char *const blocks[] = {" ", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88"};
	int end = code->width + DRAW_QUIET;

	for (int y = -DRAW_QUIET; y < end; y += 2) {
		for (int x = -DRAW_QUIET; x < end; x++) {
			bool upper = draw_is_dark(code, x, y) == light_background;
			bool lower = y + 1 < end ? draw_is_dark(code, x, y + 1) == light_background : false;
			const char *block = blocks[(upper ? 1 : 0) + (lower ? 2 : 0)];

			if (buf_add(out, block, strlen(block), err))
				return -1;
		}
		if (buf_add(out, "\n", 1, err))
			return -1;
	}
	return 0;
}

static int add_path(const struct draw_code *code, struct buf *out, struct kh_error *err)
{
	for (int y = 0; y < code->width; y++)
		for (int x = 0, n; x < code->width; x += n) {
			bool dark = draw_is_dark(code, x, y);

			for (n = 1; x + n < code->width && draw_is_dark(code, x + n, y) == dark; n++)
				;
			if (dark && buf_addf(out, "M%d %dh%dv1h-%dz", err, x + DRAW_QUIET, y + DRAW_QUIET, n, n))
				return -1;
		}
	return 0;
}

int draw_svg(const struct draw_code *code, bool standalone, struct buf *out, struct kh_error *err)
{
	int side = code->width + 2 * DRAW_QUIET;

	if (standalone && buf_addf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", err))
		return -1;
	if (buf_addf(out,
		     "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
		     "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path fill=\"#000\" d=\"",
		     err, side, side, side, side) ||
	    add_path(code, out, err) || buf_addf(out, "\"/></svg>\n", err))
		return -1;
	return 0;
}

static void paint(const struct draw_code *code, int scale, unsigned char *pixels)
{
	int side = (code->width + 2 * DRAW_QUIET) * scale;

	for (int y = 0; y < side; y++)
		for (int x = 0; x < side; x++)
			pixels[(size_t)y * (size_t)side + (size_t)x] =
				draw_is_dark(code, x / scale - DRAW_QUIET, y / scale - DRAW_QUIET) ? 0 : 255;
}

int draw_png(const struct draw_code *code, int scale, struct buf *out, struct kh_error *err)
{
	png_uint_32 side = (png_uint_32)((code->width + 2 * DRAW_QUIET) * scale);
	png_image image = {.version = PNG_IMAGE_VERSION, .width = side, .height = side, .format = PNG_FORMAT_GRAY};
	unsigned char *pixels = malloc((size_t)side * side), *png = NULL;
	png_alloc_size_t size;
	int rc = -1;

	if (!pixels)
		return kh_fail_memory(err);
	paint(code, scale, pixels);
	size = PNG_IMAGE_PNG_SIZE_MAX(image);
	png = malloc(size);
	if (!png)
		kh_fail_memory(err);
	else if (!png_image_write_to_memory(&image, png, &size, 0, pixels, 0, NULL))
		kh_fail(err, KH_E_SYSTEM, 0, "libpng: %.64s", image.message);
	else
		rc = buf_add(out, png, size, err);
	png_image_free(&image);
	free(png);
	free(pixels);
	return rc;
}
