/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "approvers.h"

#include "bundle/next.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define NAMES 300

static int revoked(const struct policy *p, X509 *cert, struct kh_error *err)
{
	char subject[CERT_NAME_MAX];

	return kh_fail(err, KH_E_CHECK, 0, "the certificate of '%s' is revoked (%s)", cert_subject(cert, subject), p->path);
}

static int check_issued(const struct policy *p, const struct policy_issued *issued, X509 *cert, int64_t now,
			struct kh_error *err)
{
	struct buf path = BUF_INIT(8192);
	char sha256[CERT_HEX], twin[CERT_HEX];
	X509 *ca = NULL;
	int rc = -1;

	if (policy_beside(p, issued->file, &path, err) || cert_load(buf_text(&path), &ca, err) || cert_sha256(ca, sha256, err))
		goto out;
	if (strcmp(sha256, issued->issuer_sha256) != 0)
		kh_fail(err, KH_E_CHECK, 0, "%s is not the issuer's certificate that %s has the SHA-256 of", buf_text(&path), p->path);
	else if (cert_check_issuer(cert, ca, now, err) == 0 && cert_twin_sha256(cert, ca, twin, err) == 0)
		rc = policy_is_revoked(p, twin) ? revoked(p, cert, err) : 0;
out:
	X509_free(ca);
	buf_free(&path);
	return rc;
}

/* 1: it is this person's; 0: it is not, and `err` says why where the subject would fit. */
static int is_of(const struct policy *p, const struct policy_person *person, X509 *cert, const char *sha256, int64_t now,
		 struct kh_error *err)
{
	char subject[CERT_NAME_MAX];

	for (size_t i = 0; i < person->n_certificates; i++)
		if (strcmp(person->certificates[i].sha256, sha256) == 0)
			return 1;
	for (size_t i = 0; i < person->n_issued; i++)
		if (strcmp(person->issued[i].subject, cert_subject(cert, subject)) == 0 &&
		    check_issued(p, &person->issued[i], cert, now, err) == 0)
			return 1;
	return 0;
}

int approvers_person(const struct policy *p, const struct policy_people *people, X509 *cert, int64_t now,
		     const struct policy_person **out, struct kh_error *err)
{
	char sha256[CERT_HEX], subject[CERT_NAME_MAX];

	if (cert_check_key(cert, err) || cert_sha256(cert, sha256, err))
		return -1;
	if (policy_is_revoked(p, sha256))
		return revoked(p, cert, err);
	kh_fail(err, KH_E_CHECK, 0, "the certificate of '%s' (SHA-256 %s) is nobody's in %s", cert_subject(cert, subject), sha256,
		p->path);
	kh_hint(err, "a policy names a person's certificates by SHA-256, or the issuer and the subject of them");
	for (size_t i = 0; i < people->n; i++)
		if (is_of(p, &people->v[i], cert, sha256, now, err)) {
			*out = &people->v[i];
			return cert_check_time(cert, now, err);
		}
	return -1;
}

/* A signature from before the request was there is of another one; one from after now is by a wrong clock. */
static int check_signed_at(int64_t signed_at, int64_t from, const char *what, int64_t now, struct kh_error *err)
{
	char when[CLOCK_TEXT], limit[CLOCK_TEXT];
	bool early = signed_at < from - APPROVERS_SKEW;

	if (!early && signed_at <= now + APPROVERS_SKEW)
		return 0;
	clock_format(signed_at, when);
	clock_format(early ? from : now, limit);
	kh_fail(err, KH_E_CHECK, 0, "the signature is of %s, %s %s (%s)", when, early ? "before" : "after", early ? what : "now", limit);
	return kh_hint(err, "look at the clocks of the hosts that fetched, signed and are here");
}

/* Who signed it, by whose key, which the caller frees. */
static int judge(const struct policy *p, const struct bundle *b, const struct bundle_approval *a, int64_t now,
		 const struct policy_person **out, EVP_PKEY **key, struct kh_error *err)
{
	struct buf text = BUF_INIT(BUNDLE_MAX);
	struct cms_signer signer = {NULL, 0};
	int rc = -1;

	if (strcmp(a->policy_sha256, p->sha256) != 0) {
		kh_fail(err, KH_E_CHECK, 0, "it is under another policy (SHA-256 %s, not %s)", a->policy_sha256, p->sha256);
		goto out;
	}
	if (bundle_approval_text(a, &text, err) ||
	    cms_verify(a->signature.data, a->signature.len, buf_text(&text), text.len, &signer, err) ||
	    approvers_person(p, &p->approvers, signer.cert, now, out, err) ||
	    check_signed_at(signer.signed_at, bundle_request(b)->fetched_at, "the fetch of the request", now, err))
		goto out;
	if (strcmp((*out)->name, a->approver) != 0)
		kh_fail(err, KH_E_CHECK, 0, "it names another than '%s', whose certificate signed it", (*out)->name);
	else if ((*key = X509_get_pubkey(signer.cert)) == NULL)
		kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL gave no public key of a certificate");
	else
		rc = 0;
out:
	X509_free(signer.cert);
	buf_free(&text);
	return rc ? kh_context(err, "the approval of '%s'", a->approver) : 0;
}

int approvers_judge(const struct policy *p, const struct bundle *b, size_t index, int64_t now,
		    const struct policy_person **out, struct kh_error *err)
{
	EVP_PKEY *key = NULL;
	size_t n = 0;
	int rc = judge(p, b, &bundle_approvals(b, &n)[index], now, out, &key, err);

	EVP_PKEY_free(key);
	return rc;
}

static void add_name(char names[NAMES], const char *name)
{
	size_t len = strlen(names);

	(void)snprintf(names + len, NAMES - len, "%s%s", len ? ", " : "", name);
}

/* The judgement of all: who approved, by which keys, and the first that counts for nobody. */
struct count {
	const struct policy_person *who[BUNDLE_APPROVALS_MAX];
	EVP_PKEY *keys[BUNDLE_APPROVALS_MAX];
	size_t n;
	const struct kh_error *refused; /* NULL: none was */
};

static bool has(const struct count *c, const struct policy_person *person)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->who[i] == person)
			return true;
	return false;
}

/* The keys themselves: one and the same has several encodings (RFC 5480 §2.2: a point may stand there compressed). */
static bool has_key(const struct count *c, const EVP_PKEY *key)
{
	for (size_t i = 0; i < c->n; i++)
		if (EVP_PKEY_eq(c->keys[i], key) == 1)
			return true;
	return false;
}

static int count_one(struct count *c, const struct policy *p, const struct bundle *b, const struct bundle_approval *a,
		     int64_t now, struct approvers_verdict *out, struct kh_error *err)
{
	const struct policy_person *person = NULL;
	EVP_PKEY *key = NULL;
	int rc = 0;

	out->who = NULL;
	if (judge(p, b, a, now, &person, &key, &out->why)) {
		rc = out->why.code == KH_E_MEMORY || out->why.code == KH_E_SYSTEM ? -1 : 0;
	} else if (has(c, person)) {
		out->who = person; /* twice is once */
	} else if (has_key(c, key)) {
		kh_fail(&out->why, KH_E_CHECK, 0, "the approval of '%s' is by the key of another's", a->approver);
	} else {
		out->who = c->who[c->n] = person;
		c->keys[c->n++] = key;
		key = NULL;
	}
	EVP_PKEY_free(key);
	if (rc)
		*err = out->why;
	return rc;
}

static void clear(struct count *c)
{
	for (size_t i = 0; i < c->n; i++)
		EVP_PKEY_free(c->keys[i]);
}

static int too_few(const struct policy *p, const struct count *c, struct kh_error *err)
{
	char there[NAMES] = "", missing[NAMES] = "", why[480] = "";

	for (size_t i = 0; i < p->approvers.n; i++)
		add_name(has(c, &p->approvers.v[i]) ? there : missing, p->approvers.v[i].name);
	if (c->refused)
		(void)snprintf(why, sizeof(why), "; %.470s", c->refused->msg);
	kh_fail(err, KH_E_CHECK, 0, "%u of %zu people have to approve this request under %s, and %zu did%s%s; missing: %s%s",
		p->threshold, p->approvers.n, p->path, c->n, c->n ? ": " : "", there, missing, why);
	return kh_hint(err, "'keyhaul-token approve' approves, and 'keyhaul merge' joins what was approved in two copies");
}

static int count_all(const struct policy *p, const struct bundle *b, int64_t now, struct count *c,
		     struct approvers_verdict out[BUNDLE_APPROVALS_MAX], struct kh_error *err)
{
	size_t n = 0;
	const struct bundle_approval *all = bundle_approvals(b, &n);


	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < n; i++) {
		if (count_one(c, p, b, &all[i], now, &out[i], err))
			return -1;
		if (!out[i].who && !c->refused)
			c->refused = &out[i].why;
	}
	return 0;
}

int approvers_each(const struct policy *p, const struct bundle *b, int64_t now,
		   struct approvers_verdict out[BUNDLE_APPROVALS_MAX], struct kh_error *err)
{
	struct count c;
	int rc = count_all(p, b, now, &c, out, err);

	clear(&c);
	return rc;
}

int approvers_count(const struct policy *p, const struct bundle *b, int64_t now, size_t *out, struct kh_error *err)
{
	struct approvers_verdict verdicts[BUNDLE_APPROVALS_MAX];
	struct count c;
	int rc = count_all(p, b, now, &c, verdicts, err);

	*out = c.n;
	clear(&c);
	return rc;
}

int approvers_next(const struct policy *host, const struct bundle *b, int64_t now, struct next_policy *out, struct kh_error *err)
{
	size_t n = 0;

	*out = (struct next_policy){.sign = host->material_signers.n > 0};
	if (host->threshold > 0 && approvers_count(host, b, now, &n, err))
		return -1;
	out->approve = n < host->threshold;
	return 0;
}

int approvers_check(const struct policy *p, const struct bundle *b, int64_t now, struct kh_error *err)
{
	struct approvers_verdict verdicts[BUNDLE_APPROVALS_MAX];
	struct count c;
	int rc;

	if (p->threshold == 0)
		return 0;
	rc = count_all(p, b, now, &c, verdicts, err);
	if (!rc && c.n < p->threshold)
		rc = too_few(p, &c, err);
	clear(&c);
	return rc;
}

int approvers_check_material(const struct policy *p, const struct bundle *b, int64_t now, struct kh_error *err)
{
	const struct bundle_blob *signature = bundle_material_signature(b);
	struct buf text = BUF_INIT(BUNDLE_MAX);
	struct cms_signer signer = {NULL, 0};
	const struct policy_person *who = NULL;
	int rc = -1;

	if (!signature && (!p || p->material_signers.n == 0))
		return 0;
	if (!signature) {
		kh_fail(err, KH_E_CHECK, 0, "the material is not signed, and %s wants it signed", p->path);
		return kh_hint(err, "'keyhaul-token wrap --signer' signs it; another's material may be in its place");
	}
	if (bundle_canonical(b, "material", &text, err) ||
	    cms_verify(signature->data, signature->len, buf_text(&text), text.len, &signer, err) ||
	    (p && p->material_signers.n > 0 &&
	     (approvers_person(p, &p->material_signers, signer.cert, now, &who, err) ||
	      check_signed_at(signer.signed_at, bundle_material(b)->wrapped_at, "the wrap of the material", now, err))))
		kh_context(err, "the material's signature");
	else
		rc = 0;
	X509_free(signer.cert);
	buf_free(&text);
	return rc;
}
