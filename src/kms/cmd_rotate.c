/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "bundle/result.h"
#include "rotate.h"

#include <limits.h>

struct rotate_opts {
	struct import_opts import; /* the AWS options are in it */
	const char *key_id;
};

#define AT(field) .offset = offsetof(struct rotate_opts, field)

static const struct opt_row rotate_rows[] = {
	{.name = "key-id", .kind = OPT_TEXT, AT(key_id), .arg = "ID|ARN|ALIAS",
	 .text = "the KMS key, where no bundle is given: everything is staged already"},
	{.name = "valid-to", .kind = OPT_TEXT, AT(import.intent.valid_to), .arg = "T",
	 .text = "when KMS is to drop the material, where the bundles do not say it"},
	{.name = "expiration-model", .kind = OPT_TEXT, AT(import.intent.expiration_model), .arg = "MODEL",
	 .text = "KEY_MATERIAL_DOES_NOT_EXPIRE, likewise"},
	{.name = "wait-timeout", .kind = OPT_NUMBER, AT(import.wait_timeout), .arg = "SECONDS",
	 .text = "to wait for each step until KMS shows it (300)", .min = 0, .max = 86400, .preset = 300},
	{.name = "policy", .kind = OPT_INPUT, AT(import.policy), .arg = "FILE", .text = POLICY_OPT_TEXT},
	{.name = "yes", .kind = OPT_FLAG, AT(import.yes),
	 .text = "import with an expiry although the token did not keep the key"},
};

static int report(struct cmd *c, const struct rotation *r, struct kh_error *err)
{
	const char *arn = r->keys[0].target.arn;

	if (cmd_printf(c, err, "%s: %s\n    %s\n  %zu on-demand rotation%s done, AWS's limit is %d\n", arn,
		       r->stage == ROTATE_DONE ? "current already is" : "rotated to", r->material_id, r->rotations,
		       r->rotations == 1 ? "" : "s", KMS_ON_DEMAND_ROTATIONS_MAX))
		return -1;
	return result_add(c,
			  json_pack("{s:s,s:b,s:s,s:s,s:s,s:i,s:i,s:i,s:i}", "item", arn, "ok", 1, "kms_key_arn", arn, "result",
				    r->stage == ROTATE_DONE ? "current already" : "rotated", "key_material_id", r->material_id,
				    "imported", (int)r->imported, "replicas", (int)(r->n - 1), "rotations", (int)r->rotations,
				    "rotations_max", KMS_ON_DEMAND_ROTATIONS_MAX),
			  err);
}

static int run_rotate(struct cmd *c, struct kh_error *err)
{
	const struct rotate_opts *o = c->opts;
	struct import_run run = {.opts = &o->import, .now = c->now};
	struct rotation r = {0};
	int rc = -1;

	if (!o->key_id && !c->nwords) {
		kh_fail(err, KH_E_USAGE, 0, "no key is named");
		return kh_hint(err, "name the bundles of the primary and of its replicas, or the key with --key-id");
	}
	if (import_read_policy(&run, err) || intent_from_opts(&o->import.intent, &run.intent, err))
		goto out;
	run.opened = true; /* to be closed also where it fails */
	if (session_open(&o->import.aws, &run.session, err))
		goto out;
	if (!rotate_find(&run, o->key_id, c->words, c->nwords, &r, err) && !rotate_run(&r, err))
		rc = report(c, &r, err);
out:
	rotate_clear(&r);
	import_run_end(&run);
	return rc;
}

static const struct opt_group groups[] = {
	OPT_GROUP("The rotation", rotate_rows, 0),
	OPT_GROUP("AWS", session_rows, offsetof(struct rotate_opts, import.aws)),
	OPT_GROUPS_END,
};

const struct cmd_row cmd_rotate = {
	.verb = "rotate",
	.operands = "[BUNDLE...]",
	.summary = "makes new imported material the current one, in every Region: stages it, rotates, and waits",
	.groups = groups,
	.opts_size = sizeof(struct rotate_opts),
	.max_words = UINT_MAX,
	.run = run_rotate,
};
