/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "page.h"

#include "base/clock.h"
#include "bundle/phrase.h"
#include "bundle/told.h"
#include "signed.h"

#include <stdio.h>
#include <string.h>

static void add_part(struct html *h, const char *title)
{
	html_raw(h, "</tbody><tbody>\n<tr class=\"part\"><td colspan=\"2\">");
	html_text(h, title);
	html_raw(h, "</td></tr>\n");
}

static void add_blob(struct html *h, const char *what, struct bundle_blob blob)
{
	char words[PHRASE_BLOB + 1], hex[BUNDLE_DIGEST_HEX];

	if (!blob.data || h->failed)
		return;
	h->failed = phrase_blob(&blob, words, hex, h->err);
	if (h->failed)
		return;
	memcpy(words + strlen(words), " ", 2);
	html_code(h, what, words, hex);
}

static void add_request(struct html *h, const struct bundle *b)
{
	const struct bundle_request *q = bundle_request(b);
	char intent[INTENT_WORDS_MAX], list[PHRASE_MAX];

	add_part(h, "What was asked of KMS");
	html_code(h, "KMS key", "", q->kms_key_arn);
	if (arn_is_rehearsal(&bundle_facts(b)->arn))
		html_fact(h, "Rehearsal", "YES: this is no key of AWS's, but of keyhaul-sim");
	phrase_key_spec(q, list);
	html_fact(h, "Key spec", list);
	html_factf(h, "Wrapping", "%s under %s", q->wrapping_algorithm, q->wrapping_key_spec);
	add_blob(h, "Wrapping key", q->public_key);
	add_blob(h, "Import token", q->import_token);
	html_factf(h, "Endpoint", "%s%s", q->endpoint ? q->endpoint : "not told",
		   q->tls_verified == BUNDLE_TRUE ? ", TLS verified" : q->tls_verified == BUNDLE_FALSE ? ", TLS NOT verified" : "");
	if (q->described == BUNDLE_FALSE)
		html_fact(h, "DescribeKey", "was not allowed: the KMS key was not compared with this request");
	html_time(h, "Fetched", q->fetched_at);
	html_time(h, "Good until", q->parameters_valid_to);
	html_fact(h, "Made by", q->generator);
	html_code(h, "Key on the token", "", q->key_uri);
	html_fact(h, "Token's serial", q->token_serial);
	intent_words(&q->intent, intent, sizeof(intent));
	html_fact(h, "Import is to say", intent_is_empty(&q->intent) ? "nothing: it was said at the import" : intent);
	html_code(h, "Policy, SHA-256", "", q->policy_sha256 ? q->policy_sha256 : "none");
	html_code(h, "Plan, SHA-256", "", q->plan_sha256);
	html_digest(h, "Request, SHA-256", bundle_request_sha256(b));
}

/* Whose a signature is: nobody's (`uncounted` says why), or as it says, where nobody judged that. */
struct worth {
	const char *uncounted, *not_judged;
};

static void add_signer(struct html *h, const char *what, const char *name, const struct bundle *b, size_t index, struct worth worth)
{
	struct signed_by who;
	struct kh_error why;
	char at[CLOCK_TEXT];

	if (signed_verify(b, index, &who, &why)) {
		html_factf(h, "Does not count", "%s: THE SIGNATURE DOES NOT VERIFY: %s", name, why.msg);
		return;
	}
	clock_format(who.at, at);
	html_factf(h, worth.uncounted ? "Does not count" : what, "%s, signed %s by %s%s%s", name, at, who.subject,
		   worth.uncounted ? ": " : worth.not_judged ? ", NOT JUDGED: " : "",
		   worth.uncounted ? worth.uncounted : worth.not_judged ? worth.not_judged : "");
	html_code(h, "certificate", "SHA-256 ", who.sha256);
}

static void add_told(struct html *h, const struct bundle_told *told)
{
	if (told->said)
		html_factf(h, "Time told", "the time was TOLD " TOLD_WORDS, told->said, told->host_clock);
}

static void add_approvals(struct html *h, const struct record *r, const struct record_bundle *of)
{
	const struct bundle *b = of->b;
	size_t n = 0;
	const struct bundle_approval *all = bundle_approvals(b, &n);

	add_part(h, "Who approved it");
	if (n == 0)
		html_fact(h, "Approved by", "NOBODY: it has no approvals");
	for (size_t i = 0; i < n; i++) {
		add_signer(h, "Approved by", all[i].approver, b, i,
			   (struct worth){of->uncounted[i], r->policy_sha256[0] ? NULL : "no policy was given"});
		html_code(h, "under the policy", "", all[i].policy_sha256);
		add_told(h, &all[i].told_now);
	}
}

static void add_token(struct html *h, const struct bundle_material *m)
{
	char list[PHRASE_MAX];

	phrase_token(m, list);
	html_fact(h, "Token", list);
}

static void add_key(struct html *h, const struct bundle_material *m)
{
	char list[PHRASE_MAX];

	html_factf(h, "Key", "%s%s%s %lld bits%s%s", m->key.label ? m->key.label : "", m->key.label ? ", " : "",
		   m->key.type ? m->key.type : "", (long long)m->key.size, m->key.id ? ", id " : "", m->key.id ? m->key.id : "");
	phrase_key_states(m, list);
	phrase_flag(list, m->key.kept, "kept on the token", "NOT kept on the token");
	html_fact(h, "As the token states", *list ? list : "nothing");
	html_fact(h, "Check value", m->key.check_value);
	add_blob(h, "Public key", m->public_key);
}

static void add_proof(struct html *h, const struct bundle_material *m)
{
	char list[PHRASE_MAX] = "", number[64];

	for (size_t i = 0; i < m->n_mechanisms; i++) {
		(void)snprintf(number, sizeof(number), " (0x%lX)", m->mechanisms[i].number);
		phrase_add(list, "", m->mechanisms[i].name);
		strncat(list, number, sizeof(list) - strlen(list) - 1);
	}
	html_fact(h, "Mechanisms", list);
	html_factf(h, "Proof",
		   "before it a throwaway key of %lld bits was wrapped to a throwaway RSA key of %lld bits, and opened by OpenSSL: "
		   "OAEP %s, MGF1 %s",
		   (long long)m->proof.target_bits, (long long)m->proof.wrapping_bits, m->proof.oaep_hash, m->proof.mgf_hash);
	if (m->proof.kek_bits)
		html_factf(h, "", "key-encryption key of %lld bits, RFC 5649", (long long)m->proof.kek_bits);
	if (m->proof.pkcs8)
		html_factf(h, "", "PKCS#8 %s, %lld bytes behind it", m->proof.pkcs8, (long long)m->proof.trailing_zeros);
	for (size_t i = 0; i < m->proof.n_warnings; i++)
		html_fact(h, "Proof warns", m->proof.warnings[i]);
}

static void add_material(struct html *h, const struct record *r, const struct record_bundle *of)
{
	const char *unknown = r->policy_sha256[0] ? "the policy names nobody who signs material" : "no policy was given";
	const struct bundle *b = of->b;
	const struct bundle_material *m = bundle_material(b);

	add_part(h, "What the token wrapped");
	if (!m) {
		html_fact(h, "Wrapped", "NO: it has no material");
		return;
	}
	html_time(h, "Wrapped", m->wrapped_at);
	add_told(h, &m->told_now);
	html_fact(h, "Made by", m->generator);
	add_token(h, m);
	add_key(h, m);
	add_proof(h, m);
	add_blob(h, "Wrapped key", m->encrypted_key_material);
	html_code(h, "Policy, SHA-256", "", m->policy_sha256);
	html_digest(h, "Material, SHA-256", bundle_material_sha256(b));
	if (bundle_material_signature(b))
		add_signer(h, "Signed by", "material", b, SIGNED_MATERIAL,
			   (struct worth){of->material_uncounted, r->names_signers ? NULL : unknown});
	else
		html_fact(h, "Signed by", "NOBODY: the material has no signature");
}

static void add_receipt(struct html *h, const struct bundle *b)
{
	const struct bundle_receipt *r = bundle_receipt(b);

	add_part(h, "What KMS took");
	if (!r) {
		html_fact(h, "Imported", "NO: it has no receipt");
		return;
	}
	html_time(h, "Imported", r->imported_at);
	html_fact(h, "By", r->caller);
	html_code(h, "Key material id", "", r->key_material_id);
	html_fact(h, "Expiry", r->expiration_model);
	html_time(h, "Expires", r->valid_to);
	html_fact(h, "Import type", r->import_type);
	html_fact(h, "Endpoint", r->endpoint);
	html_fact(h, "Request id", r->request_id);
}

static void add_proofs(struct html *h, const struct bundle *b)
{
	size_t n = 0;
	const struct bundle_proof *p = bundle_proofs(b, &n);
	char at[CLOCK_TEXT];

	for (size_t i = 0; i < n; i++) {
		clock_format(p[i].at, at);
		html_factf(h, "KMS holds this key", "%s: by %s, %s, %s",
			   !p[i].verdict ? "not answered yet" : strcmp(p[i].verdict, "yes") == 0 ? "yes" : "NO", p[i].method, p[i].by, at);
		add_told(h, &p[i].told_now);
	}
}

void page_keys(struct html *h, const struct record *r)
{
	for (size_t i = 0; i < r->n_bundles; i++) {
		const struct record_bundle *b = &r->bundles[i];

		html_raw(h, "<section class=\"key\">\n<h2>Key ");
		html_textf(h, "%zu of %zu: %s", i + 1, r->n_bundles, b->path);
		html_raw(h, "</h2>\n<table class=\"facts\"><tbody>\n");
		html_code(h, "File, SHA-256", "", b->sha256);
		add_request(h, b->b);
		add_approvals(h, r, b);
		add_material(h, r, b);
		add_receipt(h, b->b);
		add_proofs(h, b->b);
		html_raw(h, "</tbody></table>\n</section>\n");
	}
}
