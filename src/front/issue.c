/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "issue.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdint.h>

#define DAY 86400L
#define GOOD_FOR 10
#define NAME_BYTES 64 /* RFC 5280, ub-common-name */

static int add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *e;
	X509V3_CTX ctx;
	int ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = e && X509_add_ext(cert, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

static int fill(X509 *cert, const char *name, const struct issued *issuer, EVP_PKEY *key)
{
	X509 *by = issuer ? issuer->cert : cert;
	X509_NAME *subject = X509_NAME_new();
	uint64_t serial = 0;
	int ok;

	ok = subject && RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 &&
	     X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) == 1 &&
	     X509_set_version(cert, X509_VERSION_3) == 1 && X509_set_subject_name(cert, subject) == 1 &&
	     X509_set_issuer_name(cert, X509_get_subject_name(by)) == 1 &&
	     ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1 | 1) == 1 &&
	     X509_gmtime_adj(X509_getm_notBefore(cert), -DAY) && X509_gmtime_adj(X509_getm_notAfter(cert), GOOD_FOR * DAY) &&
	     X509_set_pubkey(cert, key) == 1 &&
	     add_extension(cert, by, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE") &&
	     add_extension(cert, by, NID_key_usage, issuer ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign") &&
	     add_extension(cert, by, NID_subject_key_identifier, "hash");
	X509_NAME_free(subject);
	return ok;
}

int issue(const char *name, const struct issued *issuer, struct issued *out, struct kh_error *err)
{
	char short_name[NAME_BYTES + 1];

	(void)snprintf(short_name, sizeof(short_name), "%s", name);
	out->key = EVP_EC_gen("P-256");
	out->cert = X509_new();
	if (out->key && out->cert && fill(out->cert, short_name, issuer, out->key) &&
	    X509_sign(out->cert, issuer ? issuer->key : out->key, EVP_sha256()) > 0)
		return 0;
	issued_clear(out);
	return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL makes no certificate for '%s'", short_name);
}

void issued_clear(struct issued *i)
{
	EVP_PKEY_free(i->key);
	X509_free(i->cert);
	i->key = NULL;
	i->cert = NULL;
}

static int take_bio(BIO *bio, int written, struct buf *out, struct kh_error *err)
{
	char *text = NULL;
	long n = bio && written == 1 ? BIO_get_mem_data(bio, &text) : 0;
	int rc = n > 0 ? buf_add(out, text, (size_t)n, err) : kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL writes no PEM");

	BIO_free(bio);
	return rc;
}

int issued_key_pem(const struct issued *i, struct buf *out, struct kh_error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return take_bio(bio, bio ? PEM_write_bio_PKCS8PrivateKey(bio, i->key, NULL, NULL, 0, NULL, NULL) : 0, out, err);
}

int issued_cert_pem(const struct issued *i, struct buf *out, struct kh_error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return take_bio(bio, bio ? PEM_write_bio_X509(bio, i->cert) : 0, out, err);
}
