/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"

#include "base/log.h"
#include "bundle/next.h"
#include "bundle/result.h"
#include "document.h"
#include "haul.h"
#include "keymatch.h"
#include "pass.h"
#include "resume.h"
#include "step.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is passed on is kept as the text it came as; the program that takes it checks it. */
struct fetch_opts {
	const char *wrapping_algorithm, *token_profile, *wrapping_key_spec, *key_spec;
};

/* The token side beside what pass.h has: a key that is made for the run. */
struct make_opts {
	const char *token, *generate;
	bool no_keep;
};

struct run_opts {
	const char *key, *key_id, *out, *policy;
	struct fetch_opts fetch;
	struct intent_opts intent;
	struct make_opts make;
	struct pass_token wrap;
	struct pass_kms kms;
	struct pass_import import;
};

#define AT(member) .offset = offsetof(struct run_opts, member)
static const struct opt_row own_rows[] = {
	{.name = "key", .kind = OPT_URI, AT(key), .arg = "URI", .text = "the key on the token (a PKCS#11 URI)"},
	{.name = "key-id", .kind = OPT_TEXT, AT(key_id), .arg = "ID", .text = "the KMS key: ARN, id or alias"},
	{.name = "out", .kind = OPT_OUTPUT, AT(out), .arg = "BUNDLE",
	 .text = "keep the bundle there; run again with it, it continues"},
	{.name = "policy", .kind = OPT_INPUT, AT(policy), .arg = "FILE",
	 .text = "the policy that counts, keyhaul-policy(5), for each step"},
};

#undef AT
#define AT(member) .offset = offsetof(struct fetch_opts, member)
static const struct opt_row fetch_rows[] = {
	{.name = "wrapping-algorithm", .kind = OPT_TEXT, AT(wrapping_algorithm), .arg = "ALGORITHM",
	 .choices = wrapalg_names, .text = "how the key is wrapped"},
	{.name = "token-profile", .kind = OPT_INPUT, AT(token_profile), .arg = "FILE",
	 .text = "the algorithm by what 'keyhaul probe' wrote"},
	{.name = "wrapping-key-spec", .kind = OPT_TEXT, AT(wrapping_key_spec), .arg = "SPEC",
	 .choices = wrapalg_bits_names, .text = "size of KMS's wrapping key"},
	{.name = "key-spec", .kind = OPT_TEXT, AT(key_spec), .arg = "SPEC", .choices = keyspec_names,
	 .text = "the KMS key's spec, where DescribeKey is not allowed"},
};

#undef AT
#define AT(member) .offset = offsetof(struct make_opts, member)
static const struct opt_row make_rows[] = {
	{.name = "token", .kind = OPT_URI, AT(token), .arg = "URI", .text = "instead of --key: the token to make a key on"},
	{.name = "generate", .kind = OPT_TEXT, AT(generate), .arg = "LABEL", .text = "the new key's label, with --token"},
	{.name = "no-keep", .kind = OPT_FLAG, AT(no_keep), .text = "with --generate: the key is gone afterwards"},
};
#undef AT

enum { OWN, FETCH, INTENT, MAKE, WRAP, KMS, IMPORT };
static const struct opt_group groups[] = {
	[OWN] = OPT_GROUP(NULL, own_rows, 0),
	[FETCH] = OPT_GROUP("Fetch", fetch_rows, offsetof(struct run_opts, fetch)),
	[INTENT] = OPT_GROUP("What the import says", intent_rows, offsetof(struct run_opts, intent)),
	[MAKE] = OPT_GROUP("A key that is made", make_rows, offsetof(struct run_opts, make)),
	[WRAP] = OPT_GROUP("Token", pass_token_rows, offsetof(struct run_opts, wrap)),
	[KMS] = OPT_GROUP("AWS", pass_kms_rows, offsetof(struct run_opts, kms)),
	[IMPORT] = OPT_GROUP("Import", pass_import_rows, offsetof(struct run_opts, import)),
	OPT_GROUPS_END,
};

/* What fetch would refuse is refused before it starts; what its spec alone can tell is left to it. */
static int check_new(const struct run_opts *o, const struct intent *intent, int64_t now, struct kh_error *err)
{
	enum keyspec spec = KEYSPEC_SYMMETRIC_DEFAULT;

	if (o->fetch.key_spec && keyspec_parse(o->fetch.key_spec, &spec, err))
		return kh_context(err, "--key-spec");
	return intent_check(intent, spec, now, err);
}

/* What import would refuse for ever, once the key is made and gone. */
static int check_kept(const struct run_opts *o, const struct bundle *before, const struct intent *said, struct kh_error *err)
{
	const char *model = said->expiration_model;

	if (before && bundle_request(before)->intent.expiration_model)
		model = bundle_request(before)->intent.expiration_model;
	if (!o->make.no_keep || o->import.yes || !model || strcmp(model, INTENT_EXPIRES) != 0 || (before && bundle_receipt(before)))
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "--no-keep, and the import expires: the key could never be imported again");
	return kh_hint(err, "leave --no-keep out, or say --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE%s, or --yes",
		       before ? " and another --out" : "");
}

static int check_opts(const struct cmd *c, const struct bundle *before, struct kh_error *err)
{
	const struct run_opts *o = c->opts;
	struct resume_said said = {
		.key = o->key,
		.token = o->make.token,
		.generate = o->make.generate,
		.wrapping_algorithm = o->fetch.wrapping_algorithm,
		.wrapping_key_spec = o->fetch.wrapping_key_spec,
		.key_spec = o->fetch.key_spec,
		.token_profile = o->fetch.token_profile,
		.no_keep = o->make.no_keep,
	};

	if (intent_from_opts(&o->intent, &said.intent, err) || check_kept(o, before, &said.intent, err))
		return -1;
	return before ? resume_check(&said, before, o->out, err) : check_new(o, &said.intent, c->now, err);
}

static int check_names(const struct run_opts *o, struct kh_error *err)
{
	const bool makes = o->make.token || o->make.generate;

	if (!o->key_id || !o->key == !makes) {
		kh_fail(err, KH_E_USAGE, 0, !o->key_id ? "--key-id is missing" : "give either --key, or --token and --generate");
		return kh_hint(err, "--key names the key on the token, --key-id the one in KMS");
	}
	if (!o->make.token != !o->make.generate)
		return kh_fail(err, KH_E_USAGE, 0, "--token and --generate go together");
	if (arn_kind_of(o->key_id) == ARN_NONE)
		return kh_fail(err, KH_E_USAGE, 0, "--key-id: '%.300s' is no key id, ARN or alias", o->key_id);
	return pass_check_uri("--key", o->key, err) || pass_check_uri("--token", o->make.token, err) ||
			       pass_check_uri("--signer", o->wrap.signer, err)
		       ? -1
		       : 0;
}

enum run_step { STEP_FETCH, STEP_WRAP, STEP_IMPORT, STEPS };
static const char *const step_verbs[STEPS] = {
	[STEP_FETCH] = "fetch", [STEP_WRAP] = "wrap", [STEP_IMPORT] = "import"};

static int words_for(struct step *s, const struct cmd *c, enum run_step which, const char *const *path,
		     struct kh_error *err)
{
	const struct run_opts *o = c->opts;
	const struct verb *verb = verbs_find(step_verbs[which]);

	step_begin(s, verb->program, verb->verb);
	if (which != STEP_FETCH)
		step_operands(s, path, 1);
	if (c->common.json && step_option(s, "json", NULL, err))
		return -1;
	if (c->common.debug && step_option(s, "debug", NULL, err))
		return -1;
	if (o->policy && step_option(s, "policy", o->policy, err))
		return -1;
	if (which == STEP_WRAP)
		return (o->key && step_option(s, "key", o->key, err)) || pass_on(s, &groups[MAKE], o, err) ? -1
			: pass_on(s, &groups[WRAP], o, err);
	if (pass_on(s, &groups[INTENT], o, err) || pass_on(s, &groups[KMS], o, err))
		return -1;
	if (which == STEP_IMPORT)
		return pass_on(s, &groups[IMPORT], o, err);
	return step_option(s, "key-id", o->key_id, err) || pass_on(s, &groups[FETCH], o, err) ||
			       step_option(s, "out", *path, err)
		       ? -1
		       : 0;
}

/* Takes another program's one document as an object of ours, with the key that it is about; and its error where it has one. */
static int take_document(struct cmd *c, const struct step *s, const struct bundle_material *m, struct kh_error *why,
			 struct kh_error *err)
{
	json_t *doc = NULL;

	if (document_read(s, &doc, err))
		return -1;
	(void)document_error(doc, why);
	(void)json_object_del(doc, "keyhaul_output");
	if (json_object_set_new(doc, "item", json_string(s->words[1])) ||
	    (m && json_object_set_new(doc, "key", keymatch_json(m)))) {
		json_decref(doc);
		return kh_fail_memory(err);
	}
	return result_add(c, doc, err);
}

/* Which key is imported is said before KMS has it. */
static int tell_key(struct cmd *c, const struct step *s, const struct bundle_material *m, struct kh_error *err)
{
	char words[KEYMATCH_WORDS];

	if (!m) {
		log_progress("%s %s", s->program, s->words[1]);
		return 0;
	}
	keymatch_words(m, words);
	log_progress("%s %s: the key %s", s->program, s->words[1], words);
	if (isatty(STDERR_FILENO) && isatty(STDOUT_FILENO))
		return 0; /* said on this very terminal */
	return cmd_printf(c, err, "the key: %s\n", words);
}

/* Takes another program's words, but for the command to type next: that is ours to run. */
static int take_words(struct cmd *c, const struct step *s, struct kh_error *err)
{
	const char *at = buf_text(&s->output), *end = at + s->output.len;

	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		size_t n = line_end ? (size_t)(line_end - at) + 1 : (size_t)(end - at);

		if (strncmp(at, "next: ", 6) != 0 && buf_add(&c->text, at, n, err))
			return -1;
		at += n;
	}
	return 0;
}

/* On a terminal a step's report stands below the line that says which it is; elsewhere nothing is printed before all went well. */
static int show_now(struct cmd *c, struct kh_error *err)
{
	return isatty(STDOUT_FILENO) ? cmd_flush(c, err) : 0;
}

static int one_step(struct cmd *c, enum run_step which, const char *path, struct kh_error *err)
{
	const struct bundle_material *m = NULL;
	struct bundle *b = NULL;
	struct kh_error why = {0};
	struct step s;
	int rc = -1;

	if (words_for(&s, c, which, &path, err) || (which == STEP_IMPORT && bundle_read(path, &b, err)))
		goto out;
	m = b ? bundle_material(b) : NULL;
	if (tell_key(c, &s, m, err) || step_run(&s, err))
		goto out;
	if (s.status)
		kh_fail(&why, step_code(s.status), 0, "%s %s ended with status %d", s.program, s.words[1], s.status);
	if (c->common.json ? take_document(c, &s, m, &why, err) : take_words(c, &s, err) || show_now(c, err))
		goto out;
	if (s.status)
		*err = why;
	else
		rc = 0;
out:
	bundle_free(b);
	step_end(&s);
	return rc;
}

static int all_steps(struct cmd *c, const struct bundle *before, const char *path, enum run_step *at, struct kh_error *err)
{
	*at = !before ? STEP_FETCH : next_stage(before) == NEXT_WRAP ? STEP_WRAP : STEP_IMPORT;
	for (; *at < STEPS; (*at)++) {
		if (one_step(c, *at, path, err))
			return -1;
		if (*at != STEP_IMPORT && cmd_interrupted())
			return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted after %s", step_verbs[*at]);
	}
	return 0;
}

/* What KMS says of a blob or a token that it will never take. */
static bool kms_never_takes(const struct kh_error *err)
{
	static const char *const names[] = {"IncorrectKeyMaterialException", "InvalidCiphertextException",
					    "InvalidImportTokenException", "ExpiredImportTokenException"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(err->name, names[i]) == 0)
			return true;
	return false;
}

/* What can be done with the bundle that a failed step leaves; the same command does not always help. */
static void hint_kept(enum run_step at, const char *path, struct kh_error *err)
{
	char before[sizeof(err->hint)];
	const char *join;

	(void)snprintf(before, sizeof(before), "%.150s", err->hint);
	join = before[0] ? "; " : "";
	if ((at == STEP_WRAP && err->code == KH_E_CHECK) || kms_never_takes(err))
		kh_hint(err, "%s%sthe same command ends the same way with this bundle: run it again with what the hint before this one says, "
			     "and move %.200s away or name another --out", before, join, path);
	else if (err->code == KH_E_CHECK || err->code == KH_E_KMS)
		kh_hint(err, "%s%sthe bundle is kept: where it is what is refused, move it away or name another --out; else the same "
			     "command with --out %.200s goes on from there", before, join, path);
	else if (err->code == KH_E_USAGE || err->code == KH_E_INPUT)
		kh_hint(err, "%s%sthe bundle is kept: with that put right, --out %.200s goes on from there; or name another --out",
			before, join, path);
	else
		kh_hint(err, "%s%sthe bundle is kept: the same command with --out %.200s goes on from there", before, join, path);
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct run_opts *o = c->opts;
	struct haul_place place = {"", ""};
	enum run_step at = STEP_FETCH;
	struct bundle *before = NULL;
	bool there;
	int rc = -1;

	if (check_names(o, err) || (o->out && haul_resume(o->out, o->key_id, &before, err)) ||
	    check_opts(c, before, err) || haul_place_choose(o->out, &place, err))
		goto out;
	rc = all_steps(c, before, place.path, &at, err);
	there = haul_place_leave(&place, rc == 0);
	if (there && rc)
		hint_kept(at, place.path, err);
	if (!there && !rc)
		rc = cmd_printf(c, err, "the bundle was not kept: --out FILE keeps it\n");
out:
	bundle_free(before);
	return rc;
}

const struct cmd_row run_row = {
	.verb = "run",
	.operands = "",
	.needs = "--key URI --key-id ID --valid-to T",
	.summary = "fetch, wrap and import in turn, where one host may do all three",
	.groups = groups,
	.opts_size = sizeof(struct run_opts),
	.run = run,
};
