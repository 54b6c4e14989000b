/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "policy/policy.h"

#include <string.h>

#define HEX "0123456789abcdef"

static void check_people(const struct policy *p, const struct policy_people *people)
{
	fuzz_must(people->at && people->n <= POLICY_PEOPLE_MAX);
	for (size_t i = 0; i < people->n; i++) {
		const struct policy_person *one = &people->v[i];

		fuzz_must(one->name && one->n_certificates + one->n_issued > 0);
		for (size_t c = 0; c < one->n_certificates; c++) {
			fuzz_must(strlen(one->certificates[c].sha256) == 64 && strspn(one->certificates[c].sha256, HEX) == 64);
			fuzz_must(!policy_is_revoked(p, one->certificates[c].sha256));
		}
		for (size_t c = 0; c < one->n_issued; c++) {
			const struct policy_issued *by = &one->issued[c];

			fuzz_must(strlen(by->issuer_sha256) == 64 && by->subject && strchr(by->subject, '='));
			fuzz_must(!by->file || (by->file[0] != '/' && strncmp(by->file, "../", 3) != 0));
		}
	}
}

/* A request that a policy takes or refuses: by our own code, and with the rule's line. */
static void judge(const struct policy *p)
{
	const struct bundle_request r = {.key_uri = "pkcs11:token=t;id=%01", .token_serial = "1", .fetched_at = 1000000000,
					 .endpoint = "https://kms.eu-west-1.amazonaws.com",
					 .intent = {.expiration_model = INTENT_EXPIRES, .valid_for = 3600}};
	const struct bundle_facts facts = {.arn = {.partition = "aws", .region = "eu-west-1", .account = "111122223333"},
					   .key_spec = KEYSPEC_HMAC_256, .algorithm = WRAPALG_RSAES_OAEP_SHA_256,
					   .wrapping_bits = 2048};
	const struct bundle_material m = {.token = {.serial = "1"}, .key = {.local = BUNDLE_FALSE}};
	char serial[POLICY_SERIAL_MAX];
	struct kh_error err = {0};

	if (policy_check_request(p, &r, &facts, 1000003600, &err) || policy_check_token(p, &m, &err) ||
	    policy_check_key(p, &m, &err))
		fuzz_must(err.code == KH_E_MEMORY || (err.code == KH_E_CHECK && strstr(err.msg, "(fuzz:")));
	if (policy_token_serial(p, r.key_uri, serial))
		fuzz_must(strlen(serial) < sizeof(serial));
}

/* A refusal says where; what is taken holds what the header says of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy *p = NULL;
	struct kh_error err = {0};

	if (policy_parse("fuzz", (const char *)data, size, &p, &err)) {
		fuzz_must(err.code == KH_E_MEMORY || err.code == KH_E_INPUT);
		fuzz_must(err.code == KH_E_MEMORY || size > POLICY_MAX || strncmp(err.msg, "line ", 5) == 0);
		return 0;
	}
	fuzz_must(strlen(p->sha256) == 64 && p->approvals && p->threshold <= p->approvers.n);
	fuzz_must(!p->threshold == !p->approvers.n && p->threshold <= POLICY_THRESHOLD_MAX);
	check_people(p, &p->approvers);
	check_people(p, &p->material_signers);
	judge(p);
	policy_free(p);
	return 0;
}
