/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keydoc.h"
#include "ops.h"
#include "page.h"

#include <string.h>

/* The key that is tagged; not one that is to be deleted. */
static struct simkey *taggable(struct call *c)
{
	struct simkey *key = call_key(c, "KeyId", CALL_NO_ALIAS);

	if (!key || !key->deletion)
		return key;
	reply_fail(c->reply, "KMSInvalidStateException", "%s is pending deletion.", key->arn);
	return NULL;
}

/* The place of the tag of that name; the list's size for none. */
static size_t place_of(const json_t *tags, const char *name)
{
	size_t i = 0;

	while (i < json_array_size(tags) && strcmp(member_text(json_array_get(tags, i), "TagKey"), name) != 0)
		i++;
	return i;
}

/* Gives the key this list, which it takes over, and saves; copies of the key share lists, so that none is changed. */
static int set_tags(struct call *c, struct simkey *key, json_t *tags)
{
	struct simkey *before = tags ? call_before(c, key) : NULL;

	if (!before) {
		json_decref(tags);
		return reply_fail(c->reply, "KMSInternalException", "keyhaul-sim: out of memory");
	}
	json_decref(key->tags);
	key->tags = tags;
	return call_save(c, key, before) ? -1 : reply_ok(c->reply, json_object());
}

static json_t *tags_of(const struct simkey *key)
{
	return key->tags ? json_deep_copy(key->tags) : json_array();
}

int op_tag_resource(struct call *c)
{
	const json_t *more = json_object_get(c->in, "Tags");
	struct simkey *key = taggable(c);
	json_t *tags;

	if (!key || keydoc_check_tags(c, more))
		return -1;
	tags = tags_of(key);
	for (size_t i = 0; tags && i < json_array_size(more); i++) {
		json_t *tag = json_deep_copy(json_array_get(more, i));
		size_t at = place_of(tags, member_text(tag, "TagKey"));

		(void)(at < json_array_size(tags) ? json_array_set_new(tags, at, tag) : json_array_append_new(tags, tag));
	}
	if (keydoc_check_tags(c, tags)) {
		json_decref(tags);
		return -1;
	}
	return set_tags(c, key, tags);
}

int op_untag_resource(struct call *c)
{
	const json_t *names = json_object_get(c->in, "TagKeys"), *name;
	struct simkey *key = taggable(c);
	json_t *tags;
	size_t i;

	if (!key)
		return -1;
	tags = tags_of(key);
	json_array_foreach(names, i, name)
		(void)json_array_remove(tags, place_of(tags, json_string_value(name)));
	return set_tags(c, key, tags);
}

int op_list_resource_tags(struct call *c)
{
	const struct simkey *key = call_key(c, "KeyId", CALL_NO_ALIAS);
	struct page p;

	if (!key || page_start(c, 50, &p))
		return -1;
	for (size_t i = 0; i < json_array_size(key->tags); i++)
		page_add(&p, json_deep_copy(json_array_get(key->tags, i)));
	return page_end(c, &p, "Tags");
}
