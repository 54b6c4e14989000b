/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "plan_field.h"

#include "aws/limits.h"
#include "bundle/bundle.h"

#include <stdlib.h>
#include <string.h>

#define URI_MAX 1024
#define TAG_KEY_MAX 128
#define TAG_VALUE_MAX 256

int plan_take_key_spec(const struct yamldoc_node *node, void *key, struct kh_error *err)
{
	const char *text;

	if (yamlfield_text(node, 64, &text, err))
		return -1;
	return keyspec_parse(text, &((struct plan_key *)key)->key_spec, err) ? yamldoc_context(node, err) : 0;
}

int plan_take_key_usage(const struct yamldoc_node *node, void *key, struct kh_error *err)
{
	static const char *const usages[] = {"ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"};
	struct plan_key *k = key;

	if (yamlfield_text(node, 64, &k->key_usage, err))
		return -1;
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++)
		if (strcmp(usages[i], k->key_usage) == 0)
			return 0;
	yamldoc_fail(node, err, "'%.64s' is no key usage", k->key_usage);
	return kh_hint(err, "ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC or KEY_AGREEMENT");
}

/* A bundle's URI may tell the token by more than its label; a plan is read by people, and names label, object, id and type. */
static int take_key_uri(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	static const char *const allowed[] = {"token=", "object=", "id=", "type="};
	struct plan_material *m = out;
	bool has[sizeof(allowed) / sizeof(allowed[0])] = {false};

	if (yamlfield_text(node, URI_MAX, &m->key_uri, err))
		return -1;
	if (bundle_check_uri(m->key_uri, err))
		return yamldoc_context(node, err);
	for (const char *at = m->key_uri + strlen("pkcs11:"); *at; at += strcspn(at, ";"), at += *at == ';') {
		size_t i = 0;

		while (i < sizeof(allowed) / sizeof(allowed[0]) && strncmp(at, allowed[i], strlen(allowed[i])) != 0)
			i++;
		if (i == sizeof(allowed) / sizeof(allowed[0])) {
			yamldoc_fail(node, err, "URI: attribute '%.*s' is not allowed in a plan", (int)strcspn(at, "=;"), at);
			return kh_hint(err, "token, object, id and type are");
		}
		has[i] = true;
	}
	if (has[1] || has[2])
		return 0;
	yamldoc_fail(node, err, "the URI names no key");
	return kh_hint(err, "object=LABEL or id=%%XX, such as pkcs11:token=NAME;object=LABEL");
}

static int take_key_material_id(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	const char **id = &((struct plan_material *)out)->key_material_id;

	if (yamlfield_text(node, KMS_KEY_MATERIAL_ID_LEN, id, err))
		return -1;
	if (strlen(*id) == KMS_KEY_MATERIAL_ID_LEN && strspn(*id, "0123456789abcdef") == KMS_KEY_MATERIAL_ID_LEN)
		return 0;
	return yamldoc_fail(node, err, "a key_material_id is 64 hex digits (0-9, a-f)");
}

static int take_material_description(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return yamlfield_text(node, KMS_KEY_MATERIAL_DESCRIPTION_MAX, &((struct plan_material *)out)->description, err);
}

static int take_material(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	static const struct yamlfield fields[] = {
		{"key_uri", true, take_key_uri},
		{"key_material_id", false, take_key_material_id},
		{"description", false, take_material_description},
	};

	((struct plan_material *)out)->at = node;
	return plan_map(node, "a material", YAMLFIELDS(fields), out, err);
}

int plan_take_materials(const struct yamldoc_node *node, void *key, struct kh_error *err)
{
	struct plan_key *k = key;

	return yamlfield_list(node, PLAN_MATERIALS_MAX, sizeof(struct plan_material), take_material, (void **)&k->materials,
			 &k->n_materials, err);
}

static int take_description(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return yamlfield_text(node, KMS_DESCRIPTION_MAX, &((struct plan_key *)out)->create.description, err);
}

static int take_tags(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct plan_create *c = &((struct plan_key *)out)->create;

	if (node->kind != YAMLDOC_MAP || node->n == 0)
		return yamldoc_fail(node, err, "'tags' must be a map of names and values");
	if (node->n > PLAN_TAGS_MAX)
		return yamldoc_fail(node, err, "%zu tags: KMS takes 50, and one is keyhaul's", node->n);
	c->tags = calloc(node->n, sizeof(*c->tags));
	if (!c->tags)
		return kh_fail_memory(err);
	for (const struct yamldoc_node *tag = node->first; tag; tag = tag->next) {
		if (!*tag->name || strlen(tag->name) > TAG_KEY_MAX || strncmp(tag->name, "aws:", 4) == 0 ||
		    strcmp(tag->name, PLAN_TAG_ID) == 0)
			return yamldoc_fail(tag, err, "the tag '%.64s' is empty, too long, or not for users", tag->name);
		if (tag->kind != YAMLDOC_TEXT || strlen(tag->text) > TAG_VALUE_MAX)
			return yamldoc_fail(tag, err, "the tag '%.64s' must have a text of at most %d bytes", tag->name,
					    TAG_VALUE_MAX);
		c->tags[c->n_tags++] = (struct plan_tag){tag->name, tag->text};
	}
	return 0;
}

static int take_alias(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	const char **alias = &((struct plan_key *)out)->create.alias;

	if (yamlfield_text(node, 256, alias, err))
		return -1;
	if (arn_kind_of(*alias) == ARN_ALIAS_NAME && strncmp(*alias, "alias/aws/", 10) != 0)
		return 0;
	yamldoc_fail(node, err, "'%.200s' is no alias of a user's", *alias);
	return kh_hint(err, "alias/NAME: letters, digits, / _ and -, and not alias/aws/");
}

/* A file's name; NULL for KMS's default policy. What a plan names is read and sent to KMS. */
static int read_policy(const struct yamldoc_node *node, const char **out, struct kh_error *err)
{
	if (yamlfield_file(node, "plan", out, err))
		return -1;
	if (strcmp(*out, "default-policy") == 0)
		*out = NULL;
	return 0;
}

static int take_policy(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return read_policy(node, &((struct plan_key *)out)->create.policy, err);
}

static int take_multi_region(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return yamlfield_flag(node, &((struct plan_key *)out)->create.multi_region, err);
}

static int take_replica_region(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return plan_region(node, &((struct plan_replica *)out)->region, err);
}

/* ReplicateKey copies no policy: which one a replica gets has to be said. */
static int take_replica_policy(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	return read_policy(node, &((struct plan_replica *)out)->policy, err);
}

static int take_replica(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	static const struct yamlfield fields[] = {
		{"region", true, take_replica_region},
		{"policy", true, take_replica_policy},
	};

	((struct plan_replica *)out)->at = node;
	return plan_map(node, "a replica", YAMLFIELDS(fields), out, err);
}

static int take_replicas(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct plan_create *c = &((struct plan_key *)out)->create;

	return yamlfield_list(node, PLAN_REPLICAS_MAX, sizeof(struct plan_replica), take_replica, (void **)&c->replicas,
			 &c->n_replicas, err);
}

int plan_take_create(const struct yamldoc_node *node, void *key, struct kh_error *err)
{
	static const struct yamlfield fields[] = {
		{"key_spec", true, plan_take_key_spec},
		{"key_usage", false, plan_take_key_usage},
		{"description", false, take_description},
		{"tags", false, take_tags},
		{"alias", false, take_alias},
		{"policy", false, take_policy},
		{"multi_region", false, take_multi_region},
		{"replicas", false, take_replicas},
	};

	((struct plan_key *)key)->create.at = node;
	return plan_map(node, "'create'", YAMLFIELDS(fields), key, err);
}
