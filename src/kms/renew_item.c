/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "renew_item.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The last that was imported, where a request has taken its place. */
static int read_last(const char *path, struct renew_item *out, struct kh_error *err)
{
	char aside[FETCH_ITEM_PATH];
	int n;

	out->last = out->now;
	if (!out->now || bundle_receipt(out->now))
		return 0;
	if (fetch_item_aside(path, "renewed", aside, &n, err))
		return -1;
	if (n == 1)
		return 0;
	(void)snprintf(aside, sizeof(aside), "%s.renewed-%d", path, n - 1);
	out->last = NULL;
	return bundle_read(aside, &out->last, err);
}

int renew_item_read(const char *path, struct renew_item *out, struct kh_error *err)
{
	const struct buf *text;
	struct file *file = NULL;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (file_open(path, BUNDLE_MAX, &file, err))
		return -1;
	text = file_content(file);
	if (!text || !bundle_parse(buf_text(text), text->len, &out->now, err))
		rc = read_last(path, out, err);
	file_close(file);
	return rc;
}

void renew_item_clear(struct renew_item *i)
{
	if (i->last != i->now)
		bundle_free(i->last);
	bundle_free(i->now);
	i->now = i->last = NULL;
}

bool renew_item_is_open(const struct renew_item *i, int64_t now)
{
	return i->now && !bundle_receipt(i->now) && now < bundle_request(i->now)->parameters_valid_to;
}

/* One more name for what is there; the request takes the first one in one step. A run that was killed between may have done it. */
static int keep(const char *path, const char *why, const struct buf *text, struct kh_error *err)
{
	char aside[FETCH_ITEM_PATH], before[FETCH_ITEM_PATH];
	struct stat is, was;
	int n;

	if (fetch_item_aside(path, why, aside, &n, err))
		return -1;
	(void)snprintf(before, sizeof(before), "%.4000s.%s-%d", path, why, n - 1);
	if (n > 1 && stat(path, &is) == 0 && stat(before, &was) == 0 && is.st_dev == was.st_dev && is.st_ino == was.st_ino)
		return 0;
	/* a file system may have no second names; what a kill leaves of the copy is no bundle that is looked at */
	if (link(path, aside) && file_create(aside, 0600, buf_text(text), text->len, err))
		return -1;
	log_debug("%s: kept as %s", path, aside);
	return 0;
}

static int keep_what_is_there(const struct fetch_item *i, const struct file *file, int64_t now, struct kh_error *err)
{
	const struct buf *text = file_content(file);
	struct renew_item there = {0};
	int rc;

	if (!text)
		return 0;
	if (bundle_parse(buf_text(text), text->len, &there.now, err))
		return -1;
	if (renew_item_is_open(&there, now)) {
		kh_fail(err, KH_E_AGAIN, 0, "it came to be there meanwhile");
		rc = kh_hint(err, "another keyhaul works in this folder: wait until it has ended, then run this again");
	} else {
		rc = keep(i->path, bundle_receipt(there.now) ? "renewed" : "expired", text, err);
	}
	bundle_free(there.now);
	return rc;
}

int renew_item_get(struct fetch_item *i, struct fetch *f, struct kh_error *err)
{
	struct file *file = NULL;
	int rc = -1;

	if (file_open(i->path, BUNDLE_MAX, &file, err))
		return -1;
	if (!fetch_ask(f, err) && !keep_what_is_there(i, file, kms_now(&f->kms), err))
		rc = fetch_item_save(i, f, file, err);
	file_close(file);
	return rc;
}
