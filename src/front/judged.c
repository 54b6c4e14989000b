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

static int judge_one(const struct policy *p, struct record *r, const struct record_bundle *b, int64_t now, struct kh_error *err)
{
	const struct bundle_request *q = bundle_request(b->b);
	const struct bundle_material *m = bundle_material(b->b);
	const struct bundle_receipt *receipt = bundle_receipt(b->b);
	struct kh_error why;

	if (!q->policy_sha256 || strcmp(q->policy_sha256, p->sha256) != 0)
		findings_add(&r->findings, KH_E_CHECK, "%s: the request is under %s, not under this policy (%s)", b->path,
			     q->policy_sha256 ? q->policy_sha256 : "no policy", p->sha256);
	if (!m)
		return 0;
	if (!m->policy_sha256 || strcmp(m->policy_sha256, p->sha256) != 0)
		findings_add(&r->findings, KH_E_CHECK, "%s: the key was wrapped under %s, not under this policy (%s)", b->path,
			     m->policy_sha256 && strcmp(m->policy_sha256, "none") != 0 ? m->policy_sha256 : "no policy", p->sha256);
	if (approvers_check(p, b->b, m->wrapped_at, &why) && keep(r, b->path, &why, err))
		return -1;
	if (approvers_check_material(p, b->b, receipt ? receipt->imported_at : now, &why) && keep(r, b->path, &why, err))
		return -1;
	return 0;
}

int judged_by(const char *policy, struct record *r, int64_t now, struct kh_error *err)
{
	struct policy *p = NULL;
	int rc = policy_read(policy, &p, err);

	if (!rc)
		(void)snprintf(r->policy_sha256, sizeof(r->policy_sha256), "%s", p->sha256);
	for (size_t i = 0; !rc && i < r->n_bundles; i++)
		rc = judge_one(p, r, &r->bundles[i], now, err);
	policy_free(p);
	return rc;
}
