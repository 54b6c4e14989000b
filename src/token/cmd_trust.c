/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/log.h"
#include "bundle/result.h"
#include "bundle/words.h"
#include "commands.h"
#include "describe.h"
#include "haul.h"
#include "pin.h"
#include "policy/approvers.h"
#include "trusted_list.h"

#include <stdlib.h>
#include <string.h>

struct trust_opts {
	const char *token, *so_pin_file, *policy_file, *now;
	bool remove;
	struct token_opts token_opts;
};

static const struct opt_row rows[] = {
	{.name = "token", .kind = OPT_URI, .offset = offsetof(struct trust_opts, token), .arg = "URI", .text = "the token"},
	{.name = "so-pin-file", .kind = OPT_INPUT, .offset = offsetof(struct trust_opts, so_pin_file), .arg = "FILE",
	 .text = "a file whose first line is the security officer's PIN"},
	{.name = "remove", .kind = OPT_FLAG, .offset = offsetof(struct trust_opts, remove),
	 .text = "take the bundle's wrapping key off the token again"},
	{.name = "policy", .kind = OPT_INPUT, .offset = offsetof(struct trust_opts, policy_file), .arg = "FILE",
	 .text = POLICY_OPT_TEXT},
	TOLD_OPT(struct trust_opts, now),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	{"Token", token_opt_rows, TOKEN_OPT_MODULE_ROWS, offsetof(struct trust_opts, token_opts)},
	OPT_GROUPS_END,
};

/* What is open while one bundle is worked on. */
struct trusting {
	const struct trust_opts *o;
	struct haul_opts haul; /* the policy, for the checks that wrap makes too */
	struct haul_item item; /* nothing is locked: the bundle is only read */
	struct session session;
	struct trust_key *keys;
	size_t n;
};

static const struct spki *wanted(const struct trusting *w)
{
	return w->item.bundle != NULL ? &bundle_facts(w->item.bundle)->wrapping_key : NULL;
}

static int check_opts(const struct trust_opts *o, size_t words, struct kh_error *err)
{
	if (o->token == NULL) {
		kh_fail(err, KH_E_USAGE, 0, "--token is missing");
		return kh_hint(err, "name the token by its URI, which 'keyhaul-token slots' prints");
	}
	if (words > 0)
		return 0;
	if (o->remove)
		return kh_fail(err, KH_E_USAGE, 0, "--remove wants the BUNDLE whose wrapping key is to go");
	if (o->now)
		return kh_fail(err, KH_E_USAGE, 0, "--now wants the BUNDLE whose times it is held to");
	return o->so_pin_file == NULL ? 0 : kh_fail(err, KH_E_USAGE, 0, "without a BUNDLE keys are listed, and no PIN is used");
}

/* A PIN in the URI is the user's by RFC 7512: it would be tried as another's. */
static int parse_uri(struct trusting *w, struct token_opts *o, struct kh_error *err)
{
	if (session_parse(w->o->token, o, &w->session, err) != 0)
		return -1;
	if (!pin_is_given(o, w->session.uri)) {
		o->no_login = true; /* the user stays out: the security officer cannot log in beside him */
		return 0;
	}
	kh_fail(err, KH_E_USAGE, 0, "the PIN of a URI is the user's, and this takes the security officer's");
	return kh_hint(err, "leave pin-source and pin-value out, and give --so-pin-file");
}

static int read_bundle(struct trusting *w, const char *path, struct kh_error *err)
{
	const struct bundle_request *r;

	w->item.path = path;
	if (bundle_read(path, &w->item.bundle, err) != 0)
		return -1;
	r = bundle_request(w->item.bundle);
	if (r->key_uri != NULL && uri_parse(r->key_uri, URI_FROM_BUNDLE, &w->item.key_uri, err) != 0)
		return kh_context(err, "%s: key_uri", path);
	return 0;
}

/* As wrap, before it: what is trusted for this request is what opens every such key of the token. */
static int check_request(const struct trusting *w, int64_t now, struct kh_error *err)
{
	const struct bundle_facts *f = bundle_facts(w->item.bundle);
	const struct policy *p = w->haul.policy;

	if (told_check(w->haul.told, w->item.bundle, err) != 0 || bundle_check_here(w->item.bundle, now, err) != 0 ||
	    policy_check_request(p, bundle_request(w->item.bundle), f, now, err) != 0 ||
	    (p != NULL && approvers_check(p, w->item.bundle, now, err) != 0) ||
	    wrapalg_check(f->key_spec, f->algorithm, f->wrapping_bits, &f->arn, err) != 0)
		return kh_context(err, "%s", w->item.path);
	return 0;
}

static int log_in(struct trusting *w, struct kh_error *err)
{
	struct token *t = &w->session.token;
	enum token_login kind;
	struct secret *pin = NULL;
	int ret;

	if (token_officer_kind(t, &kind, err) != 0)
		return -1;
	if (kind == TOKEN_LOGIN_PROTECTED)
		log_line("", "the token asks for the security officer's PIN itself: enter it at its keypad or dialogue");
	else if (pin_get_officer(w->o->so_pin_file, t, &pin, err) != 0)
		return -1;
	ret = token_login_officer(t, pin, err);
	secret_free(pin);
	return ret;
}

static bool is_there(const struct trusting *w)
{
	for (size_t i = 0; w->keys != NULL && i < w->n; i++)
		if (w->keys[i].same)
			return true;
	return false;
}

/* What came of it, and the others that are there. */
static int tell(struct cmd *c, const struct trusting *w, const char *label, const char *did, struct kh_error *err)
{
	const struct bundle_facts *f = bundle_facts(w->item.bundle);
	const char *digest = bundle_request_sha256(w->item.bundle);
	char words[TOKEN_WORDS_MAX];

	if (cmd_printf(c, err, "%s: %s\n  the wrapping key (RSA %u) of the request for\n  %s\n  %s\n  request SHA-256\n", label,
		       did, f->wrapping_bits, bundle_request(w->item.bundle)->kms_key_arn,
		       token_words(&w->session.token, words)) != 0 ||
	    words_show(c, 4, digest, err) != 0 || trusted_list_show(c, w->keys, w->n, err) != 0)
		return -1;
	return result_add(c, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "label", label, "did", did, "request_sha256", digest,
				       "kms_key_arn", bundle_request(w->item.bundle)->kms_key_arn, "token",
				       describe_token(&w->session.token), "trusted_keys",
				       trusted_list_json_all(w->keys, w->n)), err);
}

/* The list anew, by the token's word. */
static int look(struct trusting *w, struct kh_error *err)
{
	free(w->keys);
	w->keys = NULL;
	return trust_find(&w->session.token, wanted(w), &w->keys, &w->n, err);
}

static int put(struct cmd *c, struct trusting *w, const char *label, struct kh_error *err)
{
	const struct token *t = &w->session.token;

	if (trust_check_officer(t, wanted(w), err) != 0 || haul_check_token(&w->item, &w->haul, &w->session, err) != 0)
		return -1;
	if (is_there(w))
		return tell(c, w, label, "trusted already", err);
	/* a prompt may last */
	if (log_in(w, err) != 0 || check_request(w, clock_told_now(&c->told), err) != 0)
		return -1;
	if (cmd_interrupted())
		return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted before anything was put on the token");
	if (trust_put(t, wanted(w), label, err) != 0 || look(w, err) != 0)
		return -1;
	return tell(c, w, label, "trusted from now on", err);
}

static int take_away(struct cmd *c, struct trusting *w, const char *label, struct kh_error *err)
{
	size_t removed = 0;

	if (!is_there(w)) {
		kh_fail(err, KH_E_INPUT, 0, "the wrapping key of %s is no trusted key of the token", w->item.path);
		return kh_hint(err, "'keyhaul-token trust --token URI' lists those that are");
	}
	if (log_in(w, err) != 0 || trust_remove(&w->session.token, wanted(w), &removed, err) != 0 || look(w, err) != 0)
		return -1;
	if (removed > 0 && !is_there(w))
		return tell(c, w, label, "trusted no more", err);
	kh_fail(err, KH_E_CHECK, 0, "the wrapping key of %s is trusted under a label that is not keyhaul's", w->item.path);
	return kh_hint(err, "somebody put it there by other means: take it away with the vendor's tool");
}

static int list(struct cmd *c, const struct trusting *w, struct kh_error *err)
{
	for (size_t i = 0; i < w->n; i++)
		if (result_add(c, trusted_list_json(&w->keys[i]), err) != 0)
			return -1;
	return w->n == 0 ? cmd_printf(c, err, "no trusted keys\n") : trusted_list_show(c, w->keys, w->n, err);
}

static int work(struct cmd *c, struct trusting *w, struct kh_error *err)
{
	char label[TRUST_LABEL];

	if (c->nwords > 0 && read_bundle(w, c->words[0], err) != 0)
		return -1;
	if (c->nwords > 0 && !w->o->remove && check_request(w, c->now, err) != 0)
		return -1;
	if (session_start(&w->o->token_opts, c->nwords > 0, &w->session, err) != 0 || look(w, err) != 0)
		return -1;
	if (c->nwords == 0)
		return list(c, w, err);
	trust_label(bundle_request_sha256(w->item.bundle), label);
	return w->o->remove ? take_away(c, w, label, err) : put(c, w, label, err);
}

static int run(struct cmd *c, struct kh_error *err)
{
	struct trust_opts *o = c->opts;
	struct trusting w = {.o = o, .haul.told = &c->told};
	struct policy *policy = NULL;
	int ret = -1;

	w.session.token.session = CK_INVALID_HANDLE;
	o->token_opts.pin_fd = -1;
	if (check_opts(o, c->nwords, err) != 0 || told_take(c, o->now, err) != 0 || policy_in_force(POLICY_HOST_PATH, o->policy_file, &policy, err) != 0)
		goto out;
	w.haul.policy = policy;
	if (parse_uri(&w, &o->token_opts, err) == 0 && work(c, &w, err) == 0)
		ret = session_check_left(&w.session, err);
out:
	free(w.keys);
	session_close(&w.session);
	haul_item_close(&w.item);
	policy_free(policy);
	return ret;
}

const struct cmd_row cmd_trust = {
	.verb = "trust",
	.operands = "[BUNDLE]",
	.needs = "--token URI",
	.summary = "as the security officer, let a bundle's wrapping key wrap keys that ask for trust",
	.groups = groups,
	.opts_size = sizeof(struct trust_opts),
	.max_words = 1,
	.run = run,
};
