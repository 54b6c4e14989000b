/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "approvers_people.h"

#include "rsa_keys.h"

#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Eve's and Fay's are of the CA, Eve's is revoked; their twins have the CA's signature in its other form. Cy's certificate is of
 * Ben's key, and so is Zed's, with the point compressed; Dan's begins and ends sooner than the others'. HSM signs material.
 */
static const struct {
	const char *name;
	enum who key;
	int64_t from, to;
} people[PEOPLE] = {
	[ANN] = {"Ann", ANN, FETCHED - 9999, NOW + 9999},
	[ANN_2] = {"Ann", ANN_2, FETCHED - 9999, NOW + 9999},
	[BEN] = {"Ben", BEN, FETCHED - 9999, NOW + 9999},
	[CY] = {"Cy", BEN, FETCHED - 9999, NOW + 9999},
	[DAN] = {"Dan", DAN, FETCHED + 60, NOW + 60},
	[ZED] = {"Zed", BEN, FETCHED - 9999, NOW + 9999},
	[EVE] = {"Eve", EVE, FETCHED - 9999, NOW + 9999},
	[EVE_TWIN] = {"Eve", EVE, FETCHED - 9999, NOW + 9999},
	[FAY] = {"Fay", FAY, FETCHED - 9999, NOW + 9999},
	[FAY_TWIN] = {"Fay", FAY, FETCHED - 9999, NOW + 9999},
	[HSM] = {"HSM", HSM, FETCHED - 9999, NOW + 9999},
};

EVP_PKEY *people_keys[PEOPLE];
X509 *people_certs[PEOPLE];
static EVP_PKEY *ca_key;
static X509 *ca;

/* The same key in another encoding (RFC 5480 §2.2). */
static void set_compressed(X509 *c, EVP_PKEY *key)
{
	EVP_PKEY *copy = EVP_PKEY_dup(key);

	cr_assert_eq(EVP_PKEY_set_utf8_string_param(copy, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"), 1);
	X509_set_pubkey(c, copy);
	cr_assert_eq(X509_get0_pubkey_bitstr(c)->length, 33);
	EVP_PKEY_free(copy);
}

static X509 *make_cert(const char *name, EVP_PKEY *key, int64_t from, int64_t to)
{
	X509 *c = X509_new();

	X509_set_version(c, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c), name[0]);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(c, X509_get_subject_name(c));
	ASN1_TIME_set(X509_getm_notBefore(c), from);
	ASN1_TIME_set(X509_getm_notAfter(c), to);
	X509_set_pubkey(c, key);
	return c;
}

/* ca.pem in the working folder, and what it signs. */
static void make_ca(void)
{
	char dir[] = "approvers-XXXXXX";
	const char *tmp = getenv("TMPDIR");
	X509_EXTENSION *is_ca;
	FILE *file;

	ca_key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	ca = make_cert("CA", ca_key, FETCHED - 9999, NOW + 600);
	is_ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
	cr_assert_eq(X509_add_ext(ca, is_ca, -1), 1);
	X509_EXTENSION_free(is_ca);
	cr_assert(chdir(tmp ? tmp : "/tmp") == 0 && mkdtemp(dir) && chdir(dir) == 0 && (file = fopen("ca.pem", "w")) != NULL);
	cr_assert(X509_sign(ca, ca_key, EVP_sha256()) > 0 && PEM_write_X509(file, ca) == 1);
	fclose(file);
}

/* In place of (r, s) it has (r, n - s). */
static X509 *twin_of(const X509 *cert)
{
	const ASN1_BIT_STRING *signature;
	X509 *twin = X509_dup(cert);
	BIGNUM *n = NULL, *s = BN_new();
	const unsigned char *at;
	unsigned char *der = NULL;
	ECDSA_SIG *pair;
	int len;

	X509_get0_signature(&signature, NULL, twin);
	at = signature->data;
	pair = d2i_ECDSA_SIG(NULL, &at, signature->length);
	cr_assert(pair && EVP_PKEY_get_bn_param(ca_key, OSSL_PKEY_PARAM_EC_ORDER, &n) && BN_sub(s, n, ECDSA_SIG_get0_s(pair)));
	ECDSA_SIG_set0(pair, BN_dup(ECDSA_SIG_get0_r(pair)), s);
	len = i2d_ECDSA_SIG(pair, &der);
	cr_assert(len > 0 && ASN1_STRING_set((ASN1_STRING *)(uintptr_t)signature, der, len) == 1);
	ECDSA_SIG_free(pair);
	OPENSSL_free(der);
	BN_free(n);
	return twin;
}

void people_make(void)
{
	make_ca();
	for (size_t i = 0; i < PEOPLE; i++)
		people_keys[i] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	for (size_t i = 0; i < PEOPLE; i++) {
		bool issued = people[i].key == EVE || people[i].key == FAY;

		if (i == EVE_TWIN || i == FAY_TWIN) {
			people_certs[i] = twin_of(people_certs[people[i].key]);
			continue;
		}
		people_certs[i] = make_cert(people[i].name, people_keys[people[i].key], people[i].from, people[i].to);
		if (i == ZED)
			set_compressed(people_certs[i], people_keys[BEN]);
		if (issued)
			X509_set_issuer_name(people_certs[i], X509_get_subject_name(ca));
		cr_assert(X509_sign(people_certs[i], issued ? ca_key : people_keys[people[i].key], EVP_sha256()) > 0);
	}
}

void people_free(void)
{
	EVP_PKEY_free(ca_key);
	X509_free(ca);
	for (size_t i = 0; i < PEOPLE; i++) {
		EVP_PKEY_free(people_keys[i]);
		X509_free(people_certs[i]);
	}
}

struct policy *people_policy(void)
{
	char text[4096], sha256[PEOPLE][CERT_HEX], ca_sha256[CERT_HEX];
	struct policy *p = NULL;
	struct kh_error err = {0};
	FILE *file = fopen("p.yaml", "w");

	for (size_t i = 0; i < PEOPLE; i++)
		cr_assert_eq(cert_sha256(people_certs[i], sha256[i], &err), 0);
	cr_assert_eq(cert_sha256(ca, ca_sha256, &err), 0);
	(void)snprintf(text, sizeof(text),
		       "keyhaul_policy: 1\nendpoints: [unstated]\nmaterial_signers:\n  - {name: HSM, certificates: [%s]}\napprovals:\n"
		       "  threshold: 2\n  approvers:\n"
		       "    - {name: Ann, certificates: [%s, %s]}\n    - {name: Ben, certificates: [%s]}\n"
		       "    - {name: Cy, certificates: [%s]}\n    - {name: Dan, certificates: [%s]}\n"
		       "    - {name: Zed, certificates: [%s]}\n"
		       "    - {name: Eve, issued_by: [{issuer: %s, file: ca.pem, subject: CN=Eve}]}\n"
		       "    - {name: Fay, issued_by: [{issuer: %s, file: ca.pem, subject: CN=Fay}]}\nrevoked: [%s]\n", sha256[HSM],
		       sha256[ANN], sha256[ANN_2], sha256[BEN], sha256[CY], sha256[DAN], sha256[ZED], ca_sha256, ca_sha256, sha256[EVE]);
	cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
	cr_assert_eq(policy_read("p.yaml", &p, &err), 0, "%s", err.msg);
	return p;
}

struct bundle *people_bundle(const struct policy *p)
{
	EVP_PKEY *wrapping = rsa_key(2048);
	unsigned char *spki = NULL;
	int len = i2d_PUBKEY(wrapping, &spki);
	const struct bundle_request r = {
		.kms_key_arn = "arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		.key_spec = "SYMMETRIC_DEFAULT", .wrapping_algorithm = "RSAES_OAEP_SHA_256", .wrapping_key_spec = "RSA_2048",
		.public_key = {spki, (size_t)len}, .import_token = {spki, 3}, .parameters_valid_to = FETCHED + 86400,
		.fetched_at = FETCHED, .generator = "test", .key_uri = "pkcs11:id=%01", .token_serial = "12ab",
		.policy_sha256 = p->sha256, .intent = {.expiration_model = INTENT_DOES_NOT_EXPIRE}};
	struct bundle *b = NULL;
	struct kh_error err = {0};

	cr_assert_eq(bundle_new(&r, &b, &err), 0, "%s", err.msg);
	OPENSSL_free(spki);
	EVP_PKEY_free(wrapping);
	return b;
}

static int sign_with(void *key, const EVP_MD *md, const void *data, size_t len, struct buf *out, struct kh_error *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[256];
	size_t n = sizeof(signature);

	cr_assert(EVP_DigestSignInit(ctx, NULL, md, NULL, key) == 1 && EVP_DigestSign(ctx, signature, &n, data, len) == 1);
	EVP_MD_CTX_free(ctx);
	return buf_add(out, signature, n, err);
}

void people_approve(struct bundle *b, const struct policy *p, enum who who, int64_t at)
{
	struct bundle_approval a = {.request_sha256 = bundle_request_sha256(b), .policy_sha256 = p->sha256, .approver = people[who].name};
	struct buf text = BUF_INIT(1024), signature = BUF_INIT(CMS_SIGNATURE_MAX);
	struct kh_error err = {0};

	cr_assert_eq(bundle_approval_text(&a, &text, &err), 0, "%s", err.msg);
	cr_assert_eq(cms_sign(people_certs[who], sign_with, people_keys[people[who].key], at, text.data, text.len, &signature, &err), 0, "%s", err.msg);
	a.signature = (struct bundle_blob){(const unsigned char *)signature.data, signature.len};
	cr_assert_eq(bundle_add_approval(b, &a, &err), 0, "%s", err.msg);
	buf_free(&text);
	buf_free(&signature);
}

/* Wraps at NOW: `policy` is what the material says that it is under. */
void people_wrap(struct bundle *b, const char *policy)
{
	unsigned char blob[256] = {0};
	const struct bundle_material m = {
		.encrypted_key_material = {blob, sizeof(blob)}, .request_sha256 = bundle_request_sha256(b), .token = {.serial = "12ab"},
		.key = {.id = "01", .type = "AES", .size = 256, .sensitive = BUNDLE_TRUE, .extractable = BUNDLE_TRUE},
		.mechanisms = {{"CKM_RSA_PKCS_OAEP", 9, "wrap"}}, .n_mechanisms = 1,
		.proof = {.oaep_hash = "SHA256", .mgf_hash = "SHA256", .wrapping_bits = 2048, .target_bits = 256},
		.policy_sha256 = policy, .wrapped_at = NOW, .generator = "test"};
	struct kh_error err = {0};

	cr_assert_eq(bundle_set_material(b, &m, &err), 0, "%s", err.msg);
}

void people_sign(struct bundle *b, enum who who, int64_t at)
{
	struct buf text = BUF_INIT(BUNDLE_MAX), signature = BUF_INIT(CMS_SIGNATURE_MAX);
	struct kh_error err = {0};

	cr_assert_eq(bundle_canonical(b, "material", &text, &err), 0, "%s", err.msg);
	cr_assert_eq(cms_sign(people_certs[who], sign_with, people_keys[people[who].key], at, text.data, text.len, &signature, &err), 0, "%s", err.msg);
	cr_assert_eq(bundle_set_material_signature(b, (struct bundle_blob){(unsigned char *)signature.data, signature.len}, &err), 0);
	buf_free(&text);
	buf_free(&signature);
}
