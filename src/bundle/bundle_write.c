/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle_fields.h"

#include "base/base64.h"
#include "base/clock.h"
#include "field_table.h"

#include <string.h>

static json_t *write_fields(const struct field *rows, size_t n, const char *from, struct kh_error *err);

static json_t *made(json_t *value, struct kh_error *err)
{
	if (!value)
		kh_fail_memory(err);
	return value;
}

/* A string; a bundle's are ASCII, and jansson would only say NULL to bad UTF-8. */
static json_t *write_text(const char *name, const char *text, struct kh_error *err)
{
	for (size_t i = 0; text[i]; i++)
		if (text[i] < 0x20 || text[i] > 0x7e) {
			kh_fail(err, KH_E_INPUT, 0, "%s: not printable ASCII", name);
			kh_hint(err, "labels are percent-encoded in a bundle");
			return NULL;
		}
	return made(json_string(text), err);
}

static json_t *write_blob(const struct bundle_blob *blob, struct kh_error *err)
{
	struct buf text = BUF_INIT(BUNDLE_MAX);
	json_t *value = NULL;

	if (!base64_encode(blob->data, blob->len, &text, err))
		value = made(json_string(buf_text(&text)), err);
	buf_free(&text);
	return value;
}

static json_t *write_time(int64_t t, struct kh_error *err)
{
	char text[CLOCK_TEXT];

	clock_format(t, text);
	return made(json_string(text), err);
}

static json_t *write_element(const struct field *f, const char *from, size_t i, struct kh_error *err)
{
	const char *at = from + f->offset;

	return f->kind == FIELD_TEXTS ? write_text(f->name, ((const char *const *)(const void *)at)[i], err)
				      : write_fields(f->fields, f->n_fields, at + i * f->size, err);
}

static json_t *write_array(const struct field *f, const char *from, struct kh_error *err)
{
	size_t n = *(const size_t *)(const void *)(from + f->count);
	json_t *array;

	if (n > f->max) {
		kh_fail(err, KH_E_INPUT, 0, "%s: more than %zu", f->name, f->max);
		return NULL;
	}
	array = made(json_array(), err);
	for (size_t i = 0; array && i < n; i++) {
		json_t *one = write_element(f, from, i, err);
		bool written = one != NULL;

		if (!written || json_array_append_new(array, one)) {
			if (written)
				kh_fail_memory(err);
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

static bool is_absent(const struct field *f, const char *from)
{
	const void *at = from + f->offset;

	switch (f->kind) {
	case FIELD_TEXT:
		return !*(const char *const *)at || !**(const char *const *)at;
	case FIELD_BLOB:
		return !((const struct bundle_blob *)at)->data;
	case FIELD_TIME:
	case FIELD_INTEGER:
		return *(const int64_t *)at == 0;
	case FIELD_FLAG:
		return *(const enum bundle_flag *)at == BUNDLE_ABSENT;
	case FIELD_OBJECTS:
	case FIELD_TEXTS:
		return *(const size_t *)(const void *)(from + f->count) == 0;
	case FIELD_OBJECT:
		for (size_t i = 0; i < f->n_fields; i++)
			if (!is_absent(&f->fields[i], from))
				return false;
		return true;
	case FIELD_NUMBER:
	default:
		return false;
	}
}

static json_t *write_value(const struct field *f, const char *from, struct kh_error *err)
{
	const void *at = from + f->offset;

	switch (f->kind) {
	case FIELD_TEXT:
		return write_text(f->name, *(const char *const *)at, err);
	case FIELD_BLOB:
		return write_blob(at, err);
	case FIELD_TIME:
		return write_time(*(const int64_t *)at, err);
	case FIELD_INTEGER:
		return made(json_integer(*(const int64_t *)at), err);
	case FIELD_NUMBER:
		return made(json_integer((json_int_t)*(const unsigned long *)at), err);
	case FIELD_FLAG:
		return made(json_boolean(*(const enum bundle_flag *)at == BUNDLE_TRUE), err);
	case FIELD_OBJECT:
		return write_fields(f->fields, f->n_fields, from, err);
	case FIELD_OBJECTS:
	case FIELD_TEXTS:
	default:
		return write_array(f, from, err);
	}
}

static json_t *write_fields(const struct field *rows, size_t n, const char *from, struct kh_error *err)
{
	json_t *object = made(json_object(), err);

	for (size_t i = 0; object && i < n; i++) {
		json_t *value;
		bool written;

		if (is_absent(&rows[i], from))
			continue;
		value = write_value(&rows[i], from, err);
		written = value != NULL;
		if (!written || json_object_set_new(object, rows[i].name, value)) {
			if (written)
				kh_fail_memory(err);
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

json_t *fields_write(const struct fields_section *section, const void *from, struct kh_error *err)
{
	json_t *object = write_fields(section->fields, section->n_fields, from, err);

	if (!object)
		kh_context(err, "%s", section->name);
	return object;
}

json_t *fields_write_blob(const struct bundle_blob *blob, struct kh_error *err)
{
	return write_blob(blob, err);
}
