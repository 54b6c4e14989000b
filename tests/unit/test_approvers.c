/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "approvers_people.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

/* Two approve, the threshold is two; NULL: it is met. */
static const struct {
	enum who first, second;
	int64_t first_at, second_at, now;
	const char *says;
} rows[] = {
	{ANN, BEN, FETCHED, FETCHED + 60, NOW, NULL},
	{ANN, BEN, FETCHED - APPROVERS_SKEW, NOW + APPROVERS_SKEW, NOW, NULL},
	{ANN, BEN, FETCHED - APPROVERS_SKEW - 1, NOW, NOW, "1 did: Ben; missing: Ann, Cy, Dan, Zed, Eve, Fay; the approval of 'Ann': the signature is of "
							   "2027-01-15T07:54:59Z, before the fetch of the request (2027-01-15T08:00:00Z)"},
	{ANN, BEN, NOW, NOW + APPROVERS_SKEW + 1, NOW, "1 did: Ann; missing: Ben, Cy, Dan, Zed, Eve, Fay; the approval of 'Ben': the signature is of "
						       "2027-01-15T09:05:01Z, after now (2027-01-15T09:00:00Z)"},
	{ANN, ANN_2, NOW, NOW, NOW, "1 did: Ann; missing: Ben, Cy, Dan, Zed, Eve, Fay"},
	{BEN, CY, NOW, NOW, NOW, "1 did: Ben; missing: Ann, Cy, Dan, Zed, Eve, Fay; the approval of 'Cy' is by the key of another's"},
	{BEN, ZED, NOW, NOW, NOW, "1 did: Ben; missing: Ann, Cy, Dan, Zed, Eve, Fay; the approval of 'Zed' is by the key of another's"},
	{ANN, EVE, NOW, NOW, NOW, "the approval of 'Eve': the certificate of 'CN=Eve' is revoked (p.yaml)"},
	{ANN, EVE_TWIN, NOW, NOW, NOW, "the approval of 'Eve': the certificate of 'CN=Eve' is revoked (p.yaml)"},
	{ANN, FAY, NOW, NOW, NOW, NULL},
	{ANN, FAY_TWIN, NOW, NOW, NOW, NULL},
	{ANN, FAY, NOW, NOW, NOW + 601, "the certificate of 'CN=Fay' is not shown to be issued by 'CN=CA': certificate has expired"},
	{ZED, CY, NOW, NOW, NOW, "1 did: Zed; missing: Ann, Ben, Cy, Dan, Eve, Fay; the approval of 'Cy' is by the key of another's"},
	{ANN, DAN, NOW, NOW, NOW, NULL},
	{ANN, DAN, NOW, NOW, NOW + 61, "'Dan': the certificate of 'CN=Dan' has expired"},
	{ANN, DAN, FETCHED, FETCHED, FETCHED + 59, "'Dan': the certificate of 'CN=Dan' is not valid yet"},
};

Test(approvers, who_counts_and_when)
{
	struct policy *p;

	people_make();
	p = people_policy();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bundle *b = people_bundle(p);
		struct kh_error err = {0};
		int rc;

		people_approve(b, p, rows[i].first, rows[i].first_at);
		people_approve(b, p, rows[i].second, rows[i].second_at);
		rc = approvers_check(p, b, rows[i].now, &err);
		cr_assert_eq(rc, rows[i].says ? -1 : 0, "%zu: %s", i, err.msg);
		if (rows[i].says)
			cr_assert(err.code == KH_E_CHECK && strstr(err.msg, rows[i].says), "%zu: %s", i, err.msg);
		bundle_free(b);
	}
	policy_free(p);
	people_free();
}

/* The material's signature, and when it is judged; NULL: it counts. */
static const struct {
	enum who who; /* PEOPLE: nobody */
	int64_t at, now;
	const char *says;
} signatures[] = {
	{HSM, NOW, NOW, NULL},
	{HSM, NOW - APPROVERS_SKEW, NOW, NULL},
	{HSM, NOW - APPROVERS_SKEW - 1, NOW, "the signature is of 2027-01-15T08:54:59Z, before the wrap of the material (2027-01-15T09:00:00Z)"},
	{HSM, NOW + 60 + APPROVERS_SKEW, NOW + 60, NULL},
	{HSM, NOW + 60 + APPROVERS_SKEW + 1, NOW + 60, "after now (2027-01-15T09:01:00Z)"},
	{HSM, NOW, NOW + 10000, "the certificate of 'CN=HSM' has expired"},
	{BEN, NOW, NOW, "the certificate of 'CN=Ben' "},
	{PEOPLE, 0, NOW, "the material is not signed"},
};

Test(approvers, who_signed_the_material_and_when)
{
	struct policy *p;

	people_make();
	p = people_policy();
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		struct bundle *b = people_bundle(p);
		struct kh_error err = {0};
		int rc;

		people_wrap(b, p->sha256);
		if (signatures[i].who != PEOPLE)
			people_sign(b, signatures[i].who, signatures[i].at);
		rc = approvers_check_material(p, b, signatures[i].now, &err);
		cr_assert_eq(rc, signatures[i].says ? -1 : 0, "%zu: %s", i, err.msg);
		if (signatures[i].says)
			cr_assert(err.code == KH_E_CHECK && strstr(err.msg, signatures[i].says), "%zu: %s", i, err.msg);
		bundle_free(b);
	}
	policy_free(p);
	people_free();
}

/* policy_read looked at it, and it is read again. */
Test(approvers, an_issuers_file_that_is_another_by_now)
{
	const struct policy_person *who = NULL;
	struct kh_error err = {0};
	struct policy *p;
	FILE *file;

	people_make();
	p = people_policy();
	cr_assert_eq(approvers_person(p, &p->approvers, people_certs[FAY], NOW, &who, &err), 0, "%s", err.msg);
	file = fopen("ca.pem", "w");
	cr_assert(file && PEM_write_X509(file, people_certs[ANN]) == 1 && fclose(file) == 0);
	cr_assert_eq(approvers_person(p, &p->approvers, people_certs[FAY], NOW, &who, &err), -1);
	cr_assert(err.code == KH_E_CHECK && strstr(err.msg, "ca.pem is not the issuer's certificate that p.yaml has the SHA-256 of"), "%s", err.msg);
	policy_free(p);
	people_free();
}
