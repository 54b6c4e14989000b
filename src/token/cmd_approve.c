/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "commands.h"
#include "signer.h"

#include "base/text.h"
#include "bundle/result.h"
#include "bundle/told.h"
#include "bundle/wordquiz.h"
#include "policy/approvers.h"
#include "tell/tell.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

struct approve_opts {
	const char *signer, *cert, *policy, *confirm, *now;
	struct token_opts token_opts;
};

#define OPT(n, k, field, value, words) \
	{.name = (n), .kind = (k), .offset = offsetof(struct approve_opts, field), .arg = (value), .text = (words)}

static const struct opt_row rows[] = {
	OPT("signer", OPT_URI, signer, "URI|FILE", "the approver's private key: in a token, or a PEM file"),
	OPT("cert", OPT_INPUT, cert, "FILE", "the approver's certificate, PEM or DER"),
	OPT("policy", OPT_INPUT, policy, "FILE", POLICY_OPT_TEXT),
	OPT("confirm", OPT_TEXT, confirm, "DIGEST", "the request's SHA-256 in hex, in place of words that are typed back"),
	TOLD_OPT(struct approve_opts, now),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	TOKEN_OPT_GROUP(offsetof(struct approve_opts, token_opts)),
	OPT_GROUPS_END,
};

/* Who approves, under what. */
struct approver {
	const struct clock_told *told;
	struct policy *policy;
	X509 *cert;
	const struct policy_person *person;
	struct signer *signer; /* opened when the first bundle was confirmed */
};

static int check_opts(const struct cmd *c, const struct approve_opts *o, struct kh_error *err)
{
	if (!o->signer || !o->cert)
		return kh_fail(err, KH_E_USAGE, 0, "%s is missing", !o->signer ? "--signer" : "--cert");
	if (o->confirm && c->nwords > 1)
		return kh_fail(err, KH_E_USAGE, 0, "--confirm is for one bundle");
	if (!o->confirm && c->common.json) {
		kh_fail(err, KH_E_USAGE, 0, "--json goes with --confirm: what is to be approved could not be shown");
		return kh_hint(err, "read the bundle with 'keyhaul inspect', and give its request's SHA-256");
	}
	return 0;
}

static int find_person(struct approver *a, const struct approve_opts *o, int64_t now, struct kh_error *err)
{
	if (policy_in_force(POLICY_HOST_PATH, o->policy, &a->policy, err) || cert_load(o->cert, &a->cert, err))
		return -1;
	if (!a->policy) {
		kh_fail(err, KH_E_USAGE, 0, "--policy is missing");
		return kh_hint(err, "an approval is given under a policy, and this host has none of its own (" POLICY_HOST_PATH ")");
	}
	if (a->policy->threshold == 0)
		return kh_fail(err, KH_E_CHECK, 0, "%s asks for no approvals", a->policy->path);
	return approvers_person(a->policy, &a->policy->approvers, a->cert, now, &a->person, err) ? kh_context(err, "%s", o->cert) : 0;
}

/* What he read is what he signs: by words that he types, or by the digest that he has from somewhere else. */
static int confirm(struct cmd *c, const struct approver *a, const char *path, const struct bundle *b, struct kh_error *err)
{
	const struct approve_opts *o = c->opts;
	char shown[TEXT_SHOWN(1024)];

	if (o->confirm && strcasecmp(o->confirm, bundle_request_sha256(b)) != 0) {
		kh_fail(err, KH_E_CHECK, 0, "the request's SHA-256 is %s, not that of --confirm", bundle_request_sha256(b));
		return kh_hint(err, "this is not the request that was to be approved: find out where it is from");
	}
	if (o->confirm)
		return 0;
	if (cmd_printf(c, err, "to be approved as '%s', under %s with SHA-256\n    %s\n", a->person->name,
		       text_shown(a->policy->path, shown, sizeof(shown)), a->policy->sha256) ||
	    tell_request(c, text_shown(path, shown, sizeof(shown)), b, err) || cmd_flush(c, err))
		return -1;
	return wordquiz_ask("request", bundle_request_sha256(b), WORDQUIZ_LEAST, err);
}

static int has_approved(const struct approver *a, const struct bundle *b, int64_t now)
{
	const struct policy_person *who = NULL;
	struct kh_error ignored;
	size_t n = 0;

	(void)bundle_approvals(b, &n);
	for (size_t i = 0; i < n; i++)
		if (approvers_judge(a->policy, b, i, now, &who, &ignored) == 0 && who == a->person)
			return 1;
	return 0;
}

static int sign(struct approver *a, const struct approve_opts *o, struct bundle *b, struct kh_error *err)
{
	struct bundle_approval approval = {.request_sha256 = bundle_request_sha256(b), .policy_sha256 = a->policy->sha256,
					   .approver = a->person->name};
	struct told_text told;
	struct buf text = BUF_INIT(BUNDLE_MAX), signature = BUF_INIT(CMS_SIGNATURE_MAX);
	const struct policy_person *who = NULL;
	int64_t now = clock_told_now(a->told); /* typing and the PIN took their time */
	size_t n = 0;
	int rc = -1;

	approval.told_now = told_section(a->told, &told);
	if ((!a->signer && signer_open(o->signer, o->cert, &o->token_opts, now, &a->signer, err)) ||
	    bundle_approval_text(&approval, &text, err) || signer_sign(a->signer, now, buf_text(&text), text.len, &signature, err))
		goto out;
	approval.signature = (struct bundle_blob){(const unsigned char *)signature.data, signature.len};
	if (bundle_add_approval(b, &approval, err))
		goto out;
	(void)bundle_approvals(b, &n);
	rc = approvers_judge(a->policy, b, n - 1, now, &who, err); /* as wrap will */
out:
	buf_free(&text);
	buf_free(&signature);
	return rc;
}

static int report(struct cmd *c, const struct approver *a, const char *path, const struct bundle *b, int before, size_t n,
		  struct kh_error *err)
{
	const struct policy *p = a->policy;
	char shown[TEXT_SHOWN(1024)];

	if (cmd_printf(c, err, "%s: %s by '%s'; %zu of the %u approvals that the policy asks for are there%s\n",
		       text_shown(path, shown, sizeof(shown)), before ? "was approved before" : "approved", a->person->name, n,
		       p->threshold, before ? "; nothing was signed now" : ""))
		return -1;
	return result_add(c,
			  json_pack("{s:s,s:b,s:s,s:s,s:s,s:b,s:I,s:I}", "item", path, "ok", 1, "approver", a->person->name,
				    "request_sha256", bundle_request_sha256(b), "policy_sha256", p->sha256, "already", before,
				    "approvals", (json_int_t)n, "threshold", (json_int_t)p->threshold),
			  err);
}

/* What is approved is a request: a signature from after the wrap counts for nobody, and is a finding of the record. */
static int check_is_request(const struct bundle *b, struct kh_error *err)
{
	char at[CLOCK_TEXT];

	if (!bundle_material(b))
		return 0;
	clock_format(bundle_material(b)->wrapped_at, at);
	kh_fail(err, KH_E_CHECK, 0, "it was wrapped at %s: an approval from now on counts for nothing", at);
	return kh_hint(err, "approve the request before it is wrapped; who approved this one, 'keyhaul inspect' shows");
}

static int approve(struct cmd *c, struct approver *a, const char *path, struct kh_error *err)
{
	const struct approve_opts *o = c->opts;
	struct bundle *b = NULL;
	struct file *file = NULL;
	int rc = -1, before;
	size_t n = 0;

	if (bundle_open(path, &file, &b, err))
		return -1;
	before = has_approved(a, b, c->now);
	if (told_check(a->told, b, err) || bundle_check_here(b, c->now, err) ||
	    policy_check_request(a->policy, bundle_request(b), bundle_facts(b), c->now, err)) {
		kh_context(err, "%s", path);
		goto out;
	}
	if (!before && (check_is_request(b, err) || confirm(c, a, path, b, err) || sign(a, o, b, err))) {
		kh_context(err, "%s", path);
		goto out;
	}
	/* what may fail goes before what is done */
	if (approvers_count(a->policy, b, clock_told_now(a->told), &n, err) || (!before && bundle_save(b, file, err)))
		goto out;
	rc = report(c, a, path, b, before, n, err) ? cmd_was_done(err) : 0;
out:
	bundle_free(b);
	file_close(file);
	return rc;
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct approve_opts *o = c->opts;
	struct approver a = {.told = &c->told};
	struct kh_error why;
	int rc = -1;

	if (check_opts(c, o, err) || told_take(c, o->now, err) || find_person(&a, o, c->now, err))
		goto out;
	rc = 0;
	for (size_t i = 0; i < c->nwords && rc == 0; i++) {
		if (c->nwords == 1) {
			rc = approve(c, &a, c->words[i], err);
		} else if (approve(c, &a, c->words[i], &why)) {
			/* the token's failure is the next bundle's too, and a PIN is tried once */
			if (why.code == KH_E_TOKEN || why.code == KH_E_INTERRUPTED) {
				*err = why;
				rc = -1;
			} else {
				rc = cmd_item_failed(c, c->words[i], &why, err);
			}
		}
	}
out:
	signer_close(a.signer);
	X509_free(a.cert);
	policy_free(a.policy);
	return rc;
}

const struct cmd_row cmd_approve = {
	.verb = "approve",
	.operands = "BUNDLE...",
	.needs = "--signer URI|FILE --cert FILE",
	.summary = "approve the request of each bundle under a policy, with a key in a token or a file",
	.groups = groups,
	.opts_size = sizeof(struct approve_opts),
	.min_words = 1,
	.max_words = 10000,
	.run = run,
};
