/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_output.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 64

/* One value and what it stands under. */
struct place {
	const json_t *value;
	const char *name;     /* of the member that holds it, printed in capitals; NULL for none */
	const json_t *columns; /* names that every row of the list has, with or without a value; NULL: its own */
	int depth;
};

static int write_place(const struct aws_output *o, const struct place *p, struct buf *out, struct kh_error *err);

static bool is_scalar(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

static int write_name(const char *name, struct buf *out, struct kh_error *err)
{
	for (; *name; name++) {
		char c = (char)toupper((unsigned char)*name);

		if (buf_add(out, &c, 1, err))
			return -1;
	}
	return 0;
}

/* A line of its own for each under a name, else all in one. */
static int write_scalars(const struct aws_output *o, const struct place *p, struct buf *out, struct kh_error *err)
{
	const json_t *one;
	bool first = true;
	size_t i;

	json_array_foreach(p->value, i, one) {
		if (!is_scalar(one))
			continue;
		if (p->name && (write_name(p->name, out, err) || buf_add(out, "\t", 1, err)))
			return -1;
		if (!p->name && !first && buf_add(out, "\t", 1, err))
			return -1;
		if (aws_output_scalar(o, one, out, err) || (p->name && buf_add(out, "\n", 1, err)))
			return -1;
		first = false;
	}
	return p->name || first ? 0 : buf_add(out, "\n", 1, err);
}

/* The names that have a scalar in any of a list's objects. */
static json_t *all_columns(const json_t *list)
{
	json_t *seen = json_object(), *out, *value;
	const json_t *one;
	const char *name;
	bool full = !seen;
	size_t i;

	json_array_foreach(list, i, one) {
		json_t *object = (json_t *)one; /* jansson's iterators are not const */

		json_object_foreach(object, name, value)
			if (is_scalar(value) && json_object_set_new(seen, name, json_null()))
				full = true;
	}
	out = full ? NULL : aws_output_names(seen);
	json_decref(seen);
	return out;
}

static int write_list(const struct aws_output *o, const struct place *p, struct buf *out, struct kh_error *err)
{
	bool objects = false, lists = false;
	json_t *columns = NULL;
	const json_t *one;
	size_t i;
	int rc = 0;

	json_array_foreach(p->value, i, one) {
		objects = objects || json_is_object(one);
		lists = lists || json_is_array(one);
	}
	if (!objects && write_scalars(o, p, out, err))
		return -1;
	if (objects) {
		columns = all_columns(p->value);
		if (!columns)
			return kh_fail_memory(err);
	}
	json_array_foreach(p->value, i, one) {
		const struct place below = {one, p->name, columns, p->depth + 1};

		if (rc == 0 && (objects || (lists && !is_scalar(one))))
			rc = write_place(o, &below, out, err);
	}
	json_decref(columns);
	return rc;
}

/* The line of an object's scalars. */
static int write_row(const struct aws_output *o, const struct place *p, const json_t *names, struct buf *out,
		     struct kh_error *err)
{
	const json_t *columns = p->columns ? p->columns : names, *name;
	bool any = false;
	size_t i;

	json_array_foreach(columns, i, name) {
		const json_t *value = json_object_get(p->value, json_string_value(name));

		if (!p->columns && !is_scalar(value))
			continue;
		if (!any && p->name && (write_name(p->name, out, err) || buf_add(out, "\t", 1, err)))
			return -1;
		if ((any && buf_add(out, "\t", 1, err)) || (value && is_scalar(value) && aws_output_scalar(o, value, out, err)))
			return -1;
		any = true;
	}
	return any ? buf_add(out, "\n", 1, err) : 0;
}

static int write_object(const struct aws_output *o, const struct place *p, struct buf *out, struct kh_error *err)
{
	json_t *names = aws_output_names(p->value);
	const json_t *name;
	size_t i;
	int rc;

	if (!names)
		return kh_fail_memory(err);
	rc = write_row(o, p, names, out, err);
	json_array_foreach(names, i, name) {
		const char *text = json_string_value(name);
		const struct place below = {json_object_get(p->value, text), text, NULL, p->depth + 1};

		if (rc == 0 && !is_scalar(below.value))
			rc = write_place(o, &below, out, err);
	}
	json_decref(names);
	return rc;
}

static int write_place(const struct aws_output *o, const struct place *p, struct buf *out, struct kh_error *err)
{
	if (p->depth == DEPTH_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "the answer is more than %d deep", DEPTH_MAX);
	if (json_is_object(p->value))
		return write_object(o, p, out, err);
	if (json_is_array(p->value))
		return write_list(o, p, out, err);
	return aws_output_scalar(o, p->value, out, err) ? -1 : buf_add(out, "\n", 1, err);
}

int aws_output_text(const struct aws_output *o, const json_t *value, struct buf *out, struct kh_error *err)
{
	const struct place top = {value, NULL, NULL, 0};

	return write_place(o, &top, out, err);
}
