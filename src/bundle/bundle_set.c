/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle_struct.h"

#include "canon.h"

#include <stdlib.h>

#define PROOFS "proofs"

/* What is written is read again by the reader of files: nothing leaves that would not be let in. */
static int from_root(const json_t *root, struct bundle **out, struct kh_error *err)
{
	struct buf text = BUF_INIT(BUNDLE_MAX);
	int rc = bundle_text(root, &text, err);

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
	root = json_pack("{s:i, s:o}", BUNDLE_VERSION_NAME, BUNDLE_VERSION, "request", section);
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
	static const char *const drop[] = {"material_signature", "receipt", PROOFS, NULL};

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

int bundle_add_approval(struct bundle *b, const struct bundle_approval *a, struct kh_error *err)
{
	static const char *const drop[] = {NULL};
	json_t *one, *all, *there = json_object_get(b->root, "approvals");

	if (b->n_approvals == BUNDLE_APPROVALS_MAX) {
		kh_fail(err, KH_E_INPUT, 0, "a bundle holds %d approvals, and this one has them", BUNDLE_APPROVALS_MAX);
		return kh_hint(err, "'keyhaul inspect' shows them; begin again with a copy that has none which count for nobody");
	}
	one = fields_write(&fields_approval, a, err);
	if (!one)
		return -1;
	all = there ? copy_of(there) : json_array();
	if (!all || json_array_append(all, one)) {
		json_decref(all);
		all = NULL;
	}
	json_decref(one);
	return set_json(b, "approvals", all, drop, err);
}

int bundle_set_material_signature(struct bundle *b, struct bundle_blob signature, struct kh_error *err)
{
	static const char *const drop[] = {NULL};
	json_t *json = fields_write_blob(&signature, err);

	return json ? set_json(b, "material_signature", json, drop, err) : -1;
}

int bundle_approval_text(const struct bundle_approval *a, struct buf *out, struct kh_error *err)
{
	json_t *json = fields_write(&fields_approval, a, err);
	int rc = json ? canon_text(json_object_get(json, "approval"), out, err) : -1;

	json_decref(json);
	return rc;
}
