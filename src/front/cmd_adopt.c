/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"

#include "aws/awstime.h"
#include "base/log.h"
#include "bundle/next.h"
#include "bundle/result.h"
#include "bundle/spki.h"
#include "bundle/words.h"
#include "parameters.h"
#include "policy/policy.h"

#include <string.h>

struct adopt_opts {
	const char *parameters, *public_key, *import_token, *key_id, *parameters_valid_to;
	const char *key_spec, *wrapping_algorithm, *wrapping_key_spec, *key_uri, *token_serial, *policy, *out;
	struct intent_opts intent;
};

#define AT(member) offsetof(struct adopt_opts, member)
static const struct opt_row rows[] = {
	{.name = "parameters", .kind = OPT_INPUT, .offset = AT(parameters), .arg = "FILE",
	 .text = "what 'aws kms get-parameters-for-import' printed; - is stdin"},
	{.name = "public-key", .kind = OPT_INPUT, .offset = AT(public_key), .arg = "FILE",
	 .text = "instead: the wrapping key (DER, or base64 of it)"},
	{.name = "import-token", .kind = OPT_INPUT, .offset = AT(import_token), .arg = "FILE",
	 .text = "and the import token that came with it"},
	{.name = "key-id", .kind = OPT_TEXT, .offset = AT(key_id), .arg = "ARN", .text = "and the KMS key's ARN"},
	{.name = "parameters-valid-to", .kind = OPT_TEXT, .offset = AT(parameters_valid_to), .arg = "TIME",
	 .text = "and when they end, as KMS said"},
	/* texts and not choices: what KMS does not import is refused with its reason */
	{.name = "key-spec", .kind = OPT_TEXT, .offset = AT(key_spec), .arg = "SPEC", .choices = keyspec_names,
	 .text = "the KMS key's spec"},
	{.name = "wrapping-algorithm", .kind = OPT_TEXT, .offset = AT(wrapping_algorithm), .arg = "ALGORITHM",
	 .choices = wrapalg_names, .text = "the algorithm that was asked for"},
	{.name = "wrapping-key-spec", .kind = OPT_CHOICE, .offset = AT(wrapping_key_spec), .arg = "SPEC",
	 .choices = wrapalg_bits_names, .text = "must agree with the wrapping key, which says it too"},
	{.name = "key-uri", .kind = OPT_TEXT, .offset = AT(key_uri), .arg = "URI",
	 .text = "the key on the token that is to be wrapped"},
	{.name = "token-serial", .kind = OPT_TEXT, .offset = AT(token_serial), .arg = "SERIAL", .text = "the token it is meant for"},
	{.name = "policy", .kind = OPT_INPUT, .offset = AT(policy), .arg = "FILE", .text = POLICY_OPT_TEXT},
	{.name = "out", .kind = OPT_OUTPUT, .offset = AT(out), .arg = "BUNDLE", .text = "the new bundle"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	OPT_GROUP("What the import is to say", intent_rows, offsetof(struct adopt_opts, intent)),
	OPT_GROUPS_END,
};

static int check_names(const struct adopt_opts *o, struct kh_error *err)
{
	enum keyspec spec = KEYSPEC_NONE;
	enum wrapalg alg = WRAPALG_NONE;

	if (keyspec_parse(o->key_spec, &spec, err))
		return kh_context(err, "--key-spec");
	return wrapalg_parse(o->wrapping_algorithm, &alg, err) ? kh_context(err, "--wrapping-algorithm") : 0;
}

static int check_opts(const struct adopt_opts *o, struct kh_error *err)
{
	const struct {
		const char *name, *value;
	} needed[] = {
		{"key-spec", o->key_spec}, {"wrapping-algorithm", o->wrapping_algorithm}, {"out", o->out}};
	const bool files = o->public_key || o->import_token;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!needed[i].value) {
			kh_fail(err, KH_E_USAGE, 0, "--%s is missing", needed[i].name);
			return kh_hint(err, "KMS's answer does not say it: say what was asked for");
		}
	if (files == (o->parameters != NULL)) {
		kh_fail(err, KH_E_USAGE, 0, "give either --parameters or --public-key and --import-token");
		return kh_hint(err, "--parameters takes what 'aws kms get-parameters-for-import' printed");
	}
	if (files && (!o->public_key || !o->import_token || !o->key_id)) {
		kh_fail(err, KH_E_USAGE, 0, "--public-key, --import-token and --key-id go together");
		return kh_hint(err, "the files do not say which KMS key they are for: --key-id ARN");
	}
	return 0;
}

/* What --key-id and --parameters-valid-to say, beside or instead of the files. */
static int add_said(const struct adopt_opts *o, struct parameters *p, struct kh_error *err)
{
	int64_t until = 0;

	if (o->key_id && p->kms_key_arn[0] && strcmp(o->key_id, p->kms_key_arn) != 0)
		return kh_fail(err, KH_E_USAGE, 0, "--key-id is %s, the parameters are for %s", o->key_id, p->kms_key_arn);
	if (o->key_id && strlen(o->key_id) > ARN_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "--key-id is longer than %d characters", ARN_MAX);
	if (o->key_id)
		memcpy(p->kms_key_arn, o->key_id, strlen(o->key_id) + 1);
	if (!o->parameters_valid_to)
		return 0;
	if (awstime_parse_absolute(o->parameters_valid_to, &until, err)) {
		err->code = KH_E_USAGE;
		return kh_context(err, "--parameters-valid-to");
	}
	if (p->valid_to && p->valid_to != until)
		return kh_fail(err, KH_E_USAGE, 0, "--parameters-valid-to is not what the parameters say");
	p->valid_to = until;
	return 0;
}

/* Where nobody said when the parameters end, they cannot last longer than KMS lets them, from now. */
static int check_time_known(struct parameters *p, int64_t now, struct kh_error *err)
{
	if (p->valid_to > now + KMS_PARAMETERS_LIFETIME + 3600)
		return kh_fail(err, KH_E_INPUT, 0, "the parameters end more than a day from now: KMS gives none such");
	if (!p->valid_to) {
		p->valid_to = now + KMS_PARAMETERS_LIFETIME;
		log_warning("the end of the parameters is not known: 24 h from now is taken, the longest that it can be");
	}
	return 0;
}

static int read_parameters(const struct adopt_opts *o, int64_t now, struct parameters *p, struct kh_error *err)
{
	if (o->parameters ? parameters_read_json(o->parameters, p, err)
			  : parameters_read_files(o->public_key, o->import_token, p, err))
		return -1;
	return add_said(o, p, err) || check_time_known(p, now, err) ? -1 : 0;
}

static int not_a_wrapping_key(const struct adopt_opts *o, struct kh_error *err)
{
	if (!err->hint[0] && o->public_key)
		kh_hint(err, "are --public-key and --import-token the wrong way round? The first is PublicKey.bin or wrappingKey_*");
	return kh_context(err, "the wrapping key");
}

/* The wrapping key says its own size; an option may only agree. */
static int wrapping_spec(const struct adopt_opts *o, const struct parameters *p, const char **out,
			 struct kh_error *err)
{
	struct spki spki;

	if (spki_parse((const unsigned char *)p->public_key.data, p->public_key.len, 0, &spki, err))
		return not_a_wrapping_key(o, err);
	*out = wrapalg_bits_name(spki.bits);
	spki_clear(&spki);
	if (o->wrapping_key_spec && strcmp(o->wrapping_key_spec, *out) != 0)
		return kh_fail(err, KH_E_USAGE, 0, "--wrapping-key-spec is %s, the wrapping key is %s",
			       o->wrapping_key_spec, *out);
	return 0;
}

/* Refuses what cannot be imported, as fetch does before it asks. */
static int check_request(const struct bundle_request *r, int64_t now, struct kh_error *err)
{
	enum keyspec spec = KEYSPEC_NONE;
	enum wrapalg alg = WRAPALG_NONE;
	unsigned bits = 0;
	struct arn arn;

	if (arn_parse_key(r->kms_key_arn, &arn, err) || keyspec_parse(r->key_spec, &spec, err) ||
	    wrapalg_parse(r->wrapping_algorithm, &alg, err) ||
	    wrapalg_bits_parse(r->wrapping_key_spec, &bits, err) || wrapalg_check(spec, alg, bits, &arn, err))
		return -1;
	if (r->key_uri && bundle_check_uri(r->key_uri, err))
		return kh_context(err, "--key-uri");
	/* the expiry may wait until import: it asks where the bundle does not say */
	return r->intent.expiration_model ? intent_check(&r->intent, spec, now, err)
					  : intent_check_form(&r->intent, spec, err);
}

/* The request is for the token and under the policy from here on, or is refused, as fetch does it. */
static int take_policy(const struct policy *p, int64_t now, char serial[POLICY_SERIAL_MAX], struct bundle_request *r, struct kh_error *err)
{
	struct bundle_facts facts = {.key_spec = KEYSPEC_NONE};

	if (!p)
		return 0;
	if (!r->token_serial && r->key_uri && policy_token_serial(p, r->key_uri, serial))
		r->token_serial = serial;
	if (arn_parse_key(r->kms_key_arn, &facts.arn, err) || keyspec_parse(r->key_spec, &facts.key_spec, err) ||
	    wrapalg_parse(r->wrapping_algorithm, &facts.algorithm, err) ||
	    wrapalg_bits_parse(r->wrapping_key_spec, &facts.wrapping_bits, err) || policy_check_request(p, r, &facts, now, err))
		return -1;
	r->policy_sha256 = p->sha256;
	return 0;
}

static int adopt(struct cmd *c, const struct parameters *p, const struct policy *policy, struct bundle **b, struct kh_error *err)
{
	const struct adopt_opts *o = c->opts;
	struct bundle_request r = {
		.kms_key_arn = p->kms_key_arn,
		.key_spec = o->key_spec,
		.wrapping_algorithm = o->wrapping_algorithm,
		.public_key = {(const unsigned char *)p->public_key.data, p->public_key.len},
		.import_token = {(const unsigned char *)p->import_token.data, p->import_token.len},
		.parameters_valid_to = p->valid_to,
		.fetched_at = c->now,
		.generator = "keyhaul " VERSION,
		.key_uri = o->key_uri,
		.token_serial = o->token_serial,
	};
	char serial[POLICY_SERIAL_MAX];

	if (intent_from_opts(&o->intent, &r.intent, err) || wrapping_spec(o, p, &r.wrapping_key_spec, err) ||
	    check_request(&r, c->now, err) || take_policy(policy, c->now, serial, &r, err) || bundle_new(&r, b, err) || bundle_check_time(*b, c->now, err))
		return -1;
	return bundle_create(*b, o->out, err);
}

static int tell(struct cmd *c, const struct bundle *b, struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);
	const struct adopt_opts *o = c->opts;
	struct buf next = BUF_INIT(16384);
	int rc = -1;

	if (next_command(b, o->out, c->now, &next, err) ||
	    result_add(c,
		       json_pack("{s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s}", "item", o->out, "ok", 1, "kms_key_arn",
				 r->kms_key_arn, "request_sha256", bundle_request_sha256(b), "next",
				 buf_text(&next), "key_spec", r->key_spec, "wrapping_algorithm", r->wrapping_algorithm,
				 "wrapping_key_spec", r->wrapping_key_spec),
		       err))
		goto out;
	if (cmd_printf(c, err, "%s: a request for %s\n  %s, %s under %s\n  request's SHA-256\n", o->out, r->kms_key_arn,
		       r->key_spec, r->wrapping_algorithm, r->wrapping_key_spec) ||
	    words_show(c, 4, bundle_request_sha256(b), err) || cmd_printf(c, err, "next: %s\n", buf_text(&next)))
		goto out;
	rc = 0;
	log_warning("KMS's answer says neither key spec nor algorithm: that the KMS key is %s, and %s what was asked for, is "
		    "not checked before the import", r->key_spec, r->wrapping_algorithm);
	if (!r->intent.expiration_model)
		log_warning(INTENT_OPEN);
out:
	buf_free(&next);
	return rc;
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct adopt_opts *o = c->opts;
	struct parameters p = PARAMETERS_INIT;
	struct policy *policy = NULL;
	struct bundle *b = NULL;
	int rc = -1;

	if (check_opts(o, err) || check_names(o, err) || policy_in_force(POLICY_HOST_PATH, o->policy, &policy, err) ||
	    read_parameters(o, c->now, &p, err) || adopt(c, &p, policy, &b, err))
		goto out;
	rc = tell(c, b, err) == 0 ? 0 : cmd_was_done(err);
out:
	bundle_free(b);
	policy_free(policy);
	parameters_clear(&p);
	return rc;
}

const struct cmd_row adopt_row = {
	.verb = "adopt",
	.operands = "",
	.needs = "--parameters FILE --key-spec SPEC --wrapping-algorithm ALGORITHM --out BUNDLE",
	.summary = "a new bundle of parameters that the AWS CLI or the console fetched",
	.groups = groups,
	.opts_size = sizeof(struct adopt_opts),
	.run = run,
};
