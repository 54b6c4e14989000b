/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"

#include "bundle/csvtable.h"
#include "renew.h"

#include <stdio.h>

#define AT(member) .offset = offsetof(struct renew_opts, member)
static const struct opt_row own_rows[] = {
	{.name = "plan", .kind = OPT_INPUT, AT(plan), .arg = "FILE", .text = "the plan, keyhaul-plan(5)"},
	{.name = "dir", .kind = OPT_OUTPUT, AT(dir), .arg = "DIR",
	 .text = "the folder of its bundles, as fetch --plan --out has it; FILE.bundles if not given"},
	{.name = "expiring-within", .kind = OPT_TEXT, AT(expiring_within), .arg = "SPAN",
	 .text = "what expires so soon is renewed: 30d if not given, or 36h"},
	{.name = "token-profile", .kind = OPT_INPUT, AT(token_profile), .arg = "FILE",
	 .text = "the algorithm by what 'keyhaul probe' wrote, where the plan names none"},
	{.name = "token", .kind = OPT_URI, AT(token), .arg = "URI",
	 .text = "the token, where the plan's keys do not say it, and only its keys where they are on several"},
	{.name = "csv", .kind = OPT_OUTPUT, AT(csv), .arg = "FILE", .text = "the table at the end as CSV too"},
	{.name = "jobs", .kind = OPT_TEXT, AT(jobs), .arg = "N", .text = "KMS keys at a time, as fetch and import have it"},
	{.name = "policy", .kind = OPT_INPUT, AT(policy), .arg = "FILE",
	 .text = "the policy that counts, keyhaul-policy(5), for each step"},
};
#undef AT

enum { OWN, WRAP, KMS, IMPORT };
static const struct opt_group groups[] = {
	[OWN] = OPT_GROUP(NULL, own_rows, 0),
	[WRAP] = OPT_GROUP("Token", pass_token_rows, offsetof(struct renew_opts, wrap)),
	[KMS] = OPT_GROUP("AWS", pass_kms_rows, offsetof(struct renew_opts, kms)),
	[IMPORT] = OPT_GROUP("Import", pass_import_rows, offsetof(struct renew_opts, import)),
	OPT_GROUPS_END,
};

static int check_opts(const struct renew_opts *o, struct kh_error *err)
{
	if (!o->plan) {
		kh_fail(err, KH_E_USAGE, 0, "--plan is missing");
		return kh_hint(err, "a plan says which key of a token is in which KMS key: keyhaul-plan(5)");
	}
	return pass_check_uri("--token", o->token, err) || pass_check_uri("--signer", o->wrap.signer, err) ? -1 : 0;
}

/* Always the same for the same plan: a run that was stopped finds what it left. */
static int choose_dir(struct renew *r, struct kh_error *err)
{
	int n = r->o->dir ? snprintf(r->dir, sizeof(r->dir), "%s", r->o->dir)
			  : snprintf(r->dir, sizeof(r->dir), "%s.bundles", r->o->plan);

	return n < 0 || n >= (int)sizeof(r->dir) ? kh_fail(err, KH_E_USAGE, 0, "--dir: the name is too long") : 0;
}

static int run(struct cmd *c, struct kh_error *err)
{
	struct renew r = {.c = c, .o = c->opts, .token_group = &groups[WRAP], .kms_group = &groups[KMS],
			  .import_group = &groups[IMPORT], .csv_text = BUF_INIT(CSVTABLE_MAX)};
	int rc = -1;

	if (check_opts(r.o, err) || choose_dir(&r, err) ||
	    (r.o->csv && csvtable_open(r.o->csv, &r.csv, &r.csv_text, err)) || renew_fetch(&r, err) ||
	    (r.ended.code == KH_OK && renew_wrap(&r, err)) || (r.ended.code == KH_OK && renew_import(&r, err)) ||
	    renew_tell(&r, err))
		goto out;
	rc = r.ended.code == KH_OK ? 0 : -1;
	if (rc)
		*err = r.ended;
out:
	renew_clear(&r);
	return rc;
}

const struct cmd_row renew_row = {
	.verb = "renew",
	.operands = "",
	.needs = "--plan FILE",
	.summary = "imports again what expires soon: fetch, wrap and import for each such material of a plan",
	.groups = groups,
	.opts_size = sizeof(struct renew_opts),
	.run = run,
};
