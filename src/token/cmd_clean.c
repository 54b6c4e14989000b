/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/log.h"
#include "base/prompt.h"
#include "base/text.h"
#include "bundle/result.h"
#include "commands.h"
#include "pkcs11/tmp.h"
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct clean_opts {
	const char *token;
	bool yes;
	struct token_opts token_opts;
};

static const struct opt_row rows[] = {
	{.name = "token", .kind = OPT_URI, .offset = offsetof(struct clean_opts, token), .arg = "URI",
	 .text = "the token to clean"},
	{.name = "yes", .kind = OPT_FLAG, .offset = offsetof(struct clean_opts, yes),
	 .text = "do not ask before they are destroyed"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	TOKEN_OPT_GROUP(offsetof(struct clean_opts, token_opts)),
	OPT_GROUPS_END,
};

/* What is to be cleaned away, and what only looks like it. */
struct clean {
	struct tmp_object *found;
	size_t n;
	size_t ours, destroyed;
};

static const char *class_name(CK_OBJECT_CLASS object_class)
{
	switch (object_class) {
	case CKO_SECRET_KEY:
		return "secret key";
	case CKO_PRIVATE_KEY:
		return "private key";
	case CKO_PUBLIC_KEY:
		return "public key";
	default:
		return "object";
	}
}

/* A URI that names an object names one that keyhaul labelled, or nothing is done. */
static int check_uri(const struct uri *uri, struct kh_error *err)
{
	size_t len = 0;
	const char *label = uri_object(uri, &len);

	if (!uri_has_object(uri) || (label != NULL && tmp_is_ours(label, len)))
		return 0;
	kh_fail(err, KH_E_USAGE, 0, "%s names what keyhaul did not leave", uri_text(uri));
	return kh_hint(err, "clean removes objects labelled " TMP_PREFIX " and hex digits, and no others: name the token alone");
}

static bool is_meant(const struct tmp_object *o, const struct uri *uri)
{
	size_t len = 0;
	const char *label = uri_object(uri, &len);

	return o->ours && o->kept && (label == NULL || (strlen(o->label) == len && memcmp(o->label, label, len) == 0));
}

/* Before a question the list is said on stderr, where the question is; with --yes it is part of the result. */
static int list(struct cmd *c, struct clean *w, const struct uri *uri, struct kh_error *err)
{
	const struct clean_opts *opts = c->opts;

	for (size_t i = 0; i < w->n; i++) {
		struct tmp_object *o = &w->found[i];
		char line[400], label[TEXT_SHOWN(TMP_SHOWN)];

		if (!o->kept)
			continue; /* a session's, and gone with it */
		o->ours = is_meant(o, uri);
		w->ours += o->ours;
		snprintf(line, sizeof(line), "  %-12s %s%s", class_name(o->object_class), text_shown(o->label, label, sizeof(label)),
			 o->ours ? "" : "  (left alone: not as keyhaul labels them, or not named)");
		if (!opts->yes)
			log_line("", line);
		else if (cmd_printf(c, err, "%s\n", line) != 0)
			return -1;
	}
	return 0;
}

static int ask(const struct clean_opts *o, const struct token *t, const struct clean *w, struct kh_error *err)
{
	char prompt[TOKEN_WORDS_MAX + 96], words[TOKEN_WORDS_MAX];

	if (o->yes)
		return 0;
	snprintf(prompt, sizeof(prompt), "Destroy %zu object%s on %s for ever? Type 'yes': ", w->ours,
		 w->ours == 1 ? "" : "s", token_words(t, words));
	return prompt_confirm(prompt, "yes", err);
}

static int destroy(struct cmd *c, const struct token *t, struct clean *w, struct kh_error *err)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct tmp_object *o = &w->found[i];
		struct kh_error why;

		if (!o->kept || !o->ours)
			continue;
		if (cmd_interrupted())
			return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: %zu of %zu were destroyed", w->destroyed,
				       w->ours);
		if (tmp_destroy(t, o, &why) != 0) {
			if (cmd_item_failed(c, o->label, &why, err) != 0)
				return -1;
			continue;
		}
		w->destroyed++;
		if (result_add(c, json_pack("{s:s, s:s, s:b, s:b}", "label", o->label, "class",
					    class_name(o->object_class), "ok", 1, "destroyed", 1), err) != 0)
			return -1;
	}
	return cmd_printf(c, err, "%zu of %zu destroyed\n", w->destroyed, w->ours);
}

static int clean(struct cmd *c, const struct session *s, struct clean *w, struct kh_error *err)
{
	size_t objects = 0, len = 0;
	const char *label = uri_object(s->uri, &len);

	if (tmp_find(&s->token, label, len, &objects, &w->found, &w->n, err) != 0 || list(c, w, s->uri, err) != 0)
		return -1;
	if (w->ours == 0)
		return cmd_printf(c, err, "nothing to clean: keyhaul left no " TMP_PREFIX "* here (objects that there are: %zu)\n",
				  objects);
	if (ask(c->opts, &s->token, w, err) != 0)
		return -1;
	return destroy(c, &s->token, w, err);
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct clean_opts *o = c->opts;
	struct clean w = {.found = NULL};
	struct session s;
	int ret = -1;

	if (o->token == NULL) {
		kh_fail(err, KH_E_USAGE, 0, "--token is missing");
		return kh_hint(err, "name the token by its URI, which 'keyhaul-token slots' prints");
	}
	if (session_parse(o->token, &o->token_opts, &s, err) == 0 && check_uri(s.uri, err) == 0 &&
	    session_start(&o->token_opts, true, &s, err) == 0)
		ret = clean(c, &s, &w, err);
	session_close(&s);
	free(w.found);
	return ret;
}

const struct cmd_row cmd_clean = {
	.verb = "clean",
	.operands = "",
	.needs = "--token URI",
	.summary = "remove keyhaul-tmp-* objects that a power cut left on a token",
	.groups = groups,
	.opts_size = sizeof(struct clean_opts),
	.run = run,
};
