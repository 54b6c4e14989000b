/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "policy_field.h"

#include "sign/cert.h"

#include <string.h>

static int check_file(const struct policy *p, const struct policy_issued *issued, struct kh_error *err)
{
	const struct yamldoc_node *at = yamldoc_get(issued->at, "file");
	struct buf path = BUF_INIT(8192);
	char sha256[CERT_HEX];
	X509 *ca = NULL;
	int rc = -1;

	if (policy_beside(p, issued->file, &path, err) || cert_load(buf_text(&path), &ca, err) || cert_sha256(ca, sha256, err)) {
		yamldoc_context(at, err);
		goto out;
	}
	rc = 0;
	if (strcmp(sha256, issued->issuer_sha256) != 0) {
		rc = yamldoc_fail(at, err, "%.200s is the certificate of SHA-256 %s, not the issuer's", issued->file, sha256);
		kh_hint(err, "put the issuer's own certificate there, or its SHA-256 into 'issuer'");
	}
out:
	X509_free(ca);
	buf_free(&path);
	return rc;
}

static int check_people(const struct policy *p, const struct policy_people *people, struct kh_error *err)
{
	for (size_t i = 0; i < people->n; i++)
		for (size_t k = 0; k < people->v[i].n_issued; k++)
			if (check_file(p, &people->v[i].issued[k], err))
				return -1;
	return 0;
}

int policy_check_files(const struct policy *p, struct kh_error *err)
{
	return check_people(p, &p->approvers, err) || check_people(p, &p->material_signers, err) ? -1 : 0;
}
