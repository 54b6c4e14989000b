/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "approvers.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define NAMES 300

static int check_issued(const struct policy *p, const struct policy_issued *issued, X509 *cert, int64_t now,
			struct kh_error *err)
{
	struct buf path = BUF_INIT(8192);
	char sha256[CERT_HEX];
	X509 *ca = NULL;
	int rc = -1;

	if (policy_beside(p, issued->file, &path, err) || cert_load(buf_text(&path), &ca, err) || cert_sha256(ca, sha256, err))
		goto out;
	if (strcmp(sha256, issued->issuer_sha256) != 0)
		kh_fail(err, KH_E_CHECK, 0, "%s is not the issuer's certificate that %s has the SHA-256 of", buf_text(&path), p->path);
	else
		rc = cert_check_issuer(cert, ca, now, err);
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
		return kh_fail(err, KH_E_CHECK, 0, "the certificate of '%s' is revoked (%s)", cert_subject(cert, subject), p->path);
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

/* Who signed it, by whose key. */
static int judge(const struct policy *p, const struct bundle *b, const struct bundle_approval *a, int64_t now,
		 const struct policy_person **out, unsigned char key[FILE_DIGEST], struct kh_error *err)
{
	struct buf text = BUF_INIT(BUNDLE_MAX);
	struct cms_signer signer = {NULL, 0};
	unsigned int key_len = 0;
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
	else if (X509_pubkey_digest(signer.cert, EVP_sha256(), key, &key_len) != 1 || key_len != FILE_DIGEST)
		kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL made no digest of a key");
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
	unsigned char key[FILE_DIGEST];
	size_t n = 0;

	return judge(p, b, &bundle_approvals(b, &n)[index], now, out, key, err);
}

static void add_name(char names[NAMES], const char *name)
{
	size_t len = strlen(names);

	(void)snprintf(names + len, NAMES - len, "%s%s", len ? ", " : "", name);
}

/* The judgement of all: who approved, by which keys, and the first that counts for nobody. */
struct count {
	const struct policy_person *who[BUNDLE_APPROVALS_MAX];
	unsigned char keys[BUNDLE_APPROVALS_MAX][FILE_DIGEST];
	size_t n;
	struct kh_error refused; /* KH_OK: none was */
};

static bool has(const struct count *c, const struct policy_person *person)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->who[i] == person)
			return true;
	return false;
}

static bool has_key(const struct count *c, const unsigned char key[FILE_DIGEST])
{
	for (size_t i = 0; i < c->n; i++)
		if (memcmp(c->keys[i], key, FILE_DIGEST) == 0)
			return true;
	return false;
}

static int count_one(struct count *c, const struct policy *p, const struct bundle *b, const struct bundle_approval *a,
		     int64_t now, struct kh_error *err)
{
	const struct policy_person *person = NULL;
	unsigned char key[FILE_DIGEST];
	struct kh_error why = {.code = KH_OK};

	if (judge(p, b, a, now, &person, key, &why)) {
		if (why.code == KH_E_MEMORY || why.code == KH_E_SYSTEM) {
			*err = why;
			return -1;
		}
		if (c->refused.code == KH_OK)
			c->refused = why;
	} else if (has(c, person)) {
		return 0; /* twice is once */
	} else if (has_key(c, key)) {
		if (c->refused.code == KH_OK)
			kh_fail(&c->refused, KH_E_CHECK, 0, "the approval of '%s' is by the key of another's", a->approver);
	} else {
		c->who[c->n] = person;
		memcpy(c->keys[c->n++], key, FILE_DIGEST);
	}
	return 0;
}

static int too_few(const struct policy *p, const struct count *c, struct kh_error *err)
{
	char there[NAMES] = "", missing[NAMES] = "", why[480] = "";

	for (size_t i = 0; i < p->approvers.n; i++)
		add_name(has(c, &p->approvers.v[i]) ? there : missing, p->approvers.v[i].name);
	if (c->refused.code != KH_OK)
		(void)snprintf(why, sizeof(why), "; %.470s", c->refused.msg);
	kh_fail(err, KH_E_CHECK, 0, "%u of %zu people have to approve this request under %s, and %zu did%s%s; missing: %s%s",
		p->threshold, p->approvers.n, p->path, c->n, c->n ? ": " : "", there, missing, why);
	return kh_hint(err, "'keyhaul-token approve' approves, and 'keyhaul merge' joins what was approved in two copies");
}

static int count_all(const struct policy *p, const struct bundle *b, int64_t now, struct count *c, struct kh_error *err)
{
	size_t n = 0;
	const struct bundle_approval *all = bundle_approvals(b, &n);

	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < n; i++)
		if (count_one(c, p, b, &all[i], now, err))
			return -1;
	return 0;
}

int approvers_count(const struct policy *p, const struct bundle *b, int64_t now, size_t *out, struct kh_error *err)
{
	struct count c;
	int rc = count_all(p, b, now, &c, err);

	*out = c.n;
	return rc;
}

int approvers_check(const struct policy *p, const struct bundle *b, int64_t now, struct kh_error *err)
{
	struct count c;

	if (p->threshold == 0)
		return 0;
	if (count_all(p, b, now, &c, err))
		return -1;
	return c.n >= p->threshold ? 0 : too_few(p, &c, err);
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
