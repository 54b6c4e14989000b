/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "base/clock.h"
#include "bundle/result.h"
#include "import.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define AT(field) .offset = offsetof(struct import_opts, field)

static const struct opt_row import_rows[] = {
	{.name = "wait-timeout", .kind = OPT_NUMBER, AT(wait_timeout), .arg = "SECONDS",
	 .text = "to wait until KMS shows the import (120)", .min = 0, .max = 86400, .preset = 120},
	{.name = "material-sha256", .kind = OPT_TEXT, AT(material_sha256), .arg = "HEX",
	 .text = "the material's SHA-256 as wrap printed it; another is refused"},
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

static int report(struct cmd *c, const char *path, const struct import *i, struct kh_error *err)
{
	const struct bundle_request *request = bundle_request(i->bundle);
	const struct bundle_receipt *receipt = bundle_receipt(i->bundle);
	char until[CLOCK_TEXT] = "";
	json_t *object;

	if (receipt->valid_to)
		clock_format(receipt->valid_to, until);
	if (cmd_printf(c, err, "%s: %s into %s\n  %s%s%s%s%s%s\n  material's SHA-256 %s\n", path, results[i->result], request->kms_key_arn,
		       receipt->valid_to ? "expires " : "does not expire", until,
		       receipt->key_material_id ? ", material " : "",
		       receipt->key_material_id ? receipt->key_material_id : "",
		       i->compared ? ", KMS's public key is the token's" : "",
		       i->visible ? "" : ", not seen in KMS", receipt->material_sha256))
		return -1;
	object = json_pack("{s:s,s:b,s:s,s:s,s:s,s:b,s:b,s:s}", "item", path, "ok", 1, "result", results[i->result],
			   "kms_key_arn", request->kms_key_arn, "expiration_model", receipt->expiration_model, "visible",
			   (int)i->visible, "public_key_compared", (int)i->compared,
			   "material_sha256", receipt->material_sha256);
	if (object && (add_optional(object, "valid_to", receipt->valid_to ? until : NULL) ||
		       add_optional(object, "key_material_id", receipt->key_material_id) ||
		       add_optional(object, "request_id", receipt->request_id))) {
		json_decref(object);
		return kh_fail_memory(err);
	}
	return result_add(c, object, err);
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
	int rc = check_options(c, run.opts, err) ? -1 : intent_from_opts(&run.opts->intent, &run.intent, err);

	for (size_t k = 0; k < c->nwords && !rc; k++) {
		if (k && cmd_interrupted()) {
			rc = kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: %zu of %zu bundles were looked at", k, c->nwords);
			break;
		}
		rc = import_one(c, &run, c->words[k], err);
		/* one that fails does not stop the others */
		if (rc && c->nwords > 1) {
			struct kh_error why = *err;

			rc = cmd_item_failed(c, c->words[k], &why, err);
		}
	}
	if (run.opened)
		session_close(&run.session);
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
