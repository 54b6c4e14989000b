/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "yaml/yamldoc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

/* What is refused, and the place that is named. */
Test(yaml, refuses_what_a_reviewer_could_overlook)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "line 1, column 1: there is nothing in it"},
		{"# only a comment\n", "there is nothing in it"},
		{"a: &x 1\n", "line 1, column 4: an anchor (&)"},
		{"a:\n  - &x [1]\n", "line 2, column 5: an anchor (&)"},
		{"a: &x {b: 1}\n", "line 1, column 4: an anchor (&)"},
		{"a: *x\n", "line 1, column 4: "},
		{"a: [&x 1, *x]\n", "line 1, column 5: an anchor"},
		{"a: !!str 1\n", "line 1, column 4: a tag (!)"},
		{"a: !!binary aGk=\n", "a tag (!)"},
		{"a: ! 1\n", "line 1, column 4: a tag (!)"},
		{"a: ! \"1\"\n", "line 1, column 4: a tag (!)"},
		{"\xc3\xa9: 1\nb: ! '1'\n", "line 2, column 4: a tag (!)"},
		{"a: !<tag:x> {b: 1}\n", "a tag (!)"},
		{"a: !own [b]\n", "a tag (!)"},
		{"%TAG ! tag:x,2000:\n---\na: 1\n", "%TAG"},
		{"a: 1\nb: 2\na: 3\n", "line 3, column 1: 'a' stands there twice"},
		{"k:\n  - {x: 1, \"x\": 2}\n", "line 2, column 12: 'x' stands there twice"},
		{"? [a]\n: b\n", "line 1, column 3: a name that is no text"},
		{"{a: 1}: b\n", "line 1, column 1: a name that is no text"},
		{"a: 1\n---\nb: 2\n", "line 2, column 1: a second document"},
		{"a: 1\n...\n---\n", "a second document"},
		{"a: \"x\\0y\"\n", "line 1, column 4: a control character"},
		{"a: \"x\\ey\"\n", "a control character"},
		{"a: \"x\\x9by\"\n", "a control character"},
		{"a: |\n  x\n  y\n", "line 1, column 4: a text of several lines"},
		{"a: x\x01y\n", "line 1, column 5: control characters are not allowed"},
		{"a: 1\nb: \xff\n", "line 2, column 4: invalid"},
		{"a: \xed\xa0\x80\n", "line 1, column 4: invalid"},
		{"a: [1\n", "line 2, column 1: "},
		{"a: b: c\n", "line 1, column 5: "},
		{"\ta: 1\n", "line 1, column 1: "},
		{"[[[[[[[[[1]]]]]]]]]\n", "line 1, column 9: too many levels"},
		{"a: {b: {c: {d: {e: {f: {g: {h: 1}}}}}}}\n", NULL},
		{"a: {b: {c: {d: {e: {f: {g: {h: {}}}}}}}}\n", "too many levels"},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct yamldoc_node *doc = NULL;
		struct kh_error err = {0};
		int rc = yamldoc_parse(rows[i].text, strlen(rows[i].text), &doc, &err);

		cr_assert_eq(rc == 0, rows[i].says == NULL, "row %zu: %s", i, err.msg);
		cr_assert(!rows[i].says || strstr(err.msg, rows[i].says), "row %zu: '%s'", i, err.msg);
		cr_assert(rc == 0 || err.code == KH_E_INPUT, "row %zu", i);
		yamldoc_free(doc);
	}
}

Test(yaml, gives_texts_with_their_places)
{
	static const char text[] = "%YAML 1.1\n---\n# a plan\nname: 'x: y'\nno: no\nlist:\n- 1\n- {b: , c: \"\"}\n\xc3\xbc: \xc3\xb6\n";
	struct yamldoc_node *doc = NULL;
	const struct yamldoc_node *n;
	struct kh_error err = {0};

	cr_assert_eq(yamldoc_parse(text, sizeof(text) - 1, &doc, &err), 0, "%s", err.msg);
	cr_assert_eq((int)doc->kind, YAMLDOC_MAP);
	cr_assert_eq(doc->n, 4);
	n = yamldoc_get(doc, "name");
	cr_assert_str_eq(n->text, "x: y");
	cr_assert(!n->plain && n->line == 4 && n->column == 7, "%zu %zu", n->line, n->column);
	n = yamldoc_get(doc, "no");
	cr_assert(n->plain && strcmp(n->text, "no") == 0);
	n = yamldoc_get(doc, "list");
	cr_assert(n->kind == YAMLDOC_LIST && n->n == 2 && n->first->name == NULL && n->first->line == 7);
	n = n->last;
	cr_assert(n->kind == YAMLDOC_MAP && strcmp(n->first->text, "") == 0 && n->first->plain && !n->last->plain);
	cr_assert_str_eq(yamldoc_get(doc, "\xc3\xbc")->text, "\xc3\xb6");
	cr_assert_null(yamldoc_get(doc, "none"));
	cr_assert_null(yamldoc_get(yamldoc_get(doc, "name"), "x"));
	yamldoc_free(doc);
}

/* Neither a large file nor one that is built to be slow takes long. */
Test(yaml, is_bounded)
{
	size_t len = YAMLDOC_MAX + 1;
	char *text = malloc(len);
	struct yamldoc_node *doc = NULL;
	struct kh_error err = {0};

	cr_assert_not_null(text);
	memset(text, '[', len);
	cr_assert_neq(yamldoc_parse(text, len, &doc, &err), 0);
	cr_assert(strstr(err.msg, "longer than"), "%s", err.msg);
	cr_assert_neq(yamldoc_parse(text, len - 1, &doc, &err), 0);
	cr_assert(strstr(err.msg, "column 9: too many levels"), "%s", err.msg);
	for (size_t i = 0; i + 8 < len; i += 8) /* names of six digits */
		(void)snprintf(text + i, 9, "a%04zx: \n", i / 8 % 65536);
	cr_assert_neq(yamldoc_parse(text, len - 9, &doc, &err), 0);
	cr_assert(strstr(err.msg, "line 257, column 1: too many names"), "%s", err.msg);
	for (size_t i = 0; i + 2 < len; i += 2)
		memcpy(text + i, "-\n", 2);
	cr_assert_eq(yamldoc_parse(text, len - 1, &doc, &err), 0, "%s", err.msg);
	cr_assert_eq(doc->n, YAMLDOC_MAX / 2);
	yamldoc_free(doc);
	free(text);
}
