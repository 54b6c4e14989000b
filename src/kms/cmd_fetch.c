/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "base/clock.h"
#include "base/log.h"
#include "bundle/bundle.h"
#include "bundle/result.h"
#include "bundle/spki.h"
#include "bundle/tokenprofile.h"
#include "compare.h"
#include "ops.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

#define SKEW 60 /* seconds that two clocks may differ without a word */

struct fetch_opts {
	struct session_opts aws;
	struct intent_opts intent;
	const char *key_id;
	const char *key_spec;
	const char *wrapping_algorithm;
	const char *wrapping_key_spec;
	const char *token_profile;
	const char *key_uri;
	const char *token_serial;
	const char *out;
};

/* What is found out on the way to a request. */
struct fetch {
	const struct fetch_opts *opts;
	struct session session;
	struct endpoint endpoint;
	struct kms kms;
	struct intent intent;
	struct ops_key key; /* arn "" until it is known */
	bool described;
	enum keyspec spec;
	enum wrapalg algorithm;
	unsigned bits;
	struct tokenprofile_read *profile; /* NULL: none was given */
	const struct tokenprofile_row *chosen; /* the profile's row that chose the algorithm; NULL: another did */
	struct ops_parameters parameters;
};

#define AT(field) .offset = offsetof(struct fetch_opts, field)

static const struct opt_row fetch_rows[] = {
	{.name = "key-id", .kind = OPT_TEXT, AT(key_id), .arg = "ID|ARN|ALIAS", .text = "the KMS key"},
	{.name = "out", .kind = OPT_OUTPUT, AT(out), .arg = "BUNDLE", .text = "the bundle to write; must not exist"},
	{.name = "wrapping-algorithm", .kind = OPT_CHOICE, AT(wrapping_algorithm), .arg = "ALGORITHM",
	 .choices = wrapalg_names, .text = "the best for the key's spec if not given"},
	{.name = "wrapping-key-spec", .kind = OPT_CHOICE, AT(wrapping_key_spec), .arg = "SPEC",
	 .choices = wrapalg_bits_names, .text = "RSA_4096 if not given"},
	{.name = "token-profile", .kind = OPT_INPUT, AT(token_profile), .arg = "FILE",
	 .text = "what 'keyhaul-token probe' wrote: the best algorithm that this token was proven to do"},
	{.name = "key-uri", .kind = OPT_URI, AT(key_uri), .arg = "URI",
	 .text = "the token's key that it is meant for; wrap then takes no other"},
	{.name = "token-serial", .kind = OPT_TEXT, AT(token_serial), .arg = "SERIAL", .text = "the token it is meant for"},
	{.name = "key-spec", .kind = OPT_TEXT, AT(key_spec), .arg = "SPEC",
	 .text = "the KMS key's spec, where DescribeKey is denied"},
};

/* An intent may leave the expiry to import; what it says must hold. */
static int check_intent(const struct fetch *f, int64_t now, struct kh_error *err)
{
	return f->intent.expiration_model ? intent_check(&f->intent, f->spec, now, err)
					  : intent_check_form(&f->intent, f->spec, err);
}

/* The command line alone, before anything is sent. */
static int read_options(struct fetch *f, int64_t now, struct kh_error *err)
{
	const struct fetch_opts *o = f->opts;

	if (!o->key_id || !o->out)
		return kh_fail(err, KH_E_USAGE, 0, "--%s is missing", o->key_id ? "out" : "key-id");
	if (arn_kind_of(o->key_id) == ARN_NONE) {
		kh_fail(err, KH_E_USAGE, 0, "--key-id '%.200s' is no key id, ARN or alias", o->key_id);
		return kh_hint(err, "a key id, its ARN, alias/NAME or an alias's ARN");
	}
	if ((o->key_spec && keyspec_parse(o->key_spec, &f->spec, err)) ||
	    (o->wrapping_algorithm && wrapalg_parse(o->wrapping_algorithm, &f->algorithm, err)) ||
	    wrapalg_bits_parse(o->wrapping_key_spec ? o->wrapping_key_spec : "RSA_4096", &f->bits, err) ||
	    intent_from_opts(&o->intent, &f->intent, err))
		return -1;
	if (o->token_profile && o->wrapping_algorithm) {
		kh_fail(err, KH_E_USAGE, 0, "--token-profile and --wrapping-algorithm both choose the algorithm");
		return kh_hint(err, "give one of them");
	}
	if (o->token_profile && tokenprofile_load(o->token_profile, &f->profile, err))
		return -1;
	if (o->key_uri && bundle_check_uri(o->key_uri, err))
		return kh_context(err, "--key-uri");
	return f->spec ? check_intent(f, now, err) : 0;
}

/* What is there is never overwritten; a request that still counts is worth naming. */
static int must_be_new(const struct file *file, const char *path, struct kh_error *err)
{
	const struct buf *there = file_content(file);
	struct bundle *b = NULL;
	struct kh_error ignored;
	char until[CLOCK_TEXT];

	if (!there)
		return 0;
	if (bundle_parse(buf_text(there), there->len, &b, &ignored)) {
		kh_fail(err, KH_E_INPUT, 0, "%s is there already, and is no bundle", path);
	} else {
		clock_format(bundle_request(b)->parameters_valid_to, until);
		kh_fail(err, KH_E_INPUT, 0, "%s is there already: a request for %s, good until %s", path,
			bundle_request(b)->kms_key_arn, until);
	}
	bundle_free(b);
	return kh_hint(err, "nothing is overwritten: name another --out, or move that one away");
}

static int denied(struct fetch *f, struct kh_error *err)
{
	enum arn_kind kind = arn_kind_of(f->opts->key_id);

	if (kind == ARN_ALIAS_NAME || kind == ARN_ALIAS_ARN)
		return kh_hint(err, "an alias can only be resolved by DescribeKey: allow kms:DescribeKey, or give the key's "
				    "ARN and --key-spec");
	if (!f->opts->key_spec)
		return kh_hint(err, "allow kms:DescribeKey, or say the key's spec with --key-spec");
	log_warning("DescribeKey is denied: that the key is %s and takes imported material is not checked",
		    f->opts->key_spec);
	return 0;
}

static int check_described(struct fetch *f, struct kh_error *err)
{
	const struct ops_key *k = &f->key;
	enum keyspec spec = KEYSPEC_NONE;

	if (strcmp(k->origin, "EXTERNAL") != 0 || k->key_store[0]) {
		kh_fail(err, KH_E_CHECK, 0, "%s takes no imported material: Origin %s%s%s", k->arn, k->origin,
			k->key_store[0] ? ", custom key store " : "", k->key_store);
		return kh_hint(err, "'keyhaul-kms create' makes a key with Origin EXTERNAL");
	}
	if (strcmp(k->state, "PendingImport") != 0 && strcmp(k->state, "Enabled") != 0 &&
	    strcmp(k->state, "Disabled") != 0) {
		kh_fail(err, KH_E_CHECK, 0, "%s takes no import now: KeyState %s", k->arn, k->state);
		return kh_hint(err, strcmp(k->state, "PendingDeletion") == 0
					    ? "'aws kms cancel-key-deletion' keeps the key"
					    : "'aws kms describe-key' shows the state; try again when it is PendingImport");
	}
	if (keyspec_parse(k->key_spec, &spec, err)) {
		err->code = KH_E_CHECK;
		return kh_context(err, "%s", k->arn);
	}
	if (f->opts->key_spec && spec != f->spec) {
		kh_fail(err, KH_E_CHECK, 0, "%s is a key of %s, not of %s", k->arn, k->key_spec, f->opts->key_spec);
		return kh_hint(err, "check --key-id, or leave --key-spec out");
	}
	f->spec = spec;
	return 0;
}

static int describe(struct fetch *f, struct kh_error *err)
{
	if (!ops_describe(&f->kms, f->opts->key_id, &f->key, err)) {
		f->described = true;
		if (compare_asked("DescribeKey", f->opts->key_id, f->endpoint.region, f->key.arn, err))
			return -1;
		return check_described(f, err);
	}
	memset(&f->key, 0, sizeof(f->key));
	return kms_is_denied(err) ? denied(f, err) : -1;
}

/* The ARN asked for, as far as it is known: DescribeKey's, or what --key-id itself says. */
static int check_answered_arn(const struct fetch *f, struct arn *arn, struct kh_error *err)
{
	const char *asked = f->key.arn[0] ? f->key.arn : f->opts->key_id;

	if (compare_asked("GetParametersForImport", asked, f->endpoint.region, f->parameters.arn, err))
		return -1;
	return arn_parse_key(f->parameters.arn, arn, err);
}

/* Nothing of the answer is believed before it was looked at. */
static int check_parameters(struct fetch *f, struct kh_error *err)
{
	const struct ops_parameters *p = &f->parameters;
	struct spki spki = {0};
	char until[CLOCK_TEXT];
	struct arn arn;

	if (check_answered_arn(f, &arn, err) || session_check_rehearsal(&f->endpoint, &arn, err) ||
	    wrapalg_check(f->spec, f->algorithm, f->bits, &arn, err))
		return -1;
	if (spki_parse((const unsigned char *)p->public_key.data, p->public_key.len, f->bits, &spki, err)) {
		err->code = err->code == KH_E_INPUT ? KH_E_KMS : err->code;
		kh_context(err, "GetParametersForImport: the reply's PublicKey");
		return kh_hint(err, "what answers at %.200s is not KMS, or something in between changes its replies",
			       f->endpoint.url);
	}
	spki_clear(&spki);
	clock_format(p->valid_to, until);
	if (p->valid_to <= kms_now(&f->kms))
		return kh_fail(err, KH_E_CHECK, 0, "GetParametersForImport: parameters that were good until %s", until);
	if (p->valid_to > kms_now(&f->kms) + KMS_PARAMETERS_LIFETIME + SKEW)
		log_warning("the parameters are said to be good until %s, longer than KMS gives them", until);
	if (!p->tls_verified && !arn_is_rehearsal(&arn))
		log_warning("%s answers without verified TLS for account %s: is it a tunnel of yours?", f->endpoint.url,
			    arn.account);
	return 0;
}

/* Nobody's choice is the best that KMS takes; a profile's the best that the token was proven to do. */
static int choose(struct fetch *f, const struct arn *arn, struct kh_error *err)
{
	if (f->algorithm)
		return 0;
	if (!f->profile) {
		f->algorithm = wrapalg_best(f->spec);
		return 0;
	}
	if (tokenprofile_choose(tokenprofile_of(f->profile), f->spec, f->bits, arn, &f->algorithm, &f->chosen, err))
		return kh_context(err, "%s", f->opts->token_profile);
	return 0;
}

static int ask(struct fetch *f, struct kh_error *err)
{
	struct arn arn;

	if (session_connect(&f->session, f->opts->key_id, &f->endpoint, &f->kms, err))
		return -1;
	if (arn_kind_of(f->opts->key_id) == ARN_KEY_ARN &&
	    (arn_parse_key(f->opts->key_id, &arn, err) || session_check_rehearsal(&f->endpoint, &arn, err)))
		return -1;
	if (describe(f, err))
		return -1;
	if ((f->described && arn_parse_key(f->key.arn, &arn, err)) || choose(f, f->described ? &arn : NULL, err) ||
	    (f->described && session_check_rehearsal(&f->endpoint, &arn, err)) ||
	    wrapalg_check(f->spec, f->algorithm, f->bits, f->described ? &arn : NULL, err) ||
	    check_intent(f, kms_now(&f->kms), err))
		return -1;
	if (ops_parameters(&f->kms, f->described ? f->key.arn : f->opts->key_id, wrapalg_name(f->algorithm),
			   wrapalg_bits_name(f->bits), &f->parameters, err))
		return -1;
	return check_parameters(f, err);
}

static struct bundle_blob blob_of(const struct buf *b)
{
	return (struct bundle_blob){(const unsigned char *)b->data, b->len};
}

static int save(const struct fetch *f, struct file *file, struct kh_error *err)
{
	const struct ops_parameters *p = &f->parameters;
	const struct bundle_request request = {
		.kms_key_arn = p->arn,
		.key_spec = keyspec_name(f->spec),
		.wrapping_algorithm = wrapalg_name(f->algorithm),
		.wrapping_key_spec = wrapalg_bits_name(f->bits),
		.public_key = blob_of(&p->public_key),
		.import_token = blob_of(&p->import_token),
		.parameters_valid_to = p->valid_to,
		.fetched_at = kms_now(&f->kms),
		.generator = "keyhaul-kms " VERSION,
		.key_usage = f->key.key_usage[0] ? f->key.key_usage : NULL,
		.multi_region = !f->described ? BUNDLE_ABSENT : f->key.multi_region ? BUNDLE_TRUE : BUNDLE_FALSE,
		.described = f->described ? BUNDLE_TRUE : BUNDLE_FALSE,
		.endpoint = f->endpoint.url,
		.tls_verified = p->tls_verified ? BUNDLE_TRUE : BUNDLE_FALSE,
		.request_id = p->request_id[0] ? p->request_id : NULL,
		.key_uri = f->opts->key_uri,
		.token_serial = f->opts->token_serial,
		.intent = f->intent,
	};
	struct bundle *b = NULL;
	int rc = bundle_new(&request, &b, err);

	if (!rc)
		rc = bundle_save(b, file, err);
	bundle_free(b);
	return rc;
}

/* Which token the choice comes from, and that wrap proves it anew. */
static int report_choice(struct cmd *c, const struct fetch *f, struct kh_error *err)
{
	const struct tokenprofile *p;

	if (!f->chosen)
		return 0;
	p = tokenprofile_of(f->profile);
	return cmd_printf(c, err, "  %s is the best that the token '%s' (model %s, serial %s) was proven to do\n",
			  wrapalg_name(f->algorithm), p->token.label ? p->token.label : "",
			  p->token.model ? p->token.model : "not told", p->token.serial ? p->token.serial : "not told");
}

/* The command to type next, as adopt tells it; a word that a shell would need quoted otherwise is left to inspect. */
static int report_next(struct cmd *c, const struct fetch_opts *o, struct kh_error *err)
{
	const char *uri = o->key_uri ? o->key_uri : "pkcs11:token=TOKEN;object=KEY";

	if (strchr(uri, '\'') || strchr(o->out, '\'') || o->out[0] == '-')
		return cmd_printf(c, err, "next: keyhaul inspect tells\n");
	return cmd_printf(c, err, "next: keyhaul-token wrap --key '%s' '%s'\n", uri, o->out);
}

static int report(struct cmd *c, const struct fetch *f, struct kh_error *err)
{
	const struct ops_parameters *p = &f->parameters;
	char until[CLOCK_TEXT];

	clock_format(p->valid_to, until);
	if (cmd_printf(c, err, "%s: a request for %s\n  %s, %s under %s, good until %s\n", f->opts->out, p->arn,
		       keyspec_name(f->spec), wrapalg_name(f->algorithm), wrapalg_bits_name(f->bits), until) ||
	    report_choice(c, f, err) || report_next(c, f->opts, err))
		return -1;
	return result_add(c,
			  json_pack("{s:s,s:b,s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:s*}", "item", f->opts->out, "ok", 1, "kms_key_arn",
				    p->arn, "key_spec", keyspec_name(f->spec), "wrapping_algorithm",
				    wrapalg_name(f->algorithm), "wrapping_key_spec", wrapalg_bits_name(f->bits),
				    "parameters_valid_to", until, "described", (int)f->described, "endpoint",
				    f->endpoint.url, "token_profile", f->chosen ? f->opts->token_profile : NULL),
			  err);
}

static int run_fetch(struct cmd *c, struct kh_error *err)
{
	struct fetch f = {.opts = c->opts};
	struct file *file = NULL;
	int rc = -1;

	/* the place is taken before KMS is asked: its quota is one a second */
	if (read_options(&f, c->now, err) || file_open(f.opts->out, BUNDLE_MAX, &file, err) ||
	    must_be_new(file, f.opts->out, err) || session_open(&f.opts->aws, &f.session, err) || ask(&f, err) ||
	    save(&f, file, err))
		goto out;
	rc = report(c, &f, err);
out:
	session_close(&f.session);
	tokenprofile_free(f.profile);
	ops_parameters_clear(&f.parameters);
	file_close(file);
	return rc;
}

static const struct opt_group groups[] = {
	OPT_GROUP("The request", fetch_rows, 0),
	OPT_GROUP("What the import is meant to say", intent_rows, offsetof(struct fetch_opts, intent)),
	OPT_GROUP("AWS", session_rows, offsetof(struct fetch_opts, aws)),
	OPT_GROUPS_END,
};

const struct cmd_row cmd_fetch = {
	.verb = "fetch",
	.operands = "",
	.summary = "gets a wrapping key and an import token for a KMS key into a new bundle",
	.groups = groups,
	.opts_size = sizeof(struct fetch_opts),
	.run = run_fetch,
};
