/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fuzz.h"

#include "bundle/bundle.h"
#include "plan/plan.h"

#include <string.h>

static void check_material(const struct plan_key *k, size_t m)
{
	char name[PLAN_BUNDLE_MAX];
	struct kh_error err = {0};
	struct intent intent;

	fuzz_must(!bundle_check_uri(k->materials[m].key_uri, &err));
	plan_bundle_name(k, m, k->region[0] ? k->region : "us-east-1", name);
	fuzz_must(name[0] != '.' && name[0] != '-' && !strchr(name, '/'));
	fuzz_must(strlen(name) > 7 && strcmp(name + strlen(name) - 7, ".bundle") == 0);
	plan_intent(k, m, true, &intent);
	fuzz_must(!intent_check_form(&intent, k->key_spec ? k->key_spec : KEYSPEC_SYMMETRIC_DEFAULT, &err));
}

/* A refusal says where; what is taken can be fetched and named. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan *p = NULL;
	struct kh_error err = {0};

	if (plan_parse((const char *)data, size, &p, &err)) {
		fuzz_must(err.code == KH_E_MEMORY || err.code == KH_E_INPUT);
		fuzz_must(err.code == KH_E_MEMORY || size > PLAN_MAX || strncmp(err.msg, "line ", 5) == 0);
		return 0;
	}
	fuzz_must(plan_count(p) > 0 && strlen(plan_sha256(p)) == 64);
	for (size_t i = 0; i < plan_count(p); i++) {
		const struct plan_key *k = plan_key(p, i);

		fuzz_must(!k->key_id != !k->create.at && k->n_materials > 0 && k->expiry.expiration_model);
		for (size_t m = 0; m < k->n_materials; m++)
			check_material(k, m);
	}
	plan_free(p);
	return 0;
}
