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
