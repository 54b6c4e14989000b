/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_verb.h"

#include "aws_call.h"
#include "aws_check.h"
#include "aws_input.h"
#include "aws_output.h"
#include "aws_page.h"
#include "aws_query.h"
#include "aws_shape.h"
#include "base/log.h"
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS 80 /* where there is no terminal */

/* What one run holds. */
struct run {
	struct cmd *cmd;
	const struct kmsmodel_operation *operation;
	struct aws_args args;
	struct aws_query *query; /* NULL for none */
	struct aws_input input;
	struct aws_page page;
	struct aws_output output;
	char format[16];
	bool raw;  /* blobs are given as they are */
	bool wire; /* times are shown as they came */
	bool paged;
	enum aws_status status;
};

static const struct kmsmodel_operation *operation_of(const char *verb)
{
	char option[KMSMODEL_OPTION_MAX];

	for (size_t i = 0; kmsmodel_operation(i); i++) {
		kmsmodel_option(kmsmodel_operation(i)->name, option);
		if (strcmp(option, verb) == 0)
			return kmsmodel_operation(i);
	}
	return NULL;
}

static int check_endpoint(const char *url, struct kh_error *err)
{
	if (!url || strstr(url, "://"))
		return 0;
	return kh_fail(err, KH_E_USAGE, 0, "Bad value for --endpoint-url \"%.200s\": scheme is missing.  Must be of the form "
					   "http://<hostname>/ or https://<hostname>/", url);
}

/* Whether it is asked for page by page: not where a page was named. */
static int read_pages(struct run *r, struct kh_error *err)
{
	const struct aws_settings *s = &r->args.settings;

	r->page.max_items = -1;
	r->paged = strcmp(r->operation->name, "ListKeyRotations") == 0 && !s->no_paginate &&
		   !json_object_get(r->input.members, "Marker") && !json_object_get(r->input.members, "Limit");
	if (!r->paged && (s->max_items || s->page_size || s->starting_token))
		return kh_fail(err, KH_E_USAGE, 0, "Cannot specify --no-paginate along with pagination arguments: %s",
			       s->starting_token ? "--starting-token" : s->page_size ? "--page-size" : "--max-items");
	if (!r->paged)
		return 0;
	if (aws_page_read(s, &r->page, err))
		return -1;
	if (r->page.page_size >= 0 && json_object_set_new(r->input.members, "Limit", json_integer(r->page.page_size)))
		return kh_fail_memory(err);
	return 0;
}

static int bad_setting(struct run *r, enum aws_status status, const char *what, const char *value, const char *valid,
		       struct kh_error *err)
{
	r->status = status;
	return kh_fail(err, KH_E_INPUT, 0, "Unknown %s value: %.100s, valid values are %s", what, value, valid);
}

/* What the profile says of input and output, and whether there is a Region. */
static int read_profile(struct run *r, const struct profile *p, struct kh_error *err)
{
	const struct aws_settings *s = &r->args.settings;
	const struct endpoint_wish wish = {s->session.endpoint_url, s->session.region};
	const char *env = getenv("AWS_DEFAULT_OUTPUT"), *output = s->output, *times = profile_get(p, "cli_timestamp_format");
	const char *blobs = s->binary_format ? s->binary_format : profile_get(p, "cli_binary_format");

	output = output ? output : env && *env ? env : profile_get(p, "output");
	output = output ? output : "json";
	if (times && strcmp(times, "wire") != 0 && strcmp(times, "iso8601") != 0)
		return bad_setting(r, AWS_CONFIG, "cli_timestamp_format", times, "\"wire\" or \"iso8601\"", err);
	if (blobs && strcmp(blobs, "base64") != 0 && strcmp(blobs, "raw-in-base64-out") != 0)
		return bad_setting(r, AWS_OTHER, "cli_binary_format", blobs, "\"base64\" or \"raw-in-base64-out\"", err);
	if (strcmp(output, "json") != 0 && strcmp(output, "text") != 0 && strcmp(output, "table") != 0 &&
	    strcmp(output, "yaml") != 0)
		return bad_setting(r, AWS_OTHER, "output", output, "\"json\", \"text\", \"table\" and \"yaml\"", err);
	(void)snprintf(r->format, sizeof(r->format), "%s", output);
	r->wire = times && strcmp(times, "wire") == 0;
	r->raw = blobs && strcmp(blobs, "raw-in-base64-out") == 0;
	if (endpoint_region_said(&wish, p))
		return 0;
	r->status = AWS_CONFIG;
	return kh_fail(err, KH_E_USAGE, 0, "You must specify a region. You can also configure your region by running \"aws configure\".");
}

static int settle(struct run *r, struct kh_error *err)
{
	struct profile profile;
	int rc;

	r->status = AWS_OTHER;
	rc = profile_load(r->args.settings.session.profile, &profile, err);
	rc = rc ? rc : read_profile(r, &profile, err);
	profile_clear(&profile);
	return rc;
}

/* The words, as far as they can be judged by themselves. */
static int read_words(struct run *r, struct kh_error *err)
{
	const struct aws_settings *s = &r->args.settings;

	r->status = AWS_USAGE;
	if (aws_args_parse(r->cmd->row->groups, r->operation->input, (int)r->cmd->nwords, r->cmd->words, &r->args, err))
		return kh_hint(err, "%s --help shows the usage", r->cmd->command);
	r->cmd->understood = true;
	log_set_debug(r->args.debug);
	r->args.settings.session.no_sign = s->no_sign_request;
	if ((s->query && aws_query_compile(s->query, &r->query, err)) || check_endpoint(s->session.endpoint_url, err))
		return -1;
	return aws_input_read(&r->args, r->operation->input, &r->input, err) ? -1 : read_pages(r, err);
}

static int check_parameters(struct run *r, struct kh_error *err)
{
	r->status = AWS_OTHER;
	if (aws_input_blobs(&r->input, r->operation->input, r->raw, err))
		return -1;
	r->status = AWS_USAGE;
	if (aws_check(r->input.members, r->operation->input, AWS_CHECK_ALL, err))
		return -1;
	return aws_input_times(&r->input, r->operation->input, err);
}

static void look_at_terminal(struct run *r)
{
	const char *color = r->args.settings.color, *none = getenv("NO_COLOR");
	struct winsize size;

	r->output = (struct aws_output){.format = r->format, .title = r->operation->name, .columns = COLUMNS};
	r->output.terminal = isatty(STDOUT_FILENO);
	r->output.color = color && strcmp(color, "auto") != 0 ? strcmp(color, "on") == 0 : r->output.terminal && !(none && *none);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		r->output.columns = size.ws_col;
}

/* What the query leaves of it. */
static int show(struct run *r, json_t *answer, struct kh_error *err)
{
	json_t *part = r->query ? aws_query_search(r->query, answer) : json_incref(answer);
	int rc = part ? aws_output(&r->output, part, &r->cmd->text, err) : kh_fail_memory(err);

	json_decref(part);
	return rc;
}

/* The sample of a reply has to be one by the model, as with the AWS CLI: most are not. */
static int show_sample(struct run *r, struct kh_error *err)
{
	json_t *sample = aws_shape_sample(r->operation->output, true);
	int rc = sample ? aws_check(sample, r->operation->output, AWS_CHECK_CLI, err) : kh_fail_memory(err);

	rc = rc ? rc : show(r, sample, err);
	json_decref(sample);
	return rc;
}

static int show_input(struct run *r, struct kh_error *err)
{
	json_t *sample = aws_shape_sample(r->operation->input, false);
	int rc;

	r->output.terminal = false;
	rc = sample ? aws_output_json(&r->output, sample, &r->cmd->text, err) : kh_fail_memory(err);
	json_decref(sample);
	return rc;
}

static int call_once(struct run *r, struct aws_call *call, struct kh_error *err)
{
	json_t *reply = NULL, *answer = NULL;
	const char *must = r->operation->answer;
	int rc = aws_call(call, r->input.members, &reply, &r->status, err);

	if (rc == 0) {
		r->status = AWS_OTHER;
		rc = aws_shape_reply(reply, r->operation->output, r->wire, &answer, err);
		if (rc == 0 && must && !json_object_get(answer, must))
			rc = kh_fail(err, KH_E_KMS, 0, "the reply has no %s", must);
		if (rc)
			kh_context(err, "%s: HTTP 200, and not an answer of KMS", r->operation->name);
	}
	rc = rc ? rc : show(r, answer, err);
	json_decref(reply);
	json_decref(answer);
	return rc;
}

/* Text is written page by page, and the query asked of each; the other forms show all of them as one. */
static int show_pages(struct run *r, json_t *pages, const char *next_token, struct kh_error *err)
{
	bool text = strcmp(r->format, "text") == 0;
	json_t *all = json_pack("{s:[]}", "Rotations"), *page, *next;
	size_t i;
	int rc = all ? 0 : kh_fail_memory(err);

	json_array_foreach(pages, i, page) {
		if (!rc && text)
			rc = show(r, page, err);
		else if (!rc && json_array_extend(json_object_get(all, "Rotations"), json_object_get(page, "Rotations")))
			rc = kh_fail_memory(err);
	}
	if (!rc && next_token) {
		next = text ? json_pack("{s:{s:s}}", "NextToken", "NextToken", next_token) : json_string(next_token);
		if (text)
			rc = next ? show(r, next, err) : kh_fail_memory(err);
		else
			rc = json_object_set(all, "NextToken", next) ? kh_fail_memory(err) : 0;
		json_decref(next);
	}
	rc = rc || text ? rc : show(r, all, err);
	json_decref(all);
	return rc;
}

static int call_pages(struct run *r, struct aws_call *call, struct kh_error *err)
{
	char *next_token = NULL;
	json_t *pages = NULL;
	int rc = aws_page_call(call, &r->page, r->input.members, r->wire, &pages, &next_token, &r->status, err);

	rc = rc ? rc : show_pages(r, pages, next_token, err);
	free(next_token);
	json_decref(pages);
	return rc;
}

static int call(struct run *r, struct kh_error *err)
{
	const char *key_id = json_string_value(json_object_get(r->input.members, "KeyId"));
	struct aws_call call;
	int rc = aws_call_open(r->operation, &r->args.settings.session, key_id, &call, &r->status, err);

	if (rc == 0)
		rc = r->paged ? call_pages(r, &call, err) : call_once(r, &call, err);
	aws_call_close(&call);
	return rc;
}

static int run_all(struct run *r, struct kh_error *err)
{
	const char *skeleton;

	if (read_words(r, err))
		return -1;
	skeleton = r->args.settings.skeleton;
	if (skeleton && strcmp(skeleton, "input") == 0)
		return show_input(r, err);
	if (settle(r, err) || check_parameters(r, err))
		return -1;
	look_at_terminal(r);
	return skeleton ? show_sample(r, err) : call(r, err);
}

/* What takes and gives no bundle cannot be held to a policy, and its keys are judged before they are made: a host that has one does without. */
static int check_policy(const struct cmd *c, struct kh_error *err)
{
	static const struct {
		const char *verb, *ours;
	} forbidden[] = {{"create-key", "create"}, {"replicate-key", "replicate"}, {"get-parameters-for-import", "fetch"},
			 {"import-key-material", "import"}};
	struct policy *policy = NULL;

	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		if (strcmp(c->row->verb, forbidden[i].verb) != 0)
			continue;
		if (policy_in_force(POLICY_HOST_PATH, NULL, &policy, err))
			return -1;
		if (!policy)
			return 0;
		kh_fail(err, KH_E_CHECK, 0, "this host's policy counts, and %s is not held to it (%s:1)",
			forbidden[i].verb, policy->path);
		policy_free(policy);
		return kh_hint(err, "'keyhaul-kms %s' goes by it", forbidden[i].ours);
	}
	return 0;
}

int aws_verb_run(struct cmd *c, struct kh_error *err)
{
	struct run r = {.cmd = c, .operation = operation_of(c->row->verb), .status = AWS_OTHER};
	int rc;

	if (check_policy(c, err)) /* by our own status: the AWS CLI knows no policy */
		return -1;
	rc = r.operation ? run_all(&r, err) : kh_fail(err, KH_E_SYSTEM, 0, "%s is no operation", c->row->verb);

	/* an interrupt's status is the same there and here */
	if (rc && err->code != KH_E_INTERRUPTED)
		c->status = err->code == KH_E_USAGE || r.status != AWS_USAGE ? (int)r.status : (int)AWS_OTHER;
	aws_query_free(r.query);
	aws_input_clear(&r.input);
	aws_page_clear(&r.page);
	return rc;
}
