/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle.h"

#include "base/trail.h"

#include <errno.h>

/* Whose request it is, by which the hosts' transcripts are joined. */
static void tell_trail(const char *path, const struct bundle *b)
{
	trail_sections(path, bundle_request_sha256(b), bundle_material_sha256(b));
}

int bundle_read(const char *path, struct bundle **out, struct kh_error *err)
{
	struct buf text = BUF_INIT(BUNDLE_MAX);
	int rc = file_read(path, &text, err);

	if (!rc && bundle_parse(buf_text(&text), text.len, out, err))
		rc = kh_context(err, "%s", path);
	if (!rc)
		tell_trail(path, *out);
	buf_free(&text);
	return rc;
}

int bundle_open(const char *path, struct file **file, struct bundle **out, struct kh_error *err)
{
	const struct buf *text;
	struct file *f = NULL;

	if (file_open(path, BUNDLE_MAX, &f, err))
		return -1;
	text = file_content(f);
	if (!text) {
		file_close(f);
		return kh_fail_errno(err, KH_E_INPUT, ENOENT, "%s", path);
	}
	if (bundle_parse(buf_text(text), text->len, out, err)) {
		file_close(f);
		return kh_context(err, "%s", path);
	}
	tell_trail(path, *out);
	*file = f;
	return 0;
}

int bundle_save(const struct bundle *b, struct file *file, struct kh_error *err)
{
	struct buf text = BUF_INIT(BUNDLE_MAX);
	int rc = bundle_write(b, &text, err);

	if (!rc)
		rc = file_replace(file, buf_text(&text), text.len, err);
	if (!rc)
		tell_trail(file_path(file), b);
	buf_free(&text);
	return rc;
}

int bundle_create(const struct bundle *b, const char *path, struct kh_error *err)
{
	struct file *f = NULL;
	int rc = -1;

	/* by the way of a replacement, so that no half of it is ever there under its name */
	if (file_open(path, BUNDLE_MAX, &f, err))
		return -1;
	if (file_content(f)) {
		kh_fail_errno(err, KH_E_INPUT, EEXIST, "%s", path);
		kh_hint(err, "nothing is overwritten: name another, or move that one away");
	} else {
		rc = bundle_save(b, f, err);
	}
	file_close(f);
	return rc;
}
