/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rows.h"

#include "base/file.h"
#include "base/shell.h"
#include "base/text.h"
#include "bundle/jsontext.h"
#include "bundle/result.h"
#include "ceremony.h"
#include "stepsheet.h"

#include <stdio.h>

struct sheet_opts {
	const char *plan, *policy, *out;
	bool rotate;
};

static const struct opt_row rows[] = {
	{.name = "plan", .kind = OPT_INPUT, .offset = offsetof(struct sheet_opts, plan), .arg = "FILE",
	 .text = "the keys of the day, keyhaul-plan(5)"},
	{.name = "policy", .kind = OPT_INPUT, .offset = offsetof(struct sheet_opts, policy), .arg = "FILE",
	 .text = "the policy of the day, keyhaul-policy(5)"},
	{.name = "out", .kind = OPT_OUTPUT, .offset = offsetof(struct sheet_opts, out), .arg = "PAGE",
	 .text = "the new file that gets the sheet (HTML, for A4 and Letter)"},
	{.name = "rotate", .kind = OPT_FLAG, .offset = offsetof(struct sheet_opts, rotate),
	 .text = "with steps that make the plan's new materials the current ones"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	OPT_GROUPS_END,
};

/* The commands alone, for who does not want the page; comments of a shell say where each is typed. */
static int tell_step(struct cmd *c, const struct ceremony_step *s, size_t number, bool shown, struct kh_error *err)
{
	const char *host = ceremony_host_name(s->host);
	struct buf line = BUF_INIT(1u << 20);
	int rc = -1;

	if (shell_words((const char *const *)s->words, &line, err))
		goto out;
	if (shown && s->carried && cmd_printf(c, err, "# %zu: %s\n# carry %s\n", number, s->title, buf_text(&line)))
		goto out;
	if (shown && !s->carried && cmd_printf(c, err, "# %zu, %s: %s\n%s\n", number, host, s->title, buf_text(&line)))
		goto out;
	rc = result_add(c, s->carried ? jsontext_pack("{s:I,s:s,s:s,s:s,s:s}", "step", (json_int_t)number, "title", s->title, "from",
						  s->words[0], "to", s->words[1], "seen", s->seen)
				      : jsontext_pack("{s:I,s:s,s:s,s:s,s:s}", "step", (json_int_t)number, "title", s->title, "host", host,
						  "command", buf_text(&line), "seen", s->seen),
			err);
out:
	buf_free(&line);
	return rc;
}

static int write_page(struct cmd *c, const struct ceremony *ceremony, struct kh_error *err)
{
	const struct sheet_opts *o = c->opts;
	char path[TEXT_SHOWN(1024)];
	struct buf page = BUF_INIT(1);
	int rc = -1;

	if (stepsheet_write(ceremony, c->now, &page, err) || file_create(o->out, 0644, buf_text(&page), page.len, err))
		goto out;
	rc = cmd_printf(c, err, "%s: %zu steps for %s\n", text_shown(o->out, path, sizeof(path)), ceremony->n_steps, ceremony->count);
out:
	buf_free(&page);
	return rc;
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct sheet_opts *o = c->opts;
	struct ceremony ceremony = {.plan = NULL};
	struct policy *policy = NULL;
	struct plan *plan = NULL;
	int rc = -1;

	if (!o->plan || !o->policy)
		return kh_fail(err, KH_E_USAGE, 0, "%s is missing", o->plan ? "--policy" : "--plan");
	if (plan_read(o->plan, &plan, err) || policy_read(o->policy, &policy, err) || ceremony_make(plan, o->plan, policy, o->rotate, &ceremony, err) ||
	    ceremony_check(&ceremony, c->now, err) ||
	    (o->out && write_page(c, &ceremony, err)))
		goto out;
	for (size_t i = 0; i < ceremony.n_steps; i++)
		if (tell_step(c, &ceremony.steps[i], i + 1, !o->out, err))
			goto out;
	rc = 0;
out:
	ceremony_clear(&ceremony);
	policy_free(policy);
	plan_free(plan);
	return rc;
}

const struct cmd_row sheet_row = {
	.verb = "sheet",
	.operands = "",
	.needs = "--plan FILE --policy FILE",
	.summary = "writes the step sheet of a ceremony: each command, what must be seen, and room for initials",
	.groups = groups,
	.opts_size = sizeof(struct sheet_opts),
	.run = run,
};
