/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "page.h"

#include "base/clock.h"
#include "bundle/next.h"

#include <string.h>

#define WITNESSES 6

static void add_head(struct html *h, int64_t now)
{
	char when[CLOCK_TEXT];

	clock_format(now, when);
	html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Key ceremony record</title>\n<style>\n");
	html_raw(h, page_style);
	html_raw(h, "</style>\n</head>\n<body>\n<h1>Key ceremony record</h1>\n<p class=\"made\">Made ");
	html_text(h, when);
	html_raw(h, " by keyhaul ");
	html_text(h, VERSION);
	html_raw(h, ". All times are UTC, by the clock of the host that is named.</p>\n");
}

static size_t count_open(const struct record *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_chains; i++)
		n += !r->chains[i]->closed;
	return n;
}

/* What a reader has to know before anything else. */
static void add_verdict(struct html *h, const struct record *r)
{
	const struct findings *f = &r->findings;
	const size_t open = count_open(r);

	html_raw(h, f->n || open ? "<div class=\"verdict bad\">" : "<div class=\"verdict\">");
	if (f->n) {
		html_raw(h, "<p><b>NOT SOUND: ");
		html_textf(h, "%zu finding%s", f->n + f->more, f->n + f->more == 1 ? "" : "s");
		html_raw(h, "</b></p>\n<ol>\n");
		for (size_t i = 0; i < f->n; i++) {
			html_raw(h, "<li>");
			html_text(h, f->v[i].text);
			html_raw(h, "</li>\n");
		}
		html_raw(h, "</ol>\n");
	} else {
		html_raw(h, "<p><b>No findings.</b> Each transcript is whole, each line has the digest of the one before, every "
			    "bundle that they name is here as it was left, and each was read as a command had written it.</p>\n");
	}
	html_raw(h, r->policy_sha256[0] ? "<p>What was asked for, what was wrapped, who approved and who signed was judged by the policy <code>"
					: "<p>No policy was given: whose the certificates are, and whether they were enough, was not judged.");
	html_text(h, r->policy_sha256);
	html_raw(h, r->policy_sha256[0] ? "</code>.</p>\n" : "</p>\n");
	if (open) {
		html_raw(h, "<p><b>OPEN: ");
		html_textf(h, "%zu of %zu transcripts", open, r->n_chains);
		html_raw(h, " not closed.</b> Lines could have been cut off the end of them, and nothing would tell.</p>\n");
	}
	html_raw(h, "</div>\n");
}

/* Whether an approval before that one counts by the same name: a person is one however often he approved. */
static bool is_again(const struct record_bundle *b, const struct bundle_approval *all, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (!b->uncounted[i] && strcmp(all[i].approver, all[index].approver) == 0)
			return true;
	return false;
}

/* Those who count, or where that was not judged all names that stand there. */
static void add_approvers(struct html *h, const struct record *r, const struct record_bundle *b)
{
	size_t n = 0, shown = 0;
	const struct bundle_approval *all = bundle_approvals(b->b, &n);

	for (size_t i = 0; i < n; i++) {
		if (b->uncounted[i] || is_again(b, all, i))
			continue;
		html_raw(h, shown++ ? ", " : "");
		html_text(h, all[i].approver);
		html_raw(h, r->policy_sha256[0] ? "" : " (NOT JUDGED)");
	}
	if (shown == 0)
		html_raw(h, "nobody");
}

static void add_summary(struct html *h, const struct record *r)
{
	html_raw(h, "<h2>Keys</h2>\n<table>\n<thead><tr><th class=\"n\">#</th><th>KMS key</th><th>Key spec</th><th>Key on the token</th>"
		    "<th>Approved by</th><th>Stands</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < r->n_bundles; i++) {
		const struct bundle *b = r->bundles[i].b;
		const struct bundle_material *m = bundle_material(b);

		html_raw(h, "<tr><td class=\"n\">");
		html_textf(h, "%zu", i + 1);
		html_raw(h, "</td><td class=\"mono\">");
		html_text(h, bundle_request(b)->kms_key_arn);
		html_raw(h, "</td><td class=\"plain\">");
		html_text(h, bundle_request(b)->key_spec);
		html_raw(h, "</td><td>");
		html_text(h, m && m->key.label ? m->key.label : "");
		html_raw(h, "</td><td>");
		add_approvers(h, r, &r->bundles[i]);
		html_raw(h, "</td><td class=\"plain\">");
		html_text(h, next_stage_name(next_stage(b)));
		html_raw(h, "</td></tr>\n");
	}
	html_raw(h, "</tbody></table>\n");
}

static void add_chain(struct html *h, const struct chain *c)
{
	html_raw(h, "<div class=\"chain\">\n<h3>Host ");
	html_text(h, *c->host ? c->host : "(not told)");
	html_raw(h, ": <code>");
	html_text(h, c->path);
	html_raw(h, "</code></h3>\n<table class=\"facts\"><tbody>\n");
	html_factf(h, "Lines", "%zu", c->n);
	if (c->n)
		html_factf(h, "From, to", "%s, %s", c->v[0].at, c->v[c->n - 1].at);
	if (c->closed) {
		html_factf(h, "Closed by", "%s", c->signer);
		html_code(h, "Certificate", "SHA-256 ", c->signer_sha256);
		html_time(h, "Signed", c->closed_at);
	} else {
		html_fact(h, "Closed by", "NOBODY: it is open");
	}
	html_digest(h, "Last line, SHA-256", c->n ? chain_last_sha256(c) : NULL);
	html_raw(h, "</tbody></table>\n<p><span class=\"box\"></span>The words on the paper that was written at the close are these.</p>\n"
		    "</div>\n");
}

static void add_chains(struct html *h, const struct record *r)
{
	html_raw(h, "<h2>Transcripts</h2>\n");
	for (size_t i = 0; i < r->n_chains; i++)
		add_chain(h, r->chains[i]);
}

/* Room for the people who were there; the page is printed and signed by hand. */
static void add_witnesses(struct html *h)
{
	html_raw(h, "<div class=\"witnesses\">\n<h2>Witnesses</h2>\n<table class=\"sign\">\n<thead><tr><th>Name</th><th>Role</th><th>Signature</th>"
		    "<th>Date and time</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < WITNESSES; i++)
		html_raw(h, "<tr><td></td><td></td><td></td><td></td></tr>\n");
	html_raw(h, "</tbody></table>\n</div>\n");
}

int page_write(const struct record *r, int64_t now, struct buf *out, struct kh_error *err)
{
	struct html h = {.out = *out, .err = err};

	add_head(&h, now);
	add_verdict(&h, r);
	add_summary(&h, r);
	add_chains(&h, r);
	page_keys(&h, r);
	page_events(&h, r);
	add_witnesses(&h);
	html_raw(&h, "</body>\n</html>\n");
	*out = h.out;
	return h.failed;
}
