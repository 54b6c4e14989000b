/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "members.h"

#include "aws/awstime.h"
#include "base/base64.h"
#include "base/log.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#define BLOB_MAX (256u << 10)
#define FAULTS_MAX 1600

/* The constraints that are not met, as KMS words them. */
struct faults {
	int n;
	struct buf text;
};

static const char *const kind_names[] = {
	[MEMBER_TEXT] = "a String",	[MEMBER_BLOB] = "a Blob",    [MEMBER_BOOL] = "a Boolean",
	[MEMBER_NUMBER] = "an Integer", [MEMBER_TIME] = "a Date",    [MEMBER_TEXTS] = "a List",
	[MEMBER_CONTEXT] = "a Map",	[MEMBER_TAGS] = "a TagList", [MEMBER_OBJECT] = "a Structure",
};
_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == MEMBER_KINDS, "a name for each kind");

static bool is_time(const json_t *v)
{
	struct kh_error err;
	int64_t t;

	if (json_is_string(v))
		return awstime_parse_absolute(json_string_value(v), &t, &err) == 0;
	return json_is_number(v) && json_number_value(v) > -1e11 && json_number_value(v) < 1e12;
}

static bool all_texts(const json_t *v)
{
	for (size_t i = 0; i < json_array_size(v); i++)
		if (!json_is_string(json_array_get(v, i)))
			return false;
	return json_is_array(v);
}

static bool all_context(json_t *v)
{
	const char *key;
	json_t *value;

	json_object_foreach(v, key, value)
		if (!json_is_string(value))
			return false;
	return json_is_object(v);
}

static bool all_tags(const json_t *v)
{
	for (size_t i = 0; i < json_array_size(v); i++) {
		const json_t *tag = json_array_get(v, i);

		if (!json_is_string(json_object_get(tag, "TagKey")) ||
		    !json_is_string(json_object_get(tag, "TagValue")))
			return false;
	}
	return json_is_array(v);
}

/* Bytes of a blob; -1 where it is no base64. */
static long blob_size(const json_t *v)
{
	struct buf bytes = BUF_INIT(BLOB_MAX);
	struct kh_error err;
	long size = -1;

	if (json_is_string(v) && !base64_decode(json_string_value(v), json_string_length(v), &bytes, &err))
		size = (long)bytes.len;
	buf_free(&bytes);
	return size;
}

static bool has_kind(const struct member *m, json_t *v)
{
	switch (m->kind) {
	case MEMBER_TEXT:
		return json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v);
	case MEMBER_BLOB:
		return blob_size(v) >= 0;
	case MEMBER_BOOL:
		return json_is_boolean(v);
	case MEMBER_NUMBER:
		return json_is_integer(v);
	case MEMBER_TIME:
		return is_time(v);
	case MEMBER_TEXTS:
		return all_texts(v);
	case MEMBER_CONTEXT:
		return all_context(v);
	case MEMBER_TAGS:
		return all_tags(v);
	case MEMBER_OBJECT:
	case MEMBER_KINDS:
	default:
		return json_is_object(v);
	}
}

static long size_of(const struct member *m, const json_t *v)
{
	switch (m->kind) {
	case MEMBER_TEXT:
		return (long)json_string_length(v);
	case MEMBER_BLOB:
		return blob_size(v);
	case MEMBER_NUMBER:
		return (long)json_integer_value(v);
	default:
		return (long)json_array_size(v);
	}
}

/* One more constraint; what does not fit is counted and left out. */
static void add_fault(struct faults *f, const struct member *m, const json_t *v, const char *what)
{
	struct kh_error err;
	char value[200] = "null";

	if (m->kind == MEMBER_BLOB && v)
		(void)snprintf(value, sizeof(value), "'java.nio.HeapByteBuffer[pos=0 lim=%ld cap=%ld]'", blob_size(v),
			       blob_size(v));
	else if (json_is_string(v))
		(void)snprintf(value, sizeof(value), "'%.150s'", json_string_value(v));
	else if (json_is_integer(v))
		(void)snprintf(value, sizeof(value), "'%lld'", (long long)json_integer_value(v));
	else if (v)
		(void)snprintf(value, sizeof(value), "'[]'");
	f->n++;
	(void)buf_addf(&f->text, "%sValue %s at '%c%s' failed to satisfy constraint: %s", &err,
		       f->text.len ? "; " : "", value, tolower((unsigned char)m->name[0]), m->name + 1, what);
}

static void check_size(struct faults *f, const struct member *m, const json_t *v)
{
	const char *thing = m->kind == MEMBER_NUMBER ? "value" : "length";
	long size = size_of(m, v);
	char what[120];

	if (m->max == 0 || (size >= m->min && size <= m->max))
		return;
	(void)snprintf(what, sizeof(what), "Member must have %s %s than or equal to %ld", thing,
		       size < m->min ? "greater" : "less", size < m->min ? m->min : m->max);
	add_fault(f, m, v, what);
}

static void check_values(struct faults *f, const struct member *m, const json_t *v)
{
	char what[1200] = "Member must satisfy enum value set: [";
	size_t at = strlen(what);

	for (size_t i = 0; m->values[i]; i++) {
		if (strcmp(m->values[i], json_string_value(v)) == 0)
			return;
		at += (size_t)snprintf(what + at, sizeof(what) - at, "%s%s", i ? ", " : "", m->values[i]);
	}
	(void)snprintf(what + at, sizeof(what) - at, "]");
	add_fault(f, m, v, what);
}

static void check_pattern(struct faults *f, const struct member *m, const json_t *v)
{
	char what[200];
	regex_t re;
	int match = 0;

	if (json_string_length(v) == 0) /* the least length says whether it may be empty */
		return;
	if (regcomp(&re, m->regex, REG_EXTENDED | REG_NOSUB) == 0) {
		match = regexec(&re, json_string_value(v), 0, NULL, 0) == 0;
		regfree(&re);
	}
	if (match)
		return;
	(void)snprintf(what, sizeof(what), "Member must satisfy regular expression pattern: %s", m->pattern);
	add_fault(f, m, v, what);
}

static const struct member *find(const struct member *members, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

static int check_types(const struct member *members, size_t n, json_t *in, struct reply *r)
{
	const char *name;
	json_t *value;

	json_object_foreach(in, name, value) {
		const struct member *m = find(members, n, name);

		if (!m)
			log_debug("member '%.100s' is none of the operation's: ignored", name);
		else if (!json_is_null(value) && !has_kind(m, value))
			return reply_fail(r, "SerializationException", "Member '%s' can not be converted to %s", name,
					  m->kind < MEMBER_KINDS ? kind_names[m->kind] : "it");
	}
	return 0;
}

int members_check(const struct member *members, size_t n, const json_t *in, struct reply *r)
{
	struct faults f = {0, BUF_INIT(FAULTS_MAX)};

	if (check_types(members, n, (json_t *)(uintptr_t)in, r))
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct member *m = &members[i];
		const json_t *v = json_object_get(in, m->name);

		if (!member_given(in, m->name)) {
			if (m->required)
				add_fault(&f, m, NULL, "Member must not be null");
			continue;
		}
		check_size(&f, m, v);
		if (m->values)
			check_values(&f, m, v);
		if (m->regex)
			check_pattern(&f, m, v);
	}
	if (f.n)
		reply_fail(r, "ValidationException", "%d validation error%s detected: %s", f.n, f.n > 1 ? "s" : "",
			   buf_text(&f.text));
	buf_free(&f.text);
	return f.n ? -1 : 0;
}

const char *member_text(const json_t *in, const char *name)
{
	return json_string_value(json_object_get(in, name));
}

bool member_given(const json_t *in, const char *name)
{
	const json_t *v = json_object_get(in, name);

	return v && !json_is_null(v);
}

bool member_true(const json_t *in, const char *name)
{
	return json_is_true(json_object_get(in, name));
}

long member_number(const json_t *in, const char *name, long preset)
{
	return member_given(in, name) ? (long)json_integer_value(json_object_get(in, name)) : preset;
}

int64_t member_time(const json_t *in, const char *name)
{
	const json_t *v = json_object_get(in, name);
	struct kh_error err;
	int64_t t = 0;

	if (!json_is_string(v))
		return (int64_t)json_number_value(v); /* fractions are cut, as KMS does */
	return awstime_parse_absolute(json_string_value(v), &t, &err) ? 0 : t;
}

int member_blob(const json_t *in, const char *name, struct buf *out, struct kh_error *err)
{
	const json_t *v = json_object_get(in, name);

	return json_is_string(v) ? base64_decode(json_string_value(v), json_string_length(v), out, err) : 0;
}
