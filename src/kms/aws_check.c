/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_check.h"

#include "aws/awstime.h"
#include "aws/pattern.h"
#include "base/base64.h"
#include "base/buf.h"
#include "bundle/jsontext.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_MAX 16384
#define PATH_MAX_BYTES 256 /* of a member's name with those above it; the rest is left out */
#define BLOB_MAX (1u << 20)

struct report {
	struct buf lines;
	enum aws_check what;
	int n; /* what is wrong, told or not */
};

/* What does not fit into the report is left out of it. */
#define TELL(r, ...)                                                                                                   \
	do {                                                                                                           \
		struct kh_error full;                                                                                  \
                                                                                                                       \
		(r)->n++;                                                                                              \
		(void)buf_addf(&(r)->lines, "\n" __VA_ARGS__);                                                         \
	} while (0)

static void check(json_t *value, const struct kmsmodel_shape *shape, const char *path, struct report *r);

/* What Python calls the type of a value; the AWS CLI's messages are in its words. */
static const char *python_type(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "dict";
	case JSON_ARRAY:
		return "list";
	case JSON_STRING:
		return "str";
	case JSON_INTEGER:
		return "int";
	case JSON_REAL:
		return "float";
	case JSON_NULL:
		return "NoneType";
	default:
		return "bool";
	}
}

static bool has_type(const json_t *value, const struct kmsmodel_shape *shape)
{
	int64_t unused;
	struct kh_error err;

	switch (shape->kind) {
	case KMSMODEL_STRUCTURE:
		return json_is_object(value);
	case KMSMODEL_LIST:
		return json_is_array(value);
	case KMSMODEL_INTEGER:
		return json_is_integer(value);
	case KMSMODEL_BOOLEAN:
		return json_is_boolean(value);
	case KMSMODEL_TIMESTAMP:
		return json_is_number(value) ||
		       (json_is_string(value) && awstime_parse_absolute(json_string_value(value), &unused, &err) == 0);
	default:
		return json_is_string(value);
	}
}

static void tell_type(const json_t *value, const struct kmsmodel_shape *shape, const char *path, struct report *r)
{
	static const char *const types[] = {
		[KMSMODEL_STRING] = "<class 'str'>", [KMSMODEL_INTEGER] = "<class 'int'>", [KMSMODEL_BOOLEAN] = "<class 'bool'>",
		[KMSMODEL_BLOB] = "<class 'bytes'>, <class 'bytearray'>, file-like object",
		[KMSMODEL_TIMESTAMP] = "<class 'datetime.datetime'>, timestamp-string",
		[KMSMODEL_LIST] = "<class 'list'>, <class 'tuple'>", [KMSMODEL_STRUCTURE] = "<class 'dict'>"};
	char *text = json_is_string(value) ? NULL : jsontext_write(value, JSON_ENCODE_ANY);
	const char *shown = json_is_null(value) ? "None" : json_is_true(value) ? "True" : json_is_false(value) ? "False" : text;

	TELL(r, "Invalid type for parameter %s, value: %.100s, type: <class '%s'>, valid types: %s", &full, path,
	     json_is_string(value) ? json_string_value(value) : shown ? shown : "", python_type(value), types[shape->kind]);
	free(text);
}

/* How much there is of it: characters, bytes, elements, or the number itself. -1 for a blob that is no base64. */
static long measure(const json_t *value, const struct kmsmodel_shape *shape)
{
	struct buf bytes = BUF_INIT(BLOB_MAX);
	struct kh_error err;
	long n;

	if (shape->kind == KMSMODEL_INTEGER)
		return (long)json_integer_value(value);
	if (shape->kind == KMSMODEL_LIST)
		return (long)json_array_size(value);
	if (shape->kind == KMSMODEL_STRING)
		return pattern_characters(json_string_value(value));
	n = base64_decode(json_string_value(value), json_string_length(value), &bytes, &err) ? -1 : (long)bytes.len;
	buf_free(&bytes);
	return n;
}

static void check_range(const json_t *value, const struct kmsmodel_shape *shape, const char *path, struct report *r)
{
	bool all = r->what == AWS_CHECK_ALL;
	const char *what = shape->kind == KMSMODEL_INTEGER ? "value" : "length";
	long n;

	if ((shape->min == KMSMODEL_NONE && shape->max == KMSMODEL_NONE) || (shape->kind == KMSMODEL_BLOB && !all))
		return;
	n = measure(value, shape);
	if (shape->min != KMSMODEL_NONE && n < shape->min)
		TELL(r, "Invalid %s for parameter %s, value: %ld, valid min %s: %ld", &full, what, path, n, what, shape->min);
	if (all && shape->max != KMSMODEL_NONE && n > shape->max)
		TELL(r, "Invalid %s for parameter %s, value: %ld, valid max %s: %ld", &full, what, path, n, what, shape->max);
}

static void check_values(const char *value, const struct kmsmodel_shape *shape, const char *path, struct report *r)
{
	struct buf all = BUF_INIT(1024);
	struct kh_error ignored;

	if (shape->pattern && !pattern_fits(shape->pattern, value))
		TELL(r, "Invalid value for parameter %s, value: %.100s, valid pattern: %s", &full, path, value, shape->pattern);
	for (size_t i = 0; shape->values && shape->values[i]; i++) {
		if (strcmp(shape->values[i], value) == 0)
			goto out;
		(void)buf_addf(&all, "%s%s", &ignored, i ? ", " : "", shape->values[i]);
	}
	if (shape->values)
		TELL(r, "Invalid value for parameter %s, value: %.100s, valid values: %s", &full, path, value, buf_text(&all));
out:
	buf_free(&all);
}

static void check_names(json_t *value, const struct kmsmodel_shape *shape, const char *path, struct report *r)
{
	const char *where = *path ? path : "input", *name;
	struct buf names = BUF_INIT(1024);
	struct kh_error ignored;
	json_t *unused;

	for (const struct kmsmodel_member *m = shape->members; m->name; m++) {
		if (m->required && !json_object_get(value, m->name))
			TELL(r, "Missing required parameter in %s: \"%s\"", &full, where, m->name);
		(void)buf_addf(&names, "%s%s", &ignored, names.len ? ", " : "", m->name);
	}
	json_object_foreach(value, name, unused)
		if (!kmsmodel_member(shape, name))
			TELL(r, "Unknown parameter in %s: \"%.100s\", must be one of: %s", &full, where, name, buf_text(&names));
	buf_free(&names);
}

static void check_below(json_t *value, const struct kmsmodel_shape *shape, const char *path, struct report *r)
{
	const struct kmsmodel_member *m;
	char below[PATH_MAX_BYTES];
	const char *name;
	json_t *one;
	size_t i;

	if (shape->kind == KMSMODEL_LIST) {
		json_array_foreach(value, i, one) {
			(void)snprintf(below, sizeof(below), "%.200s[%zu]", path, i);
			check(one, shape->element, below, r);
		}
		return;
	}
	check_names(value, shape, path, r);
	json_object_foreach(value, name, one) {
		m = kmsmodel_member(shape, name);
		(void)snprintf(below, sizeof(below), "%.120s%s%.100s", path, *path ? "." : "", name);
		if (m)
			check(one, m->shape, below, r);
	}
}

static void check(json_t *value, const struct kmsmodel_shape *shape, const char *path, struct report *r)
{
	if (!has_type(value, shape)) {
		tell_type(value, shape, path, r);
		return;
	}
	check_range(value, shape, path, r);
	if (shape->kind == KMSMODEL_STRUCTURE || shape->kind == KMSMODEL_LIST)
		check_below(value, shape, path, r);
	else if (shape->kind == KMSMODEL_STRING && r->what == AWS_CHECK_ALL)
		check_values(json_string_value(value), shape, path, r);
}

int aws_check(json_t *value, const struct kmsmodel_shape *shape, enum aws_check what, struct kh_error *err)
{
	struct report r = {.lines = BUF_INIT(REPORT_MAX), .what = what};

	check(value, shape, "", &r);
	if (r.n)
		kh_fail(err, KH_E_USAGE, 0, "Parameter validation failed:%s", buf_text(&r.lines));
	buf_free(&r.lines);
	return r.n ? -1 : 0;
}
