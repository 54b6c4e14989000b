/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"

#include "awscli.h"
#include "bundle/result.h"
#include "folder.h"
#include "signedfiles.h"

#include "base/log.h"
#include "bundle/jsontext.h"

struct export_opts {
	const char *to;
	struct intent_opts intent;
};

static const struct opt_row rows[] = {
	{.name = "to", .kind = OPT_OUTPUT, .offset = offsetof(struct export_opts, to), .arg = "DIR",
	 .text = "folder for the files, made where it is missing"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	OPT_GROUP("What the import says, where the bundle does not", intent_rows, offsetof(struct export_opts, intent)),
	OPT_GROUPS_END,
};

/* What the import will say. Without material it may be open still: then only the command is missing. */
static int choose_intent(const struct cmd *c, const struct bundle *b, struct intent *out, struct kh_error *err)
{
	const struct export_opts *opts = c->opts;
	const struct intent *in_bundle = &bundle_request(b)->intent;
	struct intent said = {0};

	if (intent_from_opts(&opts->intent, &said, err))
		return -1;
	if (!bundle_material(b) && !in_bundle->expiration_model && !said.expiration_model) {
		*out = said;
		return 0;
	}
	if (intent_merge(in_bundle, &said, out, err))
		return -1;
	return intent_check(out, bundle_facts(b)->key_spec, c->now, err);
}

static int write_files(const struct bundle *b, const struct intent *intent, int64_t now, const char *dir,
		       struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);
	const struct bundle_material *m = bundle_material(b);
	struct buf request = BUF_INIT(BUNDLE_MAX), input = BUF_INIT(AWSCLI_INPUT_MAX);
	struct folder_file files[5 + SIGNEDFILES_MAX];
	struct signedfiles signed_files = {.n = 0};
	size_t n = 0;
	int rc = -1;

	if (bundle_canonical(b, "request", &request, err) || (m && awscli_input(b, intent, now, &input, err)))
		goto out;
	files[n++] = (struct folder_file){AWSCLI_PUBLIC_KEY, r->public_key.data, r->public_key.len};
	files[n++] = (struct folder_file){AWSCLI_IMPORT_TOKEN, r->import_token.data, r->import_token.len};
	files[n++] = (struct folder_file){AWSCLI_REQUEST, request.data, request.len};
	if (m) {
		const struct bundle_blob *blob = &m->encrypted_key_material;

		files[n++] = (struct folder_file){AWSCLI_MATERIAL, blob->data, blob->len};
		files[n++] = (struct folder_file){AWSCLI_INPUT, input.data, input.len};
	}
	if (signedfiles_add(b, &signed_files, files, &n, err))
		goto out;
	rc = folder_fill(dir, files, n, err);
out:
	signedfiles_free(&signed_files);
	buf_free(&request);
	buf_free(&input);
	return rc;
}

static int tell(struct cmd *c, const char *path, const struct bundle *b, const char *dir, const char *command,
		struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);
	json_t *result = jsontext_pack("{s:s, s:b, s:s, s:s*}", "item", path, "ok", 1, "folder", dir, "command",
				   *command ? command : NULL);

	if (result_add(c, result, err))
		return -1;
	if (!bundle_material(b) &&
	    cmd_printf(c, err, "wrap the key with %s under %s/" AWSCLI_PUBLIC_KEY " into %s/" AWSCLI_MATERIAL ", then:\n",
		       r->wrapping_algorithm, dir, dir))
		return -1;
	if (!*command)
		return cmd_printf(c, err, "the import's command is not printed: say the expiry at fetch, or to export\n");
	return cmd_printf(c, err, "%s\n", command);
}

static int export_to(struct cmd *c, const struct bundle *b, const char *dir, struct kh_error *err)
{
	struct buf command = BUF_INIT(16384);
	struct intent intent = {0};
	int rc = -1;

	if (bundle_check_time(b, c->now, err) || choose_intent(c, b, &intent, err))
		goto out;
	if (intent.expiration_model && awscli_command(b, &intent, dir, c->now, &command, err))
		goto out;
	if (write_files(b, &intent, c->now, dir, err))
		goto out;
	if (tell(c, c->words[0], b, dir, buf_text(&command), err)) {
		cmd_was_done(err);
		goto out;
	}
	if (bundle_receipt(b))
		log_warning("%s has a receipt: its material was imported already", c->words[0]);
	rc = 0;
out:
	buf_free(&command);
	return rc;
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct export_opts *opts = c->opts;
	struct bundle *b = NULL;
	int rc = -1;

	if (!opts->to) {
		kh_fail(err, KH_E_USAGE, 0, "--to is missing");
		return kh_hint(err, "name the folder that the files go to: --to DIR");
	}
	if (!bundle_read(c->words[0], &b, err))
		rc = export_to(c, b, opts->to, err);
	bundle_free(b);
	return rc;
}

const struct cmd_row export_row = {
	.verb = "export",
	.operands = "BUNDLE",
	.needs = "--to DIR",
	.summary = "a bundle as files for the AWS CLI, and the command that imports them",
	.groups = groups,
	.opts_size = sizeof(struct export_opts),
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
