/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "compare.h"

#include <string.h>

static int differs(const char *what, const char *kms, const char *request, struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, 0, "DescribeKey's %s is '%s', and the request's '%s'", what, kms[0] ? kms : "none",
		request);
	return kh_hint(err, "this is not the key that the request was made for: fetch again, and see what became of the key");
}

static int check_text(const char *what, const char *kms, const char *request, struct kh_error *err)
{
	return request && strcmp(kms, request) != 0 ? differs(what, kms, request, err) : 0;
}

static int check_state(const struct ops_key *key, struct kh_error *err)
{
	static const char *const states[] = {"PendingImport", "Enabled", "Disabled"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(key->state, states[i]) == 0)
			return 0;
	kh_fail(err, KH_E_CHECK, 0, "KMS takes no import now: DescribeKey's KeyState is '%s'", key->state);
	return kh_hint(err, strcmp(key->state, "PendingDeletion") == 0
				    ? "'aws kms cancel-key-deletion' keeps the key; then run this again"
				    : "wait until 'aws kms describe-key' shows PendingImport or Enabled, then run this again");
}

int compare_key(const struct bundle_request *request, const struct ops_key *key, struct kh_error *err)
{
	const char *multi = request->multi_region == BUNDLE_ABSENT ? NULL
			    : request->multi_region == BUNDLE_TRUE ? "true"
								   : "false";

	if (check_text("Arn", key->arn, request->kms_key_arn, err) ||
	    check_text("KeySpec", key->key_spec, request->key_spec, err) ||
	    check_text("KeyUsage", key->key_usage, request->key_usage, err) ||
	    check_text("MultiRegion", key->multi_region ? "true" : "false", multi, err) ||
	    check_text("Origin", key->origin, "EXTERNAL", err) || check_text("CustomKeyStoreId", key->key_store, "", err))
		return -1;
	return check_state(key, err);
}

/* A plan's key in its rehearsal: keyhaul-sim answers for it with its own account, and in nothing else differently. */
static bool is_rehearsed(const char *asked, const struct arn *got, bool rehearsal)
{
	struct kh_error ignored;
	struct arn real;

	return rehearsal && arn_is_rehearsal(got) && arn_parse_key(asked, &real, &ignored) == 0 &&
	       strcmp(real.partition, got->partition) == 0 && strcmp(real.region, got->region) == 0 &&
	       strcmp(real.key_id, got->key_id) == 0;
}

/* The Region and the account: arn:PARTITION:kms:REGION:ACCOUNT: are the same. */
static bool same_owner(const char *a, const char *b)
{
	size_t len = 0;

	for (int colons = 0; a[len] && colons < 5; len++)
		colons += a[len] == ':';
	return strncmp(a, b, len) == 0;
}

int compare_asked(const char *what, const char *asked, const char *region, const char *got, bool rehearsal,
		  struct kh_error *err)
{
	enum arn_kind kind = arn_kind_of(asked);
	struct arn arn;

	if (arn_parse_key(got, &arn, err)) {
		err->code = KH_E_KMS;
		return kh_context(err, "%s: the reply's KeyId", what);
	}
	if ((kind == ARN_KEY_ARN && strcmp(asked, got) != 0 && !is_rehearsed(asked, &arn, rehearsal)) || (kind == ARN_KEY_ID && strcmp(asked, arn.key_id) != 0) ||
	    (kind == ARN_ALIAS_ARN && !same_owner(asked, got))) {
		kh_fail(err, KH_E_KMS, 0, "%s: the reply is about %s, not %s", what, got, asked);
		return kh_hint(err, "what answers is not KMS, or something in between changes its replies: a key for another "
				    "KMS key is not asked for");
	}
	if (strcmp(arn.region, region) != 0)
		return kh_fail(err, KH_E_KMS, 0, "%s: the reply is of Region %s, not %s", what, arn.region, region);
	return 0;
}

static int not_as_asked(const struct ops_key *key, const char *what, const char *is, const char *asked,
			struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, 0, "a key was made, %s, and it is not as asked: its %s is '%s', not '%s'", key->arn, what,
		is, asked);
	return kh_hint(err, "do not use it; check the endpoint, look at it with 'aws kms describe-key', and see to its deletion");
}

int compare_created(const json_t *body, const char *region, const struct ops_key *key, struct kh_error *err)
{
	const char *spec = json_string_value(json_object_get(body, "KeySpec"));
	const char *usage = json_string_value(json_object_get(body, "KeyUsage"));
	bool multi = json_is_true(json_object_get(body, "MultiRegion"));
	char own[32] = "";

	(void)arn_region(key->arn, own);
	if (strcmp(own, region) != 0)
		return not_as_asked(key, "Region", own, region, err);
	if (spec && strcmp(key->key_spec, spec) != 0)
		return not_as_asked(key, "KeySpec", key->key_spec, spec, err);
	if (usage && key->key_usage[0] && strcmp(key->key_usage, usage) != 0)
		return not_as_asked(key, "KeyUsage", key->key_usage, usage, err);
	if (strcmp(key->origin, "EXTERNAL") != 0)
		return not_as_asked(key, "Origin", key->origin, "EXTERNAL", err);
	if (key->multi_region != multi)
		return not_as_asked(key, "MultiRegion", multi ? "false" : "true", multi ? "true" : "false", err);
	if (strcmp(key->state, "PendingImport") != 0 && strcmp(key->state, "Creating") != 0)
		return not_as_asked(key, "KeyState", key->state, "PendingImport", err);
	return 0;
}
