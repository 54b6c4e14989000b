/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "chain_line.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/cmd_transcript.h"
#include "base/file.h"
#include "bundle/jsontext.h"

#include <string.h>

#define VERSION_KNOWN 1

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

static bool is_hex(const char *text)
{
	return strlen(text) == CANON_HEX - 1 && strspn(text, "0123456789abcdef") == CANON_HEX - 1;
}

static bool is_time(const char *text)
{
	struct kh_error ignored;
	int64_t t;

	return clock_parse(text, &t, &ignored) == 0;
}

static bool are_strings(const json_t *array)
{
	size_t i;
	json_t *v;

	if (!json_is_array(array))
		return false;
	json_array_foreach(array, i, v)
		if (!json_is_string(v))
			return false;
	return true;
}

/* A list of objects in which each of the names is a string. */
static bool are_objects(const json_t *array, const char *const *names)
{
	size_t i;
	json_t *v;

	if (!json_is_array(array))
		return false;
	json_array_foreach(array, i, v)
		for (const char *const *name = names; *name; name++)
			if (!json_is_string(json_object_get(v, *name)))
				return false;
	return true;
}

/* Files have a digest, and bundles two more where they have the sections. */
static bool are_files(const json_t *array)
{
	static const char *const names[] = {"path", "sha256", NULL}, *const digests[] = {"request_sha256", "material_sha256"};
	size_t i;
	json_t *v;

	if (!are_objects(array, names))
		return false;
	json_array_foreach(array, i, v) {
		if (!is_hex(text_of(v, "sha256")))
			return false;
		for (size_t k = 0; k < 2; k++) {
			const json_t *digest = json_object_get(v, digests[k]);

			if (digest && (!json_is_string(digest) || !is_hex(json_string_value(digest))))
				return false;
		}
	}
	return true;
}

static bool is_command(const json_t *o)
{
	static const char *const token[] = {"label", "manufacturer", "model", "serial", NULL};
	static const char *const failed[] = {"item", "code", "native", "message", NULL};
	const json_t *error = json_object_get(o, "error"), *warnings = json_object_get(o, "warnings");

	return is_time(text_of(o, "at")) && is_time(text_of(o, "ended")) && *text_of(o, "program") && *text_of(o, "version") &&
	       json_is_string(json_object_get(o, "host")) && are_strings(json_object_get(o, "typed")) &&
	       are_files(json_object_get(o, "read")) && are_files(json_object_get(o, "wrote")) &&
	       are_objects(json_object_get(o, "tokens"), token) && are_objects(json_object_get(o, "failed"), failed) &&
	       json_is_integer(json_object_get(o, "status")) && (!warnings || are_strings(warnings)) &&
	       (!error || (json_is_string(json_object_get(error, "message")) && json_is_string(json_object_get(error, "code")) &&
			   json_is_string(json_object_get(error, "native"))));
}

/* No other name may stand in it: 'keyhaul-token sign' knows what it must not sign by the first. */
static bool is_close(const json_t *o)
{
	const json_t *c = json_object_get(o, "close");
	const size_t names = json_object_get(c, "told_now") ? 5 : 4;

	return json_object_size(c) == names && json_is_integer(json_object_get(c, "lines")) && is_hex(text_of(c, "last")) && is_time(text_of(c, "at")) &&
	       json_is_string(json_object_get(c, "host")) && *text_of(o, "signature");
}

/* {"said","host_clock"} where the time was told; NULL where it was not, "" where it is none. */
static const char *told_of(const json_t *o)
{
	const json_t *told = json_object_get(o, "told_now");

	if (!told)
		return NULL;
	return is_time(text_of(told, "said")) && is_time(text_of(told, "host_clock")) ? text_of(told, "said") : "";
}

static bool has_form(const json_t *o, struct chain_line *out)
{
	const json_t *torn = json_object_get(o, "torn");
	const char *previous = text_of(o, "previous");

	if (json_integer_value(json_object_get(o, "keyhaul_transcript")) != VERSION_KNOWN ||
	    !json_is_true(json_object_get(o, "whole")) || (strcmp(previous, "none") != 0 && !is_hex(previous)))
		return false;
	out->n = json_integer_value(json_object_get(o, "n"));
	out->is_close = json_object_get(o, "close") != NULL;
	out->at = text_of(out->is_close ? json_object_get(o, "close") : o, "at");
	out->told = told_of(out->is_close ? json_object_get(o, "close") : o);
	if (torn) {
		out->torn = text_of(torn, "sha256");
		out->torn_bytes = json_integer_value(json_object_get(torn, "bytes"));
	}
	return out->n > 0 && (!out->told || *out->told) && (!torn || is_hex(out->torn)) && (out->is_close ? is_close(o) : is_command(o));
}

int chain_line_parse(const char *text, size_t len, struct chain_line *out, struct kh_error *err)
{
	unsigned char digest[FILE_DIGEST];
	json_error_t why;

	memset(out, 0, sizeof(*out));
	if (len > TRANSCRIPT_LINE_MAX)
		return 1;
	if (file_sha256(text, len, digest, err))
		return -1;
	hex_encode(digest, sizeof(digest), out->sha256);
	out->json = jsontext_read(text, len, JSON_REJECT_DUPLICATES, &why);
	if (!out->json && json_error_code(&why) == json_error_out_of_memory)
		return kh_fail_memory(err);
	if (json_is_object(out->json) && has_form(out->json, out))
		return 0;
	chain_line_clear(out);
	return 1;
}

void chain_line_clear(struct chain_line *l)
{
	json_decref(l->json);
	l->json = NULL;
}
