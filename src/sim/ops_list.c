/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ops.h"

#include "aws/partition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One page of a list: entries are counted over the whole, kept from `start` to `start + limit`. */
struct page {
	json_t *list;
	size_t start, limit, seen;
	bool truncated;
};

#define MARKER_STEM "keyhaul-sim-"

static int page_start(struct call *c, long preset, struct page *p)
{
	const char *marker = member_text(c->in, "Marker");
	size_t len = sizeof(MARKER_STEM) - 1;
	char again[64] = "";

	*p = (struct page){.limit = (size_t)member_number(c->in, "Limit", preset)};
	if (marker && strncmp(marker, MARKER_STEM, len) == 0) {
		p->start = strtoul(marker + len, NULL, 10);
		(void)snprintf(again, sizeof(again), MARKER_STEM "%zu", p->start);
	}
	if (marker && strcmp(again, marker) != 0)
		return reply_fail(c->reply, "InvalidMarkerException", "Invalid Marker");
	p->list = json_array();
	return 0;
}

/* Takes the entry over. */
static void page_add(struct page *p, json_t *entry)
{
	size_t i = p->seen++;

	if (i < p->start)
		json_decref(entry);
	else if (i < p->start + p->limit)
		(void)json_array_append_new(p->list, entry);
	else {
		p->truncated = true;
		json_decref(entry);
	}
}

static int page_end(struct call *c, struct page *p, const char *name)
{
	json_t *body = json_pack("{s:o, s:b}", name, p->list, "Truncated", p->truncated);
	char marker[64];

	(void)snprintf(marker, sizeof(marker), MARKER_STEM "%zu", p->start + p->limit);
	if (body && p->truncated)
		(void)json_object_set_new(body, "NextMarker", json_string(marker));
	return reply_ok(c->reply, body);
}

int op_list_keys(struct call *c)
{
	struct page p;

	if (page_start(c, 100, &p))
		return -1;
	for (size_t i = 0; i < keystore_count(c->sim->keys); i++) {
		const struct simkey *key = keystore_at(c->sim->keys, i);

		if (strcmp(key->region, c->region) == 0)
			page_add(&p, json_pack("{s:s, s:s}", "KeyId", key->id, "KeyArn", key->arn));
	}
	return page_end(c, &p, "Keys");
}

int op_create_alias(struct call *c)
{
	const char *name = member_text(c->in, "AliasName");
	struct simkey *key = call_key(c, "TargetKeyId", CALL_NO_ALIAS);
	struct simalias alias = {.created = c->now};
	struct kh_error err;

	if (!key)
		return -1;
	if (strncmp(name, "alias/", 6) != 0 || !name[6])
		return reply_fail(c->reply, "ValidationException", "Alias must start with the prefix \"alias/\". Please see "
				  "the KMS documentation for the form of alias names.");
	if (strncmp(name, "alias/aws/", 10) == 0)
		return reply_fail(c->reply, "NotAuthorizedException", "Alias names may not begin with alias/aws/");
	if (strchr(name + 6, ':'))
		return reply_fail(c->reply, "InvalidAliasNameException", "%s contains invalid characters for an alias", name);
	if (keystore_alias(c->sim->keys, c->region, name))
		return reply_fail(c->reply, "AlreadyExistsException",
				  "An alias with the name arn:%s:kms:%s:" ARN_REHEARSAL_ACCOUNT ":%s already exists",
				  partition_of_region(c->region)->id, c->region, name);
	if (key->deletion)
		return reply_fail(c->reply, "KMSInvalidStateException", "%s is pending deletion.", key->arn);
	(void)snprintf(alias.name, sizeof(alias.name), "%s", name);
	(void)snprintf(alias.region, sizeof(alias.region), "%s", c->region);
	(void)snprintf(alias.key_id, sizeof(alias.key_id), "%s", key->id);
	if (keystore_alias_add(c->sim->keys, &alias, &err))
		return reply_internal(c->reply, &err);
	return reply_ok(c->reply, json_object());
}

static json_t *alias_json(struct call *c, const struct simalias *a)
{
	char arn[512];

	(void)snprintf(arn, sizeof(arn), "arn:%s:kms:%s:" ARN_REHEARSAL_ACCOUNT ":%s", partition_of_region(c->region)->id,
		       c->region, a->name);
	return json_pack("{s:s, s:s, s:s, s:I, s:I}", "AliasName", a->name, "AliasArn", arn, "TargetKeyId", a->key_id,
			 "CreationDate", (json_int_t)a->created, "LastUpdatedDate", (json_int_t)a->created);
}

int op_list_aliases(struct call *c)
{
	const struct simkey *key = NULL;
	struct page p;

	if (member_given(c->in, "KeyId")) {
		key = call_key(c, "KeyId", CALL_NO_ALIAS);
		if (!key)
			return -1;
	}
	if (page_start(c, 50, &p))
		return -1;
	for (size_t i = 0; i < keystore_alias_count(c->sim->keys); i++) {
		const struct simalias *a = keystore_alias_at(c->sim->keys, i);

		if (strcmp(a->region, c->region) == 0 && (!key || strcmp(a->key_id, key->id) == 0))
			page_add(&p, alias_json(c, a));
	}
	return page_end(c, &p, "Aliases");
}

/* Only symmetric imported keys tell these of each material. */
static int add_import(json_t *out, const struct simkey *key, const struct material *m)
{
	static const char *const names[] = {
		[MATERIAL_CURRENT] = "CURRENT",
		[MATERIAL_NON_CURRENT] = "NON_CURRENT",
		[MATERIAL_PENDING_ROTATION] = "PENDING_ROTATION",
	};
	bool there = simkey_sees(key, m);

	if (json_object_set_new(out, "KeyMaterialState", json_string(names[m->state])) || !key->external)
		return 0;
	(void)json_object_set_new(out, "ImportState", json_string(there ? "IMPORTED" : "PENDING_IMPORT"));
	if (m->described)
		(void)json_object_set_new(out, "KeyMaterialDescription", json_string(m->description));
	if (there)
		(void)json_object_set_new(out, "ExpirationModel", json_string(m->expires ? "KEY_MATERIAL_EXPIRES"
											 : "KEY_MATERIAL_DOES_NOT_EXPIRE"));
	if (there && m->expires)
		(void)json_object_set_new(out, "ValidTo", json_integer(m->valid_to));
	return 0;
}

int op_list_key_rotations(struct call *c)
{
	struct simkey *key = call_key(c, "KeyId", CALL_NO_ALIAS);
	const char *include = member_text(c->in, "IncludeKeyMaterial");
	bool all = include && strcmp(include, "ALL_KEY_MATERIAL") == 0;
	struct page p;

	if (!key)
		return -1;
	if (!keyspec_is_symmetric(key->spec))
		return reply_fail(c->reply, "UnsupportedOperationException",
				  "%s is not a symmetric encryption key: it has no rotations", key->arn);
	if (page_start(c, 100, &p))
		return -1;
	/* no rotation has been made by this version, so without ALL_KEY_MATERIAL there is none */
	for (size_t i = 0; all && i < key->n_materials; i++) {
		const struct material *m = &key->materials[i];
		json_t *entry;

		if (m->plain && !simkey_sees(key, m))
			continue;
		entry = json_pack("{s:s, s:s}", "KeyId", key->id, "KeyMaterialId", m->id);
		if (entry)
			(void)add_import(entry, key, m);
		page_add(&p, entry);
	}
	if (key->hidden > 0)
		key->hidden--;
	return page_end(c, &p, "Rotations");
}
