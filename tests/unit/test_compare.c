/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "kms/compare.h"

#include <criterion/criterion.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define ID "12345678-1234-1234-1234-123456789012"
#define OTHER "12345678-1234-1234-1234-123456789019"
#define ARN(region, account, id) "arn:aws:kms:" region ":" account ":key/" id
#define KEY ARN("eu-west-1", "111122223333", ID)

/* A reply about another key, account or Region than was asked for is no reply. */
Test(compare, a_reply_is_about_what_was_asked)
{
	static const struct {
		const char *asked, *got;
		bool good;
	} rows[] = {
		{KEY, KEY, true},
		{KEY, ARN("eu-west-1", "111122223333", OTHER), false},
		{KEY, ARN("eu-west-1", "000000000000", ID), false},
		{KEY, "arn:aws:kms:eu-west-1", false},
		{ID, KEY, true},
		{ID, ARN("eu-west-1", "444455556666", ID), true}, /* an id does not say the account */
		{ID, ARN("eu-west-1", "111122223333", OTHER), false},
		{ID, ARN("us-east-1", "111122223333", ID), false},
		{"alias/a", KEY, true},
		{"alias/a", ARN("us-east-1", "111122223333", ID), false},
		{"arn:aws:kms:eu-west-1:111122223333:alias/a", KEY, true},
		{"arn:aws:kms:eu-west-1:111122223333:alias/a", ARN("eu-west-1", "000000000000", ID), false},
		{"arn:aws:kms:eu-west-1:111122223333:alias/a", ARN("us-east-1", "111122223333", ID), false},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct kh_error err = {0};
		int rc = compare_asked("DescribeKey", rows[i].asked, "eu-west-1", rows[i].got, false, &err);

		cr_assert_eq(rc == 0, rows[i].good, "row %zu: %s", i, err.msg);
		cr_assert(rc == 0 || (err.code == KH_E_KMS && strstr(err.msg, "DescribeKey")), "row %zu: %s", i, err.msg);
	}
}

/* From this machine a plan's key may be answered for in the rehearsals' account, and in nothing else differently. */
Test(compare, a_rehearsal_differs_in_its_account_alone)
{
	static const struct {
		const char *asked, *got;
		bool good;
	} rows[] = {
		{KEY, KEY, true},
		{KEY, ARN("eu-west-1", "000000000000", ID), true},
		{KEY, ARN("eu-west-1", "000000000000", OTHER), false},
		{KEY, ARN("us-east-1", "000000000000", ID), false},
		{KEY, ARN("eu-west-1", "444455556666", ID), false},
		{KEY, "arn:aws-cn:kms:cn-north-1:000000000000:key/" ID, false},
		{ARN("eu-west-1", "000000000000", ID), KEY, false},
		{"arn:aws:kms:eu-west-1:111122223333:alias/a", ARN("eu-west-1", "000000000000", ID), false},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct kh_error err = {0};
		int rc = compare_asked("DescribeKey", rows[i].asked, "eu-west-1", rows[i].got, true, &err);

		cr_assert_eq(rc == 0, rows[i].good, "row %zu: %s", i, err.msg);
	}
}

static const struct ops_key good = {.arn = KEY, .key_spec = "RSA_2048", .key_usage = "SIGN_VERIFY",
				    .state = "PendingImport", .origin = "EXTERNAL", .multi_region = true};

/* `good` with one member changed: 0 is none of them. */
static struct ops_key spoilt(size_t which)
{
	struct ops_key k = good;
	char *const members[] = {NULL, k.key_spec, k.key_usage, k.state, k.origin, k.key_store, k.arn};

	if (which < N(members) && members[which])
		strcpy(members[which], which == 6 ? ARN("us-east-1", "111122223333", ID) : "Other");
	if (which == N(members))
		k.multi_region = false;
	return k;
}

Test(compare, a_new_key_is_as_asked)
{
	json_t *body = json_pack("{s:s,s:s,s:s,s:b}", "KeySpec", "RSA_2048", "KeyUsage", "SIGN_VERIFY", "Origin", "EXTERNAL",
				 "MultiRegion", 1);
	struct kh_error err = {0};

	for (size_t i = 0; i <= 7; i++) {
		const struct ops_key k = spoilt(i);
		bool fine = i == 0 || i == 5; /* a key store is Origin's matter here */

		cr_assert_eq(compare_created(body, "eu-west-1", &k, &err) == 0, fine, "member %zu", i);
		cr_assert(fine || (err.code == KH_E_CHECK && strstr(err.msg, k.arn)), "member %zu: %s", i, err.msg);
	}
	json_decref(body);
}

Test(compare, the_key_is_the_requests)
{
	const struct bundle_request request = {.kms_key_arn = KEY, .key_spec = "RSA_2048", .key_usage = "SIGN_VERIFY",
					       .multi_region = BUNDLE_TRUE};
	struct kh_error err = {0};

	for (size_t i = 0; i <= 7; i++) {
		const struct ops_key k = spoilt(i);

		cr_assert_eq(compare_key(&request, &k, &err) == 0, i == 0, "member %zu", i);
		cr_assert(i == 0 || err.code == KH_E_CHECK, "member %zu", i);
	}
}
