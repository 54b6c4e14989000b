/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "plan_field.h"

#include "aws/partition.h"
#include "bundle/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VALUE_MAX 1024 /* a whole URI is no longer */

static const struct yamldoc_node *at(const struct plan_key *k, const char *name)
{
	const struct yamldoc_node *node = yamldoc_get(k->at, name);

	return node ? node : k->at;
}

/* A key that is there, or one that is made; and each entry where it belongs. */
static int check_origin(const struct plan_key *k, struct kh_error *err)
{
	const struct yamldoc_node *spec = yamldoc_get(k->at, "key_spec"), *usage = yamldoc_get(k->at, "key_usage");

	if (k->key_id && k->create.at)
		return yamldoc_fail(k->create.at, err, "'key_id' and 'create' contradict: the key is there, or it is made");
	if (!k->key_id && !k->create.at)
		return yamldoc_fail(k->at, err, "a key lacks 'key_id' or 'create'");
	if (k->create.at && (spec || usage))
		return yamldoc_fail(spec ? spec : usage, err, "'%s' of a key that is made belongs into 'create'",
				    spec ? spec->name : usage->name);
	return 0;
}

static bool usage_fits(const struct plan_key *k)
{
	const char *usage = k->key_usage;

	switch (keyspec_info(k->key_spec)->kind) {
	case KEYSPEC_AES:
		return strcmp(usage, "ENCRYPT_DECRYPT") == 0;
	case KEYSPEC_HMAC:
		return strcmp(usage, "GENERATE_VERIFY_MAC") == 0;
	case KEYSPEC_RSA:
		return strcmp(usage, "ENCRYPT_DECRYPT") == 0 || strcmp(usage, "SIGN_VERIFY") == 0;
	case KEYSPEC_EC:
	default:
		return strcmp(usage, "SIGN_VERIFY") == 0 ||
		       (strcmp(usage, "KEY_AGREEMENT") == 0 && k->key_spec != KEYSPEC_ECC_SECG_P256K1);
	}
}

static int check_usage(const struct plan_key *k, struct kh_error *err)
{
	const struct yamldoc_node *in = k->create.at ? k->create.at : k->at, *node = yamldoc_get(in, "key_usage");

	if (k->key_usage && k->key_spec && !usage_fits(k))
		return yamldoc_fail(node, err, "a key of %s cannot have the usage %s", keyspec_name(k->key_spec), k->key_usage);
	if (k->key_usage && !k->key_spec)
		return yamldoc_fail(node, err, "'key_usage' without 'key_spec'");
	if (k->create.at && !k->key_usage && !keyspec_info(k->key_spec)->usage)
		return yamldoc_fail(in, err, "'create' lacks 'key_usage': a key of %s can have more than one",
				    keyspec_name(k->key_spec));
	return 0;
}

static int check_replicas(const struct plan_key *k, struct kh_error *err)
{
	const struct plan_create *c = &k->create;

	if (c->n_replicas && !c->multi_region)
		return yamldoc_fail(yamldoc_get(c->at, "replicas"), err, "'replicas' without 'multi_region: true'");
	for (size_t i = 0; i < c->n_replicas; i++) {
		const struct plan_replica *r = &c->replicas[i];

		if (strcmp(r->region, k->region) == 0)
			return yamldoc_fail(r->at, err, "the Region %s is that of the key itself", r->region);
		for (size_t j = 0; j < i; j++)
			if (strcmp(c->replicas[j].region, r->region) == 0)
				return yamldoc_fail(r->at, err, "the Region %s has two replicas", r->region);
		if (strcmp(partition_of_region(r->region)->id,
			   partition_of_region(k->region[0] ? k->region : c->replicas[0].region)->id) != 0)
			return yamldoc_fail(r->at, err, "the Region %s is in another partition", r->region);
	}
	return 0;
}

/* What wrapalg.c asks of an ARN is its partition: one is made up for a key that has none yet. */
static int check_algorithm(const struct plan_key *k, struct kh_error *err)
{
	enum wrapalg alg = k->algorithm ? k->algorithm : wrapalg_best(k->key_spec);
	struct arn arn = {.partition = "aws"};

	if (!k->key_spec)
		return 0;
	if (k->region[0]) {
		(void)snprintf(arn.partition, sizeof(arn.partition), "%s", partition_of_region(k->region)->id);
		(void)snprintf(arn.region, sizeof(arn.region), "%s", k->region);
	}
	return wrapalg_check(k->key_spec, alg, k->wrapping_bits, k->region[0] ? &arn : NULL, err)
		       ? yamldoc_context(at(k, k->algorithm ? "wrapping_algorithm" : "wrapping_key_spec"), err)
		       : 0;
}

/* One %XX as good as the letter that it stands for, and in any order: two that are of one key. */
static bool same_uri(const char *a, const char *b)
{
	static const char *const names[] = {"token", "object", "id", "type"}; /* all that a plan's may have */
	char x[VALUE_MAX], y[VALUE_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = bundle_uri_value(a, names[i], x, sizeof(x));

		if (n != bundle_uri_value(b, names[i], y, sizeof(y)) || memcmp(x, y, n) != 0)
			return false;
	}
	return true;
}

static int check_material(const struct plan_key *k, size_t i, struct kh_error *err)
{
	const struct plan_material *m = &k->materials[i];
	struct intent intent;

	for (size_t j = 0; j < i; j++) {
		const struct plan_material *other = &k->materials[j];

		if (same_uri(other->key_uri, m->key_uri))
			return yamldoc_fail(m->at, err, "the same key_uri as the material on line %zu", other->at->line);
		if (m->key_material_id && other->key_material_id &&
		    strcmp(other->key_material_id, m->key_material_id) == 0)
			return yamldoc_fail(m->at, err, "the same key_material_id as the material on line %zu", other->at->line);
	}
	plan_intent(k, i, false, &intent);
	/* without a spec only what holds for all: symmetric keys may say the most */
	return intent_check_form(&intent, k->key_spec ? k->key_spec : KEYSPEC_SYMMETRIC_DEFAULT, err)
		       ? yamldoc_context(m->at, err)
		       : 0;
}

/* KMS keeps one material that waits for its rotation. */
static int check_materials(const struct plan_key *k, struct kh_error *err)
{
	size_t fresh = 0;

	if (k->n_materials > 1 && k->key_spec && !keyspec_is_symmetric(k->key_spec))
		return yamldoc_fail(k->materials[1].at, err, "a second material: a key of %s takes one for life",
				    keyspec_name(k->key_spec));
	for (size_t i = 0; i < k->n_materials; i++) {
		if (check_material(k, i, err))
			return -1;
		fresh += i && !k->materials[i].key_material_id;
		if (fresh < 2)
			continue;
		yamldoc_fail(k->materials[i].at, err, "a second new material: KMS keeps one that waits for its rotation");
		return kh_hint(err, "give those that KMS has their key_material_id, and add the next after the rotation");
	}
	return 0;
}

int plan_check_key(const struct plan_key *k, struct kh_error *err)
{
	return check_origin(k, err) || check_usage(k, err) || check_replicas(k, err) || check_algorithm(k, err) ||
			       check_materials(k, err)
		       ? -1
		       : 0;
}

/* A key in a list that is sorted. */
struct ref {
	const struct plan_key *key;
};

/* The id that an entry names, of an ARN its end. */
static const char *id_of(const struct plan_key *k)
{
	const char *slash = k->key_id ? strrchr(k->key_id, '/') : NULL;

	return slash ? slash + 1 : k->key_id;
}

/* Those that have none are the least, and alike. */
static int order(const char *x, const char *y)
{
	return x && y ? strcmp(x, y) : (x != NULL) - (y != NULL);
}

/* Names of files: on a stick with vfat A and a are one. */
static int by_name(const void *a, const void *b)
{
	return strcasecmp(((const struct ref *)a)->key->name, ((const struct ref *)b)->key->name);
}

static int by_id(const void *a, const void *b)
{
	return order(id_of(((const struct ref *)a)->key), id_of(((const struct ref *)b)->key));
}

static int by_alias(const void *a, const void *b)
{
	return order(((const struct ref *)a)->key->create.alias, ((const struct ref *)b)->key->create.alias);
}

/* A multi-Region key has one id in all its Regions; a key without a Region could be either. */
static bool same_place(const struct plan_key *a, const struct plan_key *b)
{
	return !a->region[0] || !b->region[0] || strcmp(a->region, b->region) == 0;
}

static int twice(const struct plan_key *a, const struct plan_key *b, const char *what, struct kh_error *err)
{
	const struct plan_key *later = a->at->line > b->at->line ? a : b, *first = later == a ? b : a;
	const struct yamldoc_node *node = yamldoc_get(later->at, what);

	if (!node)
		node = yamldoc_get(later->create.at, what);
	return yamldoc_fail(node ? node : later->at, err, "%s '%.200s' stands there twice: the key on line %zu has it", what,
			    node ? node->text : "", first->at->line);
}

/* Sorted, so that ten thousand keys are no matter. */
static int check_sorted(struct ref *sorted, size_t n, const char *what, int (*by)(const void *, const void *),
			struct kh_error *err)
{
	qsort(sorted, n, sizeof(*sorted), by);
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n && by(&sorted[i], &sorted[j]) == 0; j++) {
			const struct plan_key *a = sorted[i].key, *b = sorted[j].key;

			if ((by == by_id && !a->key_id) || (by == by_alias && !a->create.alias))
				break;
			if (by == by_name || same_place(a, b))
				return twice(a, b, what, err);
		}
	return 0;
}

int plan_check_twice(const struct plan_key *keys, size_t n, struct kh_error *err)
{
	struct ref *sorted = malloc((n ? n : 1) * sizeof(*sorted));
	int rc;

	if (!sorted)
		return kh_fail_memory(err);
	for (size_t i = 0; i < n; i++)
		sorted[i].key = &keys[i];
	rc = check_sorted(sorted, n, "name", by_name, err) || check_sorted(sorted, n, "key_id", by_id, err) ||
			     check_sorted(sorted, n, "alias", by_alias, err)
		     ? -1
		     : 0;
	free(sorted);
	return rc;
}
