/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "commands.h"
#include "haul.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MECHANISM_MAX 0xffffffffUL

#define OPT(n, k, field, value, words) \
	{.name = (n), .kind = (k), .offset = offsetof(struct haul_opts, field), .arg = (value), .text = (words)}

static const char *const rsa_aes_ways[] = {"native", "two-step", "auto", NULL};

static const struct opt_row rows[] = {
	OPT("key", OPT_URI, key, "URI", "the key to wrap, for one bundle"),
	OPT("token", OPT_URI, token, "URI", "the token; each bundle names its key"),
	OPT("generate", OPT_TEXT, generate, "LABEL", "make the key first, in the same login (with --token)"),
	OPT("no-keep", OPT_FLAG, no_keep, NULL, "with --generate: the key is gone afterwards"),
	OPT("again", OPT_FLAG, again, NULL, "wrap again where there is material already"),
	OPT("out", OPT_OUTPUT, out, "FILE", "write the bundle to a new file and leave the other as it is"),
	{.name = "rsa-aes", .kind = OPT_CHOICE, .offset = offsetof(struct haul_opts, rsa_aes), .arg = "WAY",
	 .choices = rsa_aes_ways, .text = "how RSA_AES_KEY_WRAP is done; proven all the same"},
	OPT("kwp-mechanism", OPT_TEXT, kwp_mechanism, "NUMBER",
	    "the mechanism that is RFC 5649 on this token, such as 0x210B; proven all the same"),
	OPT("allow-non-sensitive", OPT_FLAG, allow_non_sensitive, NULL, "wrap a key that the token would also give out"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	TOKEN_OPT_GROUP(offsetof(struct haul_opts, token_opts)),
	OPT_GROUPS_END,
};

/* The token is opened at the first bundle that has come so far, and once. */
struct wrap_job {
	const struct haul_opts *o;
	struct session session;
	bool is_open;
	bool is_gone; /* the token: the bundles that are left are not tried */
	struct proof_run *proofs;
};

static int check_opts(const struct haul_opts *o, size_t bundles, struct kh_error *err)
{
	if ((o->key == NULL) == (o->token == NULL)) {
		kh_fail(err, KH_E_USAGE, 0, "say either --key or --token");
		return kh_hint(err, "--key URI names the key; with --token URI each bundle names its key, or --generate "
				    "makes one");
	}
	if (o->generate != NULL && o->token == NULL)
		return kh_fail(err, KH_E_USAGE, 0, "--generate goes with --token");
	if (o->generate != NULL && o->generate[0] == '\0')
		return kh_fail(err, KH_E_USAGE, 0, "--generate wants a label");
	if (o->no_keep && o->generate == NULL)
		return kh_fail(err, KH_E_USAGE, 0, "--no-keep goes with --generate");
	if (bundles > 1 && (o->key != NULL || o->generate != NULL || o->out != NULL))
		return kh_fail(err, KH_E_USAGE, 0, "%s is for one bundle",
			       o->key != NULL	     ? "--key"
			       : o->generate != NULL ? "--generate"
						     : "--out");
	return 0;
}

/* CK_MECHANISM_TYPE as tokens have it: 32 bits, in hex or decimal. */
static int read_choice(const struct haul_opts *o, struct wrap_choice *out, struct kh_error *err)
{
	const char *way = o->rsa_aes != NULL ? o->rsa_aes : "auto", *number = o->kwp_mechanism;
	char *end = NULL;

	memset(out, 0, sizeof(*out));
	out->rsa_aes = strcmp(way, "native") == 0     ? WRAP_ONLY_NATIVE
		       : strcmp(way, "two-step") == 0 ? WRAP_ONLY_TWO_STEP
						      : WRAP_AUTO;
	if (number == NULL)
		return 0;
	errno = 0;
	if (isdigit((unsigned char)number[0]))
		out->kwp = strtoul(number, &end, 0);
	if (end == NULL || *end != '\0' || errno != 0 || out->kwp == 0 || out->kwp > MECHANISM_MAX) {
		kh_fail(err, KH_E_USAGE, 0, "--kwp-mechanism '%.64s' is no mechanism's number", number);
		return kh_hint(err, "such as 0x210B; 'keyhaul-token probe' shows which are RFC 5649 on this token");
	}
	if (out->rsa_aes == WRAP_ONLY_NATIVE)
		return kh_fail(err, KH_E_USAGE, 0, "--kwp-mechanism is for the two-step way, --rsa-aes native is not");
	out->rsa_aes = WRAP_ONLY_TWO_STEP; /* who names its mechanism means it */
	return 0;
}

static int open_token(struct wrap_job *w, struct kh_error *err)
{
	const struct haul_opts *o = w->o;

	if (w->is_open)
		return 0;
	w->is_open = true;
	return session_start(&o->token_opts, o->generate != NULL && !o->no_keep, &w->session, err);
}

/* `*fatal` tells a failure of the token, which ends the run, from one of this bundle. */
static int wrap_bundle(struct cmd *c, struct wrap_job *w, const char *path, bool *fatal, struct kh_error *err)
{
	struct haul_item item = {0};
	int ret = -1;

	if (haul_item_open(path, w->o, &item, err) != 0)
		goto out;
	if (haul_check_request(&item, w->o, w->session.uri, c->now, err) != 0) {
		ret = item.done && c->nwords > 1 ? haul_show_skipped(c, &item, err) : kh_context(err, "%s", path);
		goto out;
	}
	if (open_token(w, err) != 0) {
		*fatal = true;
		goto out;
	}
	ret = haul_one(c, &item, w->o, &w->session, w->proofs, err);
	if (ret != 0) {
		w->is_gone = err->code == KH_E_TOKEN && token_is_gone(err->native);
		kh_context(err, "%s", path);
	}
out:
	haul_item_close(&item);
	return ret;
}

/* Each would fail the same way, after a search and a proof that cannot be. */
static int not_tried(struct cmd *c, size_t from, unsigned long native, struct kh_error *err)
{
	for (size_t i = from; i < c->nwords; i++) {
		struct kh_error why;

		kh_fail(&why, KH_E_TOKEN, native, "%s: not tried, the token is gone", c->words[i]);
		kh_hint(&why, "put the token back and run the same command again: what is wrapped is passed over");
		if (cmd_item_failed(c, c->words[i], &why, err) != 0)
			return -1;
	}
	return 0;
}

/* What stays on the token is a failure of its own, beside the bundles' results. */
static int report_left(struct cmd *c, const struct session *s, struct kh_error *err)
{
	struct kh_error why;

	return session_check_left(s, &why) == 0 ? 0 : cmd_item_failed(c, "temporary objects", &why, err);
}

static int wrap_all(struct cmd *c, struct wrap_job *w, struct kh_error *err)
{
	for (size_t i = 0; i < c->nwords; i++) {
		bool fatal = false;
		struct kh_error why;

		if (cmd_interrupted())
			return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted before %s", c->words[i]);
		if (wrap_bundle(c, w, c->words[i], &fatal, &why) == 0)
			continue;
		if (c->nwords == 1 || fatal) {
			*err = why;
			return -1;
		}
		if (cmd_item_failed(c, c->words[i], &why, err) != 0)
			return -1;
		if (w->is_gone)
			return not_tried(c, i + 1, why.native, err);
	}
	return 0;
}

static int run(struct cmd *c, struct kh_error *err)
{
	struct wrap_job w = {.o = c->opts};
	struct wrap_choice choice;
	int ret = -1;

	if (check_opts(w.o, c->nwords, err) != 0 || read_choice(w.o, &choice, err) != 0)
		return -1;
	if (session_parse(w.o->key != NULL ? w.o->key : w.o->token, &w.o->token_opts, &w.session, err) == 0 &&
	    proof_run_new(&choice, &w.proofs, err) == 0)
		ret = wrap_all(c, &w, err) == 0 ? report_left(c, &w.session, err) : -1;
	session_close(&w.session);
	proof_run_free(w.proofs);
	return ret;
}

const struct cmd_row cmd_wrap = {
	.verb = "wrap",
	.operands = "BUNDLE...",
	.summary = "wrap a key in the token for the KMS key of each bundle",
	.groups = groups,
	.opts_size = sizeof(struct haul_opts),
	.min_words = 1,
	.max_words = 10000,
	.run = run,
};
