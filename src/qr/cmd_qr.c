/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "commands.h"

#include "base/file.h"
#include "base/prompt.h"
#include "base/trail.h"
#include "bundle/bundle.h"
#include "bundle/jsontext.h"
#include "bundle/result.h"
#include "sheet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_LINES 3 /* below a code in a terminal */
#define PICTURE_BYTES 400
#define FILE_MAX (4u << 20)

struct qr_opts {
	const char *png, *svg, *html;
	long scale, bytes, frame;
	bool light;
};

#define AT(field) .offset = offsetof(struct qr_opts, field)

static const struct opt_row rows[] = {
	{.name = "png", .kind = OPT_OUTPUT, AT(png), .arg = "DIR", .text = "a picture for each frame, into a new folder"},
	{.name = "svg", .kind = OPT_OUTPUT, AT(svg), .arg = "DIR", .text = "the same as drawings"},
	{.name = "html", .kind = OPT_OUTPUT, AT(html), .arg = "FILE", .text = "one page with all frames, for a screen or paper"},
	{.name = "frame", .kind = OPT_NUMBER, AT(frame), .arg = "N", .min = 1, .max = FRAMES_MAX,
	 .text = "only this frame, such as one that 'scan' misses"},
	{.name = "frame-bytes", .kind = OPT_NUMBER, AT(bytes), .arg = "N", .min = FRAME_BYTES_MIN, .max = FRAME_BYTES_MAX,
	 .text = "of the bundle in a frame: 400 in pictures, as many as fit in a terminal"},
	{.name = "scale", .kind = OPT_NUMBER, AT(scale), .arg = "N", .min = 1, .max = 32, .preset = 6,
	 .text = "pixels a module in PNG (6)"},
	{.name = "light-background", .kind = OPT_FLAG, AT(light), .text = "for a terminal with dark text on light"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	OPT_GROUPS_END,
};

/* The range of frames to be made, from 0. */
struct range {
	size_t from, to;
};

static int choose(const struct qr_opts *o, const struct sheet *s, struct range *out, struct kh_error *err)
{
	*out = (struct range){0, s->count};
	if (!o->frame)
		return 0;
	if ((size_t)o->frame > s->count) {
		kh_fail(err, KH_E_USAGE, 0, "--frame %ld: there are %zu", o->frame, s->count);
		return kh_hint(err, "give the --frame-bytes of the first time too");
	}
	*out = (struct range){(size_t)o->frame - 1, (size_t)o->frame};
	return 0;
}

static int write_frame(const struct qr_opts *o, const struct sheet *s, size_t i, struct kh_error *err)
{
	const char *dir = o->png ? o->png : o->svg;
	struct buf data = BUF_INIT(FILE_MAX), path = BUF_INIT(4096);
	int rc = o->png ? sheet_png(s, i, (int)o->scale, &data, err) : sheet_svg(s, i, &data, err);

	if (!rc)
		rc = buf_addf(&path, "%s/frame-%03zu.%s", err, dir, i + 1, o->png ? "png" : "svg");
	if (!rc)
		rc = file_create(buf_text(&path), 0644, data.data, data.len, err);
	buf_free(&path);
	buf_free(&data);
	return rc;
}

/* Into a folder that is made here; where one fails, what is there stays: it holds no secret, and a run again says so. */
static int write_folder(const struct qr_opts *o, const struct sheet *s, const struct range *r, struct kh_error *err)
{
	const char *dir = o->png ? o->png : o->svg;

	if (mkdir(dir, 0755) && (errno != EEXIST || !o->frame)) {
		kh_fail_errno(err, KH_E_INPUT, errno, "%s", dir);
		return kh_hint(err, "name a folder that is not there yet, so that no frame of another bundle is in it");
	}
	for (size_t i = r->from; i < r->to; i++)
		if (write_frame(o, s, i, err))
			return -1;
	return 0;
}

static int write_page(const struct qr_opts *o, const struct sheet *s, struct kh_error *err)
{
	struct buf page = BUF_INIT(64u << 20);
	int rc = sheet_html(s, &page, err);

	if (!rc)
		rc = file_create(o->html, 0644, page.data, page.len, err);
	buf_free(&page);
	return rc;
}

static int too_small(const struct winsize *w, struct kh_error *err)
{
	kh_fail(err, KH_E_INPUT, 0, "no code fits a terminal of %u columns and %u lines", w->ws_col, w->ws_row);
	return kh_hint(err, "use a larger terminal or a smaller font, or --png DIR, --svg DIR or --html FILE");
}

/* The bytes a frame: what was said, or the most that fits. */
static int terminal_bytes(const struct qr_opts *o, size_t *bytes, struct kh_error *err)
{
	struct winsize w = {0};
	size_t most;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w)) {
		kh_fail(err, KH_E_USAGE, 0, "there is no terminal to show the codes in");
		return kh_hint(err, "--png DIR, --svg DIR or --html FILE writes them");
	}
	most = sheet_fits(w.ws_col, w.ws_row - WORDS_LINES);
	if (!most)
		return too_small(&w, err);
	*bytes = o->bytes ? (size_t)o->bytes : most;
	if (*bytes <= most)
		return 0;
	kh_fail(err, KH_E_USAGE, 0, "--frame-bytes %ld does not fit %u columns and %u lines: %zu do", o->bytes, w.ws_col, w.ws_row,
		most);
	return kh_hint(err, "use a larger terminal or a smaller font, or --png DIR, --svg DIR or --html FILE");
}

/* Line by line: one call of cmd_printf takes no more. */
static int print_code(struct cmd *c, const struct sheet *s, size_t i, struct kh_error *err)
{
	const struct qr_opts *o = c->opts;
	struct buf code = BUF_INIT(1u << 20);
	int rc = sheet_terminal(s, i, o->light, &code, err);

	for (const char *at = buf_text(&code); *at && !rc; at += strcspn(at, "\n") + 1)
		rc = cmd_printf(c, err, "%.*s\n", (int)strcspn(at, "\n"), at);
	buf_free(&code);
	return rc;
}

static int show(struct cmd *c, const struct sheet *s, const struct range *r, struct kh_error *err)
{
	for (size_t i = r->from; i < r->to; i++) {
		struct kh_error at_end;
		char line[PROMPT_LINE_MAX];

		if (print_code(c, s, i, err) ||
		    cmd_printf(c, err, "%zu of %zu, SHA-256 %.8s...\n", i + 1, s->count, s->digest) || cmd_flush(c, err))
			return -1;
		/* an empty line is what is asked for */
		if (i + 1 < r->to && prompt_line("Enter for the next: ", line, &at_end) && at_end.code == KH_E_INTERRUPTED) {
			*err = at_end;
			return -1;
		}
	}
	return 0;
}

static int report(struct cmd *c, const struct sheet *s, const struct range *r, const char *where, struct kh_error *err)
{
	if (where && cmd_printf(c, err, "%s: %zu of %zu frames of %s, SHA-256\n    %s\nnext: keyhaul-qr scan --out BUNDLE IMAGE... there\n",
				where, r->to - r->from, s->count, c->words[0], s->digest))
		return -1;
	return result_add(c, jsontext_pack("{s:s,s:b,s:i,s:s,s:s*}", "item", c->words[0], "ok", 1, "frames", (int)s->count, "sha256",
					   s->digest, "where", where), err);
}

static int make(struct cmd *c, const struct buf *file, struct kh_error *err)
{
	const struct qr_opts *o = c->opts;
	const char *where = o->png ? o->png : o->svg ? o->svg : o->html;
	size_t bytes = o->bytes ? (size_t)o->bytes : PICTURE_BYTES;
	struct sheet s;
	struct range r;
	int rc;

	if ((!where && terminal_bytes(o, &bytes, err)) || sheet_make(file->data, file->len, bytes, &s, err) || choose(o, &s, &r, err))
		return -1;
	if (!where)
		rc = show(c, &s, &r, err);
	else if (o->html)
		rc = write_page(o, &s, err);
	else
		rc = write_folder(o, &s, &r, err);
	return rc ? -1 : report(c, &s, &r, where, err);
}

static int check_options(const struct qr_opts *o, const struct cmd *c, struct kh_error *err)
{
	int ways = (o->png != NULL) + (o->svg != NULL) + (o->html != NULL);

	if (ways > 1)
		return kh_fail(err, KH_E_USAGE, 0, "--png, --svg and --html: one at a time");
	if (o->html && o->frame)
		return kh_fail(err, KH_E_USAGE, 0, "--html is a page of all frames: --frame is for the others");
	if (!ways && c->common.json)
		return kh_fail(err, KH_E_USAGE, 0, "--json is for --png, --svg and --html");
	return 0;
}

/* The file as it is, once it is known to be a bundle. */
static int run_qr(struct cmd *c, struct kh_error *err)
{
	struct buf file = BUF_INIT(BUNDLE_MAX);
	struct bundle *b = NULL;
	int rc = -1;

	if (check_options(c->opts, c, err) || file_read(c->words[0], &file, err))
		goto out;
	if (bundle_parse(buf_text(&file), file.len, &b, err)) {
		kh_context(err, "%s", c->words[0]);
		goto out;
	}
	trail_sections(c->words[0], bundle_request_sha256(b), bundle_material_sha256(b));
	rc = make(c, &file, err);
out:
	bundle_free(b);
	buf_free(&file);
	return rc;
}

const struct cmd_row cmd_qr = {
	.verb = "qr",
	.operands = "BUNDLE",
	.summary = "shows a bundle as QR codes, in the terminal or as pictures",
	.groups = groups,
	.opts_size = sizeof(struct qr_opts),
	.min_words = 1,
	.max_words = 1,
	.run = run_qr,
};
