/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_table.h"

#define DEPTH_MAX 64

static int build(struct aws_table *t, const char *title, const json_t *value, int indent, struct kh_error *err);

static bool is_scalar(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

/* Of an array of objects, or of one object: the names of its scalars, or of the others, in order. NULL for want of memory. */
static json_t *names_of(const json_t *value, bool scalars)
{
	size_t n = json_is_array(value) ? json_array_size(value) : 1;
	json_t *seen = json_object(), *one, *out;
	bool full = !seen;
	const char *name;

	for (size_t i = 0; i < n; i++) {
		json_t *object = json_is_array(value) ? json_array_get(value, i) : (json_t *)value; /* not const for jansson */

		json_object_foreach(object, name, one)
			if (is_scalar(one) == scalars && json_object_set_new(seen, name, json_null()))
				full = true;
	}
	out = full ? NULL : aws_output_names(seen);
	json_decref(seen);
	return out;
}

/* An object's values for the names, "" where it has none. */
static json_t *values_of(const json_t *object, const json_t *names)
{
	json_t *out = json_array();
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name) {
		json_t *value = json_object_get(object, json_string_value(name));

		if (json_array_append_new(out, value ? json_incref(value) : json_string(""))) {
			json_decref(out);
			return NULL;
		}
	}
	return out;
}

static int build_below(struct aws_table *t, const json_t *object, const json_t *names, int indent, struct kh_error *err)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name) {
		const json_t *value = json_object_get(object, json_string_value(name));

		if (value && build(t, json_string_value(name), value, indent + 1, err))
			return -1;
	}
	return 0;
}

static int build_object(struct aws_table *t, const json_t *value, int indent, struct kh_error *err)
{
	json_t *names = names_of(value, true), *more = names_of(value, false), *row = NULL;
	int rc = names && more ? 0 : kh_fail_memory(err);

	if (!rc && json_array_size(names) == 1) {
		row = json_pack("[O,O]", json_array_get(names, 0),
				json_object_get(value, json_string_value(json_array_get(names, 0))));
		rc = aws_table_row(t, row, err);
	} else if (!rc && json_array_size(names)) {
		rc = aws_table_head(t, json_incref(names), err);
		rc = rc ? rc : aws_table_row(t, values_of(value, names), err);
	}
	rc = rc ? rc : build_below(t, value, more, indent, err);
	json_decref(names);
	json_decref(more);
	return rc;
}

/* With something below its rows, each object has its heads anew. */
static int build_objects(struct aws_table *t, const char *title, const json_t *list, int indent, struct kh_error *err)
{
	json_t *names = names_of(list, true), *more = names_of(list, false);
	int rc = names && more ? 0 : kh_fail_memory(err);
	const json_t *one;
	size_t i;

	if (!rc)
		rc = aws_table_head(t, json_incref(names), err);
	json_array_foreach(list, i, one) {
		if (!rc && i && json_array_size(more)) {
			rc = aws_table_section(t, title ? title : "", indent, err);
			rc = rc ? rc : aws_table_head(t, json_incref(names), err);
		}
		rc = rc ? rc : aws_table_row(t, values_of(one, names), err);
		rc = rc ? rc : build_below(t, one, more, indent, err);
	}
	json_decref(names);
	json_decref(more);
	return rc;
}

static bool has_scalars_only(const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (!is_scalar(one))
			return false;
	return true;
}

static int build_list(struct aws_table *t, const char *title, const json_t *list, int indent, struct kh_error *err)
{
	json_t *one;
	size_t i;
	int rc = 0;

	if (json_is_object(json_array_get(list, 0)))
		return build_objects(t, title, list, indent, err);
	for (i = 0; !rc && i < json_array_size(list); i++) {
		one = json_array_get(list, i);
		if (is_scalar(one))
			rc = aws_table_row(t, json_pack("[O]", one), err);
		else if (json_is_object(one))
			rc = aws_table_row(t, aws_output_names(one), err);
		else if (has_scalars_only(one))
			rc = aws_table_row(t, json_incref(one), err);
		else
			rc = build(t, NULL, one, 0, err);
	}
	return rc;
}

static int build(struct aws_table *t, const char *title, const json_t *value, int indent, struct kh_error *err)
{
	if (aws_output_is_empty(value))
		return 0;
	if (indent > DEPTH_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "the answer is more than %d deep", DEPTH_MAX);
	if (title && aws_table_section(t, title, indent, err))
		return -1;
	if (json_is_array(value))
		return build_list(t, title, value, indent, err);
	return json_is_object(value) ? build_object(t, value, indent, err) : 0;
}

int aws_output_table(const struct aws_output *o, const json_t *value, struct buf *out, struct kh_error *err)
{
	struct aws_table *t;
	int rc;

	if (aws_output_is_empty(value))
		return 0;
	t = aws_table_new(o);
	if (!t)
		return kh_fail_memory(err);
	rc = build(t, o->title, value, 0, err);
	rc = rc ? rc : aws_table_write(t, out, err);
	aws_table_free(t);
	return rc;
}
