/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "approvers_people.h"
#include "front/judged.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* A record that is made a year later, when every certificate has expired; NULL: nothing is found. */
#define A_YEAR (INT64_C(365) * 86400)
static const struct {
	enum who second, signer;
	const char *policy; /* NULL: this one */
	int64_t imported_at; /* 0: it was not */
	const char *says;
} days[] = {
	{BEN, HSM, NULL, NOW + 600, NULL},
	{DAN, HSM, NULL, NOW + 600, NULL}, /* whose certificate expired between wrap and import */
	{CY, BEN, NULL, NOW + 600, "b: the material's signature: the certificate of 'CN=Ben' "},
	{CY, PEOPLE, NULL, NOW + 600, "b: the material is not signed, and "},
	{BEN, HSM, NULL, NOW + 10000, "b: the material's signature: the certificate of 'CN=HSM' has expired"},
	{BEN, HSM, NULL, 0, "b: the material's signature: the certificate of 'CN=HSM' has expired"},
	{BEN, HSM, "none", NOW + 600, "b: the key was wrapped under no policy, not under this policy ("},
	{ANN_2, HSM, NULL, NOW + 600, " people have to approve this request "},
};

static struct bundle *make_day(const struct policy *p, size_t i)
{
	struct bundle *b = people_bundle(p);
	struct kh_error err = {0};

	people_approve(b, p, ANN, NOW - 60);
	people_approve(b, p, days[i].second, NOW - 60);
	people_wrap(b, days[i].policy ? days[i].policy : p->sha256);
	if (days[i].signer != PEOPLE)
		people_sign(b, days[i].signer, NOW);
	if (days[i].imported_at) {
		const struct bundle_receipt r = {.expiration_model = INTENT_DOES_NOT_EXPIRE, .imported_at = days[i].imported_at,
						 .material_sha256 = bundle_material_sha256(b)};

		cr_assert_eq(bundle_set_receipt(b, &r, &err), 0, "%s", err.msg);
	}
	return b;
}

Test(judged, a_record_judges_by_the_time_of_the_day)
{
	struct policy *p;

	people_make();
	p = people_policy();
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		struct record_bundle one = {.path = (char[]){"b"}, .b = make_day(p, i)};
		struct record r = {.bundles = &one, .n_bundles = 1};
		struct kh_error err = {0};

		cr_assert_eq(judged_by("p.yaml", &r, NOW + A_YEAR, &err), 0, "%s", err.msg);
		cr_assert_eq(r.findings.n, days[i].says ? 1 : 0, "%zu: %zu, %s", i, r.findings.n, r.findings.n ? r.findings.v[0].text : "");
		if (days[i].says)
			cr_assert(strstr(r.findings.v[0].text, days[i].says), "%zu: %s", i, r.findings.v[0].text);
		cr_assert_eq(!one.material_uncounted, !days[i].says || !strstr(days[i].says, "material"), "%zu", i);
		findings_clear(&r.findings);
		free(one.material_uncounted);
		bundle_free(one.b);
	}
	policy_free(p);
	people_free();
}
