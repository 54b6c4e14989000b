/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "base/clock.h"
#include "base/log.h"
#include "bundle/jsontext.h"
#include "bundle/next.h"
#include "bundle/result.h"
#include "bundle/words.h"
#include "fetch.h"
#include "fetch_plan.h"
#include "flight.h"
#include "policy/approvers.h"
#include "span.h"

#include <string.h>

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
	const char *plan;
	const char *csv;
	const char *policy;
	const char *expiring_within;
	long jobs;
};

#define PROFILE_SKEW 60 /* seconds that two clocks may differ without a word */

/* One run for one key. */
struct fetch_run {
	const struct fetch_opts *opts;
	struct session session;
	struct tokenprofile_read *profile; /* NULL: none was given */
	struct policy *policy; /* NULL: none is in force */
	struct fetch fetch;
};

#define AT(field) .offset = offsetof(struct fetch_opts, field)

static const struct opt_row fetch_rows[] = {
	{.name = "key-id", .kind = OPT_TEXT, AT(key_id), .arg = "ID|ARN|ALIAS", .text = "the KMS key"},
	{.name = "plan", .kind = OPT_INPUT, AT(plan), .arg = "FILE",
	 .text = "every key of a plan, keyhaul-plan(5), in place of --key-id; run again it does what is left"},
	{.name = "out", .kind = OPT_OUTPUT, AT(out), .arg = "BUNDLE",
	 .text = "the bundle to write, which must not exist; with --plan the folder of the bundles"},
	{.name = "expiring-within", .kind = OPT_TEXT, AT(expiring_within), .arg = "SPAN",
	 .text = "with --plan: in place of what is new what KMS has and drops so soon, or has dropped; such as 30d"},
	{.name = "csv", .kind = OPT_OUTPUT, AT(csv), .arg = "FILE", .text = "with --plan: the table at the end as CSV too"},
	{.name = "jobs", .kind = OPT_NUMBER, AT(jobs), .arg = "N", .text = "with --plan: keys at a time (32)", .min = 1,
	 .max = FLIGHT_JOBS_MAX, .preset = FLIGHT_JOBS},
	{.name = "wrapping-algorithm", .kind = OPT_CHOICE, AT(wrapping_algorithm), .arg = "ALGORITHM",
	 .choices = wrapalg_names, .text = "the best for the key's spec if not given"},
	{.name = "wrapping-key-spec", .kind = OPT_CHOICE, AT(wrapping_key_spec), .arg = "SPEC",
	 .choices = wrapalg_bits_names, .text = "RSA_4096 if not given"},
	{.name = "token-profile", .kind = OPT_INPUT, AT(token_profile), .arg = "FILE",
	 .text = "what 'keyhaul-token probe' wrote: the best algorithm that this token was proven to do"},
	{.name = "key-uri", .kind = OPT_URI, AT(key_uri), .arg = "URI",
	 .text = "the token's key that it is meant for; wrap then takes no other"},
	{.name = "token-serial", .kind = OPT_TEXT, AT(token_serial), .arg = "SERIAL", .text = "the token it is meant for"},
	{.name = "policy", .kind = OPT_INPUT, AT(policy), .arg = "FILE", .text = POLICY_OPT_TEXT},
	{.name = "key-spec", .kind = OPT_TEXT, AT(key_spec), .arg = "SPEC",
	 .text = "the KMS key's spec, where DescribeKey is denied"},
};

/* What of the command line is for both. */
static int read_options(struct fetch_run *r, int64_t now, struct kh_error *err)
{
	const struct fetch_opts *o = r->opts;
	char when[CLOCK_TEXT];

	if (!o->out)
		return kh_fail(err, KH_E_USAGE, 0, "--out is missing");
	if (o->token_profile && o->wrapping_algorithm) {
		kh_fail(err, KH_E_USAGE, 0, "--token-profile and --wrapping-algorithm both choose the algorithm");
		return kh_hint(err, "give one of them");
	}
	if (policy_in_force(POLICY_HOST_PATH, o->policy, &r->policy, err) ||
	    (o->token_profile && tokenprofile_load(o->token_profile, &r->profile, err)))
		return -1;
	r->fetch.want.policy = r->policy;
	r->fetch.want.profile = r->profile ? tokenprofile_of(r->profile) : NULL;
	r->fetch.want.profile_path = o->token_profile;
	if (r->profile && tokenprofile_of(r->profile)->probed_at > now + PROFILE_SKEW) {
		clock_format(tokenprofile_of(r->profile)->probed_at, when);
		log_warning("%s: the token was probed at %s, which is yet to come: one of the two clocks is wrong",
			    o->token_profile, when);
	}
	return 0;
}

/* The command line alone, before anything is sent. */
static int read_want(struct fetch_run *r, int64_t now, struct kh_error *err)
{
	const struct fetch_opts *o = r->opts;
	struct fetch_want *w = &r->fetch.want;

	if (!o->key_id)
		return kh_fail(err, KH_E_USAGE, 0, "--key-id is missing");
	if (o->csv || o->expiring_within)
		return kh_fail(err, KH_E_USAGE, 0, "--%s is for --plan", o->csv ? "csv" : "expiring-within");
	if (arn_kind_of(o->key_id) == ARN_NONE) {
		kh_fail(err, KH_E_USAGE, 0, "--key-id '%.200s' is no key id, ARN or alias", o->key_id);
		return kh_hint(err, "a key id, its ARN, alias/NAME or an alias's ARN");
	}
	if ((o->key_spec && keyspec_parse(o->key_spec, &w->spec, err)) ||
	    (o->wrapping_algorithm && wrapalg_parse(o->wrapping_algorithm, &w->algorithm, err)) ||
	    wrapalg_bits_parse(o->wrapping_key_spec ? o->wrapping_key_spec : "RSA_4096", &w->bits, err) ||
	    intent_from_opts(&o->intent, &w->intent, err))
		return -1;
	if (o->key_uri && bundle_check_uri(o->key_uri, err))
		return kh_context(err, "--key-uri");
	w->key_id = o->key_id;
	w->key_uri = o->key_uri;
	w->token_serial = o->token_serial;
	return w->spec ? fetch_check_intent(&w->intent, w->spec, now, err) : 0;
}

/* The plan says it; an option that says it too could only contradict. */
static int check_plan_alone(const struct fetch_opts *o, struct kh_error *err)
{
	static const char *const allowed[] = {"plan", "out", "csv", "token-profile", "policy", "jobs", "expiring-within"};
	const struct opt_group both[] = {OPT_GROUP(NULL, fetch_rows, 0),
					 OPT_GROUP(NULL, intent_rows, offsetof(struct fetch_opts, intent))};

	for (size_t g = 0; g < 2; g++)
		for (size_t i = 0; i < both[g].n; i++) {
			const struct opt_row *row = &both[g].rows[i];
			bool fine = !opt_given(row, (const char *)o + both[g].offset);

			for (size_t k = 0; !fine && k < sizeof(allowed) / sizeof(allowed[0]); k++)
				fine = strcmp(allowed[k], row->name) == 0;
			if (!fine) {
				kh_fail(err, KH_E_USAGE, 0, "--%s and --plan: the plan alone says it", row->name);
				return kh_hint(err, "leave it out, or write it into the plan");
			}
		}
	return 0;
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

/* Which token the choice comes from, and that wrap proves it anew. */
static int report_choice(struct cmd *c, const struct fetch *f, struct kh_error *err)
{
	const struct tokenprofile *p = f->want.profile;

	if (!f->chosen)
		return 0;
	return cmd_printf(c, err, "  %s is the best that the token '%s' (model %s, serial %s) was proven to do\n",
			  wrapalg_name(f->algorithm), p->token.label ? p->token.label : "",
			  p->token.model ? p->token.model : "not told", p->token.serial ? p->token.serial : "not told");
}

/* What the profile chose and the token does not list is done only where wrap is told to. */
static int add_way(const struct tokenprofile_row *chosen, struct buf *out, struct kh_error *err)
{
	if (!chosen || chosen->listed != BUNDLE_FALSE || strcmp(chosen->way, "oaep") == 0)
		return 0;
	if (strcmp(chosen->way, "native") == 0)
		return buf_addf(out, " --rsa-aes native", err);
	return buf_addf(out, " --kwp-mechanism 0x%llX", err, (unsigned long long)chosen->kwp_mechanism);
}

/* The digest that is read aloud on both sides, and the command to type next, as inspect tells them. */
static int report_bundle(struct cmd *c, const struct fetch_opts *o, const struct fetch *f, const struct bundle *b,
			 struct kh_error *err)
{
	const struct bundle_request *q = bundle_request(b);
	const struct policy *policy = f->want.policy;
	struct next_policy p = {.option = NULL};
	struct buf next = BUF_INIT(16384);
	int rc = -1;

	if (!q->intent.expiration_model)
		log_warning(INTENT_OPEN);
	if (q->policy_sha256 && cmd_printf(c, err, "  policy's SHA-256\n    %s\n  for the token with serial %s\n", q->policy_sha256,
					   q->token_serial))
		return -1;
	if (policy && approvers_next(policy, b, c->now, &p, err))
		return -1;
	p.option = o->policy;
	if (next_command_under(b, o->out, c->now, policy ? &p : NULL, &next, err) || (!p.approve && add_way(f->chosen, &next, err)) ||
	    cmd_printf(c, err, "  request's SHA-256\n") ||
	    words_show(c, 4, bundle_request_sha256(b), err) || cmd_printf(c, err, "next: %s\n", buf_text(&next)))
		goto out;
	rc = 0;
out:
	buf_free(&next);
	return rc;
}

static int report(struct cmd *c, const struct fetch_opts *o, const struct fetch *f, struct kh_error *err)
{
	const struct ops_parameters *p = &f->parameters;
	const char *algorithm = wrapalg_name(f->algorithm), *bits = wrapalg_bits_name(f->want.bits);
	struct bundle *b = NULL;
	char until[CLOCK_TEXT];
	int rc = -1;

	if (bundle_read(o->out, &b, err))
		return -1;
	clock_format(p->valid_to, until);
	if (cmd_printf(c, err, "%s: a request for %s\n  %s, %s under %s, good until %s\n", o->out, p->arn,
		       keyspec_name(f->spec), algorithm, bits, until) ||
	    report_choice(c, f, err) || report_bundle(c, o, f, b, err))
		goto out;
	rc = result_add(c,
			  jsontext_pack("{s:s,s:b,s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:s,s:s*,s:s*}", "item", o->out, "ok", 1, "kms_key_arn", p->arn,
				    "key_spec", keyspec_name(f->spec), "wrapping_algorithm", algorithm, "wrapping_key_spec", bits,
				    "parameters_valid_to", until, "described", (int)f->described, "endpoint",
				    f->endpoint.url, "request_sha256", bundle_request_sha256(b), "token_profile",
				    f->chosen ? o->token_profile : NULL, "policy_sha256", bundle_request(b)->policy_sha256),
			  err);
out:
	bundle_free(b);
	return rc;
}

static int fetch_one(struct cmd *c, struct fetch_run *r, struct kh_error *err)
{
	const struct fetch_opts *o = r->opts;
	struct file *file = NULL;
	int rc = -1;

	/* the place is taken before KMS is asked: its quota is one a second */
	if (read_want(r, c->now, err) || file_open(o->out, BUNDLE_MAX, &file, err) || must_be_new(file, o->out, err) ||
	    session_open(&o->aws, &r->session, err) ||
	    session_connect(&r->session, o->key_id, &r->fetch.endpoint, &r->fetch.kms, err) || fetch_ask(&r->fetch, err) ||
	    fetch_save(&r->fetch, file, err))
		goto out;
	rc = report(c, o, &r->fetch, err);
out:
	file_close(file);
	return rc;
}

static int fetch_by_plan(struct cmd *c, const struct fetch_run *r, struct kh_error *err)
{
	const struct fetch_opts *o = r->opts;
	struct fetch_plan_opts plan = {.aws = &o->aws, .plan = o->plan, .out = o->out, .csv = o->csv,
				       .profile = r->fetch.want.profile, .profile_path = o->token_profile, .policy = r->policy, .jobs = o->jobs,
				       .renew = o->expiring_within != NULL};

	if (plan.renew && span_parse("expiring-within", o->expiring_within, &plan.within, err))
		return -1;
	return fetch_plan(c, &plan, err);
}

static int run_fetch(struct cmd *c, struct kh_error *err)
{
	struct fetch_run r = {.opts = c->opts};
	const struct fetch_opts *o = r.opts;
	int rc = -1;

	if (o->plan && check_plan_alone(o, err))
		return -1;
	if (read_options(&r, c->now, err))
		goto out;
	rc = o->plan ? fetch_by_plan(c, &r, err) : fetch_one(c, &r, err);
out:
	fetch_clear(&r.fetch);
	session_close(&r.session);
	tokenprofile_free(r.profile);
	policy_free(r.policy);
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
	.needs = "--key-id ID --out BUNDLE | --plan FILE --out DIR",
	.summary = "gets a wrapping key and an import token for a KMS key into a new bundle",
	.groups = groups,
	.opts_size = sizeof(struct fetch_opts),
	.run = run_fetch,
};
