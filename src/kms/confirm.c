/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "confirm.h"

#include "base/log.h"
#include "canary.h"
#include "compare.h"

#include <stdio.h>
#include <string.h>

#define EXPIRES_IN 3600 /* seconds: were the impossible to happen, it would not last */

/* One question: the same KMS key, and what is submitted to it. */
struct ask {
	struct endpoint endpoint;
	struct kms kms;
	const struct bundle *bundle;
	unsigned char canary[CANARY_LEN];
	struct ops_parameters own;
};

/* That the key is there as the request says it is, and that no import of a canary could be of use to it. */
static int look_at_key(struct ask *a, struct kh_error *err)
{
	const struct bundle_request *request = bundle_request(a->bundle);
	struct ops_key key;

	if (ops_describe(&a->kms, request->kms_key_arn, &key, err)) {
		if (!kms_is_denied(err))
			return -1;
		return kh_hint(err, "a key that could take the canary is never sent one: allow kms:DescribeKey, which says what "
				    "the key takes");
	}
	if (compare_key(request, &key, err))
		return kh_context(err, "the request is not of this KMS key");
	return 0;
}

static int take_own(struct ask *a, struct kh_error *err)
{
	const struct bundle_request *request = bundle_request(a->bundle);

	if (ops_parameters(&a->kms, request->kms_key_arn, request->wrapping_algorithm, request->wrapping_key_spec, &a->own,
			   err))
		return -1;
	return compare_asked("GetParametersForImport", request->kms_key_arn, a->endpoint.region, a->own.arn,
			     endpoint_is_loopback(&a->endpoint), err);
}

static int took_it(const struct ask *a, struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, 0, "KMS TOOK A CANARY of %d bytes into %s, which can be no key material of %s", CANARY_LEN,
		bundle_request(a->bundle)->kms_key_arn, bundle_request(a->bundle)->key_spec);
	return kh_hint(err, "it expires within the hour: 'keyhaul-kms delete' takes it away now; use no request of this endpoint");
}

/* Submits a blob with an import token. `answer` is the name of the exception that is one of an import that was looked at. */
static int submit(struct ask *a, const struct bundle_blob *token, const struct buf *blob, char answer[CONFIRM_ANSWER_MAX],
		  struct kh_error *err)
{
	static const char *const looked_at[] = {"InvalidCiphertextException", "IncorrectKeyMaterialException",
						"ValidationException", "InvalidImportTokenException"};
	const struct bundle_request request = {.kms_key_arn = bundle_request(a->bundle)->kms_key_arn, .import_token = *token};
	const struct bundle_material material = {
		.encrypted_key_material = {(const unsigned char *)blob->data, blob->len}};
	const struct intent intent = {.expiration_model = INTENT_EXPIRES, .valid_to = kms_now(&a->kms) + EXPIRES_IN};
	struct ops_imported done;

	if (!ops_import(&a->kms, &request, &material, &intent, &done, err))
		return took_it(a, err);
	for (size_t i = 0; i < sizeof(looked_at) / sizeof(looked_at[0]); i++)
		if (kms_is_error(err, looked_at[i])) {
			(void)snprintf(answer, CONFIRM_ANSWER_MAX, "%s", looked_at[i]);
			log_debug("ImportKeyMaterial of a canary: %s", looked_at[i]);
			return 0;
		}
	return -1;
}

static int submit_canary(struct ask *a, const struct bundle_blob *spki, const struct bundle_blob *token, char *answer,
			 struct kh_error *err)
{
	const struct bundle_facts *facts = bundle_facts(a->bundle);
	struct buf blob = BUF_INIT(KMS_ENCRYPTED_KEY_MATERIAL_MAX);
	int rc = canary_wrap(a->canary, spki->data, spki->len, facts->algorithm, facts->wrapping_bits, &blob, err);

	if (!rc)
		rc = submit(a, token, &blob, answer, err);
	buf_free(&blob);
	return rc;
}

static int submit_noise(struct ask *a, const struct bundle_blob *token, char *answer, struct kh_error *err)
{
	const struct bundle_facts *facts = bundle_facts(a->bundle);
	struct buf blob = BUF_INIT(KMS_ENCRYPTED_KEY_MATERIAL_MAX);
	int rc = canary_noise(facts->algorithm, facts->wrapping_bits, &blob, err);

	if (!rc)
		rc = submit(a, token, &blob, answer, err);
	buf_free(&blob);
	return rc;
}

static struct bundle_blob blob_of(const struct buf *b)
{
	return (struct bundle_blob){(const unsigned char *)b->data, b->len};
}

static int ask_all(struct ask *a, struct confirm *out, struct kh_error *err)
{
	const struct bundle_request *request = bundle_request(a->bundle);
	struct bundle_blob spki, token;

	if (look_at_key(a, err) || take_own(a, err))
		return -1;
	spki = blob_of(&a->own.public_key);
	token = blob_of(&a->own.import_token);
	if (canary_make(a->canary, err) || submit_canary(a, &spki, &token, out->own, err) ||
	    submit_noise(a, &token, out->noise, err))
		return kh_context(err, "a canary under a wrapping key of our own");
	if (strcmp(out->own, "InvalidImportTokenException") == 0 || strcmp(out->noise, "InvalidImportTokenException") == 0)
		return kh_fail(err, KH_E_KMS, 0, "KMS does not take the import token that it just gave: is %s KMS's own endpoint?",
			       a->endpoint.url);
	if (submit_canary(a, &request->public_key, &request->import_token, out->bundle, err))
		return kh_context(err, "a canary under the request's wrapping key");
	return 0;
}

/* By what KMS answers to noise, and to what it can open. */
static enum confirm_verdict judge(const struct confirm *c)
{
	if (strcmp(c->bundle, "InvalidImportTokenException") == 0)
		return CONFIRM_NO;
	if (strcmp(c->own, c->noise) == 0)
		return CONFIRM_UNKNOWN;
	if (strcmp(c->bundle, c->own) == 0)
		return CONFIRM_YES;
	return strcmp(c->bundle, c->noise) == 0 ? CONFIRM_NO : CONFIRM_UNKNOWN;
}

int confirm_request(const struct session *s, const struct bundle *b, int64_t now, struct confirm *out, struct kh_error *err)
{
	struct ask a = {.bundle = b};
	int rc;

	memset(out, 0, sizeof(*out));
	/* by our own way to KMS, whatever the bundle says of its: that may be the way that lies */
	if (bundle_check_time(b, now, err) ||
	    session_connect(s, bundle_request(b)->kms_key_arn, &a.endpoint, &a.kms, err) ||
	    session_check_rehearsal(&a.endpoint, &bundle_facts(b)->arn, err))
		return -1;
	rc = ask_all(&a, out, err);
	ops_parameters_clear(&a.own);
	if (!rc)
		out->verdict = judge(out);
	return rc;
}
