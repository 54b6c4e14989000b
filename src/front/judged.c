/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "judged.h"

#include "policy/approvers.h"

#include <stdio.h>
#include <string.h>

static int keep(struct record *r, const char *path, const struct kh_error *why, struct kh_error *err)
{
	if (why->code == KH_E_MEMORY) {
		*err = *why;
		return -1;
	}
	findings_add(&r->findings, why->code, "%s: %s", path, why->msg);
	return 0;
}

/* The finding, and the same for the page beside the signature that it is about. */
static int keep_at(struct record *r, const char *path, const struct kh_error *why, char **out, struct kh_error *err)
{
	if (keep(r, path, why, err))
		return -1;
	*out = strdup(why->msg);
	return *out ? 0 : kh_fail_memory(err);
}

/* By its rules, and apart from that whether it was asked for under this policy: another's may have the same rules. */
static int judge_request(const struct policy *p, struct record *r, const struct record_bundle *b, struct kh_error *err)
{
	const struct bundle_material *m = bundle_material(b->b);
	struct bundle_request q = *bundle_request(b->b);
	struct kh_error why;

	if (!q.policy_sha256 || strcmp(q.policy_sha256, p->sha256) != 0)
		findings_add(&r->findings, KH_E_CHECK, "%s: the request is under %s, not under this policy (%s)", b->path,
			     q.policy_sha256 ? q.policy_sha256 : "no policy", p->sha256);
	q.policy_sha256 = NULL;
	if (policy_check_request(p, &q, bundle_facts(b->b), m ? m->wrapped_at : q.fetched_at, &why))
		return keep(r, b->path, &why, err);
	return 0;
}

/* What was never done is judged as late as it could be: a year later certificates are out of date that were good then. */
static int64_t latest(const struct record_bundle *b, int64_t now)
{
	const int64_t last = bundle_request(b->b)->parameters_valid_to;

	return now < last ? now : last;
}

static int judge_material(const struct policy *p, struct record *r, struct record_bundle *b, int64_t now, struct kh_error *err)
{
	const struct bundle_material *m = bundle_material(b->b);
	const struct bundle_receipt *receipt = bundle_receipt(b->b);
	struct kh_error why;

	if (!m->policy_sha256 || strcmp(m->policy_sha256, p->sha256) != 0)
		findings_add(&r->findings, KH_E_CHECK, "%s: the key was wrapped under %s, not under this policy (%s)", b->path,
			     m->policy_sha256 && strcmp(m->policy_sha256, "none") != 0 ? m->policy_sha256 : "no policy", p->sha256);
	if ((policy_check_asked(p, bundle_request(b->b), m, &why) || policy_check_token(p, m, &why) || policy_check_key(p, m, &why)) &&
	    keep(r, b->path, &why, err))
		return -1;
	if (approvers_check(p, b->b, m->wrapped_at, &why) && keep(r, b->path, &why, err))
		return -1;
	return approvers_check_material(p, b->b, receipt ? receipt->imported_at : latest(b, now), &why)
		       ? keep_at(r, b->path, &why, &b->material_uncounted, err)
		       : 0;
}

/* Each by itself: of more than there have to be one may be nobody's. */
static int judge_approvals(const struct policy *p, struct record *r, struct record_bundle *b, int64_t now, struct kh_error *err)
{
	const struct bundle_material *m = bundle_material(b->b);
	struct approvers_verdict verdicts[BUNDLE_APPROVALS_MAX];
	size_t n = 0;

	(void)bundle_approvals(b->b, &n);
	if (approvers_each(p, b->b, m ? m->wrapped_at : latest(b, now), verdicts, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!verdicts[i].who && keep_at(r, b->path, &verdicts[i].why, &b->uncounted[i], err))
			return -1;
	return 0;
}

int judged_by(const char *policy, struct record *r, int64_t now, struct kh_error *err)
{
	struct policy *p = NULL;
	int rc = policy_read(policy, &p, err);

	if (!rc) {
		(void)snprintf(r->policy_sha256, sizeof(r->policy_sha256), "%s", p->sha256);
		r->names_signers = p->material_signers.n > 0;
	}
	for (size_t i = 0; !rc && i < r->n_bundles; i++) {
		struct record_bundle *b = &r->bundles[i];

		rc = judge_request(p, r, b, err) || judge_approvals(p, r, b, now, err) ||
				     (bundle_material(b->b) && judge_material(p, r, b, now, err))
			     ? -1
			     : 0;
	}
	policy_free(p);
	return rc;
}
