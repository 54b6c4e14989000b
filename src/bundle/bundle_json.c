/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle_json.h"

#include "bundle.h"
#include "jsontext.h"
#include "jsonwhy.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Where in the text something stands, for people. */
static int bad_at(const char *data, size_t at, struct kh_error *err, const char *what)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		column = data[i] == '\n' ? 1 : column + 1;
		line += data[i] == '\n';
	}
	return kh_fail(err, KH_E_INPUT, 0, "line %zu, column %zu: %s", line, column, what);
}

/* What a power cut or a stick that was pulled out leaves of a file: its length, and zeros where nothing was written yet. */
static int torn_at(const char *data, size_t at, size_t len, struct kh_error *err)
{
	size_t end = at;

	while (end < len && data[end] == '\0')
		end++;
	(void)bad_at(data, at, err, end == len ? "zeros up to its end: it is torn" : "zeros: it is torn");
	return kh_hint(err, "a disk, a stick or a copy lost a part of it: copy it again from where it is whole");
}

/*
 * What must hold before a parser sees it: ASCII bytes only, a depth that
 * recursion bears, and no minus sign outside strings (a bundle has no negative
 * number, and -0 reads as 0 but prints as -0 elsewhere: two forms of one value).
 */
static int scan(const char *data, size_t len, struct kh_error *err)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == 0)
			return torn_at(data, i, len, err);
		if (c >= 0x7f || (c < 0x20 && (in_string || !strchr("\t\n\r", c))))
			return bad_at(data, i, err, "a byte that is not printable ASCII");
		if (in_string) {
			if (c == '\\')
				i++; /* what follows is looked at by the parser, and never ends the string */
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '-') {
			return bad_at(data, i, err, "a negative number");
		} else if (c == '{' || c == '[') {
			if (++depth > BUNDLE_JSON_DEPTH)
				return bad_at(data, i, err, "nested too deeply");
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return 0;
}

static int check_string(const char *text, size_t len, const char *path, struct kh_error *err)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return kh_fail(err, KH_E_INPUT, 0, "%s: not printable ASCII", path);
	return 0;
}

static int check_value(json_t *value, const char *path, struct kh_error *err);

static int check_object(json_t *object, const char *path, struct kh_error *err)
{
	char inner[256];
	const char *name;
	json_t *member;

	json_object_foreach(object, name, member) {
		if (check_string(name, strlen(name), *path ? path : "a name", err))
			return -1;
		(void)snprintf(inner, sizeof(inner), "%s%s%s", path, *path ? "." : "", name);
		if (check_value(member, inner, err))
			return -1;
	}
	return 0;
}

static int check_array(json_t *array, const char *path, struct kh_error *err)
{
	char inner[256];
	json_t *member;
	size_t i;

	json_array_foreach(array, i, member) {
		(void)snprintf(inner, sizeof(inner), "%s[%zu]", path, i);
		if (check_value(member, inner, err))
			return -1;
	}
	return 0;
}

/* The kinds of values that a bundle has; the depth is bounded by scan(). */
static int check_value(json_t *value, const char *path, struct kh_error *err)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return check_object(value, path, err);
	case JSON_ARRAY:
		return check_array(value, path, err);
	case JSON_STRING:
		return check_string(json_string_value(value), json_string_length(value), path, err);
	case JSON_INTEGER:
		if (json_integer_value(value) > BUNDLE_JSON_INT_MAX)
			return kh_fail(err, KH_E_INPUT, 0, "%s: an integer of 2^53 or more", path);
		return 0;
	case JSON_REAL:
		return kh_fail(err, KH_E_INPUT, 0, "%s: a number with a fraction or an exponent", path);
	case JSON_NULL:
		kh_fail(err, KH_E_INPUT, 0, "%s: null", path);
		return kh_hint(err, "what is unknown is left out of a bundle");
	case JSON_TRUE:
	case JSON_FALSE:
	default:
		return 0;
	}
}

/* What begins with anything but a brace is some other file; an empty one may be half of a bundle, and so may zeros. */
static bool is_object_text(const char *data, size_t len)
{
	size_t at = 0;

	while (at < len && strchr(" \t\r\n", data[at]) && data[at])
		at++;
	return at == len || data[at] == '{' || !data[at];
}

json_t *bundle_json_load(const char *data, size_t len, struct kh_error *err)
{
	json_error_t where;
	json_t *root;

	if (!is_object_text(data, len)) {
		kh_fail(err, KH_E_INPUT, 0, "not a keyhaul bundle");
		kh_hint(err, BUNDLE_JSON_NO_BUNDLE);
		return NULL;
	}
	if (len > BUNDLE_MAX) {
		kh_fail(err, KH_E_INPUT, 0, "larger than %d bytes: no bundle is", BUNDLE_MAX);
		return NULL;
	}
	if (scan(data, len, err))
		return NULL;
	root = jsontext_read(data, len, JSON_REJECT_DUPLICATES, &where);
	if (!root) {
		if (json_error_code(&where) == json_error_out_of_memory)
			kh_fail_memory(err);
		else
			kh_fail(err, KH_E_INPUT, 0, len ? "line %d, column %d: not JSON: %s" : "it is empty", where.line,
				where.column, jsonwhy(&where));
		if (len == 0 || json_error_code(&where) == json_error_premature_end_of_input)
			kh_hint(err, "the file is cut short: copy it again, and compare the sizes");
		return NULL;
	}
	if (!json_is_object(root))
		kh_fail(err, KH_E_INPUT, 0, "not a JSON object");
	else if (!check_object(root, "", err))
		return root;
	json_decref(root);
	return NULL;
}
