/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ops.h"
#include "page.h"

#include "aws/partition.h"

#include <stdio.h>
#include <string.h>

int op_list_keys(struct call *c)
{
	struct page p;

	if (page_start(c, 100, &p))
		return -1;
	for (size_t i = 0; i < keystore_count(c->sim->keys); i++) {
		const struct simkey *key = keystore_at(c->sim->keys, i);

		if (strcmp(key->region, c->region) == 0 && key->unseen_until <= c->now)
			page_add(&p, json_pack("{s:s, s:s}", "KeyId", key->id, "KeyArn", key->arn));
	}
	return page_end(c, &p, "Keys");
}

/* KMS's own rules for names; what exists under it is another question. */
static int check_name(struct call *c, const char *name)
{
	if (strncmp(name, "alias/", 6) != 0 || !name[6])
		return reply_fail(c->reply, "ValidationException", "Alias must start with the prefix \"alias/\". Please see "
				  "the KMS documentation for the form of alias names.");
	if (strncmp(name, "alias/aws/", 10) == 0)
		return reply_fail(c->reply, "NotAuthorizedException", "Alias names may not begin with alias/aws/");
	if (strchr(name + 6, ':'))
		return reply_fail(c->reply, "InvalidAliasNameException", "%s contains invalid characters for an alias", name);
	return 0;
}

int op_create_alias(struct call *c)
{
	const char *name = member_text(c->in, "AliasName");
	struct simkey *key = call_key(c, "TargetKeyId", CALL_NO_ALIAS);
	struct simalias alias = {.created = c->now, .updated = c->now};
	struct kh_error err;

	if (!key || check_name(c, name))
		return -1;
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

/* The alias of the call; NULL with the reply set. */
static const struct simalias *named_alias(struct call *c)
{
	const char *name = member_text(c->in, "AliasName");
	const struct simalias *alias = keystore_alias(c->sim->keys, c->region, name);

	if (check_name(c, name))
		return NULL;
	if (!alias)
		reply_fail(c->reply, "NotFoundException", "Alias arn:%s:kms:%s:" ARN_REHEARSAL_ACCOUNT ":%s is not found.",
			   partition_of_region(c->region)->id, c->region, name);
	return alias;
}

int op_update_alias(struct call *c)
{
	const struct simalias *alias = named_alias(c);
	const struct simkey *key = alias ? call_key(c, "TargetKeyId", CALL_NO_ALIAS) : NULL, *old;
	struct kh_error err;

	if (!key)
		return -1;
	if (key->deletion)
		return reply_fail(c->reply, "KMSInvalidStateException", "%s is pending deletion.", key->arn);
	old = keystore_find(c->sim->keys, c->region, alias->key_id);
	if (old && (keyspec_is_symmetric(old->spec) != keyspec_is_symmetric(key->spec) || strcmp(old->usage, key->usage) != 0))
		return reply_fail(c->reply, "ValidationException",
				  "An alias moves between keys of one kind and usage only");
	if (keystore_alias_move(c->sim->keys, alias, key->id, c->now, &err))
		return reply_internal(c->reply, &err);
	return reply_ok(c->reply, json_object());
}

int op_delete_alias(struct call *c)
{
	const struct simalias *alias = named_alias(c);
	struct kh_error err;

	if (!alias)
		return -1;
	if (keystore_alias_drop(c->sim->keys, alias, &err))
		return reply_internal(c->reply, &err);
	return reply_ok(c->reply, json_object());
}

static json_t *alias_json(struct call *c, const struct simalias *a)
{
	char arn[512];

	(void)snprintf(arn, sizeof(arn), "arn:%s:kms:%s:" ARN_REHEARSAL_ACCOUNT ":%s", partition_of_region(c->region)->id,
		       c->region, a->name);
	return json_pack("{s:s, s:s, s:s, s:I, s:I}", "AliasName", a->name, "AliasArn", arn, "TargetKeyId", a->key_id,
			 "CreationDate", (json_int_t)a->created, "LastUpdatedDate", (json_int_t)a->updated);
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
