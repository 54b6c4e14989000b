/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "awscli.h"

#include "base/base64.h"
#include "base/shell.h"
#include "bundle/jsontext.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

static int64_t valid_to(const struct intent *i, int64_t now)
{
	return i->valid_for ? now + i->valid_for : i->valid_to;
}

static int set_blob(json_t *to, const char *name, struct bundle_blob blob, struct kh_error *err)
{
	struct buf text = BUF_INIT(AWSCLI_INPUT_MAX);
	int rc = base64_encode(blob.data, blob.len, &text, err);

	if (!rc && json_object_set_new(to, name, json_string(buf_text(&text))))
		rc = kh_fail_memory(err);
	buf_free(&text);
	return rc;
}

int awscli_input(const struct bundle *b, const struct intent *intent, int64_t now, struct buf *out,
		 struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);
	int64_t until = valid_to(intent, now);
	json_t *doc = jsontext_pack("{s:s, s:s*, s:s*, s:s*, s:s*}", "KeyId", r->kms_key_arn, "ExpirationModel",
				intent->expiration_model, "ImportType", intent->import_type, "KeyMaterialId",
				intent->key_material_id, "KeyMaterialDescription", intent->key_material_description);
	char *text = NULL;
	int rc = -1;

	if (!doc || (until && json_object_set_new(doc, "ValidTo", json_integer(until)))) {
		kh_fail_memory(err);
		goto out;
	}
	if (set_blob(doc, "ImportToken", r->import_token, err) ||
	    set_blob(doc, "EncryptedKeyMaterial", bundle_material(b)->encrypted_key_material, err))
		goto out;
	text = jsontext_write(doc, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
	rc = text ? buf_addf(out, "%s\n", err, text) : kh_fail_memory(err);
out:
	free(text);
	json_decref(doc);
	return rc;
}

/* A file of the folder as the CLI names it. */
static int file_word(const char *scheme, const char *dir, const char *name, struct buf *out, struct kh_error *err)
{
	struct buf word = BUF_INIT(8192);
	int rc = -1;

	if (!buf_addf(&word, "%s://%s/%s", err, scheme, dir, name))
		rc = shell_word(buf_text(&word), out, err);
	buf_free(&word);
	return rc;
}

static int option(const char *name, const char *value, struct buf *out, struct kh_error *err)
{
	const char *const words[] = {name, value, NULL};

	return value ? shell_words(words, out, err) : 0;
}

static int where(const struct bundle *b, struct buf *out, struct kh_error *err)
{
	const struct arn *arn = &bundle_facts(b)->arn;
	const char *endpoint = bundle_request(b)->endpoint;

	if (option("--region", arn->region, out, err) || option("--endpoint-url", endpoint, out, err))
		return -1;
	/* a rehearsal's must not go to AWS: with the variable unset the CLI stops at the empty URL */
	if (!endpoint && arn_is_rehearsal(arn))
		return buf_addf(out, " --endpoint-url \"$AWS_ENDPOINT_URL_KMS\"", err);
	return 0;
}

/* The members one by one, for material that another tool wraps. */
static int members(const struct bundle *b, const struct intent *i, const char *dir, int64_t now, struct buf *out,
		   struct kh_error *err)
{
	const char *const import_token[] = {"--import-token", NULL}, *const material[] = {"--encrypted-key-material", NULL};
	char until[32];

	(void)snprintf(until, sizeof(until), "%" PRId64, valid_to(i, now));
	if (option("--key-id", bundle_request(b)->kms_key_arn, out, err) || shell_words(import_token, out, err) ||
	    file_word("fileb", dir, AWSCLI_IMPORT_TOKEN, out, err) || shell_words(material, out, err) ||
	    file_word("fileb", dir, AWSCLI_MATERIAL, out, err) ||
	    option("--expiration-model", i->expiration_model, out, err) ||
	    option("--valid-to", valid_to(i, now) ? until : NULL, out, err) ||
	    option("--import-type", i->import_type, out, err) ||
	    option("--key-material-id", i->key_material_id, out, err) ||
	    option("--key-material-description", i->key_material_description, out, err))
		return -1;
	return 0;
}

int awscli_command(const struct bundle *b, const struct intent *intent, const char *dir, int64_t now, struct buf *out,
		   struct kh_error *err)
{
	const char *const verb[] = {"aws", "kms", "import-key-material", NULL};
	const char *const input[] = {"--cli-binary-format", "base64", "--cli-input-json", NULL};

	if (shell_words(verb, out, err) || where(b, out, err))
		return -1;
	if (!bundle_material(b))
		return members(b, intent, dir, now, out, err);
	return shell_words(input, out, err) ? -1 : file_word("file", dir, AWSCLI_INPUT, out, err);
}
