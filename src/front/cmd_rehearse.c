/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"

#include "base/file.h"
#include "base/log.h"
#include "base/shell.h"
#include "base/text.h"
#include "bundle/jsontext.h"
#include "bundle/result.h"
#include "rehearsal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct rehearse_opts {
	const char *plan, *policy, *out, *key_pool;
	bool rotate;
};

static const struct opt_row rows[] = {
	{.name = "plan", .kind = OPT_INPUT, .offset = offsetof(struct rehearse_opts, plan), .arg = "FILE",
	 .text = "the keys of the day, keyhaul-plan(5)"},
	{.name = "policy", .kind = OPT_INPUT, .offset = offsetof(struct rehearse_opts, policy), .arg = "FILE",
	 .text = "the policy of the day, keyhaul-policy(5)"},
	{.name = "out", .kind = OPT_OUTPUT, .offset = offsetof(struct rehearse_opts, out), .arg = "DIR",
	 .text = "the new folder that gets the hosts' folders and the record"},
	{.name = "rotate", .kind = OPT_FLAG, .offset = offsetof(struct rehearse_opts, rotate),
	 .text = "with steps that make the plan's new materials the current ones"},
	{.name = "key-pool", .kind = OPT_INPUT, .offset = offsetof(struct rehearse_opts, key_pool), .arg = "DIR",
	 .text = "wrapping keys for keyhaul-sim, made ahead"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	OPT_GROUPS_END,
};

/* The day, and its rehearsal. */
struct rehearsal {
	char folder[THROWAWAY_PATH], tokens[THROWAWAY_PATH + 16];
	char *pool;
	struct buf plan_text, policy_text;
	struct plan *day_plan, *plan;
	struct policy *day_policy, *policy;
	struct ceremony day, ceremony;
	struct throwaway throwaway;
	bool other_algorithm; /* SoftHSM has not all of the plan's */
};

#define MARK "INCOMPLETE" /* a file that is in the folder until the rehearsal is done */

static int make_folder(const char *path, struct kh_error *err)
{
	if (mkdir(path, 0700) == 0)
		return 0;
	kh_fail_errno(err, errno == EEXIST ? KH_E_INPUT : KH_E_SYSTEM, errno, "%s", path);
	return kh_hint(err, "a rehearsal is left in a folder of its own: name one that is not there");
}

static int make_folders(struct rehearsal *r, const char *out, struct kh_error *err)
{
	char path[THROWAWAY_PATH + 16], *whole;

	if (make_folder(out, err))
		return -1;
	whole = realpath(out, NULL); /* short enough for what stands in it */
	if (!whole || strlen(whole) + 64 >= sizeof(r->folder)) {
		free(whole);
		return kh_fail(err, KH_E_SYSTEM, 0, "%s: its path cannot be told", out);
	}
	(void)snprintf(r->folder, sizeof(r->folder), "%s", whole);
	free(whole);
	for (int host = 0; host < CEREMONY_HOSTS; host++) {
		(void)snprintf(path, sizeof(path), "%s/%s", r->folder, ceremony_host_name((enum ceremony_host)host));
		if (make_folder(path, err))
			return -1;
	}
	(void)snprintf(r->tokens, sizeof(r->tokens), "%s/throwaway", r->folder);
	return make_folder(r->tokens, err);
}

static int mark(const struct rehearsal *r, struct kh_error *err)
{
	static const char text[] = "This rehearsal has not come to its end.\n";
	char path[THROWAWAY_PATH + 16];

	(void)snprintf(path, sizeof(path), "%s/" MARK, r->folder);
	return file_create(path, 0600, text, sizeof(text) - 1, err);
}

/* The tokens go whatever became of it: they and their PIN are for nothing but this run. */
static int finish(const struct rehearsal *r, const char *out, bool done, struct kh_error *err)
{
	char path[THROWAWAY_PATH + 16], shown[TEXT_SHOWN(1024)];
	struct kh_error why;

	if (!r->folder[0])
		return done ? 0 : -1;
	if (throwaway_remove(r->tokens, done ? err : &why)) {
		if (done)
			return -1;
		log_warning("%s", why.msg);
	}
	(void)snprintf(path, sizeof(path), "%s/" MARK, r->folder);
	if (done)
		return unlink(path) ? kh_fail_errno(err, KH_E_SYSTEM, errno, "%s", path) : 0;
	log_warning("%s is incomplete, as the file " MARK " in it says; its throwaway tokens are gone", text_shown(out, shown, sizeof(shown)));
	return err->code == KH_E_INTERRUPTED || !err->hint[0] ? kh_hint(err, "remove the folder and rehearse again: nothing of it can be gone on with") : -1;
}

/* The file into each host's folder that has it: the plan is behind no gap. */
static int write_file(const struct rehearsal *r, const char *name, const struct buf *text, bool everywhere, struct kh_error *err)
{
	char path[THROWAWAY_PATH + 64];

	for (int host = 0; host < CEREMONY_HOSTS; host++) {
		if (!everywhere && (host == CEREMONY_GAP || host == CEREMONY_DESK))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s/%s", r->folder, ceremony_host_name((enum ceremony_host)host), name);
		if (file_create(path, 0600, buf_text(text), text->len, err))
			return -1;
	}
	return 0;
}

static int copy_key_policies(const struct rehearsal *r, const char *plan_path, struct kh_error *err)
{
	char host[THROWAWAY_PATH + 16];

	for (int i = CEREMONY_ONLINE; i <= CEREMONY_WITNESS; i++) {
		(void)snprintf(host, sizeof(host), "%s/%s", r->folder, ceremony_host_name((enum ceremony_host)i));
		if (rehearsal_key_policies(&r->day, plan_path, host, err))
			return -1;
	}
	return 0;
}

/* What the steps are made of: the tokens first, the plan for the service, whose address goes into the policy. */
static int prepare(struct rehearsal *r, const char *plan_path, struct kh_error *err)
{
	struct buf plan = BUF_INIT(PLAN_MAX), policy = BUF_INIT(POLICY_MAX);
	char host[THROWAWAY_PATH + 64];
	const char *endpoint;
	int rc = -1;

	if (throwaway_make(&r->day, r->tokens, &r->throwaway, err) ||
	    rehearsal_plan(&r->day, &r->throwaway, &r->plan_text, &plan, &r->other_algorithm, err) ||
	    write_file(r, "plan.yaml", &plan, false, err) || copy_key_policies(r, plan_path, err) || rehearsal_service(r->folder, r->pool, err))
		goto out;
	endpoint = getenv("AWS_ENDPOINT_URL_KMS");
	if (rehearsal_policy(&r->day, &r->throwaway, endpoint ? endpoint : "", &r->policy_text, &policy, err) ||
	    write_file(r, "policy.yaml", &policy, true, err))
		goto out;
	for (int i = 0; i < CEREMONY_HOSTS; i++) {
		(void)snprintf(host, sizeof(host), "%s/%s", r->folder, ceremony_host_name((enum ceremony_host)i));
		if (throwaway_certificates(&r->day, &r->throwaway, host, err))
			goto out;
	}
	(void)snprintf(host, sizeof(host), "%s/desk/policy.yaml", r->folder);
	rc = plan_parse(buf_text(&plan), plan.len, &r->plan, err) || policy_read(host, &r->policy, err) ||
			     ceremony_make(r->plan, "plan.yaml", r->policy, r->day.rotates, &r->ceremony, err)
		     ? -1
		     : 0;
out:
	buf_free(&plan);
	buf_free(&policy);
	return rc;
}

static int one_step(struct cmd *c, struct rehearsal *r, size_t i, struct kh_error *err)
{
	const struct ceremony_step *s = &r->ceremony.steps[i];
	const char *where = s->carried ? "carried" : ceremony_host_name(s->host);
	struct buf line = BUF_INIT(1u << 20);
	int rc = -1;

	if (shell_words((const char *const *)s->words, &line, err))
		goto out;
	log_progress("%zu of %zu, %s: %s", i + 1, r->ceremony.n_steps, where, s->title);
	if (rehearsal_step(s, &r->throwaway, r->folder, err)) {
		kh_context(err, "step %zu of %zu, %s, '%s'", i + 1, r->ceremony.n_steps, where, s->title);
		goto out;
	}
	if (cmd_printf(c, err, "%3zu  %-8s %s\n", i + 1, where, s->title))
		goto out;
	rc = result_add(c, jsontext_pack("{s:I,s:s,s:s,s:s}", "step", (json_int_t)i + 1, "host", where, "title", s->title, "command",
				      buf_text(&line)), err);
out:
	buf_free(&line);
	return rc;
}

static int all_steps(struct cmd *c, struct rehearsal *r, struct kh_error *err)
{
	for (size_t i = 0; i < r->ceremony.n_steps; i++) {
		if (cmd_interrupted())
			return kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted before step %zu", i + 1);
		if (one_step(c, r, i, err))
			return -1;
	}
	return 0;
}

static int read_day(const struct rehearse_opts *o, int64_t now, struct rehearsal *r, struct kh_error *err)
{
	if (!o->plan || !o->policy || !o->out)
		return kh_fail(err, KH_E_USAGE, 0, "%s is missing", !o->plan ? "--plan" : !o->policy ? "--policy" : "--out");
	if (access(POLICY_HOST_PATH, F_OK) == 0) {
		kh_fail(err, KH_E_CHECK, 0, "this host has " POLICY_HOST_PATH ", which every command goes by");
		return kh_hint(err, "a rehearsal has a policy of its own, with throwaway certificates: rehearse on a host without that file");
	}
	if (o->key_pool && !(r->pool = realpath(o->key_pool, NULL)))
		return kh_fail_errno(err, KH_E_INPUT, errno, "--key-pool: %s", o->key_pool);
	if (file_read(o->plan, &r->plan_text, err) || file_read(o->policy, &r->policy_text, err))
		return -1;
	if (plan_parse(buf_text(&r->plan_text), r->plan_text.len, &r->day_plan, err))
		return kh_context(err, "%s", o->plan);
	return policy_read(o->policy, &r->day_policy, err) || ceremony_make(r->day_plan, o->plan, r->day_policy, o->rotate, &r->day, err) ||
			       ceremony_check(&r->day, now, err)
		       ? -1
		       : 0;
}

static void clear(struct rehearsal *r)
{
	ceremony_clear(&r->ceremony);
	ceremony_clear(&r->day);
	throwaway_clear(&r->throwaway);
	policy_free(r->policy);
	policy_free(r->day_policy);
	plan_free(r->plan);
	plan_free(r->day_plan);
	buf_free(&r->plan_text);
	buf_free(&r->policy_text);
	free(r->pool);
	free(r);
}

static int tell_done(struct cmd *c, const struct rehearsal *r, const char *out, struct kh_error *err)
{
	char shown[TEXT_SHOWN(1024)];

	if (r->other_algorithm &&
	    cmd_printf(c, err, "SoftHSM has no OAEP but with SHA-1: wrapped with the algorithms' SHA_1; what the day's token does, "
			       "'keyhaul probe' tells\n"))
		return -1;
	text_shown(out, shown, sizeof(shown));
	return cmd_printf(c, err, "%s: rehearsed; its record is %s/desk/record.html\n"
			  "  the steps are the day's; account, endpoint, token and certificates are others\n"
			  "'keyhaul transcript mask' of its transcripts is, by diff, that of the day's\n", shown, shown);
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct rehearse_opts *o = c->opts;
	struct rehearsal *r = calloc(1, sizeof(*r));
	int rc = -1;

	if (!r)
		return kh_fail_memory(err);
	r->plan_text.max = PLAN_MAX;
	r->policy_text.max = POLICY_MAX;
	if (!read_day(o, c->now, r, err)) {
		rc = make_folders(r, o->out, err) || mark(r, err) || prepare(r, o->plan, err) || all_steps(c, r, err) ? -1 : 0;
		rc = finish(r, o->out, rc == 0, err) || tell_done(c, r, o->out, err) ? -1 : 0;
	}
	clear(r);
	return rc;
}

const struct cmd_row rehearse_row = {
	.verb = "rehearse",
	.operands = "",
	.needs = "--plan FILE --policy FILE --out DIR",
	.summary = "runs the steps of a ceremony on throwaway tokens and keyhaul-sim, with throwaway approvers",
	.groups = groups,
	.opts_size = sizeof(struct rehearse_opts),
	.run = run,
};
