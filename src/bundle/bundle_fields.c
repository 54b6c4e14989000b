/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle_fields.h"

#include "base/base64.h"
#include "base/clock.h"
#include "bundle_json.h"
#include "field_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_LEN 128

static int read_fields(const struct field *rows, size_t n, json_t *object, const char *path, char *out,
		       struct fields_store *store, struct kh_error *err);

static int bad(struct kh_error *err, const char *path, const char *what)
{
	return kh_fail(err, KH_E_INPUT, 0, "%s: %s", path, what);
}

static int read_text(const struct field *f, json_t *value, const char *path, const char **out, struct kh_error *err)
{
	const char *text = json_string_value(value);

	if (!text)
		return bad(err, path, "not a string");
	if (!*text)
		return bad(err, path, "empty: what is unknown is left out");
	if (strlen(text) > f->max)
		return kh_fail(err, KH_E_INPUT, 0, "%s: longer than %zu characters", path, f->max);
	if (f->check && f->check(text, err)) {
		err->code = KH_E_INPUT;
		return kh_context(err, "%s", path);
	}
	*out = text;
	return 0;
}

static int read_blob(const struct field *f, json_t *value, const char *path, struct bundle_blob *out,
		     struct fields_store *store, struct kh_error *err)
{
	struct buf bytes = BUF_INIT(f->max);
	const char *text = json_string_value(value);

	if (!text)
		return bad(err, path, "not a string (base64)");
	if (base64_decode(text, strlen(text), &bytes, err)) {
		buf_free(&bytes);
		return kh_context(err, "%s", path);
	}
	if (bytes.len == 0 || store->n == FIELDS_BLOBS_MAX) {
		buf_free(&bytes);
		return bad(err, path, "empty");
	}
	store->blob[store->n++] = (unsigned char *)bytes.data; /* the store frees it */
	out->data = (const unsigned char *)bytes.data;
	out->len = bytes.len;
	return 0;
}

static int read_time(json_t *value, const char *path, int64_t *out, struct kh_error *err)
{
	const char *text = json_string_value(value);

	if (!text)
		return bad(err, path, "not a string (a time like 2026-11-22T10:00:00Z)");
	if (clock_parse(text, out, err))
		return kh_context(err, "%s", path);
	return *out > 0 ? 0 : bad(err, path, "the first second of 1970 is no time of a bundle's");
}

static int read_integer(const struct field *f, json_t *value, const char *path, int64_t *out, struct kh_error *err)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value))
		return bad(err, path, "not an integer");
	if (n < 0 || (uint64_t)n > f->max)
		return kh_fail(err, KH_E_INPUT, 0, "%s: not from 0 to %zu", path, f->max);
	*out = n;
	return 0;
}

static int read_flag(json_t *value, const char *path, enum bundle_flag *out, struct kh_error *err)
{
	if (!json_is_boolean(value))
		return bad(err, path, "not true or false");
	*out = json_is_true(value) ? BUNDLE_TRUE : BUNDLE_FALSE;
	return 0;
}

/* An array of objects or of texts, into the array in the struct. */
static int read_array(const struct field *f, json_t *value, const char *path, char *out, struct fields_store *store,
		      struct kh_error *err)
{
	static const struct field text = {.max = 256};
	char inner[PATH_MAX_LEN + 24];
	json_t *element;
	size_t i;

	if (!json_is_array(value))
		return bad(err, path, "not an array");
	if (json_array_size(value) == 0 || json_array_size(value) > f->max)
		return kh_fail(err, KH_E_INPUT, 0, "%s: not 1 to %zu elements", path, f->max);
	json_array_foreach(value, i, element) {
		(void)snprintf(inner, sizeof(inner), "%s[%zu]", path, i);
		if (f->kind == FIELD_TEXTS) {
			if (read_text(&text, element, inner, (const char **)(void *)(out + f->offset) + i, err))
				return -1;
		} else if (read_fields(f->fields, f->n_fields, element, inner, out + f->offset + i * f->size, store, err)) {
			return -1;
		}
	}
	*(size_t *)(void *)(out + f->count) = json_array_size(value);
	return 0;
}

static int read_value(const struct field *f, json_t *value, const char *path, char *out, struct fields_store *store,
		      struct kh_error *err)
{
	void *at = out + f->offset;
	int64_t n;

	switch (f->kind) {
	case FIELD_TEXT:
		return read_text(f, value, path, at, err);
	case FIELD_BLOB:
		return read_blob(f, value, path, at, store, err);
	case FIELD_TIME:
		return read_time(value, path, at, err);
	case FIELD_INTEGER:
		return read_integer(f, value, path, at, err);
	case FIELD_NUMBER:
		if (read_integer(f, value, path, &n, err))
			return -1;
		*(unsigned long *)at = (unsigned long)n;
		return 0;
	case FIELD_FLAG:
		return read_flag(value, path, at, err);
	case FIELD_OBJECT:
		return read_fields(f->fields, f->n_fields, value, path, out, store, err);
	case FIELD_OBJECTS:
	case FIELD_TEXTS:
	default:
		return read_array(f, value, path, out, store, err);
	}
}

static int refuse_unknown(const struct field *rows, size_t n, json_t *object, const char *path, struct kh_error *err)
{
	const char *name;
	json_t *member;

	json_object_foreach(object, name, member) {
		size_t i = 0;

		while (i < n && strcmp(rows[i].name, name) != 0)
			i++;
		if (i == n) {
			kh_fail(err, KH_E_INPUT, 0, "%s.%.64s: unknown name", path, name);
			return kh_hint(err, "misspelt, or made by a newer keyhaul: then update this one");
		}
	}
	return 0;
}

static int read_fields(const struct field *rows, size_t n, json_t *object, const char *path, char *out,
		       struct fields_store *store, struct kh_error *err)
{
	char inner[PATH_MAX_LEN];

	if (!json_is_object(object))
		return bad(err, path, "not an object");
	if (json_object_size(object) == 0)
		return bad(err, path, "empty: what is unknown is left out");
	if (refuse_unknown(rows, n, object, path, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		json_t *value = json_object_get(object, rows[i].name);

		(void)snprintf(inner, sizeof(inner), "%s.%s", path, rows[i].name);
		if (!value && rows[i].required)
			return bad(err, inner, "missing");
		if (value && read_value(&rows[i], value, inner, out, store, err))
			return -1;
	}
	return 0;
}

int fields_read(const struct fields_section *section, json_t *json, void *out, struct fields_store *store,
		struct kh_error *err)
{
	return read_fields(section->fields, section->n_fields, json, section->name, out, store, err);
}

int fields_read_blob(const char *name, size_t max, json_t *json, struct bundle_blob *out, struct fields_store *store,
		     struct kh_error *err)
{
	const struct field f = {.max = max};

	return read_blob(&f, json, name, out, store, err);
}

void fields_store_free(struct fields_store *store)
{
	for (size_t i = 0; i < store->n; i++)
		free(store->blob[i]);
	store->n = 0;
}
