/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/cmd_transcript.h"
#include "base/file.h"
#include "base/text.h"
#include "bundle/result.h"
#include "bundle/told.h"
#include "bundle/words.h"
#include "record/chain.h"
#include "record/mask.h"
#include "signing.h"

#include <string.h>

#define CONTENT_MAX 65536
#define SIGNATURE_MAX 6144

struct transcript_opts {
	struct signing_opts signing;
};

static const struct opt_group groups[] = {
	SIGNING_GROUP(offsetof(struct transcript_opts, signing)),
	OPT_GROUPS_END,
};

/* What is wrong with it would be signed too. */
static int check_sound(const struct chain *c, const struct findings *f, struct kh_error *err)
{
	if (f->n) {
		kh_fail(err, f->worst, 0, "%s", f->v[0].text);
		return kh_hint(err, "it is left open; 'keyhaul record --open' makes a page that has all that is wrong with it");
	}
	if (c->n == 0)
		return kh_fail(err, KH_E_INPUT, 0, "%s has no lines to close", c->path);
	return 0;
}

/* {"at","host","last","lines"}, and told_now where the time was told; NULL for want of memory. */
static json_t *close_of(const struct chain *c, const struct clock_told *t)
{
	struct told_text text;
	struct bundle_told told = told_section(t, &text);
	char at[CLOCK_TEXT];
	json_t *close;

	clock_format(t->host, at);
	close = json_pack("{s:s, s:s, s:s, s:I}", "at", at, "host", c->host, "last", chain_last_sha256(c), "lines", (json_int_t)c->n);
	if (close && t->is_told &&
	    json_object_set_new(close, "told_now", json_pack("{s:s, s:s}", "said", told.said, "host_clock", told.host_clock))) {
		json_decref(close);
		close = NULL;
	}
	return close;
}

/* What is signed is its canonical form. */
static int add_close(const struct chain *c, const struct transcript_opts *o, const struct clock_told *told, struct buf *members,
		     struct kh_error *err)
{
	struct buf content = BUF_INIT(CONTENT_MAX), signature = BUF_INIT(SIGNATURE_MAX);
	json_t *close = close_of(c, told);
	int rc = -1;

	if (!close) {
		kh_fail_memory(err);
		goto out;
	}
	if (canon_text(close, &content, err) || signing_close(&o->signing, &content, &signature, err) ||
	    buf_addf(members, "\"close\":%s,\"signature\":\"", err, buf_text(&content)) ||
	    base64_encode(buf_text(&signature), signature.len, members, err) || buf_add(members, "\",", 2, err))
		goto out;
	rc = 0;
out:
	json_decref(close);
	buf_free(&content);
	buf_free(&signature);
	return rc;
}

/* Read back: what goes on paper is of what is in the file. */
static int tell_closed(struct cmd *c, const char *path, struct kh_error *err)
{
	char shown[TEXT_SHOWN(1024)], signer[TEXT_SHOWN(512)], words[WORDS_TEXT];
	struct findings f = {.worst = KH_OK};
	struct chain *chain = NULL;
	const char *hex;
	int rc = -1;

	if (chain_read(path, &f, &chain, err))
		goto out;
	hex = chain_last_sha256(chain);
	if (f.n || !chain->closed) {
		kh_fail(err, KH_E_CHECK, 0, "%s", f.n ? f.v[0].text : "the transcript is not closed");
		goto out;
	}
	if (words_text(hex, words, err) ||
	    cmd_printf(c, err, "%s: closed by '%s' after %zu lines\n  on paper\n", text_shown(path, shown, sizeof(shown)),
		       text_shown(chain->signer, signer, sizeof(signer)), chain->n - 1) ||
	    words_show(c, 4, hex, err))
		goto out;
	rc = result_add(c,
			json_pack("{s:s,s:b,s:s,s:s,s:s,s:I,s:s,s:s}", "item", path, "ok", 1, "sha256", hex, "words", words, "host",
				  chain->host, "lines", (json_int_t)chain->n - 1, "signer", chain->signer, "certificate_sha256",
				  chain->signer_sha256),
			err);
out:
	chain_free(chain);
	findings_clear(&f);
	return rc;
}

static int close_one(struct cmd *c, const char *path, struct kh_error *err)
{
	const struct transcript_opts *o = c->opts;
	struct buf members = BUF_INIT(CONTENT_MAX);
	struct findings f = {.worst = KH_OK};
	struct transcript *t = NULL;
	struct chain *chain = NULL;
	bool wanted;
	int rc = -1;

	/* locked from before it is read until its last line is there */
	if (signing_check(&o->signing, true, &wanted, err) || told_take_by(c, o->signing.now, o->signing.bundle, err) || chain_read(path, &f, &chain, err))
		goto out;
	chain_free(chain);
	chain = NULL;
	findings_clear(&f);
	if (transcript_open(path, &t, err) || transcript_lock(t, err) || chain_read(path, &f, &chain, err) ||
	    check_sound(chain, &f, err) || add_close(chain, o, &c->told, &members, err) || transcript_append(t, &members, err))
		goto out;
	rc = tell_closed(c, path, err) ? cmd_was_done(err) : 0;
out:
	transcript_close(t);
	chain_free(chain);
	findings_clear(&f);
	buf_free(&members);
	return rc;
}

/* The bundles of a rehearsal are compared with the day's too; of another file nobody knows what is to be masked. */
static int check_maskable(const char *path, const struct buf *text, struct kh_error *err)
{
	struct bundle *b = NULL;

	if (text->len >= strlen(TRANSCRIPT_HEAD) && memcmp(buf_text(text), TRANSCRIPT_HEAD, strlen(TRANSCRIPT_HEAD)) == 0)
		return 0;
	if (bundle_parse(buf_text(text), text->len, &b, err)) {
		kh_fail(err, KH_E_INPUT, 0, "%s: neither a transcript nor a bundle", path);
		return kh_hint(err, "name a host's transcript: what --transcript or KEYHAUL_TRANSCRIPT named");
	}
	bundle_free(b);
	return 0;
}

static int mask_one(struct cmd *c, const char *path, struct kh_error *err)
{
	struct buf text = BUF_INIT(TRANSCRIPT_FILE_MAX), masked = BUF_INIT(2 * TRANSCRIPT_FILE_MAX);
	int rc = -1;

	if (file_read(path, &text, err) || check_maskable(path, &text, err) || mask_text(buf_text(&text), text.len, &masked, err))
		goto out;
	rc = c->common.json ? result_add(c, json_pack("{s:s,s:b,s:s}", "item", path, "ok", 1, "masked", buf_text(&masked)), err)
			    : buf_add(&c->text, buf_text(&masked), masked.len, err);
out:
	buf_free(&text);
	buf_free(&masked);
	return rc;
}

static int check_one(struct cmd *c, const char *path, struct kh_error *err)
{
	struct findings f = {.worst = KH_OK};
	char shown[TEXT_SHOWN(1024)];
	struct chain *chain = NULL;
	int rc = -1;

	if (chain_read(path, &f, &chain, err))
		goto out;
	if (f.n) {
		rc = kh_fail(err, f.worst, 0, "%s", f.v[0].text);
		goto out;
	}
	if (cmd_printf(c, err, "%s: %zu lines, %s\n", text_shown(path, shown, sizeof(shown)), chain->n,
		       chain->closed ? "closed" : "OPEN"))
		goto out;
	rc = result_add(c, json_pack("{s:s,s:b,s:I,s:b,s:s}", "item", path, "ok", 1, "lines", (json_int_t)chain->n, "closed",
				     (int)chain->closed, "sha256", chain_last_sha256(chain)),
			err);
out:
	chain_free(chain);
	findings_clear(&f);
	return rc;
}

static int run(struct cmd *c, struct kh_error *err)
{
	static const struct {
		const char *name;
		int (*run)(struct cmd *c, const char *path, struct kh_error *err);
	} actions[] = {{"close", close_one}, {"check", check_one}, {"mask", mask_one}};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(c->words[0], actions[i].name) == 0)
			return actions[i].run(c, c->words[1], err);
	kh_fail(err, KH_E_USAGE, 0, "a transcript is not '%s'", c->words[0]);
	return kh_hint(err, "keyhaul transcript close FILE, keyhaul transcript check FILE, keyhaul transcript mask FILE");
}

const struct cmd_row transcript_row = {
	.verb = "transcript",
	.operands = "close|check|mask FILE",
	.summary = "ends a transcript with a signed line, checks it, or masks what differs from day to day",
	.groups = groups,
	.opts_size = sizeof(struct transcript_opts),
	.min_words = 2,
	.max_words = 2,
	.run = run,
	.reads_transcripts = true,
};
