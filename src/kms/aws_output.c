/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_output.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long aws_output_round(double value)
{
	long whole = (long)value;
	double rest = value - (double)whole;

	return whole + (rest > 0.5 || (rest == 0.5 && whole % 2));
}

int aws_output_real(double value, struct buf *out, struct kh_error *err)
{
	char text[64] = "";

	for (int digits = 1; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*f", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	return buf_add(out, text, strlen(text), err);
}

int aws_output_scalar(const struct aws_output *o, const json_t *value, struct buf *out, struct kh_error *err)
{
	const char *text = json_string_value(value);

	if (text)
		return o->terminal ? text_for_terminal(text, json_string_length(value), out, err)
				   : buf_add(out, text, json_string_length(value), err);
	if (json_is_integer(value))
		return buf_addf(out, "%" JSON_INTEGER_FORMAT, err, json_integer_value(value));
	if (json_is_real(value))
		return aws_output_real(json_real_value(value), out, err);
	text = json_is_true(value) ? "True" : json_is_false(value) ? "False" : "None";
	return buf_add(out, text, strlen(text), err);
}

bool aws_output_is_empty(const json_t *value)
{
	return !value || json_is_null(value) || json_is_false(value) || (json_is_number(value) && json_number_value(value) == 0) ||
	       (json_is_string(value) && json_string_length(value) == 0) || (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_object(value) && json_object_size(value) == 0);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *aws_output_names(const json_t *object)
{
	size_t n = json_object_size(object), i = 0;
	const char **names = calloc(n + 1, sizeof(*names));
	json_t *out = names ? json_array() : NULL;
	json_t *o = (json_t *)object; /* jansson's iterators are not const */

	for (void *at = json_object_iter(o); names && at; at = json_object_iter_next(o, at))
		names[i++] = json_object_iter_key(at);
	if (n && names)
		qsort(names, n, sizeof(*names), by_name);
	for (i = 0; out && i < n; i++)
		if (json_array_append_new(out, json_string(names[i]))) {
			json_decref(out);
			out = NULL;
		}
	free(names);
	return out;
}

int aws_output(const struct aws_output *o, const json_t *value, struct buf *out, struct kh_error *err)
{
	if (strcmp(o->format, "text") == 0)
		return aws_output_text(o, value, out, err);
	if (strcmp(o->format, "table") == 0)
		return aws_output_table(o, value, out, err);
	/* an answer without a body */
	if (json_is_object(value) && json_object_size(value) == 0)
		return 0;
	return strcmp(o->format, "yaml") == 0 ? aws_output_yaml(o, value, out, err) : aws_output_json(o, value, out, err);
}
