/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "tell.h"

#include "bundle/next.h"
#include "bundle/phrase.h"
#include "bundle/told.h"
#include "sheet.h"
#include "sign/cms.h"

#include <stdio.h>
#include <string.h>

static void tell_digest(struct sheet *s, const char *what, struct bundle_blob blob)
{
	char words[PHRASE_BLOB], hex[BUNDLE_DIGEST_HEX];

	if (s->failed || !blob.data)
		return;
	s->failed = phrase_blob(&blob, words, hex, s->err);
	sheet_text(s, what, words);
	sheet_hex(s, NULL, hex);
}

static void tell_times(struct sheet *s, const struct bundle *b)
{
	const struct bundle_request *r = bundle_request(b);
	const int64_t now = s->c->now;
	char when[SHEET_TIME];

	sheet_time(r->fetched_at, now, when);
	sheet_line(s, "fetched", "%s%s%s%s%s", when, r->generator ? " by " : "", r->generator ? r->generator : "",
		   r->request_id ? ", request id " : "", r->request_id ? r->request_id : "");
	sheet_time(r->parameters_valid_to, now, when);
	if (next_is_expired(b, now))
		sheet_line(s, "parameters", "EXPIRED %s: fetch again, and wrap again", when);
	else
		sheet_line(s, "parameters", "valid to %s", when);
}

static void tell_endpoint(struct sheet *s, const struct bundle_request *r)
{
	char words[PHRASE_MAX] = "";

	phrase_add(words, "", r->endpoint);
	phrase_flag(words, r->tls_verified, "TLS verified", "TLS NOT verified");
	sheet_text(s, "endpoint", words);
	if (r->described == BUNDLE_FALSE)
		sheet_line(s, "DescribeKey", "was not allowed: KMS's key was not compared with this request");
}

/* Which key it is of KMS's. */
static void kms_key(struct sheet *s, const struct bundle *b)
{
	const struct bundle_request *r = bundle_request(b);
	char words[PHRASE_MAX];

	sheet_text(s, "KMS key", r->kms_key_arn);
	if (arn_is_rehearsal(&bundle_facts(b)->arn))
		sheet_line(s, "rehearsal", "account %s is keyhaul-sim's: this is no key of AWS's", ARN_REHEARSAL_ACCOUNT);
	phrase_key_spec(r, words);
	sheet_text(s, "key spec", words);
	sheet_line(s, "wrapping", "%s under %s", r->wrapping_algorithm, r->wrapping_key_spec);
}

static void what_kms_gave(struct sheet *s, const struct bundle *b)
{
	const struct bundle_request *r = bundle_request(b);

	tell_digest(s, "wrapping key", r->public_key);
	tell_digest(s, "import token", r->import_token);
	tell_times(s, b);
	tell_endpoint(s, r);
}

static void token_key(struct sheet *s, const struct bundle *b)
{
	sheet_text(s, "key on token", bundle_request(b)->key_uri);
	sheet_text(s, "token serial", bundle_request(b)->token_serial);
}

static void rules(struct sheet *s, const struct bundle *b)
{
	sheet_hex(s, "policy's SHA-256", bundle_request(b)->policy_sha256);
	sheet_hex(s, "plan's SHA-256", bundle_request(b)->plan_sha256);
}

static void what_import_says(struct sheet *s, const struct bundle *b)
{
	const struct bundle_request *r = bundle_request(b);
	char intent[INTENT_WORDS_MAX];

	intent_words(&r->intent, intent, sizeof(intent));
	if (intent_is_empty(&r->intent))
		sheet_text(s, "import says", bundle_receipt(b) ? "nothing in the request: it was said at the import" : "nothing yet: import asks for it");
	else
		sheet_text(s, "import says", intent);
}

static void request(struct sheet *s, const struct bundle *b)
{
	kms_key(s, b);
	what_kms_gave(s, b);
	token_key(s, b);
	rules(s, b);
	what_import_says(s, b);
	sheet_words(s, "request's SHA-256", bundle_request_sha256(b));
}

/* Who signed what by his own word: anybody makes himself a certificate, and whose it is only a policy says. */
static void tell_signature(struct sheet *s, const char *what, const char *who, const struct bundle_blob *signature,
			   const struct buf *text)
{
	struct cms_signer signer = {NULL, 0};
	char when[SHEET_TIME], name[CERT_NAME_MAX], sha256[CERT_HEX];
	struct kh_error why;

	if (s->failed)
		return;
	if (cms_verify(signature->data, signature->len, buf_text(text), text->len, &signer, &why) ||
	    cert_sha256(signer.cert, sha256, &why)) {
		sheet_line(s, what, "%sNOT GOOD: %s", who, why.msg);
	} else {
		sheet_time(signer.signed_at, s->c->now, when);
		sheet_line(s, what, "%ssigned %s", who, when);
		sheet_line(s, "", "by a certificate that names '%s';", cert_subject(signer.cert, name));
		sheet_text(s, "", "who that is, only a policy says; its SHA-256 is");
		sheet_hex(s, NULL, sha256);
	}
	X509_free(signer.cert);
}

static void tell_told(struct sheet *s, const char *what, const struct bundle_told *told)
{
	if (told->said)
		sheet_line(s, what, "the time was TOLD " TOLD_WORDS, told->said, told->host_clock);
}

static void approvals(struct sheet *s, const struct bundle *b)
{
	size_t n = 0;
	const struct bundle_approval *all = bundle_approvals(b, &n);

	for (size_t i = 0; i < n && !s->failed; i++) {
		struct buf text = BUF_INIT(1024);
		char who[96];

		(void)snprintf(who, sizeof(who), "'%s', ", all[i].approver);
		s->failed = bundle_approval_text(&all[i], &text, s->err);
		tell_signature(s, "approval", who, &all[i].signature, &text);
		sheet_text(s, "", "under the policy with SHA-256");
		sheet_hex(s, NULL, all[i].policy_sha256);
		tell_told(s, "", &all[i].told_now);
		buf_free(&text);
	}
}

/* In a line each, for one who is to approve next. */
static void approvals_brief(struct sheet *s, const struct bundle *b)
{
	size_t n = 0;
	const struct bundle_approval *all = bundle_approvals(b, &n);

	for (size_t i = 0; i < n && !s->failed; i++) {
		struct buf text = BUF_INIT(1024);
		struct cms_signer signer = {NULL, 0};
		char when[SHEET_TIME];
		struct kh_error why;

		s->failed = bundle_approval_text(&all[i], &text, s->err);
		if (!s->failed && cms_verify(all[i].signature.data, all[i].signature.len, buf_text(&text), text.len, &signer, &why)) {
			sheet_line(s, "approval", "'%s', NOT GOOD: %s", all[i].approver, why.msg);
		} else if (!s->failed) {
			sheet_time(signer.signed_at, s->c->now, when);
			sheet_line(s, "approval", "'%s', signed %s", all[i].approver, when);
		}
		X509_free(signer.cert);
		buf_free(&text);
	}
}

static void material_signature(struct sheet *s, const struct bundle *b)
{
	const struct bundle_blob *signature = bundle_material_signature(b);
	struct buf text = BUF_INIT(BUNDLE_MAX);

	if (!signature || s->failed)
		return;
	s->failed = bundle_canonical(b, "material", &text, s->err);
	tell_signature(s, "material's signer", "", signature, &text);
	buf_free(&text);
}

static void tell_key(struct sheet *s, const struct bundle_material *m)
{
	char words[PHRASE_MAX] = "", size[48];

	(void)snprintf(size, sizeof(size), "%s %lld bits", m->key.type ? m->key.type : "", (long long)m->key.size);
	phrase_add(words, "", m->key.label);
	phrase_add(words, "", size);
	phrase_add(words, "id ", m->key.id);
	phrase_flag(words, m->key.kept, "kept on the token", "NOT kept on the token: it can never be imported again");
	sheet_text(s, "key", words);
	phrase_key_states(m, words);
	sheet_text(s, "key says", words);
	sheet_text(s, "check value", m->key.check_value);
	tell_digest(s, "public key", m->public_key);
}

static void tell_proof(struct sheet *s, const struct bundle_material *m)
{
	char words[PHRASE_MAX] = "";

	for (size_t i = 0; i < m->n_mechanisms; i++) {
		char one[160];

		(void)snprintf(one, sizeof(one), "%s (0x%lX) %s", m->mechanisms[i].name, m->mechanisms[i].number,
			       m->mechanisms[i].role);
		phrase_add(words, "", one);
	}
	sheet_text(s, "mechanisms", words);
	sheet_line(s, "proof", "a throwaway of %lld bits was wrapped to a throwaway RSA key of %lld bits and opened",
		   (long long)m->proof.target_bits, (long long)m->proof.wrapping_bits);
	sheet_line(s, "", "OAEP %s, MGF1 %s", m->proof.oaep_hash, m->proof.mgf_hash);
	if (m->proof.kek_bits)
		sheet_line(s, "", "key-encryption key of %lld bits, RFC 5649", (long long)m->proof.kek_bits);
	if (m->proof.pkcs8)
		sheet_line(s, "", "PKCS#8 %s, %lld bytes behind it", m->proof.pkcs8, (long long)m->proof.trailing_zeros);
	for (size_t i = 0; i < m->proof.n_warnings; i++)
		sheet_text(s, "proof warns", m->proof.warnings[i]);
}

static void tell_material(struct sheet *s, const struct bundle *b)
{
	const struct bundle_material *m = bundle_material(b);
	char when[SHEET_TIME], words[PHRASE_MAX];
	bool none;

	if (!m)
		return;
	sheet_time(m->wrapped_at, s->c->now, when);
	sheet_line(s, "wrapped", "%s%s%s", when, m->generator ? " by " : "", m->generator ? m->generator : "");
	tell_told(s, "clock", &m->told_now);
	tell_digest(s, "blob", m->encrypted_key_material);
	phrase_token(m, words);
	sheet_text(s, "token", words);
	tell_key(s, m);
	tell_proof(s, m);
	none = strcmp(m->policy_sha256, "none") == 0;
	sheet_text(s, "wrapped under", none ? "no policy" : "the policy of SHA-256");
	sheet_hex(s, NULL, none ? NULL : m->policy_sha256);
	sheet_words(s, "material's SHA-256", bundle_material_sha256(b));
	material_signature(s, b);
}

static void tell_receipt(struct sheet *s, const struct bundle *b)
{
	const struct bundle_receipt *r = bundle_receipt(b);
	char when[SHEET_TIME];

	if (!r)
		return;
	sheet_time(r->imported_at, s->c->now, when);
	sheet_line(s, "imported", "%s%s%s", when, r->caller ? " by " : "", r->caller ? r->caller : "");
	sheet_hex(s, "key material id", r->key_material_id);
	if (r->valid_to) {
		sheet_time(r->valid_to, s->c->now, when);
		sheet_line(s, "expires", "%s", when);
	} else {
		sheet_text(s, "expiry", r->expiration_model);
	}
	sheet_text(s, "import type", r->import_type);
	sheet_text(s, "imported at", r->endpoint);
	sheet_text(s, "request id", r->request_id);
}

static void tell_proofs(struct sheet *s, const struct bundle *b)
{
	size_t n = 0;
	const struct bundle_proof *p = bundle_proofs(b, &n);
	char when[SHEET_TIME];

	for (size_t i = 0; i < n; i++) {
		sheet_time(p[i].at, s->c->now, when);
		sheet_line(s, "KMS has it", "%s: by %s, %s, %s", p[i].verdict ? p[i].verdict : "not told yet ('keyhaul-token verify')",
			   p[i].method, p[i].by, when);
		tell_told(s, "", &p[i].told_now);
	}
}

int tell_request(struct cmd *c, const char *path, const struct bundle *b, struct kh_error *err)
{
	struct sheet s = {c, err, 0};

	s.failed = cmd_printf(c, err, "%s: the request\n", path);
	approvals_brief(&s, b);
	what_kms_gave(&s, b);
	rules(&s, b);
	/* what is agreed to stands last: 24 lines may be all that is seen */
	kms_key(&s, b);
	token_key(&s, b);
	what_import_says(&s, b);
	sheet_words(&s, "request's SHA-256", bundle_request_sha256(b));
	return s.failed;
}

int tell_bundle(struct cmd *c, const char *path, const struct bundle *b, const char *next, struct kh_error *err)
{
	struct sheet s = {c, err, 0};

	s.failed = cmd_printf(c, err, "%s%s: %s\n", c->text.len ? "\n" : "", path, next_stage_name(next_stage(b)));
	request(&s, b);
	approvals(&s, b);
	tell_material(&s, b);
	tell_receipt(&s, b);
	tell_proofs(&s, b);
	if (!s.failed && *next)
		s.failed = cmd_printf(c, err, "next: %s\n", next);
	if (!s.failed && *next && next_stage(b) == NEXT_IMPORT && !next_is_expired(b, c->now))
		s.failed = cmd_printf(c, err, "      or nothing, where another client imported it: a bundle knows only of keyhaul's imports\n");
	if (!s.failed && !*next)
		s.failed = cmd_printf(c, err, "next: nothing; 'keyhaul-kms import' asks KMS whether it still has it\n");
	return s.failed;
}
