/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle.h"

#include "base/clock.h"
#include "bundle_check.h"
#include "bundle_fields.h"
#include "bundle_json.h"
#include "canon.h"
#include "jsontext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_NAME "keyhaul_bundle"
#define VERSION_NUMBER 1
#define PROOFS "proofs"

struct bundle {
	json_t *root;
	struct bundle_request request;
	struct bundle_facts facts;
	struct bundle_material material;
	struct bundle_receipt receipt;
	struct bundle_proof proofs[BUNDLE_PROOFS_MAX];
	size_t n_proofs;
	bool has_material, has_receipt;
	char request_sha256[BUNDLE_DIGEST_HEX];
	char material_sha256[BUNDLE_DIGEST_HEX];
	struct fields_store store;
	struct bundle *before; /* what it was before a section was set: strings handed out stay good */
};

/* The version first: of a newer format nothing else can be said. */
static int check_version(json_t *root, struct kh_error *err)
{
	json_t *version = json_object_get(root, VERSION_NAME);

	if (!version) {
		kh_fail(err, KH_E_INPUT, 0, "not a keyhaul bundle");
		return kh_hint(err, BUNDLE_JSON_NO_BUNDLE);
	}
	if (json_is_integer(version) && json_integer_value(version) == VERSION_NUMBER)
		return 0;
	if (json_is_integer(version) && json_integer_value(version) > VERSION_NUMBER) {
		kh_fail(err, KH_E_INPUT, 0, "format version %lld: made by a newer keyhaul",
			(long long)json_integer_value(version));
		return kh_hint(err, "this keyhaul reads version %d: update it", VERSION_NUMBER);
	}
	return kh_fail(err, KH_E_INPUT, 0, VERSION_NAME ": not a version of the format");
}

static int check_names(json_t *root, struct kh_error *err)
{
	static const char *const known[] = {VERSION_NAME, "request", "material", "receipt", PROOFS};
	const char *name;
	json_t *member;

	json_object_foreach(root, name, member) {
		size_t i = 0;

		while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], name) != 0)
			i++;
		if (i == sizeof(known) / sizeof(known[0])) {
			kh_fail(err, KH_E_INPUT, 0, "%.64s: unknown name", name);
			return kh_hint(err, strcmp(name, "approvals") == 0
						    ? "made by a newer keyhaul: update this one"
						    : "misspelt, or made by a newer keyhaul: then update this one");
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
	    bundle_check_material(&b->material, &b->facts, b->request_sha256, err))
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
		    bundle_check_proof(&b->proofs[i], b->material_sha256, err))
			return -1;
	b->n_proofs = json_array_size(json);
	return 0;
}

int bundle_parse(const char *data, size_t len, struct bundle **out, struct kh_error *err)
{
	struct bundle *b = calloc(1, sizeof(*b));

	if (!b)
		return kh_fail_memory(err);
	b->root = bundle_json_load(data, len, err);
	if (!b->root || check_version(b->root, err) || check_names(b->root, err) || read_request(b, err) ||
	    read_material(b, err) || read_receipt(b, err) || read_proofs(b, err)) {
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

const char *bundle_request_sha256(const struct bundle *b)
{
	return b->request_sha256;
}

const char *bundle_material_sha256(const struct bundle *b)
{
	return b->material_sha256;
}

static int to_text(const json_t *root, struct buf *out, struct kh_error *err)
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

/* What is written is read again by the reader of files: nothing leaves that would not be let in. */
static int from_root(const json_t *root, struct bundle **out, struct kh_error *err)
{
	struct buf text = BUF_INIT(BUNDLE_MAX);
	int rc = to_text(root, &text, err);

	if (!rc)
		rc = bundle_parse(buf_text(&text), text.len, out, err);
	buf_free(&text);
	return rc;
}

int bundle_new(const struct bundle_request *request, struct bundle **out, struct kh_error *err)
{
	json_t *section = fields_write(&fields_request, request, err), *root;
	int rc;

	if (!section)
		return -1;
	root = json_pack("{s:i, s:o}", VERSION_NAME, VERSION_NUMBER, "request", section);
	rc = root ? from_root(root, out, err) : kh_fail_memory(err);
	json_decref(root);
	return rc;
}

/* Of an object or an array; json_copy leaves out what there is no memory for. */
static json_t *copy_of(json_t *from)
{
	json_t *copy = json_is_array(from) ? json_array() : json_object(), *member;
	int failed = !copy;
	const char *name;
	size_t i;

	json_array_foreach(from, i, member)
		failed = failed || json_array_append(copy, member);
	json_object_foreach(from, name, member)
		failed = failed || json_object_set(copy, name, member);
	if (failed) {
		json_decref(copy);
		copy = NULL;
	}
	return copy;
}

/* The bundle becomes what `root` says; on failure it stays what it was. */
static int become(struct bundle *b, const json_t *root, struct kh_error *err)
{
	struct bundle *next = NULL, swap;

	if (from_root(root, &next, err))
		return -1;
	swap = *b;
	*b = *next;
	*next = swap;
	b->before = next; /* whose own `before` goes on the chain */
	return 0;
}

/* Takes the JSON over, under its name; what `drop` lists up to a NULL goes. */
static int set_json(struct bundle *b, const char *name, json_t *json, const char *const *drop, struct kh_error *err)
{
	json_t *root = json ? copy_of(b->root) : NULL;
	int rc = -1;

	if (!root || json_object_set(root, name, json)) {
		kh_fail_memory(err);
		goto out;
	}
	for (; *drop; drop++)
		(void)json_object_del(root, *drop);
	rc = become(b, root, err);
out:
	json_decref(root);
	json_decref(json);
	return rc;
}

static int set_section(struct bundle *b, const struct fields_section *section, const char *name, const void *from,
		       const char *const *drop, struct kh_error *err)
{
	json_t *json = fields_write(section, from, err);

	return json ? set_json(b, name, json, drop, err) : -1;
}

int bundle_set_material(struct bundle *b, const struct bundle_material *m, struct kh_error *err)
{
	static const char *const drop[] = {"receipt", PROOFS, NULL};

	return set_section(b, &fields_material, "material", m, drop, err);
}

int bundle_set_receipt(struct bundle *b, const struct bundle_receipt *r, struct kh_error *err)
{
	static const char *const drop[] = {NULL};

	return set_section(b, &fields_receipt, "receipt", r, drop, err);
}

int bundle_set_proof(struct bundle *b, size_t at_index, const struct bundle_proof *p, struct kh_error *err)
{
	static const char *const drop[] = {NULL};
	json_t *one = fields_write(&fields_proof, p, err), *there = json_object_get(b->root, PROOFS);
	json_t *all = one ? there ? copy_of(there) : json_array() : NULL;
	bool add = at_index >= b->n_proofs;

	if (!one)
		return -1;
	if (all && add && b->n_proofs == BUNDLE_PROOFS_MAX)
		(void)json_array_remove(all, 0);
	if (!all || (add ? json_array_append(all, one) : json_array_set(all, at_index, one))) {
		json_decref(all);
		all = NULL;
	}
	json_decref(one);
	return set_json(b, PROOFS, all, drop, err);
}

int bundle_write(const struct bundle *b, struct buf *out, struct kh_error *err)
{
	return to_text(b->root, out, err);
}

int bundle_canonical(const struct bundle *b, const char *section, struct buf *out, struct kh_error *err)
{
	const json_t *json = json_object_get(b->root, section);

	if (!json)
		return kh_fail(err, KH_E_INPUT, 0, "the bundle has no %s", section);
	return canon_text(json, out, err);
}

int bundle_check_time(const struct bundle *b, int64_t now, struct kh_error *err)
{
	char when[CLOCK_TEXT];

	if (now < b->request.parameters_valid_to)
		return 0;
	clock_format(b->request.parameters_valid_to, when);
	kh_fail(err, KH_E_CHECK, 0, "the parameters of this bundle expired at %s", when);
	return kh_hint(err, "KMS gives them 24 hours: run fetch again, then wrap and import within that time; if they are younger "
			    "than that, this host's clock is wrong");
}
