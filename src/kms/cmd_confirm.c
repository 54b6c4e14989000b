/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "bundle/bundle.h"
#include "bundle/result.h"
#include "bundle/words.h"
#include "confirm.h"

#include <limits.h>

static const char *const verdicts[] = {[CONFIRM_UNKNOWN] = "unknown", [CONFIRM_YES] = "yes", [CONFIRM_NO] = "no"};

static int show(struct cmd *c, const char *path, const struct bundle *b, const struct confirm *f, struct kh_error *err)
{
	const struct bundle_request *request = bundle_request(b);

	return cmd_printf(c, err,
			  "%s: yes, the wrapping key is KMS's, for %s\n  it answers %s to a canary under this wrapping key and under "
			  "one that it gave out now, and %s to noise\n  SHA-256 of the request that was confirmed:\n",
			  path, request->kms_key_arn, f->own, f->noise) ||
			       words_show(c, 4, bundle_request_sha256(b), err)
		       ? -1
		       : 0;
}

static int refuse(const char *path, const struct bundle *b, const struct confirm *f, struct kh_error *err)
{
	if (f->verdict == CONFIRM_NO) {
		kh_fail(err, KH_E_CHECK, 0,
			"%s: THE WRAPPING KEY IS NOT KMS'S for %s: KMS answers %s to a canary under it, and %s to one under a key "
			"of its own", path, bundle_request(b)->kms_key_arn, f->bundle, f->own);
		return kh_hint(err, "wrap nothing under it: whoever gave it out would read the key; fetch anew on a host that you "
				    "trust, and find out what happened on the one that fetched this");
	}
	kh_fail(err, KH_E_CHECK, 0, "%s: cannot tell whether the wrapping key is KMS's: it answers %s to a canary under it, %s to "
		"one under a key of its own, and %s to noise", path, f->bundle, f->own, f->noise);
	return kh_hint(err, "KMS does not say more here; compare the words with a request fetched on a second host, and see "
			    "keyhaul-kms(1)");
}

static int confirm_one(struct cmd *c, const struct session *s, const char *path, struct kh_error *err)
{
	struct bundle *b = NULL;
	struct confirm f;
	int rc = bundle_read(path, &b, err);

	if (rc)
		return -1;
	if (confirm_request(s, b, c->now, &f, err))
		rc = kh_context(err, "%s", path);
	else if (f.verdict != CONFIRM_YES)
		rc = refuse(path, b, &f, err);
	else if (!show(c, path, b, &f, err))
		rc = result_add(c,
				json_pack("{s:s,s:b,s:s,s:s,s:s,s:s,s:s,s:s}", "item", path, "ok", 1, "kms_key_arn",
					  bundle_request(b)->kms_key_arn, "request_sha256", bundle_request_sha256(b), "verdict",
					  verdicts[f.verdict], "own_answer", f.own, "noise_answer", f.noise, "bundle_answer",
					  f.bundle),
				err);
	bundle_free(b);
	return rc;
}

static int run_confirm(struct cmd *c, struct kh_error *err)
{
	const struct session_opts *o = c->opts;
	struct session session = {0};
	int rc = session_open(o, &session, err);

	for (size_t i = 0; i < c->nwords && !rc; i++) {
		if (i && cmd_interrupted()) {
			rc = kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: %zu of %zu bundles were looked at", i, c->nwords);
			break;
		}
		rc = confirm_one(c, &session, c->words[i], err);
		/* one that fails does not stop the others */
		if (rc && c->nwords > 1) {
			struct kh_error why = *err;

			rc = cmd_item_failed(c, c->words[i], &why, err);
		}
	}
	session_close(&session);
	return rc;
}

static const struct opt_group groups[] = {
	OPT_GROUP("AWS", session_rows, 0),
	OPT_GROUPS_END,
};

const struct cmd_row cmd_confirm = {
	.verb = "confirm",
	.operands = "BUNDLE...",
	.summary = "asks KMS whether a bundle's wrapping key is its own: from a second host, with other credentials",
	.groups = groups,
	.opts_size = sizeof(struct session_opts),
	.min_words = 1,
	.max_words = UINT_MAX,
	.run = run_confirm,
};
