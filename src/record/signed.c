/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "signed.h"

#include "sign/cms.h"

#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(((struct signed_by *)0)->subject) == CERT_NAME_MAX, "a subject fits");

#define CONTENT_MAX 65536

int signed_verify(const struct bundle *b, size_t index, struct signed_by *out, struct kh_error *err)
{
	struct buf content = BUF_INIT(CONTENT_MAX);
	const struct bundle_blob *signature;
	struct cms_signer who = {NULL, 0};
	size_t n = 0;
	const struct bundle_approval *all = bundle_approvals(b, &n);
	int rc = -1;

	memset(out, 0, sizeof(*out));
	signature = index == SIGNED_MATERIAL ? bundle_material_signature(b) : &all[index].signature;
	if (index == SIGNED_MATERIAL ? bundle_canonical(b, "material", &content, err)
				     : bundle_approval_text(&all[index], &content, err))
		goto out;
	if (cms_verify(signature->data, signature->len, buf_text(&content), content.len, &who, err) ||
	    cert_sha256(who.cert, out->sha256, err))
		goto out;
	(void)cert_subject(who.cert, out->subject);
	out->at = who.signed_at;
	rc = 0;
out:
	X509_free(who.cert);
	buf_free(&content);
	return rc;
}

static int check_one(struct record *r, const struct record_bundle *b, size_t index, const char *what, struct kh_error *err)
{
	struct signed_by who;
	struct kh_error why;

	if (!signed_verify(b->b, index, &who, &why))
		return 0;
	if (why.code == KH_E_MEMORY) {
		*err = why;
		return -1;
	}
	findings_add(&r->findings, KH_E_CHECK, "%s: %s: %s", b->path, what, why.msg);
	return 0;
}

int signed_check(struct record *r, struct kh_error *err)
{
	for (size_t i = 0; i < r->n_bundles; i++) {
		const struct record_bundle *b = &r->bundles[i];
		size_t n = 0;
		const struct bundle_approval *all = bundle_approvals(b->b, &n);

		for (size_t k = 0; k < n; k++) {
			char what[160];

			(void)snprintf(what, sizeof(what), "the approval of %.100s", all[k].approver);
			if (check_one(r, b, k, what, err))
				return -1;
		}
		if (bundle_material_signature(b->b) && check_one(r, b, SIGNED_MATERIAL, "the signature of the material", err))
			return -1;
	}
	return 0;
}
