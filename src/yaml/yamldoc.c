/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "yamldoc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* A document while it is read. */
struct reader {
	yaml_parser_t parser;
	const char *data;
	size_t len;
	struct yamldoc_node *open[YAMLDOC_DEPTH]; /* the maps and lists that are not closed yet */
	size_t depth;
	char *name; /* in the innermost map: what the next value is called */
	size_t name_line, name_column;
	struct yamldoc_node *root;
	bool done; /* the document has ended */
};

static int fail_at(size_t line, size_t column, struct kh_error *err, const char *what, const char *hint)
{
	kh_fail(err, KH_E_INPUT, 0, "line %zu, column %zu: %s", line, column, what);
	return hint ? kh_hint(err, "%s", hint) : -1;
}

static int fail_mark(const yaml_mark_t *m, struct kh_error *err, const char *what, const char *hint)
{
	return fail_at(m->line + 1, m->column + 1, err, what, hint);
}

int yamldoc_fail(const struct yamldoc_node *node, struct kh_error *err, const char *fmt, ...)
{
	char what[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return fail_at(node->line, node->column, err, what, NULL);
}

int yamldoc_context(const struct yamldoc_node *node, struct kh_error *err)
{
	if (err->code != KH_E_MEMORY && err->code != KH_E_SYSTEM)
		err->code = KH_E_INPUT;
	return kh_context(err, "line %zu, column %zu", node->line, node->column);
}

void yamldoc_free(struct yamldoc_node *node)
{
	while (node) {
		struct yamldoc_node *next = node->next;

		yamldoc_free(node->first); /* at most YAMLDOC_DEPTH deep */
		free(node->name);
		free(node->text);
		free(node);
		node = next;
	}
}

const struct yamldoc_node *yamldoc_get(const struct yamldoc_node *map, const char *name)
{
	if (!map || map->kind != YAMLDOC_MAP)
		return NULL;
	for (const struct yamldoc_node *n = map->first; n; n = n->next)
		if (strcmp(n->name, name) == 0)
			return n;
	return NULL;
}

/* What libyaml could not read; of bytes that are no UTF-8 it tells the offset alone. */
static int fail_parser(struct reader *r, struct kh_error *err)
{
	const yaml_parser_t *p = &r->parser;
	size_t line = 1, start = 0;

	if (p->error == YAML_MEMORY_ERROR)
		return kh_fail_memory(err);
	if (p->error != YAML_READER_ERROR)
		return fail_mark(&p->problem_mark, err, p->problem ? p->problem : "no YAML",
				 "a tab cannot indent, and text with ': ' or ' #' inside wants quotes");
	for (size_t i = 0; i < p->problem_offset && i < r->len; i++)
		if (r->data[i] == '\n') {
			line++;
			start = i + 1;
		}
	return fail_at(line, p->problem_offset - start + 1, err, p->problem ? p->problem : "no UTF-8",
		       "the file must be UTF-8 without control characters");
}

static int check_plain_yaml(const yaml_event_t *e, struct kh_error *err)
{
	const unsigned char *anchor = NULL, *tag = NULL;

	if (e->type == YAML_ALIAS_EVENT)
		return fail_mark(&e->start_mark, err, "an alias (*) is not taken here", "write the value out each time");
	if (e->type == YAML_SCALAR_EVENT) {
		anchor = e->data.scalar.anchor;
		tag = e->data.scalar.tag;
	} else if (e->type == YAML_SEQUENCE_START_EVENT) {
		anchor = e->data.sequence_start.anchor;
		tag = e->data.sequence_start.tag;
	} else if (e->type == YAML_MAPPING_START_EVENT) {
		anchor = e->data.mapping_start.anchor;
		tag = e->data.mapping_start.tag;
	} else {
		return 0;
	}
	if (anchor)
		return fail_mark(&e->start_mark, err, "an anchor (&) is not taken here", "write the value out each time");
	if (tag)
		return fail_mark(&e->start_mark, err, "a tag (!) is not taken here", "a text that begins with ! wants quotes");
	return 0;
}

/* One line of text; what could steer a terminal or hide in a review has no business in it. */
static int take_text(const yaml_event_t *e, char **out, struct kh_error *err)
{
	const char *value = (const char *)e->data.scalar.value;
	size_t len = e->data.scalar.length;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i], next = i + 1 < len ? (unsigned char)value[i + 1] : 0;

		if (c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0))
			return fail_mark(&e->start_mark, err, c == '\n' ? "a text of several lines" : "a control character",
					 "a value is one line of text");
	}
	*out = strndup(value, len);
	return *out ? 0 : kh_fail_memory(err);
}

/* The next name of the innermost map. */
static int take_name(struct reader *r, const yaml_event_t *e, struct kh_error *err)
{
	const struct yamldoc_node *map = r->open[r->depth - 1];

	if (e->type != YAML_SCALAR_EVENT)
		return fail_mark(&e->start_mark, err, "a name that is no text", NULL);
	if (map->n == YAMLDOC_NAMES)
		return fail_mark(&e->start_mark, err, "too many names in one map", NULL);
	if (take_text(e, &r->name, err))
		return -1;
	r->name_line = e->start_mark.line + 1;
	r->name_column = e->start_mark.column + 1;
	if (yamldoc_get(map, r->name)) {
		kh_fail(err, KH_E_INPUT, 0, "line %zu, column %zu: '%.64s' stands there twice", r->name_line,
			r->name_column, r->name);
		return kh_hint(err, "first on line %zu; leave out one of the two", yamldoc_get(map, r->name)->line);
	}
	return 0;
}

/* Puts the node where it belongs; it is the document's from then on. */
static int attach(struct reader *r, struct yamldoc_node *node, const yaml_mark_t *m, struct kh_error *err)
{
	struct yamldoc_node *in = r->depth ? r->open[r->depth - 1] : NULL;

	node->line = m->line + 1;
	node->column = m->column + 1;
	node->name = r->name;
	node->name_line = r->name ? r->name_line : node->line;
	node->name_column = r->name ? r->name_column : node->column;
	if (r->name && node->text && !*node->text) {
		node->line = r->name_line; /* of nothing the name's place says more */
		node->column = r->name_column;
	}
	r->name = NULL;
	if (!in) {
		r->root = node;
	} else {
		if (in->last)
			in->last->next = node;
		else
			in->first = node;
		in->last = node;
		in->n++;
	}
	if (node->kind == YAMLDOC_TEXT)
		return 0;
	if (r->depth == YAMLDOC_DEPTH)
		return fail_mark(m, err, "too many levels of maps and lists", NULL);
	r->open[r->depth++] = node;
	return 0;
}

static int take_value(struct reader *r, const yaml_event_t *e, struct kh_error *err)
{
	struct yamldoc_node *in = r->depth ? r->open[r->depth - 1] : NULL, *node;

	if (in && in->kind == YAMLDOC_MAP && !r->name)
		return take_name(r, e, err);
	node = calloc(1, sizeof(*node));
	if (!node)
		return kh_fail_memory(err);
	node->kind = e->type == YAML_SCALAR_EVENT	    ? YAMLDOC_TEXT
		     : e->type == YAML_SEQUENCE_START_EVENT ? YAMLDOC_LIST
							    : YAMLDOC_MAP;
	node->flow = (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE) ||
		     (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
	if (node->kind == YAMLDOC_TEXT) {
		node->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		if (take_text(e, &node->text, err)) {
			free(node);
			return -1;
		}
	}
	return attach(r, node, &e->start_mark, err);
}

static int take_document(struct reader *r, const yaml_event_t *e, struct kh_error *err)
{
	if (r->done)
		return fail_mark(&e->start_mark, err, "a second document", "one file holds one document");
	if (e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end)
		return fail_mark(&e->start_mark, err, "a %TAG directive is not taken here", NULL);
	return 0;
}

static int take_event(struct reader *r, const yaml_event_t *e, struct kh_error *err)
{
	if (check_plain_yaml(e, err))
		return -1;
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return take_document(r, e, err);
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return take_value(r, e, err);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		return 0;
	case YAML_DOCUMENT_END_EVENT:
		r->done = true;
		return 0;
	default:
		return 0;
	}
}

static int read_events(struct reader *r, struct kh_error *err)
{
	yaml_event_t e;
	bool end = false;

	while (!end) {
		int rc;

		if (!yaml_parser_parse(&r->parser, &e))
			return fail_parser(r, err);
		end = e.type == YAML_STREAM_END_EVENT;
		rc = take_event(r, &e, err);
		yaml_event_delete(&e);
		if (rc)
			return -1;
	}
	return r->root ? 0 : fail_at(1, 1, err, "there is nothing in it", NULL);
}

int yamldoc_parse(const char *data, size_t len, struct yamldoc_node **out, struct kh_error *err)
{
	struct reader r = {.data = data, .len = len};
	int rc;

	if (len > YAMLDOC_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "longer than %d bytes", YAMLDOC_MAX);
	if (!yaml_parser_initialize(&r.parser))
		return kh_fail_memory(err);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)data, len);
	rc = read_events(&r, err);
	yaml_parser_delete(&r.parser);
	free(r.name);
	if (rc)
		yamldoc_free(r.root);
	else
		*out = r.root;
	return rc;
}
