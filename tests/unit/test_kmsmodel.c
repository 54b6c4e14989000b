/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws/kmsmodel.h"
#include "aws/pattern.h"
#include "kms/aws_query.h"
#include "kms/aws_rows.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

static const char *const types[] = {[KMSMODEL_STRING] = "string", [KMSMODEL_BLOB] = "blob", [KMSMODEL_INTEGER] = "integer",
				    [KMSMODEL_BOOLEAN] = "boolean", [KMSMODEL_TIMESTAMP] = "timestamp",
				    [KMSMODEL_LIST] = "list", [KMSMODEL_STRUCTURE] = "structure"};

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static long number_of(const json_t *object, const char *name)
{
	const json_t *n = json_object_get(object, name);

	return n ? (long)json_integer_value(n) : KMSMODEL_NONE;
}

static bool is_required(const json_t *shape, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(shape, "required"), i, one)
		if (strcmp(json_string_value(one), name) == 0)
			return true;
	return false;
}

/* Each shape is looked at as often as it is used. */
static void compare(const json_t *shapes, const struct kmsmodel_shape *ours)
{
	const json_t *theirs = json_object_get(shapes, ours->name), *values = json_object_get(theirs, "enum");
	json_t *members = json_object_get(theirs, "members"), *member;
	const char *name;
	size_t i = 0;

	cr_assert(theirs, "AWS has no shape %s", ours->name);
	cr_assert_str_eq(types[ours->kind], text_of(theirs, "type"), "%s", ours->name);
	cr_assert_eq(ours->min, number_of(theirs, "min"), "%s", ours->name);
	cr_assert_eq(ours->max, number_of(theirs, "max"), "%s", ours->name);
	cr_assert_str_eq(ours->pattern ? ours->pattern : "", text_of(theirs, "pattern"), "%s", ours->name);
	for (i = 0; ours->values && ours->values[i]; i++)
		cr_assert_str_eq(ours->values[i], json_string_value(json_array_get(values, i)), "%s", ours->name);
	cr_assert_eq(i, json_array_size(values), "%s has %zu values, and AWS's %zu", ours->name, i, json_array_size(values));
	if (ours->kind == KMSMODEL_LIST) {
		cr_assert_str_eq(ours->element->name, text_of(json_object_get(theirs, "member"), "shape"), "%s", ours->name);
		compare(shapes, ours->element);
	}
	if (ours->kind != KMSMODEL_STRUCTURE)
		return;
	i = 0;
	json_object_foreach(members, name, member) {
		const struct kmsmodel_member *m = &ours->members[i++];

		cr_assert(m->name, "%s has no %s", ours->name, name);
		cr_assert_str_eq(m->name, name, "%s", ours->name);
		cr_assert_str_eq(m->shape->name, text_of(member, "shape"), "%s.%s", ours->name, name);
		cr_assert_eq(m->required, is_required(theirs, name), "%s.%s", ours->name, name);
		compare(shapes, m->shape);
	}
	cr_assert_null(ours->members[i].name, "AWS's %s has no %s", ours->name, ours->members[i].name);
}

Test(kmsmodel, is_aws_s)
{
	const char *source = getenv("KEYHAUL_SRC");
	const struct kmsmodel_operation *op;
	char path[4096];
	json_t *model, *operation;

	(void)snprintf(path, sizeof(path), "%s/../shared/data/kms-service-2.json", source ? source : ".");
	model = json_load_file(path, 0, NULL);
	if (!model)
		cr_skip_test("../shared/data/kms-service-2.json is not there");
	for (size_t i = 0; (op = kmsmodel_operation(i)) != NULL; i++) {
		operation = json_object_get(json_object_get(model, "operations"), op->name);
		cr_assert_str_eq(op->input->name, text_of(json_object_get(operation, "input"), "shape"));
		cr_assert_str_eq(op->output->name, text_of(json_object_get(operation, "output"), "shape"));
		cr_assert(!op->answer || kmsmodel_member(op->output, op->answer), "%s", op->name);
		compare(json_object_get(model, "shapes"), op->input);
		compare(json_object_get(model, "shapes"), op->output);
	}
	json_decref(model);
}

/* Every member has its option, of the right kind, and there is no other. */
Test(kmsmodel, has_the_verbs_options)
{
	for (size_t i = 0; i < AWS_VERBS; i++) {
		const struct kmsmodel_operation *op = kmsmodel_operation(i);
		const struct opt_group *group = &aws_rows[i].groups[0];
		char option[KMSMODEL_OPTION_MAX];
		size_t rows = 0;

		cr_assert_not_null(op);
		kmsmodel_option(op->name, option);
		cr_assert_str_eq(option, aws_rows[i].verb);
		for (const struct kmsmodel_member *m = op->input->members; m->name; m++, rows++) {
			const struct opt_row *row = NULL;

			kmsmodel_option(m->name, option);
			for (size_t k = 0; k < group->n; k++)
				if (strcmp(group->rows[k].name, option) == 0)
					row = &group->rows[k];
			cr_assert_not_null(row, "%s has no --%s", aws_rows[i].verb, option);
			cr_assert_eq(row->kind == OPT_LIST, m->shape->kind == KMSMODEL_LIST, "--%s", option);
			cr_assert_eq(row->kind == OPT_FLAG, m->shape->kind == KMSMODEL_BOOLEAN, "--%s", option);
			cr_assert_eq(row->choices, m->shape->values, "--%s", option);
			cr_assert_eq(m->required, aws_rows[i].needs && strstr(aws_rows[i].needs, option), "--%s", option);
			rows += row->kind == OPT_FLAG; /* and --no-NAME */
		}
		cr_assert_eq(rows, group->n, "%s", aws_rows[i].verb);
	}
	cr_assert_null(kmsmodel_operation(AWS_VERBS));
}

Test(kmsmodel, patterns_fit_whole_texts)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} rows[] = {
		{"^([a-z]+-){2,3}\\d+$", "us-east-1", true}, {"^([a-z]+-){2,3}\\d+$", "us-gov-west-12", true},
		{"^([a-z]+-){2,3}\\d+$", "us-1", false}, {"^([a-z]+-){2,3}\\d+$", "a-b-c-d-1", false},
		{"^([a-z]+-){2,3}\\d+$", "us-east-", false}, {"^([a-z]+-){2,3}\\d+$", "us-east-1a", false},
		{"^[a-zA-Z0-9:/_\\s.-]+$", "a b/c:d_e.f-\tg", true}, {"^[a-zA-Z0-9:/_\\s.-]+$", "a,b", false},
		{"^[a-zA-Z0-9:/_\\s.-]+$", "", false}, {"^[a-zA-Z0-9-_.]+$", "a-_.Z9", true}, {"^[a-zA-Z0-9-_.]+$", "a:", false},
		{"cluster-[2-7a-zA-Z]{11,16}", "cluster-234567abcde", true}, {"cluster-[2-7a-zA-Z]{11,16}", "cluster-234567abcd", false},
		{"cluster-[2-7a-zA-Z]{11,16}", "cluster-234567abcdefghijkl", false}, {"cluster-[2-7a-zA-Z]{11,16}", "cluster-134567abcde", false},
		{"[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", "{\"a\":\t\"\xC3\xBC\xC3\xBF\"}\r\n", true},
		{"[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", "\xC4\x80", false}, {"[\\u0020-\\u00FF]*", "", true},
		{"[\\u0020-\\u00FF]*", "a\nb", false}, {"[\\u0020-\\u00FF]*", "\xFF", false}, {"a?b*c", "c", true}, {"a?b*c", "abbbc", true},
		{"a?b*c", "aac", false}, {"(ab){2}", "abab", true}, {"(ab){2}", "ab", false}, {"(ab)+a*", "ababaa", true},
	};

	for (size_t i = 0; i < N(rows); i++)
		cr_assert_eq(pattern_fits(rows[i].pattern, rows[i].text), rows[i].fits, "%s: '%s'", rows[i].pattern, rows[i].text);
	cr_assert_eq(pattern_characters("a\xC3\xBC\xE6\x97\xA5\xFF"), 4);
}

Test(kmsmodel, queries_find_what_jmespath_does)
{
	static const char document[] = "{\"a\":{\"b\":[{\"c\":1,\"d\":[7,8]},{\"d\":[9]},{\"c\":3,\"d\":[]}],\"e\":null,\"x y\":5},\"f\":[[1,2],[3]]}";
	static const struct {
		const char *query, *found; /* NULL: refused */
	} rows[] = {
		{"a.b[0].c", "1"}, {"a.b[-1].c", "3"}, {"a.b[7]", "null"}, {"a.b[*].c", "[1,3]"}, {"a.b[*].d[0]", "[7,9]"},
		{"a.b[*].d[*]", "[[7,8],[9],[]]"}, {"a.b[*].[c,d[0]]", "[[1,7],[null,9],[3,null]]"}, {"[a.e,f[0][1]]", "[null,2]"},
		{"a.[b[1].d, e]", "[[9],null]"}, {"a.\"x y\"", "5"}, {" a . b [ 0 ] . c ", "1"}, {"f[*][0]", "[1,3]"}, {"f[*]", "[[1,2],[3]]"},
		{"nosuch.b", "null"}, {"nosuch.[b,c]", "null"}, {"nosuch[*]", "null"}, {"a[0]", "null"}, {"[nosuch][0]", "null"},
		{"[[a.b[0].c]]", "[[1]]"}, {"f[0].[x]", "[null]"}, {"", NULL}, {"a.", NULL}, {".a", NULL}, {"a.b[", NULL}, {"a.b[]", NULL},
		{"a.b[0:1]", NULL}, {"a.b[?c==`1`]", NULL}, {"a | b", NULL}, {"a || b", NULL}, {"{a: a}", NULL}, {"keys(a)", NULL},
		{"a.*", NULL}, {"*", NULL}, {"@", NULL}, {"a.[0]", NULL}, {"a[b]", NULL}, {"[a,]", NULL}, {"[]", NULL}, {"a b", NULL},
		{"\"a", NULL}, {"a.b[99999999999999999999]", NULL}, {"[[[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]]", NULL}, {"9", NULL},
	};
	json_t *in = json_loads(document, 0, NULL);

	for (size_t i = 0; i < N(rows); i++) {
		struct aws_query *q = NULL;
		struct kh_error err = {.code = KH_OK};
		int rc = aws_query_compile(rows[i].query, &q, &err);
		json_t *found = rc ? NULL : aws_query_search(q, in);
		char *text = found ? json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

		cr_assert_eq(rc == 0, rows[i].found != NULL, "%s: %s", rows[i].query, err.msg);
		cr_assert(rc || strcmp(text, rows[i].found) == 0, "%s: %s", rows[i].query, text);
		cr_assert(!rc || err.code == KH_E_USAGE);
		free(text);
		json_decref(found);
		aws_query_free(q);
	}
	json_decref(in);
}
