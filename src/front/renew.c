/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "renew.h"

#include "bundle/next.h"
#include "document.h"
#include "keymatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_URI_MAX 4096

static int begin(struct renew *r, struct step *s, const char *verb, struct kh_error *err)
{
	step_begin(s, verbs_find(verb)->program, verb);
	return step_option(s, "json", NULL, err) || (r->c->common.debug && step_option(s, "debug", NULL, err)) ||
			       (r->o->policy && step_option(s, "policy", r->o->policy, err))
		       ? -1
		       : 0;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* A request of this renewal, that waits or has come through. */
static bool is_open(const json_t *told)
{
	const char *result = text_of(told, "result");

	return strcmp(result, "fetched") == 0 || strcmp(result, "kept") == 0;
}

/* What each bundle's failure was, and of the step's own that of those it took with it. The step has told it on stderr. */
static int keep_errors(struct renew *r, const struct step *s, const json_t *doc, struct kh_error *err)
{
	json_t *whole = json_object_get(doc, "error"), *one;
	size_t i;

	json_array_foreach(json_object_get(doc, "results"), i, one)
		if (json_is_false(json_object_get(one, "ok")) &&
		    json_object_set(r->errors, text_of(one, "item"), json_object_get(one, "error")))
			return kh_fail_memory(err);
	for (i = 0; whole && i < s->n_operands; i++)
		if (!json_object_get(r->errors, s->operands[i]) && json_object_set(r->errors, s->operands[i], whole))
			return kh_fail_memory(err);
	return 0;
}

static bool was_interrupted(const struct step *s)
{
	return cmd_interrupted() || s->status == kh_status(KH_E_INTERRUPTED);
}

/* Its own words, in front of what the program said. */
static void end_by(struct renew *r, const struct step *s, json_t *doc)
{
	if (was_interrupted(s)) {
		kh_fail(&r->ended, KH_E_INTERRUPTED, 0, "interrupted in %s", s->words[1]);
		kh_hint(&r->ended, "run this again: it does what is left");
	} else {
		kh_fail(&r->ended, step_code(s->status), 0, "%s %s ended with status %d", s->program, s->words[1], s->status);
		(void)document_error(doc, &r->ended);
	}
}

static int run(struct renew *r, struct step *s, json_t **doc, struct kh_error *err)
{
	*doc = NULL;
	return step_run(s, err) || document_read(s, doc, err) || keep_errors(r, s, *doc, err) ? -1 : 0;
}

int renew_fetch(struct renew *r, struct kh_error *err)
{
	const struct renew_opts *o = r->o;
	json_t *doc = NULL;
	struct step s;
	int rc = -1;

	r->errors = json_object();
	if (!r->errors)
		return kh_fail_memory(err);
	if (begin(r, &s, "fetch", err) || step_option(&s, "plan", o->plan, err) || step_option(&s, "out", r->dir, err) ||
	    step_option(&s, "expiring-within", o->expiring_within ? o->expiring_within : "30d", err) ||
	    (o->token_profile && step_option(&s, "token-profile", o->token_profile, err)) ||
	    (o->jobs && step_option(&s, "jobs", o->jobs, err)) || pass_on(&s, r->kms_group, o, err) || run(r, &s, &doc, err))
		goto out;
	r->told = json_incref(json_object_get(doc, "results"));
	r->paths = calloc(json_array_size(r->told) + 1, sizeof(*r->paths));
	if (!r->paths) {
		kh_fail_memory(err);
		goto out;
	}
	if (json_object_get(doc, "error") || was_interrupted(&s))
		end_by(r, &s, doc);
	rc = 0;
out:
	json_decref(doc);
	step_end(&s);
	return rc;
}

static int note(struct renew *r, const char *path, const struct kh_error *why, struct kh_error *err)
{
	json_t *error = json_pack("{s:i,s:s,s:s,s:s,s:s}", "status", kh_status(why->code), "code", kh_code_name(why->code),
				  "native", why->name, "message", why->msg, "hint", kh_error_hint(why));

	return error && !json_object_set_new(r->errors, path, error) ? 0 : kh_fail_memory(err);
}

/* The token that a bundle's key is on, as a URI; false where the bundle is not at that stage. */
static bool is_at(struct renew *r, const json_t *told, enum next_stage stage, char uri[TOKEN_URI_MAX])
{
	const char *path = text_of(told, "item"), *at = NULL;
	struct bundle *b = NULL;
	struct kh_error why, err;
	size_t len = 0;
	bool yes;

	if (!is_open(told) || json_object_get(r->errors, path))
		return false;
	if (bundle_read(path, &b, &why)) {
		if (note(r, path, &why, &err))
			r->ended = err;
		return false;
	}
	yes = next_stage(b) == stage;
	if (uri && bundle_request(b)->key_uri)
		at = keymatch_token(bundle_request(b)->key_uri, &len);
	if (uri)
		(void)snprintf(uri, TOKEN_URI_MAX, "pkcs11:%.*s", (int)len, at ? at : "");
	bundle_free(b);
	return yes;
}

/* The token of the first bundle that waits to be wrapped; with `but` of the first that is on another one. */
static bool find_token(struct renew *r, const char *but, char uri[TOKEN_URI_MAX])
{
	const json_t *told;
	size_t i;

	json_array_foreach(r->told, i, told)
		if (is_at(r, told, NEXT_WRAP, uri) && !(but && keymatch_same_token(but, uri)))
			return true;
	return false;
}

/* Whatever was said of it, it is not tried twice in one run. */
static int note_left(struct renew *r, const struct step *s, struct kh_error *err)
{
	struct kh_error why;

	kh_fail(&why, KH_E_SYSTEM, 0, "keyhaul-token did not say why it has no material");
	for (size_t i = 0; i < s->n_operands && r->ended.code == KH_OK; i++) {
		struct bundle *b = NULL;
		bool left = !bundle_read(s->operands[i], &b, &why) && next_stage(b) == NEXT_WRAP;

		bundle_free(b);
		if (left && !json_object_get(r->errors, s->operands[i]) && note(r, s->operands[i], &why, err))
			return -1;
	}
	return 0;
}

static int wrap_on(struct renew *r, const char *token, struct kh_error *err)
{
	char uri[TOKEN_URI_MAX];
	const json_t *told;
	json_t *doc = NULL;
	struct step s;
	size_t n = 0, i;
	int rc = -1;

	json_array_foreach(r->told, i, told)
		if (is_at(r, told, NEXT_WRAP, uri) && keymatch_same_token(token, uri))
			r->paths[n++] = text_of(told, "item");
	if (!n)
		return 0;
	if (begin(r, &s, "wrap", err) || step_option(&s, "token", token, err) || pass_on(&s, r->token_group, r->o, err))
		goto out;
	step_operands(&s, r->paths, n);
	if (run(r, &s, &doc, err))
		goto out;
	if (was_interrupted(&s))
		end_by(r, &s, doc);
	rc = note_left(r, &s, err);
out:
	json_decref(doc);
	step_end(&s);
	return rc;
}

/* What is on another token than --token's waits for a run with that one. */
static int leave_others(struct renew *r, struct kh_error *err)
{
	char uri[TOKEN_URI_MAX];
	struct kh_error why;
	const json_t *told;
	size_t i;

	json_array_foreach(r->told, i, told) {
		if (!is_at(r, told, NEXT_WRAP, uri))
			continue;
		kh_fail(&why, KH_E_CHECK, 0, "%s: its key is on another token, %s", text_of(told, "item"), uri);
		kh_hint(&why, "run this again with --token '%s'", uri);
		if (note(r, text_of(told, "item"), &why, err))
			return -1;
	}
	return 0;
}

int renew_wrap(struct renew *r, struct kh_error *err)
{
	const struct renew_opts *o = r->o;
	char token[TOKEN_URI_MAX], other[TOKEN_URI_MAX];

	if (o->token)
		return wrap_on(r, o->token, err) || (r->ended.code == KH_OK && leave_others(r, err)) ? -1 : 0;
	if (find_token(r, NULL, token) && find_token(r, token, other) && (o->wrap.pin_file || o->wrap.pin_fd)) {
		kh_fail(err, KH_E_USAGE, 0, "the keys are on several tokens, %s and %s, and the PIN is one's", token, other);
		return kh_hint(err, "run this once for each, with --token '%s' first; what is fetched is kept", token);
	}
	while (r->ended.code == KH_OK && find_token(r, NULL, token))
		if (wrap_on(r, token, err))
			return -1;
	return 0;
}

int renew_import(struct renew *r, struct kh_error *err)
{
	const json_t *told;
	json_t *doc = NULL;
	struct step s;
	size_t n = 0, i;
	int rc = -1;

	json_array_foreach(r->told, i, told)
		if (is_at(r, told, NEXT_IMPORT, NULL))
			r->paths[n++] = text_of(told, "item");
	if (!n)
		return 0;
	if (begin(r, &s, "import", err) || (r->o->jobs && step_option(&s, "jobs", r->o->jobs, err)) || pass_on(&s, r->kms_group, r->o, err) || pass_on(&s, r->import_group, r->o, err))
		goto out;
	step_operands(&s, r->paths, n);
	rc = run(r, &s, &doc, err);
	if (!rc && was_interrupted(&s))
		end_by(r, &s, doc);
out:
	json_decref(doc);
	step_end(&s);
	return rc;
}

void renew_clear(struct renew *r)
{
	file_close(r->csv);
	buf_free(&r->csv_text);
	json_decref(r->told);
	json_decref(r->errors);
	free((void *)r->paths);
}
