/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle_struct.h"

#include "base/clock.h"
#include "bundle_check.h"
#include "bundle_json.h"
#include "canon.h"
#include "jsontext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PROOFS "proofs"
#define APPROVALS "approvals"
#define MATERIAL_SIGNATURE "material_signature"
#define SKEW 300 /* seconds that the clocks of two hosts may differ */
#define PARAMETERS_LIFE 86400 /* seconds that KMS gives them: GetParametersForImport, ParametersValidTo */

/* The version first: of a newer format nothing else can be said. */
static int check_version(json_t *root, struct kh_error *err)
{
	json_t *version = json_object_get(root, BUNDLE_VERSION_NAME);

	if (!version) {
		kh_fail(err, KH_E_INPUT, 0, "not a keyhaul bundle");
		return kh_hint(err, BUNDLE_JSON_NO_BUNDLE);
	}
	if (json_is_integer(version) && json_integer_value(version) == BUNDLE_VERSION)
		return 0;
	if (json_is_integer(version) && json_integer_value(version) > BUNDLE_VERSION) {
		kh_fail(err, KH_E_INPUT, 0, "format version %lld: made by a newer keyhaul",
			(long long)json_integer_value(version));
		return kh_hint(err, "this keyhaul reads version %d: update it", BUNDLE_VERSION);
	}
	return kh_fail(err, KH_E_INPUT, 0, BUNDLE_VERSION_NAME ": not a version of the format");
}

static int check_names(json_t *root, struct kh_error *err)
{
	static const char *const known[] = {BUNDLE_VERSION_NAME, "request", APPROVALS, "material", MATERIAL_SIGNATURE,
					     "receipt", PROOFS};
	const char *name;
	json_t *member;

	json_object_foreach(root, name, member) {
		size_t i = 0;

		while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], name) != 0)
			i++;
		if (i == sizeof(known) / sizeof(known[0])) {
			kh_fail(err, KH_E_INPUT, 0, "%.64s: unknown name", name);
			return kh_hint(err, "misspelt, or made by a newer keyhaul: then update this one");
		}
	}
	return 0;
}

static int read_request(struct bundle *b, struct kh_error *err)
{
	json_t *json = json_object_get(b->root, "request");

	if (!json)
		return kh_fail(err, KH_E_INPUT, 0, "request: missing");
	if (fields_read(&fields_request, json, &b->request, &b->store, err) ||
	    bundle_check_request(&b->request, &b->facts, err))
		return -1;
	return canon_sha256(json, b->request_sha256, err);
}

static int read_material(struct bundle *b, struct kh_error *err)
{
	json_t *json = json_object_get(b->root, "material");

	if (!json)
		return 0;
	if (fields_read(&fields_material, json, &b->material, &b->store, err) ||
	    bundle_check_material(&b->material, &b->facts, b->request_sha256, err) ||
	    bundle_check_told(&b->material.told_now, b->request.fetched_at, b->request.parameters_valid_to, "material", err))
		return -1;
	b->has_material = true;
	return canon_sha256(json, b->material_sha256, err);
}

static int read_receipt(struct bundle *b, struct kh_error *err)
{
	json_t *json = json_object_get(b->root, "receipt");

	if (!json)
		return 0;
	if (!b->has_material)
		return kh_fail(err, KH_E_INPUT, 0, "receipt: there is no material that it could be of");
	if (fields_read(&fields_receipt, json, &b->receipt, &b->store, err) ||
	    bundle_check_receipt(&b->receipt, &b->facts, b->material_sha256, err))
		return -1;
	b->has_receipt = true;
	return 0;
}

static int read_proofs(struct bundle *b, struct kh_error *err)
{
	json_t *json = json_object_get(b->root, PROOFS), *one;
	size_t i;

	if (!json)
		return 0;
	if (!b->has_material)
		return kh_fail(err, KH_E_INPUT, 0, PROOFS ": there is no material that they could be of");
	if (!json_is_array(json) || json_array_size(json) == 0 || json_array_size(json) > BUNDLE_PROOFS_MAX)
		return kh_fail(err, KH_E_INPUT, 0, PROOFS ": not an array of 1 to %d", BUNDLE_PROOFS_MAX);
	json_array_foreach(json, i, one)
		if (fields_read(&fields_proof, one, &b->proofs[i], &b->store, err) ||
		    bundle_check_proof(&b->proofs[i], b->material_sha256, err) ||
		    bundle_check_told(&b->proofs[i].told_now, b->request.fetched_at, INT64_MAX, PROOFS, err))
			return -1;
	b->n_proofs = json_array_size(json);
	return 0;
}

static int read_approvals(struct bundle *b, struct kh_error *err)
{
	json_t *json = json_object_get(b->root, APPROVALS), *one;
	size_t i;

	if (!json)
		return 0;
	if (!json_is_array(json) || json_array_size(json) == 0 || json_array_size(json) > BUNDLE_APPROVALS_MAX)
		return kh_fail(err, KH_E_INPUT, 0, APPROVALS ": not an array of 1 to %d", BUNDLE_APPROVALS_MAX);
	json_array_foreach(json, i, one)
		if (fields_read(&fields_approval, one, &b->approvals[i], &b->store, err) ||
		    bundle_check_approval(&b->approvals[i], b->request_sha256, err) ||
		    bundle_check_told(&b->approvals[i].told_now, b->request.fetched_at, b->request.parameters_valid_to, "approvals", err))
			return -1;
	b->n_approvals = json_array_size(json);
	return 0;
}

static int read_material_signature(struct bundle *b, struct kh_error *err)
{
	json_t *json = json_object_get(b->root, MATERIAL_SIGNATURE);

	if (!json)
		return 0;
	if (!b->has_material)
		return kh_fail(err, KH_E_INPUT, 0, MATERIAL_SIGNATURE ": there is no material that it could be of");
	return fields_read_blob(MATERIAL_SIGNATURE, BUNDLE_SIGNATURE_MAX, json, &b->material_signature, &b->store, err);
}

int bundle_parse(const char *data, size_t len, struct bundle **out, struct kh_error *err)
{
	struct bundle *b = calloc(1, sizeof(*b));

	if (!b)
		return kh_fail_memory(err);
	b->root = bundle_json_load(data, len, err);
	if (!b->root || check_version(b->root, err) || check_names(b->root, err) || read_request(b, err) ||
	    read_approvals(b, err) || read_material(b, err) || read_material_signature(b, err) || read_receipt(b, err) ||
	    read_proofs(b, err)) {
		bundle_free(b);
		return -1;
	}
	*out = b;
	return 0;
}

void bundle_free(struct bundle *b)
{
	while (b) {
		struct bundle *before = b->before;

		json_decref(b->root);
		fields_store_free(&b->store);
		free(b);
		b = before;
	}
}

const struct bundle_request *bundle_request(const struct bundle *b)
{
	return &b->request;
}

const struct bundle_facts *bundle_facts(const struct bundle *b)
{
	return &b->facts;
}

const struct bundle_material *bundle_material(const struct bundle *b)
{
	return b->has_material ? &b->material : NULL;
}

const struct bundle_receipt *bundle_receipt(const struct bundle *b)
{
	return b->has_receipt ? &b->receipt : NULL;
}

const struct bundle_proof *bundle_proofs(const struct bundle *b, size_t *n)
{
	*n = b->n_proofs;
	return b->proofs;
}

const struct bundle_approval *bundle_approvals(const struct bundle *b, size_t *n)
{
	*n = b->n_approvals;
	return b->approvals;
}

const struct bundle_blob *bundle_material_signature(const struct bundle *b)
{
	return b->material_signature.data ? &b->material_signature : NULL;
}

const char *bundle_request_sha256(const struct bundle *b)
{
	return b->request_sha256;
}

const char *bundle_material_sha256(const struct bundle *b)
{
	return b->material_sha256;
}

int bundle_text(const json_t *root, struct buf *out, struct kh_error *err)
{
	char *text = jsontext_write(root, JSON_INDENT(2) | JSON_SORT_KEYS);
	int rc = -1;

	if (!text)
		return kh_fail_memory(err);
	if (buf_add(out, text, strlen(text), err) || buf_add(out, "\n", 1, err))
		kh_context(err, "the bundle");
	else
		rc = 0;
	free(text);
	return rc;
}

int bundle_write(const struct bundle *b, struct buf *out, struct kh_error *err)
{
	return bundle_text(b->root, out, err);
}

int bundle_canonical(const struct bundle *b, const char *section, struct buf *out, struct kh_error *err)
{
	const json_t *json = json_object_get(b->root, section);

	if (!json)
		return kh_fail(err, KH_E_INPUT, 0, "the bundle has no %s", section);
	return canon_text(json, out, err);
}

int bundle_check_fetched(const struct bundle *b, int64_t now, struct kh_error *err)
{
	char from[CLOCK_TEXT], is[CLOCK_TEXT];

	if (b->request.fetched_at <= now + SKEW)
		return 0;
	clock_format(b->request.fetched_at, from);
	clock_format(now, is);
	kh_fail(err, KH_E_CHECK, 0, "the bundle was fetched at %s, and it is %s", from, is);
	return kh_hint(err, "either the clock is wrong, or the bundle says what is not so: ask who fetched it; on a host without a clock "
			    "--now tells wrap and approve the time");
}

static int check_life(const struct bundle_request *r, struct kh_error *err)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];

	if (r->parameters_valid_to - r->fetched_at <= PARAMETERS_LIFE + SKEW)
		return 0;
	clock_format(r->fetched_at, from);
	clock_format(r->parameters_valid_to, to);
	kh_fail(err, KH_E_CHECK, 0, "the parameters of this bundle are good until %s, and were fetched at %s", to, from);
	return kh_hint(err, "KMS gives them 24 hours: the bundle says what is not so, or was fetched by a wrong clock; fetch again");
}

int bundle_check_time(const struct bundle *b, int64_t now, struct kh_error *err)
{
	char when[CLOCK_TEXT];

	if (check_life(&b->request, err))
		return -1;
	if (now < b->request.parameters_valid_to)
		return 0;
	clock_format(b->request.parameters_valid_to, when);
	kh_fail(err, KH_E_CHECK, 0, "the parameters of this bundle expired at %s", when);
	return kh_hint(err, "KMS gives them 24 hours: run fetch again, then wrap and import within that time; if they are younger "
			    "than that, this host's clock is wrong");
}

int bundle_check_here(const struct bundle *b, int64_t now, struct kh_error *err)
{
	/* keyhaul-sim's time may be ahead, for the rehearsal of what comes later */
	if (!arn_is_rehearsal(&b->facts.arn) && bundle_check_fetched(b, now, err))
		return -1;
	return bundle_check_time(b, now, err);
}
