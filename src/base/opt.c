/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "opt.h"

#include "nearest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	const struct opt_group *groups;
	int argc, at;
	char **argv;
	char *opts;
	struct opt_words *words;
};

static void *value_at(void *opts, const struct opt_group *group, const struct opt_row *row)
{
	return (char *)opts + group->offset + row->offset;
}

static const struct opt_row *find(const struct parser *p, const char *name, size_t len, const struct opt_group **group)
{
	for (const struct opt_group *g = p->groups; g->rows; g++)
		for (size_t i = 0; i < g->n; i++)
			if (strlen(g->rows[i].name) == len && memcmp(g->rows[i].name, name, len) == 0) {
				*group = g;
				return &g->rows[i];
			}
	return NULL;
}

static int set_choice(const struct opt_row *row, const char *value, const char **out, struct kh_error *err)
{
	char all[256] = "";

	for (size_t i = 0; row->choices[i]; i++) {
		if (strcmp(row->choices[i], value) == 0) {
			*out = value;
			return 0;
		}
		strncat(all, i ? ", " : "", sizeof(all) - strlen(all) - 1);
		strncat(all, row->choices[i], sizeof(all) - strlen(all) - 1);
	}
	kh_fail(err, KH_E_USAGE, 0, "--%s: '%s' is not one of its values", row->name, value);
	return kh_hint(err, "one of %s", all);
}

static int set_number(const struct opt_row *row, const char *value, long *out, struct kh_error *err)
{
	char *end = NULL;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (errno || end == value || *end || n < row->min || n > row->max || value[0] == ' ' || value[0] == '+')
		return kh_fail(err, KH_E_USAGE, 0, "--%s: '%s' is not a number from %ld to %ld", row->name, value,
			       row->min, row->max);
	*out = n;
	return 0;
}

static int set_value(const struct opt_row *row, void *at, char *value, struct kh_error *err)
{
	struct opt_list *list = at;

	switch (row->kind) {
	case OPT_FLAG:
		*(bool *)at = true;
		return 0;
	case OPT_CHOICE:
		return set_choice(row, value, at, err);
	case OPT_NUMBER:
		return set_number(row, value, at, err);
	case OPT_LIST:
		if (list->n == OPT_LIST_MAX)
			return kh_fail(err, KH_E_USAGE, 0, "--%s: more than %d values", row->name, OPT_LIST_MAX);
		list->v[list->n++] = value;
		return 0;
	case OPT_TEXT:
	case OPT_INPUT:
	case OPT_OUTPUT:
	case OPT_URI:
	case OPT_KINDS:
	default:
		*(const char **)at = value;
		return 0;
	}
}

static bool is_set(const struct opt_row *row, const void *at)
{
	switch (row->kind) {
	case OPT_FLAG:
		return *(const bool *)at;
	case OPT_NUMBER:
		return *(const long *)at != row->preset;
	case OPT_LIST:
		return ((const struct opt_list *)at)->n > 0;
	default:
		return *(const char *const *)at != NULL;
	}
}

bool opt_given(const struct opt_row *row, const void *opts)
{
	return is_set(row, (const char *)opts + row->offset);
}

/* Each further word up to the next option, for an OPT_LIST. */
static int more_values(struct parser *p, const struct opt_row *row, void *at, struct kh_error *err)
{
	while (row->kind == OPT_LIST && p->at < p->argc && strncmp(p->argv[p->at], "--", 2) != 0)
		if (set_value(row, at, p->argv[p->at++], err))
			return -1;
	return 0;
}

/* Without a near one the command's --help is the hint. */
static int unknown(const struct parser *p, const char *word, size_t len, struct kh_error *err)
{
	struct nearest near = {NULL, 0};

	for (const struct opt_group *g = p->groups; g->rows; g++)
		for (size_t i = 0; i < g->n; i++)
			nearest_offer(&near, word, len, g->rows[i].name);
	kh_fail(err, KH_E_USAGE, 0, "unknown option --%.*s", (int)(len < 64 ? len : 64), word);
	return near.name ? kh_hint(err, "was --%s meant?", near.name) : -1;
}

static int take_option(struct parser *p, struct kh_error *err)
{
	char *word = p->argv[p->at++] + 2, *eq = strchr(word, '='), *value = eq ? eq + 1 : NULL;
	size_t len = eq ? (size_t)(eq - word) : strlen(word);
	const struct opt_group *group = NULL;
	const struct opt_row *row;
	void *at;

	if (strcmp(word, "help") == 0 || strcmp(word, "version") == 0) {
		*(word[0] == 'h' ? &p->words->help : &p->words->version) = true;
		return 0;
	}
	row = find(p, word, len, &group);
	if (!row) {
		return unknown(p, word, len, err);
	}
	at = value_at(p->opts, group, row);
	if (row->kind == OPT_FLAG && value)
		return kh_fail(err, KH_E_USAGE, 0, "--%s takes no value", row->name);
	if (row->kind != OPT_LIST && is_set(row, at))
		return kh_fail(err, KH_E_USAGE, 0, "--%s is given twice", row->name);
	if (row->kind != OPT_FLAG && !value) {
		if (p->at == p->argc)
			return kh_fail(err, KH_E_USAGE, 0, "--%s needs a value: %s", row->name, row->arg);
		value = p->argv[p->at++];
	}
	if (set_value(row, at, value, err))
		return -1;
	return more_values(p, row, at, err);
}

static int from_environment(struct parser *p, struct kh_error *err)
{
	for (const struct opt_group *g = p->groups; g->rows; g++)
		for (size_t i = 0; i < g->n; i++) {
			const struct opt_row *row = &g->rows[i];
			char *value = row->env ? getenv(row->env) : NULL;
			void *at = value_at(p->opts, g, row);

			if (value && *value && !is_set(row, at) && set_value(row, at, value, err))
				return kh_context(err, "%s", row->env);
		}
	return 0;
}

int opt_parse(const struct opt_group *groups, int argc, char **argv, void *opts, struct opt_words *words,
	      struct kh_error *err)
{
	struct parser p = {groups, argc, 0, argv, opts, words};
	bool only_words = false;

	words->v = calloc((size_t)argc + 1, sizeof(*words->v));
	if (!words->v)
		return kh_fail_memory(err);
	for (const struct opt_group *g = groups; g->rows; g++)
		for (size_t i = 0; i < g->n; i++)
			if (g->rows[i].kind == OPT_NUMBER)
				*(long *)value_at(opts, g, &g->rows[i]) = g->rows[i].preset;
	while (p.at < argc) {
		char *word = argv[p.at];

		if (only_words || word[0] != '-' || word[1] == '\0') {
			words->v[words->n++] = word;
			p.at++;
		} else if (strcmp(word, "--") == 0) {
			only_words = true;
			p.at++;
		} else if (strcmp(word, "-h") == 0) {
			words->help = true;
			p.at++;
		} else if (word[1] != '-') {
			return kh_fail(err, KH_E_USAGE, 0, "unknown option %s", word);
		} else if (take_option(&p, err)) {
			return -1;
		}
	}
	return from_environment(&p, err);
}
