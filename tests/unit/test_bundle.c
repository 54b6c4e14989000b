/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle/bundle.h"
#include "rsa_keys.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define ARN "arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define AN_APPROVAL(digest, more) \
	"{\"approval\": {\"request_sha256\": \"" digest "\", \"policy_sha256\": \"" HEX64 "\", \"approver\": \"Ann\"}" more "}"
#define A_PROOF(more, digest) "{\"method\": \"hmac\", \"challenge\": \"AAAA\", \"answer\": \"AAAA\", \"at\": " \
	"\"2026-11-22T10:00:00Z\", \"by\": \"test\", \"material_sha256\": \"" digest "\"" more "}"
#define THEN INT64_C(1795341600)

static unsigned char spki[1024];
static size_t spki_len;
static unsigned char blob[256];

static struct bundle_request a_request(void)
{
	unsigned char *at = spki;
	EVP_PKEY *key;

	if (!spki_len) {
		key = rsa_key(2048);
		spki_len = (size_t)i2d_PUBKEY(key, &at);
		EVP_PKEY_free(key);
	}
	return (struct bundle_request){
		.kms_key_arn = ARN, .key_spec = "SYMMETRIC_DEFAULT", .wrapping_algorithm = "RSAES_OAEP_SHA_256",
		.wrapping_key_spec = "RSA_2048", .public_key = {spki, spki_len},
		.import_token = {(const unsigned char *)"token", 5}, .parameters_valid_to = THEN + 86400, .fetched_at = THEN,
		.generator = "keyhaul-kms 0.1.0", .key_usage = "ENCRYPT_DECRYPT", .multi_region = BUNDLE_FALSE,
		.described = BUNDLE_TRUE, .endpoint = "https://kms.eu-central-1.amazonaws.com", .tls_verified = BUNDLE_TRUE,
		.request_id = "r-1", .key_uri = "pkcs11:token=a%20b;object=k", .token_serial = "1234",
		.intent = {.expiration_model = INTENT_EXPIRES, .valid_for = 86400, .import_type = INTENT_NEW,
			   .key_material_description = "a:b/c"},
	};
}

static struct bundle_material a_material(const struct bundle *b)
{
	return (struct bundle_material){
		.encrypted_key_material = {blob, sizeof(blob)}, .request_sha256 = bundle_request_sha256(b),
		.token = {.label = "a%20b", .model = "M", .hardware = BUNDLE_FALSE},
		.key = {.label = "k", .id = "01ff", .type = "AES", .size = 256, .kept = BUNDLE_TRUE, .sensitive = BUNDLE_TRUE,
			.key_gen_mechanism = "CKM_AES_KEY_GEN", .check_value = "a1b2c3"},
		.mechanisms = {{"CKM_RSA_PKCS_OAEP", 9, "wrap"}}, .n_mechanisms = 1,
		.proof = {.oaep_hash = "SHA256", .mgf_hash = "SHA256", .wrapping_bits = 2048, .target_bits = 256,
			  .warnings = {"one", "two"}, .n_warnings = 2},
		.policy_sha256 = "none", .wrapped_at = THEN + 60, .generator = "keyhaul-token 0.1.0",
	};
}

static struct bundle_receipt a_receipt(const struct bundle *b)
{
	return (struct bundle_receipt){
		.key_material_id = HEX64, .expiration_model = INTENT_EXPIRES, .valid_to = THEN + 99999, .import_type = INTENT_NEW,
		.endpoint = "https://kms.eu-central-1.amazonaws.com", .request_id = "r-2", .caller = "arn:aws:iam::000000000000:root",
		.imported_at = THEN + 120, .material_sha256 = bundle_material_sha256(b),
	};
}

static struct bundle *a_bundle(int sections)
{
	struct bundle_request request = a_request();
	struct kh_error err = {0};
	struct bundle *b = NULL;

	cr_assert_eq(bundle_new(&request, &b, &err), 0, "%s", err.msg);
	if (sections > 1) {
		struct bundle_material m = a_material(b);

		cr_assert_eq(bundle_set_material(b, &m, &err), 0, "%s", err.msg);
	}
	if (sections > 2) {
		struct bundle_receipt r = a_receipt(b);

		cr_assert_eq(bundle_set_receipt(b, &r, &err), 0, "%s", err.msg);
	}
	return b;
}

static char *text_of(const struct bundle *b)
{
	struct buf text = BUF_INIT(BUNDLE_MAX);
	struct kh_error err;

	cr_assert_eq(bundle_write(b, &text, &err), 0);
	return text.data;
}

/* Eight proofs at most, the oldest goes; each is of the material that is there, and goes with it. */
static void proofs_add_up(struct bundle *b)
{
	static const unsigned char bytes[] = {1, 2, 3};
	struct bundle_proof p = {.method = "hmac", .challenge = {bytes, 3}, .answer = {bytes, 2}, .by = "test 0"};
	char digest[BUNDLE_DIGEST_HEX];
	const struct bundle_proof *all;
	struct kh_error err;
	size_t n = 0;

	(void)snprintf(digest, sizeof(digest), "%s", bundle_material_sha256(b));
	p.material_sha256 = digest;
	for (p.at = 1; p.at <= BUNDLE_PROOFS_MAX + 2; p.at++)
		cr_assert_eq(bundle_set_proof(b, BUNDLE_PROOFS_MAX, &p, &err), 0, "%s", err.msg);
	p.verdict = "yes";
	cr_assert_eq(bundle_set_proof(b, 0, &p, &err), 0, "%s", err.msg);
	all = bundle_proofs(b, &n);
	cr_assert(n == BUNDLE_PROOFS_MAX && all[0].at == p.at && all[1].at == 4 && all[7].at == 10);
	cr_assert(strcmp(all[0].verdict, "yes") == 0 && !all[1].verdict && all[7].challenge.len == 3 && all[7].answer.len == 2);
	cr_assert_eq(bundle_proofs(b, &n), all);
	p.method = "signature";
	p.verdict = NULL;
	cr_assert(bundle_set_proof(b, 0, &p, &err) == -1 && strstr(err.msg, "proofs.verdict"), "%s", err.msg);
	p.method = "public-key";
	p.verdict = "no";
	cr_assert(bundle_set_proof(b, 0, &p, &err) == -1 && strstr(err.msg, "no challenge"), "%s", err.msg);
}

/* Eight approvals and no more; a new material leaves them, its signature goes with the old one. */
static void approvals_stay(struct bundle *b)
{
	static const unsigned char bytes[] = {1, 2, 3};
	struct bundle_approval a = {
		.request_sha256 = bundle_request_sha256(b), .policy_sha256 = HEX64, .approver = "Ann", .signature = {bytes, 3}};
	struct kh_error err;
	size_t n = 9;

	for (int i = 0; i < BUNDLE_APPROVALS_MAX; i++)
		cr_assert_eq(bundle_add_approval(b, &a, &err), 0, "%s", err.msg);
	cr_assert(bundle_add_approval(b, &a, &err) == -1 && strstr(err.msg, "holds 8 approvals"), "%s", err.msg);
	cr_assert(bundle_approvals(b, &n)[7].signature.len == 3 && n == BUNDLE_APPROVALS_MAX);
	cr_assert(!bundle_set_material_signature(b, a.signature, &err) && bundle_material_signature(b)->len == 3);
}

Test(bundle, what_is_written_is_read)
{
	struct bundle *b = a_bundle(3), *again = NULL;
	const struct bundle_request *r, want = a_request();
	const struct bundle_material *m;
	char *text = text_of(b), *twice;
	struct kh_error err;

	cr_assert_eq(text[strlen(text) - 1], '\n');
	cr_assert_eq(bundle_parse(text, strlen(text), &again, &err), 0, "%s", err.msg);
	r = bundle_request(again);
	m = bundle_material(again);
	cr_assert(r && m && bundle_receipt(again));
	cr_assert(r->public_key.len == spki_len && memcmp(r->public_key.data, spki, spki_len) == 0);
	cr_assert(r->fetched_at == THEN && r->multi_region == BUNDLE_FALSE && r->tls_verified == BUNDLE_TRUE);
	cr_assert_str_eq(r->key_uri, want.key_uri);
	cr_assert(r->intent.valid_for == 86400 && !r->intent.valid_to && !r->plan_sha256);
	cr_assert(m->n_mechanisms == 1 && m->mechanisms[0].number == 9 && m->proof.n_warnings == 2);
	cr_assert_str_eq(m->mechanisms[0].role, "wrap");
	cr_assert_str_eq(m->proof.warnings[1], "two");
	cr_assert(m->key.local == BUNDLE_ABSENT && m->key.kept == BUNDLE_TRUE && !m->token.serial && m->proof.kek_bits == 0);
	cr_assert_str_eq(bundle_receipt(again)->key_material_id, HEX64);
	cr_assert_eq(bundle_facts(again)->key_spec, KEYSPEC_SYMMETRIC_DEFAULT);
	cr_assert(bundle_facts(again)->wrapping_bits == 2048 && arn_is_rehearsal(&bundle_facts(again)->arn));
	cr_assert_str_eq(bundle_request_sha256(b), bundle_request_sha256(again));
	cr_assert_str_eq(bundle_material_sha256(b), bundle_material_sha256(again));
	twice = text_of(again);
	cr_assert_str_eq(text, twice);
	free(text);
	free(twice);
	bundle_free(again);
	bundle_free(b);
	bundle_free(NULL);
}

Test(bundle, sections_replace_and_drop)
{
	struct bundle *b = a_bundle(3);
	const char *label = bundle_material(b)->key.label, *digest = bundle_request_sha256(b);
	struct bundle_material m = *bundle_material(b);
	struct bundle_receipt r = *bundle_receipt(b);
	char before[BUNDLE_DIGEST_HEX];
	struct kh_error err;
	size_t proofs = 9;

	(void)snprintf(before, sizeof(before), "%s", bundle_material_sha256(b));
	m.wrapped_at++;
	proofs_add_up(b);
	approvals_stay(b);
	cr_assert_eq(bundle_set_material(b, &m, &err), 0, "%s", err.msg);
	(void)bundle_approvals(b, &proofs);
	cr_assert(proofs == BUNDLE_APPROVALS_MAX && !bundle_material_signature(b), "a new material drops its signature alone");
	(void)bundle_proofs(b, &proofs);
	cr_assert_eq(proofs, 0, "a new material drops the proofs");
	cr_assert_null(bundle_receipt(b), "a new material drops the receipt");
	cr_assert_str_neq(bundle_material_sha256(b), before);
	cr_assert_str_eq(digest, m.request_sha256);
	cr_assert_str_eq(label, "k", "strings handed out before stay good");
	cr_assert(bundle_set_receipt(b, &r, &err) == -1 && err.code == KH_E_CHECK, "of the material before");
	cr_assert_null(bundle_receipt(b));
	m.request_sha256 = HEX64;
	cr_assert(bundle_set_material(b, &m, &err) == -1 && err.code == KH_E_CHECK);
	cr_assert_str_eq(bundle_material(b)->request_sha256, digest, "on failure it stays what it was");
	bundle_free(b);
}

Test(bundle, cut_anywhere_is_refused)
{
	struct bundle *b = a_bundle(3), *cut = NULL;
	char *text = text_of(b);
	struct kh_error err;

	for (size_t n = 0; n + 1 < strlen(text); n++) { /* without the last line end it is whole */
		cr_assert_eq(bundle_parse(text, n, &cut, &err), -1, "cut at %zu", n);
		cr_assert(err.code == KH_E_INPUT && err.msg[0], "cut at %zu", n);
	}
	free(text);
	bundle_free(b);
}

/* Replaces the first `from` in the text of a bundle; the caller frees it. */
static char *with(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	size_t size = strlen(text) + strlen(to) + 1;
	char *out = malloc(size);

	cr_assert(at && out, "%s", from);
	(void)snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}

static const struct {
	const char *from, *to;
	const char *says; /* in the message */
	int code;	  /* 0: KH_E_INPUT */
} bad[] = {
	{"\"keyhaul_bundle\": 1", "\"keyhaul_bundle\": 2", "made by a newer keyhaul", 0},
	{"\"keyhaul_bundle\": 1", "\"keyhaul_bundle\": 0", "keyhaul_bundle", 0},
	{"\"keyhaul_bundle\": 1", "\"keyhaul_bundle\": \"1\"", "keyhaul_bundle", 0},
	{"\"keyhaul_bundle\": 1,", "", "not a keyhaul bundle", 0},
	{"\"keyhaul_bundle\": 1,", "\"keyhaul_bundle\": 1, \"keyhaul_bundle\": 1,", "duplicate", 0},
	{"\"fetched_at\"", "\"generator\": \"x\", \"fetched_at\"", "duplicate", 0},
	{"\"keyhaul_bundle\": 1,", "\"keyhaul_bundle\": 1, \"agreements\": [],", "agreements: unknown", 0},
	{"\"keyhaul_bundle\": 1,", "\"keyhaul_bundle\": 1, \"approvals\": [],", "approvals: not an array of 1 to 8", 0},
	{"\"keyhaul_bundle\": 1,", "\"keyhaul_bundle\": 1, \"approvals\": [" AN_APPROVAL(HEX64, "") "],", "approvals.signature: missing", 0},
	{"\"keyhaul_bundle\": 1,", "\"keyhaul_bundle\": 1, \"approvals\": [" AN_APPROVAL(HEX64, ", \"signature\": \"AAAA\"") "],",
	 "approvals.approval.request_sha256", KH_E_CHECK},
	{"\"keyhaul_bundle\": 1,", "\"keyhaul_bundle\": 1, \"material_signature\": {},", "material_signature: not a string", 0},
	{"\"keyhaul_bundle\": 1,", "\"keyhaul_bundle\": 1, \"material_signature\": \"AA=\",", "material_signature", 0},
	{"\"keyhaul_bundle\": 1,", "\"keyhaul_bundle\": 1, \"proofs\": [],", "proofs: not an array", 0},
	{"\"keyhaul_bundle\": 1,", "\"keyhaul_bundle\": 1, \"proofs\": [{\"method\": \"guess\"}],", "proofs.method", 0},
	{"\"keyhaul_bundle\": 1,", "\"keyhaul_bundle\": 1, \"proofs\": [{\"method\": \"hmac\"}],", "proofs.at: missing", 0},
	{"\"keyhaul_bundle\": 1,", "\"keyhaul_bundle\": 1, \"proofs\": [" A_PROOF("", HEX64) "],", "proofs.material_sha256", KH_E_CHECK},
	{"\"keyhaul_bundle\": 1,", "\"keyhaul_bundle\": 1, \"proofs\": [" A_PROOF(", \"verdict\": \"maybe\"", HEX64) "],", "proofs.verdict", 0},
	{"\"generator\": \"keyhaul-kms", "\"comment\": \"x\", \"generator\": \"keyhaul-kms", "request.comment: unknown", 0},
	{"\"valid_for\"", "\"valid_four\": 1, \"valid_for\"", "request.intent.valid_four: unknown", 0},
	{"\"role\"", "\"rule\": 1, \"role\"", "material.mechanisms[0].rule: unknown", 0},
	{"\"tls_verified\": true", "\"tls_verified\": null", "request.tls_verified: null", 0},
	{"\"tls_verified\": true", "\"tls_verified\": 1", "request.tls_verified: not true or false", 0},
	{"\"valid_for\": 86400", "\"valid_for\": 86400.5", "fraction", 0},
	{"\"valid_for\": 86400", "\"valid_for\": 864e2", "exponent", 0},
	{"\"valid_for\": 86400", "\"valid_for\": -86400", "negative", 0},
	{"\"valid_for\": 86400", "\"valid_for\": -0", "negative", 0},
	{"\"valid_for\": 86400", "\"valid_for\": 9007199254740992", "2^53", 0},
	{"\"valid_for\": 86400", "\"valid_for\": 99999999999999999999", "JSON", 0},
	{"\"valid_for\": 86400", "\"valid_for\": 31536001", "request.intent.valid_for", 0},
	{"\"valid_for\": 86400", "\"valid_for\": \"1d\"", "request.intent.valid_for: not an integer", 0},
	{"\"valid_for\": 86400", "\"valid_for\": [[[[[[[[1]]]]]]]]", "deep", 0},
	{"keyhaul-kms 0", "keyhaul-kms \xff", "printable ASCII", 0},
	{"keyhaul-kms 0", "keyhaul-kms \xc3\xa4", "printable ASCII", 0},
	{"keyhaul-kms 0", "keyhaul-kms \\u001b", "request.generator: not printable", 0},
	{"keyhaul-kms 0", "keyhaul-kms \\u202e", "request.generator: not printable", 0},
	{"keyhaul-kms 0", "keyhaul-kms \\u0000", "JSON", 0},
	{"keyhaul-kms 0", "keyhaul-kms \t", "printable", 0},
	{"keyhaul-kms 0", "\\u202e", "printable", 0},
	{"\"keyhaul-kms 0.1.0\"", "\"\"", "request.generator: empty", 0},
	{"\"keyhaul-kms 0.1.0\"", "7", "request.generator: not a string", 0},
	{"\"keyhaul-kms 0.1.0\"", "\"" HEX64 "x\"", "longer than 64", 0},
	{"\"import_token\": \"dG9rZW4=\"", "\"import_token\": \"dG9rZW4\"", "request.import_token", 0},
	{"\"import_token\": \"dG9rZW4=\"", "\"import_token\": \"\"", "request.import_token: empty", 0},
	{"\"import_token\": \"dG9rZW4=\",", "", "request.import_token: missing", 0},
	{"\"key_spec\": \"SYMMETRIC_DEFAULT\"", "\"key_spec\": \"ML_DSA_44\"", "request.key_spec", 0},
	{"RSAES_OAEP_SHA_256", "RSAES_PKCS1_V1_5", "request.wrapping_algorithm", 0},
	{"RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_256", "request.wrapping_algorithm", KH_E_CHECK},
	{"\"wrapping_key_spec\": \"RSA_2048\"", "\"wrapping_key_spec\": \"RSA_4096\"", "2048 bits instead of 4096", 0},
	{"\"public_key\": \"MIIB", "\"public_key\": \"MIIC", "request.public_key", 0},
	{"AQAB\",", "AAAB\",", "request.public_key", 0},
	{"arn:aws:kms:eu", "arn:aws-cn:kms:eu", "request.kms_key_arn", 0},
	{"T10:00:00Z\",\n    \"generator\"", "T10:00:00+00:00\",\n    \"generator\"", "request.fetched_at", 0},
	{"pkcs11:token", "pkcs11:module-path=/x.so;token", "request.key_uri: URI: attribute 'module-path'", 0},
	{"object=k\"", "object=k?module-path=/tmp/x.so\"", "request.key_uri", 0},
	{"object=k\"", "object=k?pin-source=/etc/passwd\"", "request.key_uri", 0},
	{"\"ENCRYPT_DECRYPT\"", "\"SIGN_VERIFY\"", "request.key_usage", 0},
	{"\"multi_region\": false", "\"multi_region\": true", "request.multi_region", 0},
	{"https://kms", "https://user@kms", "receipt.endpoint", 0},
	{"https://kms", "ftp://kms", "receipt.endpoint", 0},
	{"\"valid_for\": 86400", "\"valid_for\": 86400, \"valid_to\": \"2027-01-01T00:00:00Z\"", "request.intent", 0},
	{"a:b/c", "a;b", "request.intent", 0},
	{"\"r-1\"", "\"r-9\"", "material.request_sha256", KH_E_CHECK},
	{"\"number\": 9", "\"number\": 8", "receipt.material_sha256", KH_E_CHECK},
	{"\"type\": \"AES\"", "\"type\": \"RSA\"", "material.key.type", 0},
	{"\"size\": 256", "\"size\": 128", "material.key.size", 0},
	{"\"id\": \"01ff\"", "\"id\": \"01FF\"", "material.key.id", 0},
	{"\"mgf_hash\": \"SHA256\"", "\"mgf_hash\": \"SHA1\"", "material.proof", 0},
	{"\"wrapping_bits\": 2048", "\"wrapping_bits\": 2048, \"kek_bits\": 256", "material.proof.kek_bits", 0},
	{"\"wrapping_bits\": 2048", "\"wrapping_bits\": 2048, \"pkcs8\": \"named-curve\"", "material.proof.pkcs8", 0},
	{"\"policy_sha256\": \"none\"", "\"public_key\": \"AAAA\", \"policy_sha256\": \"none\"", "material.public_key", 0},
	{"\"policy_sha256\": \"none\"", "\"policy_sha256\": \"some\"", "material.policy_sha256", 0},
	{"\"encrypted_key_material\": \"AAAA", "\"encrypted_key_material\": \"", "material.encrypted_key_material", KH_E_CHECK},
	{"\"imported_at\"", "\"imported\"", "receipt.imported", 0},
	{"KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE", "receipt.valid_to", 0},
	{"\"material\": {", "\"receipts\": {", "receipts: unknown", 0},
	{"\"request\": {", "\"request\": [{", "", 0},
	{"{", "[", "", 0},
	{"\n}", "\n} x", "JSON", 0},
};

Test(bundle, everything_wrong_is_named)
{
	struct bundle *b = a_bundle(3), *none = NULL;
	char *text = text_of(b), *changed;
	struct kh_error err;

	for (size_t i = 0; i < N(bad); i++) {
		changed = with(text, bad[i].from, bad[i].to);
		cr_assert_eq(bundle_parse(changed, strlen(changed), &none, &err), -1, "%zu: %s", i, bad[i].to);
		cr_assert_eq(err.code, (enum kh_code)(bad[i].code ? bad[i].code : KH_E_INPUT), "%zu: %s: %s", i, bad[i].to, err.msg);
		cr_assert(strstr(err.msg, bad[i].says), "%zu: %s: %s", i, bad[i].to, err.msg);
		free(changed);
	}
	free(text);
	bundle_free(b);
}

Test(bundle, oversized_and_odd_files)
{
	char *large = malloc(BUNDLE_MAX + 2), *text;
	struct bundle *b = a_bundle(1), *out = NULL;
	struct kh_error err;

	text = text_of(b);
	memset(large, ' ', BUNDLE_MAX + 2);
	memcpy(large, text, strlen(text));
	cr_assert_eq(bundle_parse(large, BUNDLE_MAX, &out, &err), 0, "%s", err.msg);
	bundle_free(out);
	cr_assert(bundle_parse(large, BUNDLE_MAX + 1, &out, &err) == -1 && strstr(err.msg, "larger"), "%s", err.msg);
	memset(large, '[', BUNDLE_MAX);
	cr_assert(bundle_parse(large, BUNDLE_MAX, &out, &err) == -1 && strstr(err.msg, "not a keyhaul bundle"), "%s", err.msg);
	cr_assert(bundle_parse("root:x:0:0:-\n", 13, &out, &err) == -1 && strstr(err.msg, "not a keyhaul bundle"), "%s", err.msg);
	large[0] = '{';
	cr_assert(bundle_parse(large, BUNDLE_MAX, &out, &err) == -1 && strstr(err.msg, "deep"), "%s", err.msg);
	cr_assert(bundle_parse("\xef\xbb\xbf{}", 5, &out, &err) == -1);
	cr_assert(bundle_parse("{}\0", 3, &out, &err) == -1);
	cr_assert(bundle_parse("null", 4, &out, &err) == -1);
	cr_assert(bundle_parse("{}", 2, &out, &err) == -1 && strstr(err.hint, "adopt"), "%s", err.hint);
	free(text);
	free(large);
	bundle_free(b);
}

Test(bundle, sections_of_two_bundles_do_not_mix)
{
	static const char *const sections[] = {"material", "request"};
	struct bundle *one = a_bundle(3), *two = NULL, *none = NULL;
	struct bundle_request request = *bundle_request(one);
	struct bundle_material m;
	struct kh_error err;
	char *texts[2], *mixed;

	request.import_token = (struct bundle_blob){(const unsigned char *)"other", 5};
	cr_assert_eq(bundle_new(&request, &two, &err), 0);
	m = a_material(two);
	cr_assert_eq(bundle_set_material(two, &m, &err), 0, "%s", err.msg);
	texts[0] = text_of(one);
	texts[1] = text_of(two);
	for (size_t i = 0; i < N(sections); i++) {
		json_t *a = json_loads(texts[0], 0, NULL), *b = json_loads(texts[1], 0, NULL);

		json_object_set(a, sections[i], json_object_get(b, sections[i]));
		mixed = json_dumps(a, 0);
		cr_assert_eq(bundle_parse(mixed, strlen(mixed), &none, &err), -1, "%s", sections[i]);
		cr_assert(err.code == KH_E_CHECK && strstr(err.msg, "sha256"), "%s", err.msg);
		json_object_del(a, "material");
		free(mixed);
		mixed = json_dumps(a, 0);
		cr_assert(bundle_parse(mixed, strlen(mixed), &none, &err) == -1 && strstr(err.msg, "receipt"), "%s", err.msg);
		free(mixed);
		json_decref(a);
		json_decref(b);
	}
	free(texts[0]);
	free(texts[1]);
	bundle_free(one);
	bundle_free(two);
}
