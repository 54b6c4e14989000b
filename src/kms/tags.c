/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "tags.h"

#include "aws/limits.h"
#include "bundle/jsontext.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TAG_KEY_MAX 128 /* characters; bytes may be four times as many */
#define TAG_VALUE_MAX 256
#define TEXT_MAX (4 * TAG_VALUE_MAX + 1)

static int bad_tag(const char *word, const char *why, struct kh_error *err)
{
	kh_fail(err, KH_E_USAGE, 0, "--tags '%.200s': %s", word, why);
	return kh_hint(err, "TagKey=NAME,TagValue=VALUE, a word for each tag, or the JSON list");
}

/* One value up to a comma, quotes around it taken away; gives where it ends, NULL where it is none. */
static const char *take_value(const char *at, char out[TEXT_MAX])
{
	char quote = *at == '\'' || *at == '"' ? *at++ : '\0';
	size_t n = 0;

	while (*at && (quote ? *at != quote : *at != ',')) {
		if (quote && *at == '\\' && (at[1] == quote || at[1] == '\\'))
			at++;
		if (n == TEXT_MAX - 1)
			return NULL;
		out[n++] = *at++;
	}
	out[n] = '\0';
	if (quote && *at++ != quote)
		return NULL;
	return *at && *at != ',' ? NULL : at;
}

static json_t *make_tag(const char *key, const char *value)
{
	return jsontext_pack("{s:s,s:s}", "TagKey", key, "TagValue", value);
}

static int take_shorthand(const char *word, json_t *tags, struct kh_error *err)
{
	char key[TEXT_MAX] = "", value[TEXT_MAX] = "";
	bool has_key = false, has_value = false;
	const char *at = word;

	while (*at) {
		bool is_key = strncmp(at, "TagKey=", 7) == 0;

		if (!is_key && strncmp(at, "TagValue=", 9) != 0)
			return bad_tag(word, "neither TagKey= nor TagValue=", err);
		if (is_key ? has_key : has_value)
			return bad_tag(word, "the same member twice", err);
		*(is_key ? &has_key : &has_value) = true;
		at = take_value(at + (is_key ? 7 : 9), is_key ? key : value);
		if (!at)
			return bad_tag(word, "an open quote, text behind it, or too long", err);
		at += *at == ',';
	}
	if (!key[0] || !has_value)
		return bad_tag(word, "both TagKey and TagValue must be there", err);
	if (json_array_append_new(tags, make_tag(key, value)))
		return jsontext_lacked() ? kh_fail_memory(err) : bad_tag(word, "not UTF-8", err);
	return 0;
}

static int check_json(const char *word, const json_t *list, struct kh_error *err)
{
	const json_t *tag;
	size_t i;

	if (!json_is_array(list))
		return bad_tag(word, "not a JSON list", err);
	json_array_foreach(list, i, tag)
		if (!json_string_length(json_object_get(tag, "TagKey")) ||
		    !json_is_string(json_object_get(tag, "TagValue")) || json_object_size(tag) != 2)
			return bad_tag(word, "each must be an object of TagKey and TagValue", err);
	return 0;
}

int tags_parse(const struct opt_list *words, json_t **out, struct kh_error *err)
{
	bool is_json = words->n == 1 && (words->v[0][0] == '[' || words->v[0][0] == '{');
	json_t *tags = is_json ? jsontext_read(words->v[0], strlen(words->v[0]), JSON_REJECT_DUPLICATES, NULL) : json_array();
	int rc = 0;

	if (is_json)
		rc = check_json(words->v[0], tags, err);
	else if (!tags)
		rc = kh_fail_memory(err);
	for (size_t i = 0; !is_json && !rc && i < words->n; i++)
		rc = take_shorthand(words->v[i], tags, err);
	if (!rc && json_array_size(tags) > KMS_TAGS_MAX)
		rc = kh_fail(err, KH_E_USAGE, 0, "--tags: %zu tags, and KMS takes %d", json_array_size(tags), KMS_TAGS_MAX);
	if (rc)
		json_decref(tags);
	else
		*out = tags;
	return rc;
}
