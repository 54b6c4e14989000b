/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "base/clock.h"
#include "bundle/jsontext.h"
#include "bundle/result.h"
#include "bundle/words.h"
#include "flight.h"
#include "import_many.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define AT(field) .offset = offsetof(struct import_opts, field)

static const struct opt_row import_rows[] = {
	{.name = "wait-timeout", .kind = OPT_NUMBER, AT(wait_timeout), .arg = "SECONDS",
	 .text = "to wait until KMS shows the import (120)", .min = 0, .max = 86400, .preset = 120},
	{.name = "material-sha256", .kind = OPT_TEXT, AT(material_sha256), .arg = "HEX",
	 .text = "the material's SHA-256 as wrap printed it; another is refused"},
	{.name = "csv", .kind = OPT_OUTPUT, AT(csv), .arg = "FILE",
	 .text = "of several bundles: the table at the end as CSV too"},
	{.name = "jobs", .kind = OPT_NUMBER, AT(jobs), .arg = "N", .text = "of several bundles: KMS keys at a time (32)",
	 .min = 1, .max = FLIGHT_JOBS_MAX, .preset = FLIGHT_JOBS},
	{.name = "policy", .kind = OPT_INPUT, AT(policy), .arg = "FILE", .text = POLICY_OPT_TEXT},
	{.name = "yes", .kind = OPT_FLAG, AT(yes),
	 .text = "import with an expiry although the token did not keep the key"},
};

static const char *const results[] = {
	[IMPORT_DONE] = "imported",
	[IMPORT_SETTLED] = "found imported",
	[IMPORT_ALREADY] = "already imported",
};

static int add_optional(json_t *object, const char *name, const char *value)
{
	return value ? json_object_set_new(object, name, json_string(value)) : 0;
}

const char *import_result_word(const struct import *i)
{
	return i->result == IMPORT_ALREADY && !i->visible ? "with a receipt" : results[i->result];
}

json_t *import_result_json(const char *path, const struct import *i)
{
	const struct bundle_receipt *receipt = bundle_receipt(i->bundle);
	char until[CLOCK_TEXT] = "";
	json_t *object;

	if (receipt->valid_to)
		clock_format(receipt->valid_to, until);
	object = jsontext_pack("{s:s,s:b,s:s,s:s,s:s,s:b,s:b,s:s,s:s*}", "item", path, "ok", 1, "result", import_result_word(i),
			   "kms_key_arn", bundle_request(i->bundle)->kms_key_arn, "expiration_model",
			   receipt->expiration_model, "visible", (int)i->visible, "public_key_compared", (int)i->compared,
			   "material_sha256", receipt->material_sha256, "policy_sha256",
			   bundle_material(i->bundle)->policy_sha256);
	if (object && (add_optional(object, "valid_to", receipt->valid_to ? until : NULL) ||
		       add_optional(object, "key_material_id", receipt->key_material_id) ||
		       add_optional(object, "request_id", receipt->request_id) ||
		       add_optional(object, "told_now", bundle_material(i->bundle)->told_now.said) ||
		       add_optional(object, "told_host_clock", bundle_material(i->bundle)->told_now.host_clock))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int report(struct cmd *c, const char *path, const struct import *i, struct kh_error *err)
{
	const struct bundle_receipt *receipt = bundle_receipt(i->bundle);
	const char *policy = bundle_material(i->bundle)->policy_sha256, *word = import_result_word(i);
	bool none = strcmp(policy, "none") == 0;
	char until[CLOCK_TEXT] = "";

	if (receipt->valid_to)
		clock_format(receipt->valid_to, until);
	if (cmd_printf(c, err, "%s: %s %s %s\n  %s%s%s%s\n", path, word, word == results[i->result] ? "into" : "of its import into",
		       bundle_request(i->bundle)->kms_key_arn,
		       receipt->valid_to ? "expires " : "does not expire", until,
		       i->compared ? ", KMS's public key is the token's" : "", i->visible ? "" : ", not seen in KMS") ||
	    (receipt->key_material_id && cmd_printf(c, err, "  key material id\n    %s\n", receipt->key_material_id)) ||
	    cmd_printf(c, err, none ? "  wrapped under no policy\n" : "  wrapped under the policy of SHA-256\n    %s\n", policy) ||
	    cmd_printf(c, err, "  material's SHA-256\n") ||
	    words_show(c, 4, receipt->material_sha256, err))
		return -1;
	return result_add(c, import_result_json(path, i), err);
}

static int import_one(struct cmd *c, struct import_run *run, const char *path, struct kh_error *err)
{
	struct import i;
	int rc = import_bundle(run, path, &i, err);

	if (!rc)
		rc = report(c, path, &i, err);
	import_clear(&i);
	return rc;
}

static int check_options(const struct cmd *c, const struct import_opts *o, struct kh_error *err)
{
	const char *digest = o->material_sha256;

	if (o->csv && c->nwords < 2)
		return kh_fail(err, KH_E_USAGE, 0, "--csv is for several bundles, and here is one");
	if (!digest)
		return 0;
	if (strlen(digest) != BUNDLE_DIGEST_HEX - 1 || strspn(digest, "0123456789abcdefABCDEF") != BUNDLE_DIGEST_HEX - 1)
		return kh_fail(err, KH_E_USAGE, 0, "--material-sha256 is not 64 hex digits");
	if (c->nwords > 1)
		return kh_fail(err, KH_E_USAGE, 0, "--material-sha256 is of one bundle, and here are %zu", c->nwords);
	return 0;
}

static int run_import(struct cmd *c, struct kh_error *err)
{
	struct import_run run = {.opts = c->opts, .now = c->now};
	int rc = check_options(c, run.opts, err) || import_read_policy(&run, err)
			 ? -1 : intent_from_opts(&run.opts->intent, &run.intent, err);

	if (!rc)
		rc = c->nwords > 1 ? import_many(c, &run, err) : import_one(c, &run, c->words[0], err);
	import_run_end(&run);
	return rc;
}

static const struct opt_group groups[] = {
	OPT_GROUP("The import", import_rows, 0),
	OPT_GROUP("What it says, where the bundle does not", intent_rows, offsetof(struct import_opts, intent)),
	OPT_GROUP("AWS", session_rows, offsetof(struct import_opts, aws)),
	OPT_GROUPS_END,
};

const struct cmd_row cmd_import = {
	.verb = "import",
	.operands = "BUNDLE...",
	.summary = "imports wrapped key material into its KMS key, and writes the receipt into the bundle",
	.groups = groups,
	.opts_size = sizeof(struct import_opts),
	.min_words = 1,
	.max_words = UINT_MAX,
	.run = run_import,
};
