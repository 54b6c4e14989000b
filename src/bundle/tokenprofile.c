/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "tokenprofile.h"

#include "bundle_json.h"
#include "tokenprofile_fields.h"
#include "jsontext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_NAME "keyhaul_token_profile"
#define VERSION_NUMBER 1

struct tokenprofile_read {
	json_t *root;
	struct tokenprofile profile;
	struct fields_store store; /* no field of it is a blob */
};

json_t *tokenprofile_json(const struct tokenprofile *p, struct kh_error *err)
{
	json_t *root = fields_write(&fields_tokenprofile, p, err);

	if (root != NULL && json_object_set_new(root, VERSION_NAME, json_integer(VERSION_NUMBER)) != 0) {
		json_decref(root);
		kh_fail_memory(err);
		return NULL;
	}
	return root;
}

/* By the way of a replacement, as bundles are written, so that no half of it is ever there under its name. */
static int open_new(const char *path, struct file **out, struct kh_error *err)
{
	if (file_open(path, BUNDLE_MAX, out, err) != 0)
		return -1;
	if (file_content(*out) == NULL)
		return 0;
	file_close(*out);
	kh_fail_errno(err, KH_E_INPUT, EEXIST, "%s", path);
	return kh_hint(err, "nothing is overwritten: name another, or move that one away");
}

static int write_new(const char *path, const char *text, struct kh_error *err)
{
	struct file *f = NULL;
	int ret;

	if (open_new(path, &f, err) != 0)
		return -1;
	ret = file_replace(f, text, strlen(text), err);
	file_close(f);
	return ret;
}

int tokenprofile_check_new(const char *path, struct kh_error *err)
{
	struct file *f = NULL;

	if (open_new(path, &f, err) != 0)
		return -1;
	file_close(f);
	return 0;
}

int tokenprofile_create(const struct tokenprofile *p, const char *path, struct kh_error *err)
{
	json_t *root = tokenprofile_json(p, err);
	struct buf text = BUF_INIT(BUNDLE_MAX);
	char *dumped = NULL;
	int ret = -1;

	if (root == NULL)
		return -1;
	dumped = jsontext_write(root, JSON_INDENT(1) | JSON_SORT_KEYS);
	if (dumped == NULL)
		kh_fail_memory(err);
	else if (buf_addf(&text, "%s\n", err, dumped) == 0)
		ret = write_new(path, buf_text(&text), err);
	free(dumped);
	buf_free(&text);
	json_decref(root);
	return ret;
}

static int check_version(json_t *root, struct kh_error *err)
{
	json_t *version = json_object_get(root, VERSION_NAME);

	if (version == NULL) {
		kh_fail(err, KH_E_INPUT, 0, "not a token profile");
		return kh_hint(err, "'keyhaul-token probe --out FILE' makes one");
	}
	if (json_is_integer(version) && json_integer_value(version) == VERSION_NUMBER)
		return json_object_del(root, VERSION_NAME); /* the table has the rest */
	kh_fail(err, KH_E_INPUT, 0, VERSION_NAME ": not a version that this keyhaul reads (%d)", VERSION_NUMBER);
	return kh_hint(err, "made by a newer keyhaul: update this one, or probe the token again with this one");
}

int tokenprofile_parse(const char *data, size_t len, struct tokenprofile_read **out, struct kh_error *err)
{
	struct tokenprofile_read *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r == NULL)
		return kh_fail_memory(err);
	r->root = bundle_json_load(data, len, err);
	if (r->root == NULL || check_version(r->root, err) != 0 ||
	    fields_read(&fields_tokenprofile, r->root, &r->profile, &r->store, err) != 0) {
		tokenprofile_free(r);
		return -1;
	}
	*out = r;
	return 0;
}

int tokenprofile_load(const char *path, struct tokenprofile_read **out, struct kh_error *err)
{
	struct buf text = BUF_INIT(BUNDLE_MAX);
	int ret = file_read(path, &text, err);

	*out = NULL;
	if (ret == 0 && tokenprofile_parse(buf_text(&text), text.len, out, err) != 0)
		ret = kh_context(err, "%s", path);
	buf_free(&text);
	return ret;
}

const struct tokenprofile *tokenprofile_of(const struct tokenprofile_read *r)
{
	return &r->profile;
}

void tokenprofile_free(struct tokenprofile_read *r)
{
	if (r == NULL)
		return;
	fields_store_free(&r->store);
	json_decref(r->root);
	free(r);
}

/* How much there is against a row that is proven: `wrap` needs an option for it, KMS has to pass over what is behind the key. */
enum drawback { NO_DRAWBACK, ZEROS, UNLISTED, UNLISTED_ZEROS, DRAWBACKS };

static enum drawback drawback_of(const struct tokenprofile_row *row)
{
	bool zeros = row->trailing_zeros > 0;

	return row->listed == BUNDLE_FALSE ? (zeros ? UNLISTED_ZEROS : UNLISTED) : zeros ? ZEROS : NO_DRAWBACK;
}

static bool is_of(const struct tokenprofile_row *row, const char *verdict, enum keyspec spec, enum wrapalg alg)
{
	return strcmp(row->verdict, verdict) == 0 && strcmp(row->key_spec, keyspec_name(spec)) == 0 &&
	       (alg == WRAPALG_NONE || strcmp(row->wrapping_algorithm, wrapalg_name(alg)) == 0);
}

static const struct tokenprofile_row *proven(const struct tokenprofile *p, enum keyspec spec, enum wrapalg alg,
					     enum drawback drawback)
{
	for (size_t i = 0; i < p->n_rows; i++)
		if (is_of(&p->rows[i], TOKENPROFILE_PROVEN, spec, alg) && drawback_of(&p->rows[i]) == drawback)
			return &p->rows[i];
	return NULL;
}

static int none_proven(const struct tokenprofile *p, enum keyspec spec, enum keyspec probed, unsigned wrapping_bits,
		       struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, 0, "the token of this profile was proven to do no algorithm that KMS takes for %s under "
		"%s", keyspec_name(spec), wrapalg_bits_name(wrapping_bits));
	for (size_t i = 0; i < p->n_rows; i++)
		if (is_of(&p->rows[i], TOKENPROFILE_UNTOLD, probed, WRAPALG_NONE))
			return kh_hint(err, "what it does with such a key is not known: it was in trouble when it was probed (%s); "
					    "probe it again", p->rows[i].native_name != NULL ? p->rows[i].native_name : "no code");
	return kh_hint(err, "its rows say what each was found to be; another token or key spec is needed, or probe it "
			    "again after an update");
}

int tokenprofile_choose(const struct tokenprofile *p, enum keyspec spec, unsigned wrapping_bits, const struct arn *arn,
			enum wrapalg *out, const struct tokenprofile_row **row, struct kh_error *err)
{
	/* SHA-256 before SHA-1, and private keys not straight under RSA where it can be helped */
	static const enum wrapalg order[] = {WRAPALG_RSA_AES_KEY_WRAP_SHA_256, WRAPALG_RSAES_OAEP_SHA_256,
					     WRAPALG_RSA_AES_KEY_WRAP_SHA_1, WRAPALG_RSAES_OAEP_SHA_1};
	enum { ORDER = sizeof(order) / sizeof(order[0]) };
	const struct keyspec_info *info = keyspec_info(spec);
	enum keyspec probed = info != NULL && info->kind == KEYSPEC_RSA ? KEYSPEC_RSA_2048 : spec;
	struct kh_error ignored;

	for (size_t i = 0; i < DRAWBACKS * ORDER; i++) {
		enum wrapalg alg = order[i % ORDER];
		const struct tokenprofile_row *found = proven(p, probed, alg, (enum drawback)(i / ORDER));

		if (found == NULL || wrapalg_check(spec, alg, wrapping_bits, arn, &ignored) != 0)
			continue;
		*out = alg;
		if (row != NULL)
			*row = found;
		return 0;
	}
	return none_proven(p, spec, probed, wrapping_bits, err);
}
