/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "picture_jpeg.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#define SCANS_MAX 64 /* a progressive picture has some ten; each more costs the whole picture's time */
#define MEMORY_MAX (256L << 20)

/* What libjpeg calls back; it knows no other way out of an error than not to come back. */
struct reader {
	struct jpeg_error_mgr error;
	struct jpeg_progress_mgr progress;
	char message[JMSG_LENGTH_MAX];
	jmp_buf out;
};

static void give_up(j_common_ptr cinfo)
{
	struct reader *r = cinfo->client_data;

	(*cinfo->err->format_message)(cinfo, r->message);
	longjmp(r->out, 1);
}

/* Warnings: a picture that ends early is grey from there on, and the codes in it are checked anyway. */
static void say_nothing(j_common_ptr cinfo)
{
	(void)cinfo;
}

static void count_scans(j_common_ptr cinfo)
{
	struct reader *r = cinfo->client_data;

	if (((j_decompress_ptr)cinfo)->input_scan_number <= SCANS_MAX)
		return;
	(void)snprintf(r->message, sizeof(r->message), "more than %d scans", SCANS_MAX);
	longjmp(r->out, 1);
}

static int decompress(struct jpeg_decompress_struct *cinfo, const unsigned char *data, size_t len, struct picture *out,
		      struct kh_error *err)
{
	jpeg_mem_src(cinfo, data, (unsigned long)len);
	(void)jpeg_read_header(cinfo, TRUE);
	if (picture_room(cinfo->image_width, cinfo->image_height, out, err))
		return -1;
	cinfo->mem->max_memory_to_use = MEMORY_MAX;
	cinfo->out_color_space = JCS_GRAYSCALE;
	(void)jpeg_start_decompress(cinfo);
	while (cinfo->output_scanline < cinfo->output_height) {
		JSAMPROW row = out->pixels + (size_t)cinfo->output_scanline * out->width;

		(void)jpeg_read_scanlines(cinfo, &row, 1);
	}
	(void)jpeg_finish_decompress(cinfo);
	return 0;
}

int picture_read_jpeg(const unsigned char *data, size_t len, struct picture *out, struct kh_error *err)
{
	struct jpeg_decompress_struct cinfo = {0};
	struct reader r = {0};
	volatile int rc = -1;

	cinfo.err = jpeg_std_error(&r.error);
	r.error.error_exit = give_up;
	r.error.output_message = say_nothing;
	r.progress.progress_monitor = count_scans;
	if (setjmp(r.out)) {
		rc = kh_fail(err, KH_E_INPUT, 0, "libjpeg: %.100s", r.message);
	} else {
		cinfo.client_data = &r; /* stays over the next line, which may fail already */
		jpeg_create_decompress(&cinfo);
		cinfo.progress = &r.progress;
		rc = decompress(&cinfo, data, len, out, err);
	}
	jpeg_destroy_decompress(&cinfo);
	return rc;
}
