/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_args.h"

#include "aws_rows.h"
#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN_MAX 800

struct parser {
	const struct opt_group *groups;
	char **argv;
	int argc, at;
	struct aws_args *out;
	struct buf unknown;
	bool input_is_a_word; /* --cli-input-json or --generate-cli-skeleton: no member has to be given */
};

/* An option that a word names, and the value behind its "=". */
struct named {
	const struct opt_group *group;
	const struct opt_row *row;
	char *value;
	bool ambiguous;
};

static void look(const struct parser *p, const char *name, size_t len, bool globals, bool whole, struct named *out)
{
	for (const struct opt_group *g = p->groups; g->rows; g++)
		for (size_t i = 0; i < g->n && aws_rows_are_global(g) == globals; i++) {
			if (strncmp(g->rows[i].name, name, len) != 0 || (whole && g->rows[i].name[len]))
				continue;
			out->ambiguous = out->row != NULL;
			out->group = g;
			out->row = &g->rows[i];
		}
}

/* Exactly, else by a beginning that only one has: first of the options that every verb has. */
static void find(const struct parser *p, char *word, struct named *out)
{
	const char *name = word + 2;
	char *eq = strchr(word, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);

	memset(out, 0, sizeof(*out));
	out->value = eq ? eq + 1 : NULL;
	for (int pass = 0; pass < 4 && !out->row && len; pass++)
		look(p, name, len, pass % 2 == 0, pass < 2, out);
}

static bool is_negative_number(const char *word)
{
	size_t n = strspn(word + 1, "0123456789");

	if (word[1 + n] == '.')
		n += 1 + strspn(word + 2 + n, "0123456789");
	return n && word[1 + n] == '\0' && word[n] != '.';
}

static bool is_option(const struct parser *p, char *word)
{
	struct named named;

	if (word[0] != '-' || word[1] == '\0')
		return false;
	if (word[1] == '-' && word[2]) {
		find(p, word, &named);
		if (named.row)
			return true;
	}
	return !is_negative_number(word) && !strchr(word, ' ');
}

static int unknown(struct parser *p, const char *word, struct kh_error *err)
{
	return buf_addf(&p->unknown, "%s%.100s", err, p->unknown.len ? ", " : "", word);
}

static int set_number(const struct opt_row *row, const char *value, long *out, struct kh_error *err)
{
	char *end = NULL;

	errno = 0;
	*out = strtol(value, &end, 10);
	if (errno || end == value || *end || *out < row->min || *out > row->max)
		return kh_fail(err, KH_E_INPUT, 0, "argument --%s: '%.100s' is not a number from %ld to %ld", row->name, value,
			       row->min, row->max);
	return 0;
}

static int set_choice(const struct opt_row *row, const char *value, const char **out, struct kh_error *err)
{
	struct buf all = BUF_INIT(512);

	*out = value;
	for (size_t i = 0; row->choices[i]; i++) {
		if (strcmp(row->choices[i], value) == 0) {
			buf_free(&all);
			return 0;
		}
		(void)buf_addf(&all, "%s%s", err, i ? ", " : "", row->choices[i]);
	}
	kh_fail(err, KH_E_USAGE, 0, "argument --%s: Invalid choice, valid choices are: %s", row->name, buf_text(&all));
	buf_free(&all);
	return -1;
}

static int set(struct parser *p, const struct named *o, char *value, struct kh_error *err)
{
	void *at = (char *)&p->out->settings + o->group->offset + o->row->offset;

	switch (o->row->kind) {
	case OPT_FLAG:
		*(bool *)at = true;
		return 0;
	case OPT_NUMBER:
		return set_number(o->row, value, at, err);
	case OPT_CHOICE:
		return set_choice(o->row, value, at, err);
	default:
		*(const char **)at = value;
		return 0;
	}
}

/* The member's place: a second time takes the first one's, and so does --no-NAME. */
static struct aws_given *place(struct aws_args *out, const struct opt_row *row)
{
	const char *name = strncmp(row->name, "no-", 3) == 0 ? row->name + 3 : row->name;

	for (size_t i = 0; i < out->n; i++) {
		const char *was = out->given[i].row->name;

		if (strcmp(strncmp(was, "no-", 3) == 0 ? was + 3 : was, name) == 0)
			return &out->given[i];
	}
	return out->n < AWS_ARGS_GIVEN_MAX ? &out->given[out->n++] : NULL;
}

static int give(struct parser *p, const struct named *o, char **values, size_t n, struct kh_error *err)
{
	static char none[] = ""; /* of a flag */
	struct aws_given *g;

	if (o->group != p->groups)
		return set(p, o, n ? values[0] : none, err);
	g = place(p->out, o->row);
	if (!g)
		return kh_fail(err, KH_E_USAGE, 0, "too many options");
	*g = (struct aws_given){.row = o->row, .values = values, .n = n};
	if (o->value) {
		g->one = o->value;
		g->values = &g->one;
	}
	return 0;
}

static int take_option(struct parser *p, struct kh_error *err)
{
	static char skeleton[] = "input";
	char *input[] = {skeleton};
	struct named o = {0};
	char *word = p->argv[p->at++];
	int first = p->at;
	bool list;

	if (word[1] == '-')
		find(p, word, &o);
	if (!o.row)
		return unknown(p, word, err);
	if (o.ambiguous)
		return kh_fail(err, KH_E_USAGE, 0, "ambiguous option: %.100s could match several", word);
	if (o.row->kind == OPT_FLAG)
		return o.value ? kh_fail(err, KH_E_USAGE, 0, "argument --%s: ignored explicit argument '%.100s'", o.row->name, o.value)
			       : give(p, &o, NULL, 0, err);
	if (o.value)
		return give(p, &o, &o.value, 1, err);
	p->input_is_a_word = p->input_is_a_word || o.row == &aws_input_rows[AWS_ROW_INPUT_JSON] ||
			     (o.row == &aws_input_rows[AWS_ROW_SKELETON] &&
			      (p->at == p->argc || strcmp(p->argv[p->at], "output") != 0));
	list = o.row->kind == OPT_LIST;
	while (p->at < p->argc && !is_option(p, p->argv[p->at]) && (list || p->at == first))
		p->at++;
	if (p->at == first && o.row == &aws_input_rows[AWS_ROW_SKELETON])
		return give(p, &o, input, 1, err);
	if (p->at == first && !list)
		return kh_fail(err, KH_E_USAGE, 0, "argument --%s: expected one argument", o.row->name);
	return give(p, &o, &p->argv[first], (size_t)(p->at - first), err);
}

static int check_required(const struct parser *p, const struct kmsmodel_shape *input, struct kh_error *err)
{
	struct buf missing = BUF_INIT(UNKNOWN_MAX);
	int rc = 0;

	for (const struct kmsmodel_member *m = input->members; m->name && !p->input_is_a_word; m++) {
		char option[KMSMODEL_OPTION_MAX];

		kmsmodel_option(m->name, option);
		if (m->required && !aws_args_of(p->out, m->name))
			rc = buf_addf(&missing, "%s--%s", err, missing.len ? ", " : "", option);
	}
	if (!rc && missing.len)
		rc = kh_fail(err, KH_E_USAGE, 0, "the following arguments are required: %s", buf_text(&missing));
	buf_free(&missing);
	return rc;
}

static void set_presets(const struct opt_group *groups, struct aws_settings *out)
{
	for (const struct opt_group *g = groups + 1; g->rows; g++)
		for (size_t i = 0; i < g->n; i++)
			if (g->rows[i].kind == OPT_NUMBER)
				*(long *)(void *)((char *)out + g->offset + g->rows[i].offset) = g->rows[i].preset;
}

int aws_args_parse(const struct opt_group *groups, const struct kmsmodel_shape *input, int argc, char **argv,
		   struct aws_args *out, struct kh_error *err)
{
	struct parser p = {.groups = groups, .argv = argv, .argc = argc, .out = out, .unknown = BUF_INIT(UNKNOWN_MAX)};
	int rc = 0;

	memset(out, 0, sizeof(*out));
	set_presets(groups, &out->settings);
	while (!rc && p.at < argc) {
		if (strcmp(argv[p.at], "--debug") == 0) {
			out->debug = true;
			p.at++;
		} else if (is_option(&p, argv[p.at])) {
			rc = take_option(&p, err);
		} else {
			rc = unknown(&p, argv[p.at++], err);
		}
	}
	if (!rc)
		rc = check_required(&p, input, err);
	if (!rc && p.unknown.len)
		rc = kh_fail(err, KH_E_USAGE, 0, "Unknown options: %s", buf_text(&p.unknown));
	buf_free(&p.unknown);
	return rc;
}

bool aws_args_is_no(const struct aws_given *given)
{
	return given->row->kind == OPT_FLAG && strncmp(given->row->name, "no-", 3) == 0;
}

const struct aws_given *aws_args_of(const struct aws_args *args, const char *member)
{
	char option[KMSMODEL_OPTION_MAX];

	kmsmodel_option(member, option);
	for (size_t i = 0; i < args->n; i++)
		if (strcmp(args->given[i].row->name + (aws_args_is_no(&args->given[i]) ? 3 : 0), option) == 0)
			return &args->given[i];
	return NULL;
}
