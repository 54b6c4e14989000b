/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_output.h"

#include "base/text.h"

#include <string.h>

static int write_value(const struct aws_output *o, const json_t *value, int depth, struct buf *out, struct kh_error *err);

/* On a terminal a text that could drive it is written in ASCII, and is the same text. */
static bool is_harmless(const char *text, size_t len)
{
	struct buf shown = BUF_INIT(16u << 20);
	struct kh_error err;
	bool same = !text_for_terminal(text, len, &shown, &err) && shown.len == len;

	buf_free(&shown);
	return same;
}

static int write_text(const struct aws_output *o, const char *text, size_t len, struct buf *out, struct kh_error *err)
{
	static const char special[] = "\"\\\n\r\t\b\f", names[] = "\"\\nrtbf";
	int rc;

	if (o->terminal && !is_harmless(text, len))
		return text_for_json(text, len, out, err);
	rc = buf_add(out, "\"", 1, err);
	for (size_t i = 0; !rc && i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		const char *at = c ? strchr(special, c) : NULL;

		if (at)
			rc = buf_addf(out, "\\%c", err, names[at - special]);
		else if (c < 0x20)
			rc = buf_addf(out, "\\u%04x", err, c);
		else
			rc = buf_add(out, &text[i], 1, err);
	}
	return rc ? rc : buf_add(out, "\"", 1, err);
}

static int new_line(int depth, struct buf *out, struct kh_error *err)
{
	return buf_addf(out, "\n%*s", err, 4 * depth, "");
}

static int write_array(const struct aws_output *o, const json_t *value, int depth, struct buf *out, struct kh_error *err)
{
	const json_t *one;
	size_t i;

	if (json_array_size(value) == 0)
		return buf_add(out, "[]", 2, err);
	json_array_foreach(value, i, one)
		if (buf_add(out, i ? "," : "[", 1, err) || new_line(depth + 1, out, err) ||
		    write_value(o, one, depth + 1, out, err))
			return -1;
	return new_line(depth, out, err) ? -1 : buf_add(out, "]", 1, err);
}

static int write_object(const struct aws_output *o, const json_t *value, int depth, struct buf *out, struct kh_error *err)
{
	json_t *object = (json_t *)value, *one; /* jansson's iterators are not const */
	const char *name;
	bool first = true;

	if (json_object_size(value) == 0)
		return buf_add(out, "{}", 2, err);
	json_object_foreach(object, name, one) {
		if (buf_add(out, first ? "{" : ",", 1, err) || new_line(depth + 1, out, err) ||
		    write_text(o, name, strlen(name), out, err) || buf_add(out, ": ", 2, err) ||
		    write_value(o, one, depth + 1, out, err))
			return -1;
		first = false;
	}
	return new_line(depth, out, err) ? -1 : buf_add(out, "}", 1, err);
}

static int write_value(const struct aws_output *o, const json_t *value, int depth, struct buf *out, struct kh_error *err)
{
	const char *word;

	if (json_is_object(value))
		return write_object(o, value, depth, out, err);
	if (json_is_array(value))
		return write_array(o, value, depth, out, err);
	if (json_is_string(value))
		return write_text(o, json_string_value(value), json_string_length(value), out, err);
	if (json_is_number(value))
		return aws_output_scalar(o, value, out, err);
	word = json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null";
	return buf_add(out, word, strlen(word), err);
}

int aws_output_json(const struct aws_output *o, const json_t *value, struct buf *out, struct kh_error *err)
{
	return write_value(o, value, 0, out, err) ? -1 : buf_add(out, "\n", 1, err);
}
