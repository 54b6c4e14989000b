/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_input.h"

#include "aws/awstime.h"
#include "base/base64.h"
#include "base/file.h"
#include "bundle/jsontext.h"
#include "tags.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARAMFILE_MAX (1u << 20)
#define BYTES_MAX (1u << 20)

/* What a value stands for: itself, or a file's content. */
struct value {
	const char *text;
	size_t len;
	bool is_bytes; /* by fileb:// */
	struct buf file;
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static const char *skip_space(const char *text)
{
	return text + strspn(text, " \t\r\n\f\v");
}

/* Reads file://PATH and fileb://PATH; ~/ is the home folder. */
static int load(const char *option, const char *value, struct value *out, struct kh_error *err)
{
	const char *path = begins(value, "file://") ? value + 7 : begins(value, "fileb://") ? value + 8 : NULL;
	struct kh_error why = {.code = KH_OK};
	char room[4096];
	int n;

	*out = (struct value){.text = value, .len = strlen(value), .file = BUF_INIT(PARAMFILE_MAX)};
	if (!path)
		return 0;
	n = snprintf(room, sizeof(room), "%s%s", begins(path, "~/") ? profile_home() : "", begins(path, "~/") ? path + 1 : path);
	if (n < 0 || (size_t)n >= sizeof(room))
		return kh_fail(err, KH_E_USAGE, 0, "Error parsing parameter '%s': the path is too long", option);
	if (file_read(room, &out->file, &why))
		return kh_fail(err, KH_E_USAGE, 0, "Error parsing parameter '%s': Unable to load paramfile %.200s: %s", option,
			       value, why.msg);
	out->text = buf_text(&out->file);
	out->len = out->file.len;
	out->is_bytes = value[4] == 'b';
	return 0;
}

static json_t *text_json(const char *option, const struct value *v, struct kh_error *err)
{
	json_t *out = jsontext_string(v->text, v->len);

	if (!out && jsontext_lacked())
		kh_fail_memory(err);
	else if (!out)
		kh_fail(err, KH_E_USAGE, 0, "Error parsing parameter '%s': the text is not UTF-8%s", option,
			v->file.len ? ". If this is a binary file, please use the fileb:// prefix instead of the file:// prefix." : "");
	return out;
}

static json_t *base64_json(const void *data, size_t len, struct kh_error *err)
{
	struct buf text = BUF_INIT(BASE64_LEN(BYTES_MAX));
	json_t *out = NULL;

	if (!base64_encode(data, len, &text, err)) {
		out = json_stringn(buf_text(&text), text.len);
		if (!out)
			kh_fail_memory(err);
	}
	buf_free(&text);
	return out;
}

static json_t *parse_json(const char *option, const char *text, size_t len, struct kh_error *err)
{
	json_t *out = jsontext_read(text, len, JSON_DECODE_ANY, NULL);

	if (!out)
		kh_fail(err, KH_E_USAGE, 0, "Error parsing parameter '%s': Invalid JSON received.", option);
	return out;
}

static json_t *integer_json(const char *text, struct kh_error *err)
{
	char *end = NULL;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno || end == text || *skip_space(end)) {
		kh_fail(err, KH_E_INPUT, 0, "invalid literal for int() with base 10: '%.100s'", text);
		return NULL;
	}
	return json_integer(n);
}

/* Tags in the short form. */
static json_t *short_json(const struct aws_given *g, struct kh_error *err)
{
	struct opt_list words = {.n = 0};
	json_t *out = NULL;

	for (size_t i = 0; i < g->n && i < OPT_LIST_MAX; i++)
		words.v[words.n++] = g->values[i];
	if (g->n > OPT_LIST_MAX)
		kh_fail(err, KH_E_USAGE, 0, "--%s: more than %d words", g->row->name, OPT_LIST_MAX);
	else
		(void)tags_parse(&words, &out, err);
	return out;
}

/* A list: one JSON text, JSON elements, the short form of structures, or the words themselves. */
static json_t *list_json(const char *option, const struct aws_given *g, const struct kmsmodel_shape *shape,
			 const struct value *first, struct kh_error *err)
{
	bool is_json = g->n && strchr("[{", *skip_space(first->text)) && *skip_space(first->text);
	json_t *out, *one;

	if (g->n == 1 && is_json && *skip_space(first->text) == '[')
		return parse_json(option, first->text, first->len, err);
	if (g->n && !is_json && shape->element->kind == KMSMODEL_STRUCTURE)
		return short_json(g, err);
	out = json_array();
	for (size_t i = 0; out && i < g->n; i++) {
		const struct value word = {.text = g->values[i], .len = strlen(g->values[i])};
		const struct value *v = g->n == 1 ? first : &word;

		one = is_json ? parse_json(option, v->text, v->len, err) : text_json(option, v, err);
		if (!one || json_array_append_new(out, one)) {
			json_decref(out);
			return NULL;
		}
	}
	return out;
}

static json_t *option_json(const struct aws_given *g, const struct kmsmodel_shape *shape, bool *is_bytes, struct kh_error *err)
{
	struct value v = {.text = "", .file = BUF_INIT(PARAMFILE_MAX)};
	char option[KMSMODEL_OPTION_MAX + 2];
	json_t *out = NULL;

	(void)snprintf(option, sizeof(option), "--%s", g->row->name);
	*is_bytes = false;
	if (g->n && (g->n == 1 || shape->kind != KMSMODEL_LIST) && load(option, g->values[0], &v, err))
		return NULL;
	if (g->n > 1)
		v.text = g->values[0];
	*is_bytes = v.is_bytes && shape->kind == KMSMODEL_BLOB;
	if (shape->kind == KMSMODEL_BOOLEAN)
		out = json_boolean(!aws_args_is_no(g));
	else if (shape->kind == KMSMODEL_INTEGER)
		out = integer_json(v.text, err);
	else if (shape->kind == KMSMODEL_LIST)
		out = list_json(option, g, shape, &v, err);
	else if (*is_bytes)
		out = base64_json(v.text, v.len, err);
	else if (v.is_bytes)
		kh_fail(err, KH_E_USAGE, 0, "Parameter validation failed:\nInvalid type for parameter %s, the bytes of a fileb:// "
					    "file, and text is wanted: file://", g->row->name);
	else
		out = text_json(option, &v, err);
	buf_free(&v.file);
	return out;
}

/* What no option has said. */
static int add_input_json(const char *value, struct aws_input *out, struct kh_error *err)
{
	struct value v;
	json_t *input = NULL;
	int rc = -1;

	if (load("--cli-input-json", value, &v, err))
		goto out;
	input = parse_json("cli-input-json", v.text, v.len, err);
	if (!input)
		goto out;
	if (!json_is_object(input))
		kh_fail(err, KH_E_USAGE, 0, "Error parsing parameter '--cli-input-json': Invalid type: expecting map");
	else
		rc = json_object_update_missing(out->members, input) ? kh_fail_memory(err) : 0;
out:
	json_decref(input);
	buf_free(&v.file);
	return rc;
}

int aws_input_read(const struct aws_args *args, const struct kmsmodel_shape *shape, struct aws_input *out,
		   struct kh_error *err)
{
	size_t i = 0;

	*out = (struct aws_input){.members = json_object()};
	if (!out->members)
		return kh_fail_memory(err);
	for (const struct kmsmodel_member *m = shape->members; m->name; m++, i++) {
		const struct aws_given *g = aws_args_of(args, m->name);
		bool is_bytes = false;
		json_t *value;

		if (!g)
			continue;
		kh_fail_memory(err);
		value = option_json(g, m->shape, &is_bytes, err);
		if (!value || json_object_set_new(out->members, m->name, value))
			return -1;
		out->is_bytes |= is_bytes ? 1ul << i : 0;
	}
	return args->settings.input_json ? add_input_json(args->settings.input_json, out, err) : 0;
}

/* As Python reads base64 by default: what is none of its characters is passed over, and padding ends it. */
static int decode(const char *text, struct buf *out, struct kh_error *err)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned held = 0, n = 0, pads = 0;

	for (const char *at = text; *at; at++) {
		const char *digit = strchr(digits, *at);
		unsigned char byte;

		if ((unsigned char)*at >= 0x80)
			return kh_fail(err, KH_E_INPUT, 0, "string argument should contain only ASCII characters");
		if (*at == '=' && n >= 2 && n + ++pads >= 4)
			return 0;
		if (!digit)
			continue;
		pads = 0;
		held = held << 6 | (unsigned)(digit - digits);
		n = (n + 1) % 4;
		byte = (unsigned char)(n == 2 ? held >> 4 : n == 3 ? held >> 2 : held);
		if (n != 1 && buf_add(out, &byte, 1, err))
			return -1;
	}
	return n ? kh_fail(err, KH_E_INPUT, 0, "Invalid base64: \"%.100s\"", text) : 0;
}

static json_t *blob_json(const json_t *value, bool raw, struct kh_error *err)
{
	struct buf bytes = BUF_INIT(BYTES_MAX);
	json_t *out = NULL;

	if (raw)
		out = base64_json(json_string_value(value), json_string_length(value), err);
	else if (!decode(json_string_value(value), &bytes, err))
		out = base64_json(buf_text(&bytes), bytes.len, err);
	buf_free(&bytes);
	return out;
}

int aws_input_blobs(struct aws_input *input, const struct kmsmodel_shape *shape, bool raw, struct kh_error *err)
{
	size_t i = 0;

	for (const struct kmsmodel_member *m = shape->members; m->name; m++, i++) {
		const json_t *was = json_object_get(input->members, m->name);
		json_t *value;

		if (m->shape->kind != KMSMODEL_BLOB || !json_is_string(was) || input->is_bytes & 1ul << i)
			continue;
		value = blob_json(was, raw, err);
		if (!value)
			return -1;
		if (json_object_set_new(input->members, m->name, value))
			return kh_fail_memory(err);
	}
	return 0;
}

int aws_input_times(struct aws_input *input, const struct kmsmodel_shape *shape, struct kh_error *err)
{
	for (const struct kmsmodel_member *m = shape->members; m->name; m++) {
		const json_t *was = json_object_get(input->members, m->name);
		int64_t seconds = (int64_t)json_number_value(was);

		if (m->shape->kind != KMSMODEL_TIMESTAMP || !was)
			continue;
		if (json_is_string(was) && awstime_parse_absolute(json_string_value(was), &seconds, err))
			return -1;
		if (json_object_set_new(input->members, m->name, json_integer(seconds)))
			return kh_fail_memory(err);
	}
	return 0;
}

void aws_input_clear(struct aws_input *input)
{
	json_decref(input->members);
	input->members = NULL;
}
