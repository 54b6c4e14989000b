/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "parameters.h"

#include "aws/awstime.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/file.h"
#include "bundle/jsonwhy.h"
#include "bundle/jsontext.h"

#include <jansson.h>
#include <string.h>

static const char *text_of(const json_t *doc, const char *name, struct kh_error *err)
{
	const json_t *value = json_object_get(doc, name);

	if (json_is_string(value))
		return json_string_value(value);
	kh_fail(err, KH_E_INPUT, 0, "%s is %s", name, value ? "not a string" : "missing");
	kh_hint(err, "give what 'aws kms get-parameters-for-import --output json' prints, whole");
	return NULL;
}

static int take_arn(const json_t *doc, struct parameters *out, struct kh_error *err)
{
	const char *arn = text_of(doc, "KeyId", err);

	if (!arn)
		return -1;
	if (strlen(arn) > ARN_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "KeyId is longer than %d characters", ARN_MAX);
	memcpy(out->kms_key_arn, arn, strlen(arn) + 1);
	return 0;
}

static int take_blob(const json_t *doc, const char *name, struct buf *out, struct kh_error *err)
{
	const char *text = text_of(doc, name, err);

	if (!text)
		return -1;
	if (base64_decode(text, strlen(text), out, err))
		return kh_context(err, "%s", name);
	return out->len ? 0 : kh_fail(err, KH_E_INPUT, 0, "%s is empty", name);
}

static int take_time(const json_t *doc, int64_t *out, struct kh_error *err)
{
	const json_t *value = json_object_get(doc, "ParametersValidTo");
	double number;

	if (!json_is_number(value)) {
		const char *text = text_of(doc, "ParametersValidTo", err);

		return !text ? -1
			     : awstime_parse_absolute(text, out, err) ? kh_context(err, "ParametersValidTo") : 0;
	}
	number = json_number_value(value);
	if (!(number >= 1 && number <= (double)CLOCK_MAX))
		return kh_fail(err, KH_E_INPUT, 0, "ParametersValidTo: no time of this kind");
	*out = (int64_t)number;
	return 0;
}

static int take_all(const json_t *doc, struct parameters *out, struct kh_error *err)
{
	if (take_arn(doc, out, err) || take_blob(doc, "PublicKey", &out->public_key, err) ||
	    take_blob(doc, "ImportToken", &out->import_token, err) || take_time(doc, &out->valid_to, err))
		return -1;
	return 0;
}

int parameters_read_json(const char *path, struct parameters *out, struct kh_error *err)
{
	const char *file = strcmp(path, "-") == 0 ? "/dev/stdin" : path;
	struct buf text = BUF_INIT(PARAMETERS_FILE_MAX);
	json_t *doc = NULL;
	json_error_t why;
	int rc = -1;

	if (file_read(file, &text, err))
		goto out;
	if (text.len == 0) {
		kh_fail(err, KH_E_INPUT, 0, "%s is empty", path);
		kh_hint(err, "'aws kms get-parameters-for-import' printed nothing: it failed, and said why on its standard error");
		goto out;
	}
	doc = jsontext_read(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, &why);
	if (!doc && json_error_code(&why) == json_error_out_of_memory) {
		kh_fail_memory(err);
	} else if (!json_is_object(doc)) {
		kh_fail(err, KH_E_INPUT, 0, "not a JSON object%s%s", doc ? "" : ": ", doc ? "" : jsonwhy(&why));
		kh_hint(err, "ask the AWS CLI for --output json; for .bin files there are --public-key and --import-token");
	} else {
		rc = take_all(doc, out, err);
	}
	if (rc)
		kh_context(err, "%s", path);
out:
	json_decref(doc);
	buf_free(&text);
	return rc;
}

/* The text without its line ends where it is lines of base64 and nothing else; false for anything else. */
static bool base64_lines(const struct buf *raw, struct buf *out, struct kh_error *err)
{
	struct buf text = BUF_INIT(PARAMETERS_FILE_MAX);
	const char *at = buf_text(raw), *end = at + raw->len;
	bool yes = raw->len > 0;

	while (yes && at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at)), *stop = nl ? nl : end;
		size_t len = (size_t)(stop - at);

		len -= nl && len && at[len - 1] == '\r';
		yes = len > 0 && !buf_add(&text, at, len, err);
		at = nl ? nl + 1 : end;
	}
	yes = yes && !base64_decode(buf_text(&text), text.len, out, err);
	buf_free(&text);
	return yes;
}

static int read_blob(const char *path, struct buf *out, struct kh_error *err)
{
	struct buf raw = BUF_INIT(PARAMETERS_FILE_MAX);
	struct kh_error ignored;
	int rc = -1;

	if (file_read(path, &raw, err))
		goto out;
	if (raw.len == 0) {
		kh_fail(err, KH_E_INPUT, 0, "%s is empty", path);
		kh_hint(err, "decode or copy it again from what KMS gave");
		goto out;
	}
	rc = 0;
	if (!base64_lines(&raw, out, &ignored)) {
		out->len = 0;
		rc = buf_add(out, raw.data, raw.len, err);
	}
	if (rc)
		kh_context(err, "%s", path);
out:
	buf_free(&raw);
	return rc;
}

int parameters_read_files(const char *public_key, const char *import_token, struct parameters *out,
			  struct kh_error *err)
{
	if (read_blob(public_key, &out->public_key, err) || read_blob(import_token, &out->import_token, err))
		return -1;
	if (out->public_key.len > 10 && memcmp(out->public_key.data, "-----BEGIN", 10) == 0) {
		kh_fail(err, KH_E_INPUT, 0, "%s is PEM, not DER", public_key);
		return kh_hint(err, "openssl pkey -pubin -in %s -outform DER -out PublicKey.bin", public_key);
	}
	return 0;
}

void parameters_clear(struct parameters *p)
{
	buf_free(&p->public_key);
	buf_free(&p->import_token);
}
