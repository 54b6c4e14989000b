/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "base/buf.h"
#include "bundle/next.h"
#include "bundle/result.h"
#include "prove.h"

#include <limits.h>
#include <string.h>

struct prove_opts {
	struct import_opts import; /* the AWS options are in it */
	const char *by;
};

#define AT(field) .offset = offsetof(struct prove_opts, field)

static const struct opt_row prove_rows[] = {
	{.name = "by", .kind = OPT_INPUT, AT(by), .arg = "BUNDLE",
	 .text = "a second wrap of the same symmetric key; it is imported once more, as what it is"},
	{.name = "policy", .kind = OPT_INPUT, AT(import.policy), .arg = "FILE", .text = POLICY_OPT_TEXT},
	{.name = "wait-timeout", .kind = OPT_NUMBER, AT(import.wait_timeout), .arg = "SECONDS",
	 .text = "to wait until KMS shows that import (120)", .min = 0, .max = 86400, .preset = 120},
};

static int other_key(const struct prove *p, struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, 0, "%s: KMS HAS ANOTHER KEY: %s does not hold what the token wrapped (%s)", p->path,
		p->target.arn, p->method);
	return kh_hint(err, "do not use this KMS key: keep the bundle, and find out who imported what ('ImportKeyMaterial' in "
			    "CloudTrail)");
}

/* The token has yet to answer. */
static int report_open(struct cmd *c, const struct prove *p, struct kh_error *err)
{
	struct buf next = BUF_INIT(16384);
	int rc = -1;

	if (!next_command(p->bundle, p->path, c->now, &next, err))
		rc = cmd_printf(c, err, "%s: %s has made a MAC of a challenge\nnext: %s\n", p->path, p->target.arn,
				buf_text(&next));
	buf_free(&next);
	return rc;
}

static int report(struct cmd *c, const struct prove *p, struct kh_error *err)
{
	const char *verdict = p->verdict ? p->verdict : "open";

	if (p->verdict ? cmd_printf(c, err, "%s: yes, %s holds the token's key (%s)\n", p->path, p->target.arn, p->method)
		       : report_open(c, p, err))
		return -1;
	return result_add(c,
			  json_pack("{s:s,s:b,s:s,s:s,s:s}", "item", p->path, "ok", 1, "kms_key_arn", p->target.arn, "method",
				    p->method, "verdict", verdict),
			  err);
}

static int prove_one(struct cmd *c, struct import_run *run, const char *path, const char *second, struct kh_error *err)
{
	struct prove p;
	int rc = prove_bundle(run, path, second, &p, err);

	if (!rc)
		rc = p.verdict && strcmp(p.verdict, "no") == 0 ? other_key(&p, err) : report(c, &p, err);
	prove_clear(&p);
	return rc;
}

static int run_prove(struct cmd *c, struct kh_error *err)
{
	const struct prove_opts *o = c->opts;
	struct import_opts import = o->import;
	struct import_run run = {.opts = &import, .now = c->now};
	int rc = -1;

	import.yes = true; /* what KMS has already is not lost by this */
	if (o->by && c->nwords > 1)
		return kh_fail(err, KH_E_USAGE, 0, "--by is of one bundle, and here are %zu", c->nwords);
	if (import_read_policy(&run, err))
		goto out;
	run.opened = true; /* to be closed also where it fails */
	if (session_open(&import.aws, &run.session, err))
		goto out;
	rc = 0;
	for (size_t i = 0; i < c->nwords && !rc; i++) {
		if (i && cmd_interrupted()) {
			rc = kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: %zu of %zu bundles were looked at", i, c->nwords);
			break;
		}
		rc = prove_one(c, &run, c->words[i], o->by, err);
		/* one that fails does not stop the others */
		if (rc && c->nwords > 1) {
			struct kh_error why = *err;

			if (why.code == KH_E_USAGE) /* --by is of one bundle; and 2 would hide the 7 of another */
				why.code = KH_E_INPUT;
			rc = cmd_item_failed(c, c->words[i], &why, err);
		}
	}
out:
	import_run_end(&run);
	return rc;
}

static const struct opt_group groups[] = {
	OPT_GROUP("The proof", prove_rows, 0),
	OPT_GROUP("AWS", session_rows, offsetof(struct prove_opts, import.aws)),
	OPT_GROUPS_END,
};

const struct cmd_row cmd_prove = {
	.verb = "prove",
	.operands = "BUNDLE...",
	.summary = "proves that KMS holds the very key that the token wrapped, and writes that into the bundle",
	.groups = groups,
	.opts_size = sizeof(struct prove_opts),
	.min_words = 1,
	.max_words = UINT_MAX,
	.run = run_prove,
};
