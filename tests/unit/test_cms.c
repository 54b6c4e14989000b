/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sign/cms.h"

#include <criterion/criterion.h>
#include <openssl/cms.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#define NOW 1800000000
#define CONTENT "{\"approver\":\"Ann\"}"
#define FLAGS (CMS_BINARY | CMS_NOSMIMECAP)

/* A self-signed certificate of a fresh key. */
struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

static struct identity identity(const char *type, size_t bits, const char *name, const char *usage)
{
	struct identity id = {.cert = X509_new()};

	id.key = bits ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits) : EVP_PKEY_Q_keygen(NULL, NULL, "EC", type);
	cr_assert(id.key && id.cert);
	X509_set_version(id.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(id.cert), 7);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(id.cert), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(id.cert, X509_get_subject_name(id.cert));
	ASN1_TIME_set(X509_getm_notBefore(id.cert), NOW - 1000);
	ASN1_TIME_set(X509_getm_notAfter(id.cert), NOW + 1000);
	X509_set_pubkey(id.cert, id.key);
	if (usage) {
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, usage);

		X509_add_ext(id.cert, ext, -1);
		X509_EXTENSION_free(ext);
	}
	cr_assert(X509_sign(id.cert, id.key, EVP_sha256()) > 0);
	return id;
}

static void identity_free(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->cert);
}

static int sign_with(void *key, const EVP_MD *md, const void *data, size_t len, struct buf *out, struct kh_error *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t n = sizeof(signature);

	cr_assert(EVP_DigestSignInit(ctx, NULL, md, NULL, key) == 1 && EVP_DigestSign(ctx, signature, &n, data, len) == 1);
	EVP_MD_CTX_free(ctx);
	return buf_add(out, signature, n, err);
}

static int verify(const void *der, size_t len, struct cms_signer *out, struct kh_error *err)
{
	return cms_verify(der, len, CONTENT, sizeof(CONTENT) - 1, out, err);
}

/* A signature by OpenSSL's own way, with what an attacker would do to it. */
enum odd {
	PLAIN, CAPABILITIES, NO_ATTRIBUTES, ATTACHED, NO_CERTIFICATE, MORE_CERTIFICATES, TWO_SIGNERS, SHA_1, MD_5, UNSIGNED, A_CRL,
	NAMES_SHA_384, NAMES_OTHER_KEY, NAMES_PSS, NO_TYPE, ANOTHER_TYPE, TIME_TWICE,
};

/* What OpenSSL would not make: the name of the signature's algorithm, which nothing signs, and the attributes. */
static void make_odd(CMS_SignerInfo *si, bool rsa, enum odd odd)
{
	const int names[][2] = {[NAMES_SHA_384] = {NID_ecdsa_with_SHA384, NID_sha384WithRSAEncryption},
				[NAMES_OTHER_KEY] = {NID_sha256WithRSAEncryption, NID_ecdsa_with_SHA256},
				[NAMES_PSS] = {NID_rsassaPss, NID_rsassaPss}};
	ASN1_OBJECT *type = OBJ_nid2obj(NID_pkcs7_signed);
	ASN1_TIME *when = ASN1_TIME_set(NULL, NOW);
	X509_ALGOR *name = NULL;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, NULL, &name);
	if (odd >= NAMES_SHA_384 && odd <= NAMES_PSS)
		X509_ALGOR_set0(name, OBJ_nid2obj(names[odd][rsa]), V_ASN1_UNDEF, NULL);
	if (odd == NO_TYPE || odd == ANOTHER_TYPE)
		X509_ATTRIBUTE_free(CMS_signed_delete_attr(si, CMS_signed_get_attr_by_NID(si, NID_pkcs9_contentType, -1)));
	if (odd == ANOTHER_TYPE)
		cr_assert_eq(CMS_signed_add1_attr_by_NID(si, NID_pkcs9_contentType, V_ASN1_OBJECT, type, -1), 1);
	if (odd == TIME_TWICE)
		cr_assert_eq(CMS_signed_add1_attr_by_NID(si, NID_pkcs9_signingTime, V_ASN1_UTCTIME, when, -1), 1);
	ASN1_TIME_free(when);
}

static CMS_ContentInfo *odd_cms(const struct identity *id, const struct identity *other, enum odd odd)
{
	unsigned int flags = (odd == CAPABILITIES ? CMS_BINARY : FLAGS) | (odd == ATTACHED ? 0 : CMS_DETACHED) |
			     (odd == NO_ATTRIBUTES ? CMS_NOATTR : 0) | (odd == NO_CERTIFICATE ? CMS_NOCERTS : 0) | CMS_PARTIAL;
	const EVP_MD *md = odd == SHA_1 ? EVP_sha1() : odd == MD_5 ? EVP_md5() : EVP_sha256();
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	CMS_SignerInfo *si = CMS_add1_signer(cms, id->cert, id->key, md, flags);
	BIO *content = BIO_new_mem_buf(CONTENT, sizeof(CONTENT) - 1);

	cr_assert(cms && si && content);
	if (odd == MORE_CERTIFICATES)
		cr_assert(CMS_add1_cert(cms, other->cert) == 1);
	if (odd == TWO_SIGNERS)
		cr_assert(CMS_add1_signer(cms, other->cert, other->key, EVP_sha256(), flags | CMS_NOCERTS));
	if (odd == UNSIGNED)
		cr_assert(CMS_unsigned_add1_attr_by_NID(si, NID_pkcs9_unstructuredName, MBSTRING_ASC, "x", 1) == 1);
	if (odd == A_CRL) {
		X509_CRL *crl = X509_CRL_new();
		ASN1_TIME *when = ASN1_TIME_set(NULL, NOW);

		X509_CRL_set_issuer_name(crl, X509_get_subject_name(id->cert));
		X509_CRL_set1_lastUpdate(crl, when);
		cr_assert(X509_CRL_sign(crl, id->key, EVP_sha256()) > 0 && CMS_add1_crl(cms, crl) == 1);
		ASN1_TIME_free(when);
		X509_CRL_free(crl);
	}
	cr_assert_eq(CMS_final(cms, content, NULL, flags), 1);
	make_odd(si, EVP_PKEY_get_base_id(id->key) == EVP_PKEY_RSA, odd);
	BIO_free(content);
	return cms;
}

static const struct {
	enum odd odd;
	const char *says; /* NULL: it is taken */
} odds[] = {
	{PLAIN, NULL},
	{CAPABILITIES, NULL},
	{NO_ATTRIBUTES, "does not sign its content's type and digest"},
	{ATTACHED, "brings content of its own"},
	{NO_CERTIFICATE, "has not one certificate"},
	{MORE_CERTIFICATES, "has not one certificate"},
	{TWO_SIGNERS, "has not one signer"},
	{SHA_1, "a digest or an algorithm that is not taken"},
	{MD_5, "a digest or an algorithm that is not taken"},
	{UNSIGNED, "attributes that are not signed"},
	{A_CRL, "brings revocation lists"},
	{NAMES_SHA_384, "a digest or an algorithm that is not taken"},
	{NAMES_OTHER_KEY, "a digest or an algorithm that is not taken"},
	{NAMES_PSS, "a digest or an algorithm that is not taken"},
	{NO_TYPE, "does not sign its content's type and digest"},
	{ANOTHER_TYPE, "does not sign its content's type and digest"},
	{TIME_TWICE, "does not sign when it was made"},
};

Test(cms, what_openssl_makes_is_taken_and_what_is_odd_is_not)
{
	struct identity ids[] = {identity("P-256", 0, "Ann", NULL), identity(NULL, 2048, "Ben", "critical,digitalSignature")};

	for (size_t i = 0; i < 2 * sizeof(odds) / sizeof(odds[0]); i++) {
		const struct identity *id = &ids[odds[i / 2].odd == MD_5 ? 1 : i % 2]; /* there is no ECDSA with MD5 */
		CMS_ContentInfo *cms = odd_cms(id, id == ids ? &ids[1] : ids, odds[i / 2].odd);
		struct cms_signer signer = {NULL, 0};
		unsigned char *der = NULL;
		int len = i2d_CMS_ContentInfo(cms, &der);
		struct kh_error err = {0};

		if (!odds[i / 2].says) {
			cr_assert_eq(verify(der, (size_t)len, &signer, &err), 0, "%zu: %s", i, err.msg);
			cr_assert_eq(X509_cmp(signer.cert, id->cert), 0);
			cr_assert(cms_verify(der, (size_t)len, CONTENT " ", sizeof(CONTENT), &signer, &err) == -1 &&
				  strstr(err.msg, "is of something else"), "%s", err.msg);
		} else {
			cr_assert(verify(der, (size_t)len, &signer, &err) == -1 && err.code == KH_E_CHECK &&
				  strstr(err.msg, odds[i / 2].says), "%zu: %s", i, err.msg);
		}
		X509_free(signer.cert);
		OPENSSL_free(der);
		CMS_ContentInfo_free(cms);
	}
	identity_free(&ids[0]);
	identity_free(&ids[1]);
}

/* Which key may sign at all. */
static const struct {
	const char *type, *usage, *says;
	size_t bits;
} keys[] = {
	{"P-256", NULL, NULL, 0},
	{"P-384", "critical,nonRepudiation", NULL, 0},
	{"P-521", NULL, NULL, 0},
	{NULL, NULL, NULL, 2048},
	{NULL, NULL, "a key that is not taken", 1024},
	{NULL, NULL, "a key that is not taken", 512},
	{"P-224", NULL, "a key that is not taken", 0},
	{"secp256k1", NULL, "a key that is not taken", 0},
	{"P-256", "critical,keyAgreement", "is not for signatures", 0},
	{"P-256", "critical,keyCertSign,cRLSign", "is not for signatures", 0},
};

Test(cms, keys_that_may_sign_and_keys_that_may_not)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct identity id = identity(keys[i].type, keys[i].bits, "Ann", keys[i].usage);
		struct buf der = BUF_INIT(CMS_SIGNATURE_MAX);
		struct cms_signer signer = {NULL, 0};
		struct kh_error err = {0};
		int rc = cms_sign(id.cert, sign_with, id.key, NOW, CONTENT, sizeof(CONTENT) - 1, &der, &err);

		if (keys[i].says) {
			cr_assert(rc == -1 && strstr(err.msg, keys[i].says), "%zu: %s", i, err.msg);
			cr_assert_eq(der.len, 0);
		} else {
			cr_assert_eq(rc, 0, "%zu: %s", i, err.msg);
			cr_assert_eq(verify(der.data, der.len, &signer, &err), 0, "%s", err.msg);
			cr_assert(signer.signed_at == NOW && X509_cmp(signer.cert, id.cert) == 0);
		}
		X509_free(signer.cert);
		buf_free(&der);
		identity_free(&id);
	}
}

/* Every byte changed: refused, or it is of the same person, key and time, or of a certificate that no policy names. */
static void change_each(const struct buf *der, const struct identity *id, size_t *taken)
{
	for (size_t i = 0; i < der->len; i++) {
		struct cms_signer signer = {NULL, 0};
		struct kh_error err = {0};

		der->data[i] ^= 0x01;
		if (verify(der->data, der->len, &signer, &err) == 0) {
			cr_assert(signer.signed_at == NOW && EVP_PKEY_eq(X509_get0_pubkey(signer.cert), id->key) == 1, "byte %zu", i);
			(*taken)++;
		} else {
			cr_assert(err.code == KH_E_CHECK && err.msg[0], "byte %zu: %s", i, err.msg);
		}
		X509_free(signer.cert);
		der->data[i] ^= 0x01;
	}
}

/* The same in BER: the outermost length in one byte more than it needs. */
static void not_in_der(const struct buf *der)
{
	unsigned char ber[CMS_SIGNATURE_MAX] = {0x30, 0x83, 0x00};
	struct cms_signer signer = {NULL, 0};
	struct kh_error err = {0};
	size_t len = der->len - 1; /* without the byte that was added */

	cr_assert_eq((unsigned char)der->data[1], 0x82);
	memcpy(ber + 3, der->data + 2, len - 2);
	cr_assert(verify(ber, len + 1, &signer, &err) == -1 && strstr(err.msg, "in DER"), "%s", err.msg);
}

Test(cms, changed_bytes_another_key_and_another_certificate)
{
	struct identity ann = identity("P-256", 0, "Ann", NULL), ben = identity("P-256", 0, "Ann", NULL);
	struct buf der = BUF_INIT(CMS_SIGNATURE_MAX);
	struct cms_signer signer = {NULL, 0};
	struct kh_error err = {0};
	size_t taken = 0;

	cr_assert(cms_sign(ben.cert, sign_with, ann.key, NOW, CONTENT, sizeof(CONTENT) - 1, &der, &err) == -1 &&
		  strstr(err.msg, "not good under the certificate"), "%s", err.msg);
	cr_assert_eq(cms_sign(ann.cert, sign_with, ann.key, NOW, CONTENT, sizeof(CONTENT) - 1, &der, &err), 0, "%s", err.msg);
	change_each(&der, &ann, &taken);
	cr_assert(taken < der.len / 3, "%zu of %zu", taken, der.len); /* the certificate's own bytes, which its digest pins */
	for (size_t n = 0; n < der.len; n++)
		cr_assert_eq(verify(der.data, n, &signer, &err), -1, "cut to %zu", n);
	cr_assert_eq(buf_add(&der, "\0", 1, &err), 0);
	cr_assert(verify(der.data, der.len, &signer, &err) == -1 && strstr(err.msg, "in DER"), "%s", err.msg);
	not_in_der(&der);
	cr_assert(verify(der.data, CMS_SIGNATURE_MAX + 1, &signer, &err) == -1 && strstr(err.msg, "too long"), "%s", err.msg);
	buf_free(&der);
	identity_free(&ann);
	identity_free(&ben);
}
