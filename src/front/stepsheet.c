/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "stepsheet.h"

#include "base/clock.h"
#include "base/shell.h"
#include "record/html.h"
#include "record/page.h"

#include <string.h>

#define EXCEPTION_SHEETS 2
#define EXCEPTIONS 7 /* of a sheet */
#define SIGNATURES 6

/* What differs from the record's page: boxes to write into. */
static const char sheet_style[] =
	"@page { @bottom-left { content: 'Key ceremony: step sheet' } }\n"
	".steps { table-layout: fixed; margin: 0 1px; width: calc(100% - 2px) } .steps th, .steps td { border: 1px solid #111 }\n"
	".steps code { white-space: pre-wrap }\n"
	".word { display: inline-block; max-width: 100%; overflow-wrap: anywhere; vertical-align: top }\n" /* no break at a hyphen */
	".steps .n { width: 2.2rem } .steps .host { width: 5rem } .steps .time { width: 4.6rem } .steps .initials { width: 4.6rem }\n"
	".steps tr { break-inside: avoid } .steps p { margin: .2rem 0 } .exception td { height: 6.2rem } .left td { height: 4.6rem }\n"
	"@media print { .exceptions { break-before: page } }\n";

static void add_head(struct html *h, int64_t now)
{
	char when[CLOCK_TEXT];

	clock_format(now, when);
	html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Key ceremony: step sheet</title>\n<style>\n");
	html_raw(h, page_style);
	html_raw(h, sheet_style);
	html_raw(h, "</style>\n</head>\n<body>\n<h1>Key ceremony: step sheet</h1>\n<p class=\"made\">Made ");
	html_text(h, when);
	html_raw(h, " by keyhaul ");
	html_text(h, VERSION);
	html_raw(h, " from the plan and the policy below, and from nothing else.</p>\n");
}

static void add_people(struct html *h, const struct ceremony *c)
{
	for (size_t i = 0; i < c->n_people; i++) {
		const struct ceremony_person *p = &c->people[i];

		html_factf(h, p->who->name, "%s: key %s, certificate %s", i < c->n_approvers ? "approves" : "signs the material", p->signer,
			   p->cert);
	}
	if (c->n_approvers && c->policy->approvers.n > c->n_approvers)
		html_factf(h, "approvers", "any %zu of the policy's %zu: where another one stands in, it is an exception, with the command as it was typed",
			   c->n_approvers, c->policy->approvers.n);
}

static void add_before(struct html *h, const struct ceremony *c)
{
	html_raw(h, "<h2>Before the first step</h2>\n<table class=\"facts\"><colgroup><col><col></colgroup><tbody>\n");
	html_digest(h, "plan.yaml", plan_sha256(c->plan));
	html_digest(h, "policy.yaml", c->policy->sha256);
	html_fact(h, "online, witness", "a folder with the plan as plan.yaml, the key policies that it names, the policy as policy.yaml and the "
					"certificates; AWS credentials, the witness's other ones; in the folder: export "
					"KEYHAUL_TRANSCRIPT=\"$PWD/online.transcript\", of the witness \"$PWD/witness.transcript\"");
	html_fact(h, "gap", "no network; a folder with policy.yaml and the certificates; in it: export "
			    "KEYHAUL_TRANSCRIPT=\"$PWD/gap.transcript\" KEYHAUL_MODULE=FILE, the tokens' PKCS#11 module; a signer's token of "
			    "another make has ?module-path=FILE written behind its URI in the steps");
	html_fact(h, "desk", "a folder with policy.yaml and the certificates; no KEYHAUL_TRANSCRIPT");
	for (size_t i = 0; i < c->n_tokens; i++)
		html_factf(h, "token", "%s%s%s", c->tokens[i].rule->label ? c->tokens[i].rule->label : "", c->tokens[i].rule->label ? ": " : "", c->tokens[i].uri);
	add_people(h, c);
	html_raw(h, "</tbody></table>\n<p>Each command is typed as it stands, in the host's folder. PINs are typed when they are asked for, and "
		    "are on no paper. What is not as it says under <b>Seen</b> is an exception: stop, and write it on an exception sheet.</p>\n");
}

/* As it is typed; a line ends between words alone. */
static void add_word(struct html *h, const char *text, size_t i)
{
	struct buf line = BUF_INIT(1u << 20);

	if (!h->failed)
		h->failed = shell_word(text, &line, h->err);
	html_raw(h, i ? " <span class=\"word\">" : "<span class=\"word\">");
	html_text(h, buf_text(&line));
	html_raw(h, "</span>");
	buf_free(&line);
}

static void add_command(struct html *h, const struct ceremony_step *s)
{
	if (s->carried) {
		html_raw(h, "<p>Carry <code>");
		html_text(h, s->words[0]);
		html_raw(h, "</code>; there it is <code>");
		html_text(h, s->words[1]);
		html_raw(h, "</code></p>");
		return;
	}
	html_raw(h, "<p><code class=\"command\">");
	for (size_t i = 0; i < s->n; i++)
		add_word(h, s->words[i], i);
	html_raw(h, "</code></p>");
}

static void add_steps(struct html *h, const struct ceremony *c)
{
	html_raw(h, "<h2 class=\"after\">Steps</h2>\n<table class=\"steps\"><thead><tr><th class=\"n\">#</th><th class=\"host\">Host</th><th>Step</th>"
		    "<th class=\"time\">Time</th><th class=\"initials\">Initials</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < c->n_steps; i++) {
		const struct ceremony_step *s = &c->steps[i];

		html_raw(h, "<tr><td class=\"n\">");
		html_textf(h, "%zu", i + 1);
		html_raw(h, "</td><td class=\"host\">");
		html_text(h, s->carried ? "carried" : ceremony_host_name(s->host));
		html_raw(h, "</td><td><p><b>");
		html_text(h, s->title);
		html_raw(h, "</b></p>");
		add_command(h, s);
		html_raw(h, "<p><span class=\"box\"></span><b>Seen:</b> ");
		html_text(h, s->seen);
		html_raw(h, "</p></td><td class=\"time\"></td><td class=\"initials\"></td></tr>\n");
	}
	html_raw(h, "</tbody></table>\n");
}

static void add_exceptions(struct html *h)
{
	for (size_t sheet = 1; sheet <= EXCEPTION_SHEETS; sheet++) {
		html_raw(h, "<section class=\"exceptions\"><h2>Exception sheet ");
		html_textf(h, "%zu of %d", sheet, EXCEPTION_SHEETS);
		html_raw(h, "</h2>\n<table class=\"steps\"><thead><tr><th class=\"host\">Step</th><th>What was seen instead</th>"
			    "<th>What was done, as it was typed</th><th class=\"time\">Time</th><th class=\"initials\">Initials</th></tr></thead><tbody>\n");
		for (size_t i = 0; i < EXCEPTIONS; i++)
			html_raw(h, "<tr class=\"exception\"><td></td><td></td><td></td><td></td><td></td></tr>\n");
		html_raw(h, "</tbody></table></section>\n");
	}
}

static void add_last(struct html *h)
{
	static const char *const digests[] = {"online.transcript", "witness.transcript", "gap.transcript", "record.html"};

	html_raw(h, "<section class=\"exceptions\"><h2>What was left</h2>\n<table class=\"sign left\"><thead><tr><th>File</th>"
		    "<th>Its digest's words, or the first and last eight digits</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		html_raw(h, "<tr><td><code>");
		html_text(h, digests[i]);
		html_raw(h, "</code></td><td></td></tr>\n");
	}
	html_raw(h, "</tbody></table>\n<h2>Who was there</h2>\n<table class=\"sign\"><thead><tr><th>Name</th><th>Role</th>"
		    "<th>Signature</th><th>Initials</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < SIGNATURES; i++)
		html_raw(h, "<tr><td></td><td></td><td></td><td></td></tr>\n");
	html_raw(h, "</tbody></table></section>\n</body>\n</html>\n");
}

int stepsheet_write(const struct ceremony *c, int64_t now, struct buf *out, struct kh_error *err)
{
	struct html h = {.out = BUF_INIT(HTML_MAX), .err = err};

	add_head(&h, now);
	add_before(&h, c);
	add_steps(&h, c);
	add_exceptions(&h);
	add_last(&h);
	if (h.failed) {
		buf_free(&h.out);
		return -1;
	}
	*out = h.out;
	return 0;
}
