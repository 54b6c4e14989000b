/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "picture.h"

#include "base/file.h"
#include "picture_jpeg.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zbar.h>

int picture_room(unsigned width, unsigned height, struct picture *out, struct kh_error *err)
{
	if (!width || !height || width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX ||
	    (size_t)width * height > PICTURE_PIXELS_MAX) {
		kh_fail(err, KH_E_INPUT, 0, "a picture of %u by %u pixels", width, height);
		return kh_hint(err, "up to %u pixels a side and %u million in all are read: make it smaller, or cut out the codes",
			       PICTURE_SIDE_MAX, PICTURE_PIXELS_MAX >> 20);
	}
	out->width = width;
	out->height = height;
	out->pixels = malloc((size_t)width * height);
	return out->pixels ? 0 : kh_fail_memory(err);
}

void picture_clear(struct picture *p)
{
	free(p->pixels);
	p->pixels = NULL;
}

static int read_png(const struct buf *file, struct picture *out, struct kh_error *err)
{
	static const png_color white = {255, 255, 255};
	png_image image = {.version = PNG_IMAGE_VERSION};
	int rc = -1;

	if (!png_image_begin_read_from_memory(&image, file->data, file->len)) {
		kh_fail(err, KH_E_INPUT, 0, "libpng: %.64s", image.message);
		goto out;
	}
	image.format = PNG_FORMAT_GRAY;
	if (picture_room(image.width, image.height, out, err))
		goto out;
	if (!png_image_finish_read(&image, &white, out->pixels, 0, NULL)) {
		kh_fail(err, KH_E_INPUT, 0, "libpng: %.64s", image.message);
		goto out;
	}
	rc = 0;
out:
	png_image_free(&image);
	return rc;
}

static int read_any(const struct buf *file, struct picture *out, struct kh_error *err)
{
	static const unsigned char png[] = {0x89, 'P', 'N', 'G'}, jpeg[] = {0xff, 0xd8, 0xff};

	if (file->len >= sizeof(png) && memcmp(file->data, png, sizeof(png)) == 0)
		return read_png(file, out, err);
	if (file->len >= sizeof(jpeg) && memcmp(file->data, jpeg, sizeof(jpeg)) == 0)
		return picture_read_jpeg((const unsigned char *)file->data, file->len, out, err);
	kh_fail(err, KH_E_INPUT, 0, "neither a PNG nor a JPEG picture");
	return kh_hint(err, "convert it to one of these first");
}

int picture_read(const char *path, struct picture *out, struct kh_error *err)
{
	struct buf file = BUF_INIT(PICTURE_FILE_MAX);
	int rc = -1;

	*out = (struct picture){0};
	if (file_read(path, &file, err))
		goto out;
	rc = read_any(&file, out, err) ? kh_context(err, "%s", path) : 0;
out:
	if (rc)
		picture_clear(out);
	buf_free(&file);
	return rc;
}

int picture_halve(const struct picture *p, struct picture *out, struct kh_error *err)
{
	if (picture_room((p->width + 1) / 2, (p->height + 1) / 2, out, err))
		return -1;
	for (size_t y = 0; y < out->height; y++)
		for (size_t x = 0; x < out->width; x++)
			out->pixels[y * out->width + x] = p->pixels[2 * y * p->width + 2 * x];
	return 0;
}

int picture_double(const struct picture *p, struct picture *out, struct kh_error *err)
{
	if (picture_room(2 * p->width, 2 * p->height, out, err))
		return -1;
	for (size_t y = 0; y < out->height; y++)
		for (size_t x = 0; x < out->width; x++)
			out->pixels[y * out->width + x] = p->pixels[y / 2 * p->width + x / 2];
	return 0;
}

static int scan(zbar_image_scanner_t *scanner, zbar_image_t *image, const struct picture *p,
		int (*each)(void *ctx, const char *text, size_t len, struct kh_error *err), void *ctx, struct kh_error *err)
{
	int rc = 0;

	zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
	zbar_image_set_size(image, p->width, p->height);
	zbar_image_set_data(image, p->pixels, (size_t)p->width * p->height, NULL);
	(void)zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
	(void)zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	if (zbar_scan_image(scanner, image) < 0)
		return kh_fail(err, KH_E_SYSTEM, 0, "libzbar failed");
	for (const zbar_symbol_t *s = zbar_image_first_symbol(image); s && !rc; s = zbar_symbol_next(s))
		if (zbar_symbol_get_type(s) == ZBAR_QRCODE)
			rc = each(ctx, zbar_symbol_get_data(s), zbar_symbol_get_data_length(s), err);
	return rc;
}

int picture_codes(const struct picture *p, int (*each)(void *ctx, const char *text, size_t len, struct kh_error *err),
		  void *ctx, struct kh_error *err)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	zbar_image_t *image = zbar_image_create();
	int rc = scanner && image ? scan(scanner, image, p, each, ctx, err) : kh_fail_memory(err);

	if (image)
		zbar_image_destroy(image);
	if (scanner)
		zbar_image_scanner_destroy(scanner);
	return rc;
}
