/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"

#include "base/text.h"
#include "bundle/bundle.h"
#include "bundle/result.h"

#include <string.h>

struct merge_opts {
	const char *out;
};

static const struct opt_row rows[] = {
	{.name = "out", .kind = OPT_OUTPUT, .offset = offsetof(struct merge_opts, out), .arg = "FILE",
	 .text = "write a new file and leave the first bundle as it is"},
};

static const struct opt_group groups[] = {OPT_GROUP(NULL, rows, 0), OPT_GROUPS_END};

/* A section in canonical form; empty where there is none. */
static int section_of(const struct bundle *b, const char *name, struct buf *out, struct kh_error *err)
{
	struct kh_error none;

	if (bundle_canonical(b, name, out, &none) == 0 || none.code == KH_E_INPUT)
		return 0;
	*err = none;
	return -1;
}

/* All but the approvals is the same: two copies of one bundle. */
static int check_same(const struct bundle *a, const struct bundle *b, struct kh_error *err)
{
	static const char *const sections[] = {"request", "material", "material_signature", "receipt", "proofs"};
	int rc = 0;

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]) && rc == 0; i++) {
		struct buf x = BUF_INIT(BUNDLE_MAX), y = BUF_INIT(BUNDLE_MAX);

		if (section_of(a, sections[i], &x, err) || section_of(b, sections[i], &y, err)) {
			rc = -1;
		} else if (strcmp(buf_text(&x), buf_text(&y)) != 0) {
			kh_fail(err, KH_E_CHECK, 0, "they are not copies of one bundle: the %s differs", sections[i]);
			rc = kh_hint(err, "merge joins what was approved in copies of one bundle, before it is wrapped");
		}
		buf_free(&x);
		buf_free(&y);
	}
	return rc;
}

static bool has(const struct bundle *b, const struct bundle_approval *a)
{
	size_t n = 0;
	const struct bundle_approval *all = bundle_approvals(b, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].approver, a->approver) == 0 && strcmp(all[i].policy_sha256, a->policy_sha256) == 0 &&
		    all[i].signature.len == a->signature.len &&
		    memcmp(all[i].signature.data, a->signature.data, a->signature.len) == 0)
			return true;
	return false;
}

static int join(struct bundle *into, const char *path, size_t *added, struct kh_error *err)
{
	const struct bundle_approval *theirs;
	struct bundle *b = NULL;
	size_t n = 0;
	int rc;

	if (bundle_read(path, &b, err))
		return -1;
	rc = check_same(into, b, err);
	theirs = bundle_approvals(b, &n);
	for (size_t i = 0; i < n && rc == 0; i++)
		if (!has(into, &theirs[i])) {
			rc = bundle_add_approval(into, &theirs[i], err);
			*added += 1;
		}
	bundle_free(b);
	return rc ? kh_context(err, "%s", path) : 0;
}

static int tell(struct cmd *c, const char *path, const struct bundle *b, size_t added, struct kh_error *err)
{
	char shown[TEXT_SHOWN(1024)];
	const struct bundle_approval *all;
	size_t n = 0;

	all = bundle_approvals(b, &n);
	if (cmd_printf(c, err, "%s: %zu approval%s, %zu of them new\n", text_shown(path, shown, sizeof(shown)), n, n == 1 ? "" : "s",
		       added))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (cmd_printf(c, err, "  '%s' under the policy with SHA-256\n    %s\n", all[i].approver, all[i].policy_sha256))
			return -1;
	return result_add(c, json_pack("{s:s,s:b,s:I,s:I}", "item", path, "ok", 1, "approvals", (json_int_t)n, "added",
				       (json_int_t)added), err);
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct merge_opts *o = c->opts;
	struct file *file = NULL;
	struct bundle *b = NULL;
	size_t added = 0;
	int rc = -1;

	if (o->out ? bundle_read(c->words[0], &b, err) : bundle_open(c->words[0], &file, &b, err))
		return -1;
	for (size_t i = 1; i < c->nwords; i++)
		if (join(b, c->words[i], &added, err))
			goto out;
	if (o->out ? bundle_create(b, o->out, err) : added ? bundle_save(b, file, err) : 0)
		goto out;
	rc = tell(c, o->out ? o->out : c->words[0], b, added, err) ? cmd_was_done(err) : 0;
out:
	bundle_free(b);
	file_close(file);
	return rc;
}

const struct cmd_row merge_row = {
	.verb = "merge",
	.operands = "BUNDLE COPY...",
	.summary = "join the approvals of copies of one bundle into the first",
	.groups = groups,
	.opts_size = sizeof(struct merge_opts),
	.min_words = 2,
	.max_words = 65,
	.run = run,
};
