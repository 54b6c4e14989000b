/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "commands.h"

#include "base/file.h"
#include "base/log.h"
#include "base/trail.h"
#include "bundle/bundle.h"
#include "bundle/jsontext.h"
#include "bundle/result.h"
#include "frame.h"
#include "picture.h"

#include <limits.h>

struct scan_opts {
	const char *out;
};

static const struct opt_row rows[] = {
	{.name = "out", .kind = OPT_OUTPUT, .offset = offsetof(struct scan_opts, out), .arg = "BUNDLE",
	 .text = "the bundle to write, which must not be there yet"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	OPT_GROUPS_END,
};

/* What one picture gave. */
struct look {
	struct frames *frames;
	size_t codes, fresh, ours;
};

static int take(void *ctx, const char *text, size_t len, struct kh_error *err)
{
	struct look *l = ctx;
	enum frame_seen seen = FRAME_FOREIGN;

	l->codes++;
	if (frames_take(l->frames, text, len, &seen, err))
		return -1;
	l->ours += seen != FRAME_FOREIGN;
	l->fresh += seen == FRAME_NEW;
	return 0;
}

/* In half its size, where one code of several may be read that was not; in double, where nothing is found. */
static int look_again(const struct picture *p, struct look *l, struct kh_error *err)
{
	int (*const ways[])(const struct picture *, struct picture *, struct kh_error *) = {picture_halve, picture_double};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]) && (i == 0 || !l->codes); i++) {
		struct picture other = {0};
		struct kh_error too_large;
		int rc = 0;

		if (!ways[i](p, &other, &too_large))
			rc = picture_codes(&other, take, l, err);
		picture_clear(&other);
		if (rc)
			return -1;
	}
	return 0;
}

static int look_at(struct look *l, const char *path, struct kh_error *err)
{
	struct picture p = {0};
	int rc = picture_read(path, &p, err);

	if (rc)
		return -1;
	l->codes = l->fresh = l->ours = 0;
	if (picture_codes(&p, take, l, err) || look_again(&p, l, err))
		rc = kh_context(err, "%s", path);
	picture_clear(&p);
	if (!rc && !l->ours)
		log_warning("%s: %s", path, l->codes ? "a QR code that is no frame of keyhaul's" : "no QR code is seen in it");
	return rc;
}

/* "3, 7-9", of what is not there. */
static int list_missing(const struct frames *f, struct buf *out, struct kh_error *err)
{
	size_t of;

	(void)frames_have(f, &of);
	for (size_t i = 0, n; i < of; i += n) {
		for (n = 1; i + n < of && frames_has(f, i + n) == frames_has(f, i); n++)
			;
		if (frames_has(f, i))
			continue;
		if (buf_addf(out, n == 1 ? "%s%zu" : "%s%zu-%zu", err, out->len ? ", " : "", i + 1, i + n))
			return -1;
	}
	return 0;
}

static int missing(const struct frames *f, struct kh_error *err)
{
	struct buf list = BUF_INIT(8192);
	size_t of, have = frames_have(f, &of);
	int rc = -1;

	if (!have) {
		kh_fail(err, KH_E_INPUT, 0, "no frame was read from any picture");
		return kh_hint(err, "take them anew: sharp, straight, the whole code with its white edge, one or a few a picture");
	}
	if (!list_missing(f, &list, err)) {
		kh_fail(err, KH_E_INPUT, 0, "%zu of %zu frames were read; missing: %.300s", have, of, buf_text(&list));
		kh_hint(err, "take these anew ('keyhaul-qr qr --frame N' shows one), and give all pictures again; nothing was written");
	}
	buf_free(&list);
	return rc;
}

static int finish(struct cmd *c, const struct frames *f, struct kh_error *err)
{
	const struct scan_opts *o = c->opts;
	struct buf file = BUF_INIT(FRAME_FILE_MAX);
	struct bundle *b = NULL;
	size_t of;
	int rc = -1;

	if (frames_have(f, &of) < of || !of) {
		rc = missing(f, err);
		goto out;
	}
	if (frames_join(f, &file, err))
		goto out;
	if (bundle_parse(buf_text(&file), file.len, &b, err)) {
		kh_context(err, "what the frames hold is no bundle");
		goto out;
	}
	if (file_create(o->out, 0600, file.data, file.len, err))
		goto out;
	trail_sections(o->out, bundle_request_sha256(b), bundle_material_sha256(b));
	if (cmd_printf(c, err, "%s: written from %zu frames, SHA-256\n    %s\nnext: keyhaul inspect %s\n", o->out, of, frames_digest(f),
		       o->out) ||
	    result_add(c, jsontext_pack("{s:s,s:b,s:i,s:s}", "item", o->out, "ok", 1, "frames", (int)of, "sha256", frames_digest(f)),
		       err)) {
		cmd_was_done(err);
		goto out;
	}
	rc = 0;
out:
	bundle_free(b);
	buf_free(&file);
	return rc;
}

static int run_scan(struct cmd *c, struct kh_error *err)
{
	const struct scan_opts *o = c->opts;
	struct look l = {0};
	size_t have, of;
	int rc = -1;

	if (!o->out) {
		kh_fail(err, KH_E_USAGE, 0, "--out is missing");
		return kh_hint(err, "name the bundle to write: --out BUNDLE");
	}
	if (frames_new(&l.frames, err))
		return -1;
	for (size_t i = 0; i < c->nwords; i++) {
		if (cmd_interrupted()) {
			kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: nothing was written");
			goto out;
		}
		if (look_at(&l, c->words[i], err))
			goto out;
		have = frames_have(l.frames, &of);
		log_progress("%s: %zu of %zu frames", c->words[i], have, of);
	}
	rc = finish(c, l.frames, err);
out:
	frames_free(l.frames);
	return rc;
}

const struct cmd_row cmd_scan = {
	.verb = "scan",
	.operands = "IMAGE...",
	.needs = "--out BUNDLE",
	.summary = "reads a bundle's QR codes out of pictures, in any order, and writes it once all are there",
	.groups = groups,
	.opts_size = sizeof(struct scan_opts),
	.min_words = 1,
	.max_words = UINT_MAX,
	.run = run_scan,
};
