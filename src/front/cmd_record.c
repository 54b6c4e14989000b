/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"

#include "base/base64.h"
#include "base/log.h"
#include "base/text.h"
#include "bundle/jsontext.h"
#include "bundle/result.h"
#include "bundle/told.h"
#include "judged.h"
#include "record/page.h"
#include "record/signed.h"
#include "sign/cert.h"
#include "signing.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIGNATURE_SUFFIX ".p7s"

struct record_opts {
	const char *out, *policy;
	struct opt_list closed_by;
	bool open;
	struct signing_opts signing;
};

static const struct opt_row rows[] = {
	{.name = "out", .kind = OPT_OUTPUT, .offset = offsetof(struct record_opts, out), .arg = "PAGE",
	 .text = "the new file that gets the page (HTML)"},
	{.name = "closed-by", .kind = OPT_LIST, .offset = offsetof(struct record_opts, closed_by), .arg = "CERT...",
	 .text = "certificates of those who may close a transcript (PEM or DER)"},
	{.name = "policy", .kind = OPT_INPUT, .offset = offsetof(struct record_opts, policy), .arg = "FILE",
	 .text = "the policy of the day: what was done, who approved and who signed is judged by it"},
	{.name = "open", .kind = OPT_FLAG, .offset = offsetof(struct record_opts, open),
	 .text = "take transcripts that are not closed; the page says which"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	SIGNING_GROUP(offsetof(struct record_opts, signing)),
	OPT_GROUPS_END,
};

/* Anybody can close a transcript that he cut: whose signature counts is said here, or compared on paper. */
static int check_closers(const struct record_opts *o, struct record *r, struct kh_error *err)
{
	char may[OPT_LIST_MAX][CERT_HEX];

	for (size_t i = 0; i < o->closed_by.n; i++) {
		X509 *cert = NULL;
		int rc = cert_load(o->closed_by.v[i], &cert, err) || cert_sha256(cert, may[i], err) ? -1 : 0;

		X509_free(cert);
		if (rc)
			return -1;
	}
	for (size_t k = 0; k < r->n_chains; k++) {
		const struct chain *c = r->chains[k];
		bool found = !c->closed;

		for (size_t i = 0; i < o->closed_by.n && !found; i++)
			found = strcmp(may[i], c->signer_sha256) == 0;
		if (!found && o->closed_by.n)
			findings_add(&r->findings, KH_E_CHECK, "%s: closed by %s, and by nobody who may (certificate %s)", c->path, c->signer,
				     c->signer_sha256);
		else if (!found)
			log_warning("%s: closed by '%s'; nobody says that he may: --closed-by CERT, or compare the words on paper", c->path,
				    c->signer);
	}
	return 0;
}

static int read_all(struct cmd *c, struct record *r, struct kh_error *err)
{
	const struct record_opts *o = c->opts;

	for (size_t i = 0; i < c->nwords; i++)
		if (record_add(r, c->words[i], err))
			return -1;
	if (r->n_chains == 0) {
		kh_fail(err, KH_E_USAGE, 0, "no transcript is named");
		return kh_hint(err, "a record is made of the hosts' transcripts, and of the bundles where they lie elsewhere");
	}
	if (record_find_bundles(r, err) || record_join(r, err))
		return -1;
	if (o->policy ? judged_by(o->policy, r, c->now, err) : signed_check(r, err))
		return -1;
	return check_closers(o, r, err);
}

/* Each in a line of its own; the worst decides the exit status. */
static int tell_findings(struct cmd *c, const struct record *r, struct kh_error *err)
{
	const struct record_opts *o = c->opts;
	struct kh_error why;

	for (size_t i = 0; i < r->findings.n; i++) {
		kh_fail(&why, r->findings.v[i].code, 0, "%s", r->findings.v[i].text);
		kh_hint(&why, "the page has all that was found; ask those who were there before it is signed");
		if (cmd_item_failed(c, o->out, &why, err))
			return -1;
	}
	for (size_t i = 0; i < r->n_chains; i++)
		if (!r->chains[i]->closed && o->open) {
			log_warning("%s is open: lines could have been cut off its end", r->chains[i]->path);
		} else if (!r->chains[i]->closed) {
			kh_fail(&why, KH_E_CHECK, 0, "%s is open: lines could have been cut off its end", r->chains[i]->path);
			kh_hint(&why, "close it ('keyhaul transcript close'), or take it as it is with --open");
			if (cmd_item_failed(c, r->chains[i]->path, &why, err))
				return -1;
		}
	return 0;
}

static int tell(struct cmd *c, const struct record *r, const struct buf *page, const char *signature, struct kh_error *err)
{
	const struct record_opts *o = c->opts;
	char path[TEXT_SHOWN(1024)], hex[2 * FILE_DIGEST + 1];
	unsigned char digest[FILE_DIGEST];
	const size_t found = r->findings.n + r->findings.more;
	size_t open = 0;

	for (size_t i = 0; i < r->n_chains; i++)
		open += !r->chains[i]->closed;
	if (file_sha256(buf_text(page), page->len, digest, err))
		return -1;
	hex_encode(digest, sizeof(digest), hex);
	if (cmd_printf(c, err, "%s: %zu transcripts%s, %zu keys, %zu findings%s%s\n  SHA-256\n    %s\n", text_shown(o->out, path, sizeof(path)),
		       r->n_chains, open ? ", not all closed" : "", r->n_bundles, found,
		       signature ? "; signed in " : "", signature ? signature : "", hex))
		return -1;
	return result_add(c,
			  jsontext_pack("{s:s,s:b,s:I,s:I,s:I,s:I,s:s,s:s*}", "item", o->out, "ok", (int)(r->findings.n == 0), "transcripts",
				    (json_int_t)r->n_chains, "open", (json_int_t)open, "bundles", (json_int_t)r->n_bundles, "findings",
				    (json_int_t)found, "sha256", hex, "signature", signature),
			  err);
}

/* What is not sound is not signed: the page that says so stands by itself. */
static int sign_page(const struct cmd *c, const struct record *r, char *signature, size_t size, struct kh_error *err)
{
	const struct record_opts *o = c->opts;

	if (r->findings.n || c->worst != KH_OK) {
		log_warning("the page is not signed: there are findings");
		return 0;
	}
	if ((size_t)snprintf(signature, size, "%s" SIGNATURE_SUFFIX, o->out) >= size)
		return kh_fail(err, KH_E_USAGE, 0, "--out: the name is too long");
	return signing_run(&o->signing, o->out, signature, err);
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct record_opts *o = c->opts;
	struct buf page = BUF_INIT(HTML_MAX);
	struct record r = {.findings = {.worst = KH_OK}};
	char signature[4096] = "";
	bool wanted = false;
	int rc = -1;

	if (!o->out)
		return kh_fail(err, KH_E_USAGE, 0, "--out is missing");
	if (signing_check(&o->signing, false, &wanted, err) || told_take_by(c, o->signing.now, o->signing.bundle, err) ||
	    read_all(c, &r, err) || page_write(&r, c->now, &page, err) ||
	    file_create(o->out, 0644, buf_text(&page), page.len, err))
		goto out;
	if (tell_findings(c, &r, err)) {
		cmd_was_done(err);
		goto out;
	}
	if (wanted && sign_page(c, &r, signature, sizeof(signature), err)) {
		(void)unlink(o->out); /* the same command again makes both */
		goto out;
	}
	rc = tell(c, &r, &page, signature[0] ? signature : NULL, err) ? cmd_was_done(err) : 0;
out:
	buf_free(&page);
	record_clear(&r);
	return rc;
}

const struct cmd_row record_row = {
	.verb = "record",
	.operands = "FILE...",
	.needs = "--out PAGE",
	.summary = "checks the hosts' transcripts and their bundles, and makes one page of them for auditors",
	.groups = groups,
	.opts_size = sizeof(struct record_opts),
	.min_words = 1,
	.max_words = SIZE_MAX,
	.run = run,
	.reads_transcripts = true,
};
