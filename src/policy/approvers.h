/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_POLICY_APPROVERS_H
#define KEYHAUL_POLICY_APPROVERS_H

#include "policy.h"
#include "sign/cms.h"

#define APPROVERS_SKEW 300 /* seconds that the clocks of two hosts may differ */

/*
 * The person of a list (p->approvers or p->material_signers) whose certificate this is: pinned by its fingerprint, or of the
 * subject and issued by the certificate that the policy names; valid at `now` (seconds), not listed as revoked, with a key
 * and a purpose that cert_check_key takes. The policy owns `*out`. KH_E_CHECK, KH_E_INPUT for an issuer's file.
 */
int approvers_person(const struct policy *p, const struct policy_people *people, X509 *cert, int64_t now,
		     const struct policy_person **out, struct kh_error *err);

/* One approval of a bundle, judged at `now`: who counts by it. KH_E_CHECK says why it counts for nobody. */
int approvers_judge(const struct policy *p, const struct bundle *b, size_t index, int64_t now,
		    const struct policy_person **out, struct kh_error *err);

/* What one approval is worth: `who` counts by it, once however often he approved, or else `why` says why nobody does. */
struct approvers_verdict {
	const struct policy_person *who;
	struct kh_error why;
};

/* All approvals of a bundle, judged at `now` in their order, and a key once. KH_E_MEMORY, KH_E_SYSTEM. */
int approvers_each(const struct policy *p, const struct bundle *b, int64_t now,
		   struct approvers_verdict out[BUNDLE_APPROVALS_MAX], struct kh_error *err);

/*
 * That as many people as the policy asks for approved this request under this very policy: people, not certificates, a key
 * counting once; signed between fetched_at and `now`. KH_E_CHECK names who approved, who is missing, and what counts for nobody.
 */
int approvers_check(const struct policy *p, const struct bundle *b, int64_t now, struct kh_error *err);

/* How many people's approvals count, whatever the policy asks for. KH_E_MEMORY, KH_E_SYSTEM. */
int approvers_count(const struct policy *p, const struct bundle *b, int64_t now, size_t *out, struct kh_error *err);

struct next_policy;

/* For next_command_under: what the host's policy (it needs no --policy) makes of the bundle. KH_E_MEMORY, KH_E_SYSTEM. */
int approvers_next(const struct policy *host, const struct bundle *b, int64_t now, struct next_policy *out, struct kh_error *err);

/*
 * That the material is signed by one of p->material_signers, where there is a policy (`p` NULL: none) that has any, between
 * wrapped_at and `now`; and whoever signed it, that it is what he signed. KH_E_CHECK.
 */
int approvers_check_material(const struct policy *p, const struct bundle *b, int64_t now, struct kh_error *err);

#endif
