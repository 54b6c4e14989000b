/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/log.h"
#include "bundle/result.h"
#include "commands.h"
#include "probe_report.h"

#include <stdlib.h>

struct probe_opts {
	const char *token;
	const char *out;
	struct token_opts token_opts;
};

static const struct opt_row rows[] = {
	{.name = "token", .kind = OPT_URI, .offset = offsetof(struct probe_opts, token), .arg = "URI",
	 .text = "the token to try"},
	{.name = "out", .kind = OPT_OUTPUT, .offset = offsetof(struct probe_opts, out), .arg = "FILE",
	 .text = "write what was found to a new file, for 'keyhaul-kms fetch --token-profile'"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	TOKEN_OPT_GROUP(offsetof(struct probe_opts, token_opts)),
	OPT_GROUPS_END,
};

static int check_opts(const struct probe_opts *o, struct kh_error *err)
{
	if (o->token == NULL)
		return kh_fail(err, KH_E_USAGE, 0, "--token is missing");
	/* before the token is asked: a probe takes its time */
	return o->out != NULL ? tokenprofile_check_new(o->out, err) : 0;
}

/* What is left is not undone by saying so: the command has failed, with its table. */
static int check_left(const struct probe *p, const struct session *s, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX], why[TOKEN_STUCK_MAX];

	if (!p->counted) {
		log_warning("whether anything was left on the token is not known: %s", p->uncounted);
		return 0;
	}
	if (probe_left_nothing(p)) {
		if (p->left > 0)
			log_warning("%zu keyhaul-tmp-* objects of an earlier run are on the token: 'keyhaul-token clean'",
				    p->left);
		return 0;
	}
	kh_fail(err, KH_E_TOKEN, s->stuck.rv, "%s had %zu objects before the probe and has %zu, %zu of them keyhaul-tmp-*%s",
		token_words(&s->token, words), p->objects_before, p->objects_after, p->left, token_stuck_words(&s->stuck, why));
	return kh_hint(err, "'keyhaul-token clean' removes what keyhaul left; another program may have made the others");
}

/* A table of nothing but what could not be made says little: one thing may be in the way of all of it. */
static void warn_unmade(const struct probe *p, const struct token *t)
{
	for (size_t i = 0; i < p->n_rows; i++)
		if (!p->rows[i].unmade || !token_wants_kept(t, p->rows[i].native))
			return;
	log_warning("no throwaway could be put on the token: " TOKEN_HINT_KEPT);
}

static void warn_untold(const struct probe *p)
{
	const struct probe_row *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < p->n_rows; i++) {
		if (p->rows[i].verdict != PROBE_UNTOLD)
			continue;
		first = first != NULL ? first : &p->rows[i];
		n++;
	}
	if (first != NULL && first->native != CKR_USER_NOT_LOGGED_IN)
		log_warning("what the token does is unknown for %zu of the %zu ways that were tried: %s; probe it again when that has "
			    "passed", n, p->n_rows, first->why);
}

/* What needs a login was not tried, and the table cannot tell that from what the token refuses. */
static void warn_no_login(const struct token *t)
{
	if (t->info.flags & CKF_LOGIN_REQUIRED && !t->logged_in && !t->was_logged_in)
		log_warning("nobody is logged in: what the token refuses without a login is no finding; leave --no-login out");
}

/* What was found is printed, whatever is then said of what was left or of the file. */
static int show(struct cmd *c, const struct probe *p, const struct session *s, struct probe_profile *profile,
		struct kh_error *err)
{
	json_t *json;

	if (probe_profile_fill(p, s, c->now, profile, err) != 0 || probe_show(c, &s->token, p, &profile->profile, err) != 0)
		return -1;
	json = tokenprofile_json(&profile->profile, err);
	return json == NULL || result_add(c, json, err) != 0 ? -1 : cmd_flush(c, err);
}

static int report(struct cmd *c, const struct probe *p, const struct session *s, struct probe_profile *profile,
		  struct kh_error *err)
{
	const struct probe_opts *o = c->opts;

	warn_no_login(&s->token);
	warn_unmade(p, &s->token);
	warn_untold(p);
	if (show(c, p, s, profile, err) != 0 || check_left(p, s, err) != 0)
		return -1;
	if (o->out == NULL || tokenprofile_create(&profile->profile, o->out, err) == 0)
		return 0;
	return kh_context(err, "what was found is printed, but the profile is not written");
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct probe_opts *o = c->opts;
	struct probe_keys keys = {NULL, NULL};
	struct probe *p = NULL;
	struct probe_profile *profile = NULL;
	struct session s;
	int ret = -1;

	if (check_opts(o, err) != 0)
		return -1;
	p = calloc(1, sizeof(*p));
	profile = calloc(1, sizeof(*profile));
	if (session_parse(o->token, &o->token_opts, &s, err) != 0 ||
	    session_check_token_alone(&s, "a probe makes its own keys and tries no other", err) != 0 ||
	    session_start(&o->token_opts, false, &s, err) != 0)
		goto out;
	if (p == NULL || profile == NULL)
		kh_fail_memory(err);
	else if (probe_keys_make(&keys, err) == 0 && probe_run(&s.token, &keys, p, err) == 0)
		ret = report(c, p, &s, profile, err);
out:
	session_close(&s);
	probe_keys_free(&keys);
	if (profile != NULL)
		probe_profile_clear(profile);
	free(profile);
	free(p);
	return ret;
}

const struct cmd_row cmd_probe = {
	.verb = "probe",
	.operands = "",
	.needs = "--token URI",
	.summary = "find out what a token really does, with throwaway keys",
	.groups = groups,
	.opts_size = sizeof(struct probe_opts),
	.run = run,
};
