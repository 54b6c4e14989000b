/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "aws_shape.h"

#include "aws_output.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* As Python's isoformat writes a time: no fraction, or six digits of it, and the offset. */
static json_t *iso_json(double seconds)
{
	time_t t = (time_t)seconds;
	long micro = aws_output_round((seconds - (double)t) * 1e6);
	char text[128], fraction[32] = "";
	long off;
	struct tm tm;

	t += micro / 1000000;
	if (!localtime_r(&t, &tm))
		return NULL;
	off = tm.tm_gmtoff < 0 ? -tm.tm_gmtoff : tm.tm_gmtoff;
	if (micro % 1000000)
		(void)snprintf(fraction, sizeof(fraction), ".%06ld", micro);
	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d%s%c%02ld:%02ld", tm.tm_year + 1900, tm.tm_mon + 1,
		       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction, tm.tm_gmtoff < 0 ? '-' : '+', off / 3600,
		       off / 60 % 60);
	return json_string(text);
}

static int wrong(const char *name, struct kh_error *err)
{
	return kh_fail(err, KH_E_KMS, 0, "the reply's %s is not of its type", name);
}

static int convert(const json_t *value, const struct kmsmodel_shape *shape, const char *name, bool wire, json_t **out,
		   struct kh_error *err);

static int convert_structure(const json_t *value, const struct kmsmodel_shape *shape, const char *name, bool wire, json_t **out,
			     struct kh_error *err)
{
	json_t *object;

	if (!json_is_object(value))
		return wrong(name, err);
	object = json_object();
	if (!object)
		return kh_fail_memory(err);
	for (const struct kmsmodel_member *m = shape->members; m->name; m++) {
		const json_t *one = json_object_get(value, m->name);
		json_t *made = NULL;

		if (!one || json_is_null(one))
			continue;
		if (convert(one, m->shape, m->name, wire, &made, err)) {
			json_decref(object);
			return -1;
		}
		if (json_object_set_new(object, m->name, made)) {
			json_decref(object);
			return kh_fail_memory(err);
		}
	}
	*out = object;
	return 0;
}

static int convert_list(const json_t *value, const struct kmsmodel_shape *shape, const char *name, bool wire, json_t **out,
			struct kh_error *err)
{
	const json_t *one;
	json_t *list;
	size_t i;

	if (!json_is_array(value))
		return wrong(name, err);
	list = json_array();
	if (!list)
		return kh_fail_memory(err);
	json_array_foreach(value, i, one) {
		json_t *made = NULL;

		if (convert(one, shape->element, name, wire, &made, err)) {
			json_decref(list);
			return -1;
		}
		if (json_array_append_new(list, made)) {
			json_decref(list);
			return kh_fail_memory(err);
		}
	}
	*out = list;
	return 0;
}

static int convert_time(const json_t *value, const char *name, bool wire, json_t **out, struct kh_error *err)
{
	double seconds = json_number_value(value);

	if (!json_is_number(value) || !(seconds >= 0 && seconds <= (double)CLOCK_MAX))
		return wrong(name, err);
	*out = wire ? json_deep_copy(value) : iso_json(seconds);
	return *out ? 0 : kh_fail_memory(err);
}

static int convert(const json_t *value, const struct kmsmodel_shape *shape, const char *name, bool wire, json_t **out,
		   struct kh_error *err)
{
	switch (shape->kind) {
	case KMSMODEL_STRUCTURE:
		return convert_structure(value, shape, name, wire, out, err);
	case KMSMODEL_LIST:
		return convert_list(value, shape, name, wire, out, err);
	case KMSMODEL_TIMESTAMP:
		return convert_time(value, name, wire, out, err);
	case KMSMODEL_INTEGER:
		if (!json_is_integer(value))
			return wrong(name, err);
		break;
	case KMSMODEL_BOOLEAN:
		if (!json_is_boolean(value))
			return wrong(name, err);
		break;
	default:
		if (!json_is_string(value))
			return wrong(name, err);
	}
	*out = json_deep_copy(value);
	return *out ? 0 : kh_fail_memory(err);
}

int aws_shape_reply(const json_t *reply, const struct kmsmodel_shape *shape, bool wire, json_t **out, struct kh_error *err)
{
	return convert(reply, shape, "body", wire, out, err);
}

static json_t *sample(const struct kmsmodel_shape *shape, bool named, const char *name)
{
	json_t *out = NULL;

	switch (shape->kind) {
	case KMSMODEL_STRUCTURE:
		out = json_object();
		for (const struct kmsmodel_member *m = shape->members; out && m->name; m++)
			if (json_object_set_new(out, m->name, sample(m->shape, named, m->name))) {
				json_decref(out);
				out = NULL;
			}
		return out;
	case KMSMODEL_LIST:
		out = json_array();
		/* an element has no member's name but its shape's */
		if (out && json_array_append_new(out, sample(shape->element, named, shape->element->name))) {
			json_decref(out);
			out = NULL;
		}
		return out;
	case KMSMODEL_BLOB:
		return json_null();
	case KMSMODEL_TIMESTAMP:
		return json_string("1970-01-01T00:00:00");
	case KMSMODEL_INTEGER:
		return json_integer(0);
	case KMSMODEL_BOOLEAN:
		return json_true();
	default:
		return json_string(named ? name : shape->values ? shape->values[0] : "");
	}
}

json_t *aws_shape_sample(const struct kmsmodel_shape *shape, bool named)
{
	return sample(shape, named, "");
}
