/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "plan.h"

#include "aws/awstime.h"
#include "base/file.h"
#include "plan_field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plan {
	struct yamldoc_node *root;
	struct plan_key *keys;
	size_t n;
	char sha256[2 * FILE_DIGEST + 1];
};

/* It becomes a part of file names. */
static int take_name(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	struct plan_key *k = out;

	if (yamlfield_text(node, PLAN_NAME_MAX, &k->name, err))
		return -1;
	if (strspn(k->name, letters) == strlen(k->name) && k->name[0] != '-')
		return 0;
	return yamldoc_fail(node, err, "the name '%.64s' must be letters, digits, _ and -: bundles are called by it", k->name);
}

static int take_key_id(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct plan_key *k = out;
	enum arn_kind kind;

	if (yamlfield_text(node, ARN_MAX - 1, &k->key_id, err))
		return -1;
	kind = arn_kind_of(k->key_id);
	if (kind == ARN_KEY_ID || kind == ARN_KEY_ARN)
		return 0;
	yamldoc_fail(node, err, "'%.200s' is no ARN and no id of a KMS key", k->key_id);
	return kh_hint(err, kind == ARN_NONE ? "arn:aws:kms:REGION:ACCOUNT:key/ID, or the id alone with 'region'"
					     : "an alias can be moved after the plan was reviewed: name the key itself");
}

static int take_region(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct plan_key *k = out;
	const char *text;

	if (plan_region(node, &text, err))
		return -1;
	(void)snprintf(k->region, sizeof(k->region), "%s", text);
	return 0;
}

static int take_algorithm(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	const char *text;

	if (yamlfield_text(node, 64, &text, err))
		return -1;
	return wrapalg_parse(text, &((struct plan_key *)out)->algorithm, err) ? yamldoc_context(node, err) : 0;
}

static int take_wrapping_key_spec(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	const char *text;

	if (yamlfield_text(node, 64, &text, err))
		return -1;
	return wrapalg_bits_parse(text, &((struct plan_key *)out)->wrapping_bits, err) ? yamldoc_context(node, err) : 0;
}

static int take_expires(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct plan_key *k = out;
	struct awstime t = {0};
	const char *text;

	k->expires_at = node;
	if (yamlfield_text(node, 64, &text, err))
		return -1;
	if (strcmp(text, "never") == 0) {
		k->expiry.expiration_model = INTENT_DOES_NOT_EXPIRE;
		return 0;
	}
	if (awstime_parse(text, &t, err) || t.seconds <= 0) {
		yamldoc_fail(node, err, "'%.64s' is no time in the future", text);
		return kh_hint(err, "never, a span such as 90d or 36h from the import on, or a time such as "
				    "2027-02-20T10:00:00Z");
	}
	k->expiry.expiration_model = INTENT_EXPIRES;
	*(t.relative ? &k->expiry.valid_for : &k->expiry.valid_to) = t.seconds;
	return 0;
}

static const struct yamlfield key_fields[] = {
	{"name", true, take_name},
	{"key_id", false, take_key_id},
	{"create", false, plan_take_create},
	{"region", false, take_region},
	{"key_spec", false, plan_take_key_spec},
	{"key_usage", false, plan_take_key_usage},
	{"wrapping_algorithm", false, take_algorithm},
	{"wrapping_key_spec", false, take_wrapping_key_spec},
	{"expires", true, take_expires},
	{"materials", true, plan_take_materials},
};

/* An ARN's own Region. */
static int settle_region(struct plan_key *k, struct kh_error *err)
{
	struct arn arn;

	if (!k->key_id || arn_kind_of(k->key_id) != ARN_KEY_ARN)
		return 0;
	if (arn_parse_key(k->key_id, &arn, err))
		return yamldoc_context(yamldoc_get(k->at, "key_id"), err);
	if (k->region[0] && strcmp(k->region, arn.region) != 0)
		return yamldoc_fail(yamldoc_get(k->at, "region"), err, "the Region %s is not that of the ARN, %s", k->region,
				    arn.region);
	memcpy(k->region, arn.region, sizeof(k->region));
	return 0;
}

static int take_key(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct plan_key *k = out;

	k->at = node;
	k->wrapping_bits = 4096;
	if (plan_map(node, "a key", YAMLFIELDS(key_fields), k, err) || settle_region(k, err))
		return -1;
	return plan_check_key(k, err);
}

static int take_keys(const struct yamldoc_node *node, void *out, struct kh_error *err)
{
	struct plan *p = out;

	return yamlfield_list(node, PLAN_KEYS_MAX, sizeof(struct plan_key), take_key, (void **)&p->keys, &p->n, err);
}

static const struct yamlfield plan_root[] = {
	{"keyhaul_plan", true, yamlfield_version},
	{"keys", true, take_keys},
};

int plan_parse(const char *data, size_t len, struct plan **out, struct kh_error *err)
{
	struct plan *p = calloc(1, sizeof(*p));

	if (!p)
		return kh_fail_memory(err);
	if (yamlfield_document(data, len, "a plan", PLAN_ELSEWHERE, YAMLFIELDS(plan_root), p, p->sha256, &p->root, err) ||
	    plan_check_twice(p->keys, p->n, err)) {
		plan_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

int plan_read(const char *path, struct plan **out, struct kh_error *err)
{
	struct buf text = BUF_INIT(PLAN_MAX);
	int rc = file_read(path, &text, err); /* names it itself */

	if (!rc && plan_parse(buf_text(&text), text.len, out, err))
		rc = kh_context(err, "%s", path);
	buf_free(&text);
	return rc;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		free(p->keys[i].materials);
		free(p->keys[i].create.tags);
		free(p->keys[i].create.replicas);
	}
	free(p->keys);
	yamldoc_free(p->root);
	free(p);
}

size_t plan_count(const struct plan *p)
{
	return p->n;
}

const struct plan_key *plan_key(const struct plan *p, size_t i)
{
	return i < p->n ? &p->keys[i] : NULL;
}

const char *plan_sha256(const struct plan *p)
{
	return p->sha256;
}

int plan_check_times(const struct plan *p, int64_t now, struct kh_error *err)
{
	for (size_t i = 0; i < p->n; i++)
		if (intent_check(&p->keys[i].expiry, p->keys[i].key_spec, now, err))
			return yamldoc_context(p->keys[i].expires_at, err);
	return 0;
}

void plan_bundle_name(const struct plan_key *k, size_t material, const char *region, char out[PLAN_BUNDLE_MAX])
{
	if (material)
		(void)snprintf(out, PLAN_BUNDLE_MAX, "%s.%zu.%s.bundle", k->name, material + 1, region);
	else
		(void)snprintf(out, PLAN_BUNDLE_MAX, "%s.%s.bundle", k->name, region);
}

void plan_intent(const struct plan_key *k, size_t material, bool replica, struct intent *out)
{
	const struct plan_material *m = &k->materials[material];

	*out = k->expiry;
	out->key_material_id = m->key_material_id;
	out->key_material_description = m->description;
	if (m->key_material_id || (material && replica))
		out->import_type = INTENT_EXISTING;
	else if (material)
		out->import_type = INTENT_NEW;
}
