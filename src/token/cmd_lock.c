/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/base64.h"
#include "base/log.h"
#include "base/prompt.h"
#include "base/text.h"
#include "bundle/result.h"
#include "commands.h"
#include "describe.h"
#include "pkcs11/ckr.h"
#include "pkcs11/lock.h"
#include "session.h"

#include <string.h>

struct lock_opts {
	const char *key;
	bool yes;
	struct token_opts token_opts;
};

static const struct opt_row rows[] = {
	{.name = "key", .kind = OPT_URI, .offset = offsetof(struct lock_opts, key), .arg = "URI",
	 .text = "the key to lock in"},
	{.name = "yes", .kind = OPT_FLAG, .offset = offsetof(struct lock_opts, yes), .text = "do not ask before it is locked"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	TOKEN_OPT_GROUP(offsetof(struct lock_opts, token_opts)),
	OPT_GROUPS_END,
};

static int check_opts(const struct lock_opts *o, const struct session *s, struct kh_error *err)
{
	if (uri_has_object(s->uri))
		return 0;
	kh_fail(err, KH_E_USAGE, 0, "--key '%s' names no key", o->key);
	return kh_hint(err, "add object=LABEL or id=%%XX to the URI; 'keyhaul-token keys' prints them");
}

/* The key for people: its label, or its id where it has none. */
static int add_name(const struct key *k, struct buf *out, struct kh_error *err)
{
	char hex[2 * KEY_ID_MAX + 1];

	hex_encode(k->id, k->id_len, hex);
	if (k->label_len == 0)
		return buf_addf(out, "the key with id %s", err, hex);
	return buf_addf(out, "'", err) != 0 || text_for_terminal(k->label, k->label_len, out, err) != 0 ||
	       buf_addf(out, "'", err) != 0 ? -1 : 0;
}

/* The warning is for --yes too; what is asked names the key, as the token has it. */
static int confirm(const struct lock_opts *o, const struct token *t, const struct key *k, struct kh_error *err)
{
	struct buf prompt = BUF_INIT(2048);
	int ret = -1;

	log_warning("a locked key can never be wrapped again: an import that expires or is deleted cannot be made again from "
		    "this token, and no other KMS key can have it");
	if (o->yes)
		return 0;
	if (buf_addf(&prompt, "Lock ", err) == 0 && add_name(k, &prompt, err) == 0 &&
	    buf_addf(&prompt, " in token '", err) == 0 &&
	    text_for_terminal(t->name.label, strlen(t->name.label), &prompt, err) == 0 &&
	    buf_addf(&prompt, "' for ever? Type 'yes': ", err) == 0)
		ret = prompt_confirm(buf_text(&prompt), "yes", err);
	buf_free(&prompt);
	return ret;
}

static json_t *undo_of(const struct lock_finding *f)
{
	static const char *const verdicts[] = {
		[LOCK_BACK_REFUSED] = "refused", [LOCK_BACK_ALLOWED] = "allowed", [LOCK_BACK_NOT_SHOWN] = "not-known"};
	json_t *out = json_array();

	for (size_t i = 0; i < LOCK_BACKS; i++) {
		const struct lock_back *b = &f->back[i];

		if (b->verdict != LOCK_BACK_UNTRIED)
			json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:s, s:s}", "call", b->call, "change", b->change,
							     "verdict", verdicts[b->verdict], "native", ckr_name(b->rv), "why",
							     b->why));
	}
	return out;
}

static json_t *result_of(const struct token *t, const struct key *k, bool already, const struct lock_finding *f)
{
	json_t *out = describe_key(t, k);
	int failed = 0;

	if (out == NULL)
		return NULL;
	failed |= json_object_set_new(out, "locked", json_boolean(k->extractable == BUNDLE_FALSE));
	failed |= json_object_set_new(out, "already", json_boolean(already));
	if (f->shown || f->wrapped)
		failed |= json_object_set_new(out, "wrap_refused", json_boolean(f->shown));
	if (f->shown)
		failed |= json_object_set_new(out, "native", json_string(ckr_name(f->rv)));
	else if (!f->wrapped)
		failed |= json_object_set_new(out, "not_shown", describe_string(f->why, strlen(f->why)));
	failed |= json_object_set_new(out, "undo", undo_of(f));
	failed |= json_object_set_new(out, "cannot_leave", json_boolean(lock_holds(f) && k->extractable == BUNDLE_FALSE));
	if (failed) {
		json_decref(out);
		return NULL;
	}
	return out;
}

/* What was not refused, each in a warning: an answer of the moment, or CKR_OK of which nothing came. */
static void warn_not_shown(const struct lock_finding *f)
{
	if (!f->shown)
		log_warning("that C_WrapKey is refused to it could not be shown: %s", f->why);
	for (size_t i = 0; i < LOCK_BACKS; i++)
		if (f->back[i].verdict == LOCK_BACK_NOT_SHOWN)
			log_warning("that the token undoes no lock could not be shown: %s of a throwaway with %s: %s",
				    f->back[i].call, f->back[i].change, f->back[i].why);
}

static bool is_as_before(const struct lock_back *b, size_t i)
{
	return i > 0 && strcmp(b[i].call, b[i - 1].call) == 0 && b[i].rv == b[i - 1].rv;
}

/* The claim is made of what was seen refused, all of it, and of nothing less. */
static int show_claim(struct cmd *c, const struct lock_finding *f, struct kh_error *err)
{
	if (f->shown && cmd_printf(c, err, "  and wraps it no more: C_WrapKey: %s (0x%lX)\n", ckr_name(f->rv), f->rv) != 0)
		return -1;
	if (!lock_holds(f))
		return 0;
	if (cmd_printf(c, err, "  and undoes no lock, tried with a throwaway:\n") != 0)
		return -1;
	for (size_t i = 0; i < LOCK_BACKS; i++)
		if (!is_as_before(f->back, i) && cmd_printf(c, err, "    %s: %s\n", f->back[i].call, f->back[i].why) != 0)
			return -1;
	return cmd_printf(c, err, "  the key can leave this token no more, by any call that was tried\n");
}

static int show(struct cmd *c, const struct token *t, const struct key *k, bool already, const struct lock_finding *f,
		struct kh_error *err)
{
	struct buf uri = BUF_INIT(URI_MAX);
	int ret = -1;

	if (key_uri(t, k, &uri, err) != 0 ||
	    cmd_printf(c, err, "%s\n  %s: the token says CKA_EXTRACTABLE false\n", buf_text(&uri),
		       already ? "was locked already" : "locked") != 0 ||
	    show_claim(c, f, err) != 0)
		goto out;
	warn_not_shown(f);
	ret = result_add(c, result_of(t, k, already, f), err);
out:
	buf_free(&uri);
	return ret;
}

/* What failed, and how the key stands: it is named as the token has it. `f` NULL: nothing was found. */
static int tell_failure(struct cmd *c, const struct token *t, const struct key *k, bool already, const struct lock_finding *f,
			struct kh_error *err)
{
	bool locked = k->extractable == BUNDLE_FALSE;
	struct buf name = BUF_INIT(2048);
	struct kh_error ignored;

	if ((err->code == KH_E_CHECK && f != NULL && result_add(c, result_of(t, k, already, f), &ignored) != 0) ||
	    add_name(k, &name, &ignored) != 0)
		log_debug("%s", ignored.msg);
	kh_context(err, "%s %s", buf_text(&name), already  ? "was locked already"
						  : locked ? "is locked"
							   : "is not locked, and nothing of it was changed");
	if (!locked && err->code == KH_E_CHECK)
		kh_hint(err, "on this token a lock would keep the key from keyhaul alone: once it is hauled, destroy it there with "
			     "the vendor's tool, or keep it where every user of the token may have it");
	buf_free(&name);
	return -1;
}

/* A throwaway goes first: on a token that does not keep to it the key is left as it is. */
static int lock(struct cmd *c, const struct token *t, struct key *k, struct kh_error *err)
{
	bool already = k->extractable == BUNDLE_FALSE;
	struct lock_trial *trial = NULL;
	int ret = -1;

	if (!already && confirm(c->opts, t, k, err) != 0)
		return -1;
	if (lock_try(t, k, &trial, err) != 0) {
		ret = tell_failure(c, t, k, already, lock_found(trial), err);
	} else if (!already && cmd_interrupted()) {
		kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted before the key was locked");
		kh_hint(err, "nothing was changed: run the same command again");
	} else if (already || lock_set(t, k, err) == 0) {
		ret = lock_check(t, k, trial, err) == 0 ? show(c, t, k, already, lock_found(trial), err)
							 : tell_failure(c, t, k, already, lock_found(trial), err);
	}
	lock_trial_free(t, trial);
	return ret;
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct lock_opts *o = c->opts;
	struct key_query query;
	struct session s;
	struct key k;
	int ret = -1;

	if (o->key == NULL) {
		kh_fail(err, KH_E_USAGE, 0, "--key is missing");
		return kh_hint(err, "name the key by its URI, which 'keyhaul-token keys' prints");
	}
	if (session_parse(o->key, &o->token_opts, &s, err) == 0 && check_opts(o, &s, err) == 0 &&
	    session_start(&o->token_opts, true, &s, err) == 0 && key_query_from_uri(s.uri, &query, err) == 0 &&
	    key_find(&s.token, &query, &k, err) == 0 && lock(c, &s.token, &k, err) == 0)
		ret = session_check_left(&s, err);
	session_close(&s);
	return ret;
}

const struct cmd_row cmd_lock = {
	.verb = "lock",
	.operands = "",
	.needs = "--key URI",
	.summary = "make a key that was hauled unextractable, for ever",
	.groups = groups,
	.opts_size = sizeof(struct lock_opts),
	.run = run,
};
