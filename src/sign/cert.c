/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cert.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/file.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define SECURITY_LEVEL 2 /* 112 bits: no SHA-1, no RSA below 2048 */

/* PEM blocks other than certificates may stand in the file; a second certificate leaves open which is meant. */
static X509 *parse_pem(const void *data, size_t len, size_t *n)
{
	BIO *bio = BIO_new_mem_buf(data, (int)len);
	X509 *first = NULL, *next;

	*n = 0;
	while (bio && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if ((*n)++ == 0)
			first = next;
		else
			X509_free(next);
	}
	BIO_free(bio);
	return first;
}

/*
 * DER that a disk lost a part of may still be a certificate's: nothing in it says that its signature or its key is whole. In
 * one that is there are no 64 bytes of zeros in a row, nor is its end, which is a signature's, 32 bits of them.
 */
static bool is_torn(const unsigned char *data, size_t len)
{
	size_t run = 0;

	for (size_t i = 0; i < len; i++) {
		run = data[i] == 0 ? run + 1 : 0;
		if (run == 64)
			return true;
	}
	return run >= 4;
}

int cert_parse(const char *name, const void *data, size_t len, X509 **out, struct kh_error *err)
{
	const unsigned char *at = data;
	size_t n = 0;
	X509 *cert = NULL;

	if (is_torn(data, len)) {
		kh_fail(err, KH_E_INPUT, 0, "%s: no whole certificate: there are zeros in it, it is torn", name);
		return kh_hint(err, "a disk, a stick or a copy lost a part of it: copy it again from where it is whole");
	}
	if (len > 0 && at[0] == 0x30 && (cert = d2i_X509(NULL, &at, (long)len)) != NULL)
		n = at == (const unsigned char *)data + len ? 1 : 0;
	else if (len > 0)
		cert = parse_pem(data, len, &n);
	ERR_clear_error();
	if (n == 1) {
		*out = cert;
		return 0;
	}
	X509_free(cert);
	kh_fail(err, KH_E_INPUT, 0, n > 1 ? "%s: %zu certificates" : "%s: no X.509 certificate", name, n);
	return kh_hint(err, "a file with one certificate is wanted, PEM or DER");
}

int cert_load(const char *path, X509 **out, struct kh_error *err)
{
	struct buf data = BUF_INIT(CERT_FILE_MAX);
	int rc = file_read(path, &data, err);

	if (!rc)
		rc = cert_parse(path, buf_text(&data), data.len, out, err);
	buf_free(&data);
	return rc;
}

int cert_sha256(const X509 *cert, char out[CERT_HEX], struct kh_error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (X509_digest(cert, EVP_sha256(), digest, &len) != 1 || len != FILE_DIGEST)
		return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL made no digest of a certificate");
	hex_encode(digest, len, out);
	return 0;
}

const char *cert_subject(const X509 *cert, char out[CERT_NAME_MAX])
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	out[0] = '\0';
	if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0 &&
	    (len = BIO_get_mem_data(bio, &text)) > 0)
		(void)snprintf(out, CERT_NAME_MAX, "%.*s", (int)len, text);
	BIO_free(bio);
	ERR_clear_error();
	return out[0] ? out : "(no subject)";
}

static int refuse(const X509 *cert, struct kh_error *err, const char *why)
{
	char name[CERT_NAME_MAX];

	ERR_clear_error();
	return kh_fail(err, KH_E_CHECK, 0, "the certificate of '%s' %s", cert_subject(cert, name), why);
}

static const EVP_MD *digest_of_group(EVP_PKEY *key)
{
	char group[32] = "";

	if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL) != 1)
		return NULL;
	return strcmp(group, SN_X9_62_prime256v1) == 0 ? EVP_sha256()
	       : strcmp(group, SN_secp384r1) == 0      ? EVP_sha384()
	       : strcmp(group, SN_secp521r1) == 0      ? EVP_sha512()
						       : NULL;
}

const EVP_MD *cert_digest(const X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	const EVP_MD *md = NULL;

	if (key && EVP_PKEY_get_id(key) == EVP_PKEY_EC)
		md = digest_of_group(key);
	else if (key && EVP_PKEY_get_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN &&
		 EVP_PKEY_get_bits(key) <= RSA_BITS_MAX)
		md = EVP_sha256();
	ERR_clear_error();
	return md;
}

/* X509_get_extension_flags fills in what it caches, and so takes no const. */
int cert_check_key(const X509 *cert, struct kh_error *err)
{
	X509 *c = (X509 *)(uintptr_t)cert;
	uint32_t flags = X509_get_extension_flags(c), usage = X509_get_key_usage(c);

	if (!cert_digest(cert)) {
		refuse(cert, err, "has a key that is not taken here");
		return kh_hint(err, "RSA of %d to %d bits, P-256, P-384 and P-521 are", RSA_BITS_MIN, RSA_BITS_MAX);
	}
	if (flags & EXFLAG_INVALID)
		return refuse(cert, err, "has an extension that cannot be read");
	if (flags & EXFLAG_CRITICAL)
		return refuse(cert, err, "has a critical extension that is not known here");
	if (!(usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))) {
		refuse(cert, err, "is not for signatures (key usage)");
		return kh_hint(err, "use the person's certificate for digitalSignature or nonRepudiation");
	}
	return 0;
}

int cert_check_time(const X509 *cert, int64_t now, struct kh_error *err)
{
	time_t at = (time_t)now;
	char when[CLOCK_TEXT], why[64];

	clock_format(now, when);
	if (X509_cmp_time(X509_get0_notBefore(cert), &at) >= 0) {
		(void)snprintf(why, sizeof(why), "is not valid yet (it is %s)", when);
		(void)refuse(cert, err, why);
		return kh_hint(err, "look at this host's clock; on one that has none --now tells the time, where the verb takes it");
	}
	if (X509_cmp_time(X509_get0_notAfter(cert), &at) <= 0) {
		(void)snprintf(why, sizeof(why), "has expired (it is %s)", when);
		return refuse(cert, err, why);
	}
	return 0;
}

/* A certificate for TLS servers is no person's, whichever CA gave it out. */
static bool fits_person(X509 *cert)
{
	const uint32_t fits = XKU_SSL_CLIENT | XKU_SMIME | XKU_CODE_SIGN | XKU_ANYEKU;
	EXTENDED_KEY_USAGE *usages;
	bool other = false;

	if (!(X509_get_extension_flags(cert) & EXFLAG_XKUSAGE) || X509_get_extended_key_usage(cert) & fits)
		return true;
	usages = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i));

		other = other || (nid != NID_server_auth && nid != NID_OCSP_sign && nid != NID_time_stamp);
	}
	EXTENDED_KEY_USAGE_free(usages);
	return other;
}

static int verify_path(X509_STORE_CTX *ctx, X509 *cert, X509 *ca, int64_t now, const char **why)
{
	X509_STORE *store = X509_STORE_new();
	X509_VERIFY_PARAM *param;
	int ok = 0;

	if (ctx && store && X509_STORE_add_cert(store, ca) == 1 && X509_STORE_CTX_init(ctx, store, cert, NULL) == 1) {
		param = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_time(param, (time_t)now);
		X509_VERIFY_PARAM_set_depth(param, 0); /* no CA between */
		X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
		(void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
		ok = X509_verify_cert(ctx);
		*why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
	}
	X509_STORE_free(store);
	return ok == 1 ? 0 : -1;
}

int cert_check_issuer(X509 *cert, X509 *ca, int64_t now, struct kh_error *err)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	const char *why = "out of memory";
	char ca_name[CERT_NAME_MAX], text[CERT_NAME_MAX + 160];
	int rc = 0;

	if (verify_path(ctx, cert, ca, now, &why)) {
		(void)snprintf(text, sizeof(text), "is not shown to be issued by '%s': %s", cert_subject(ca, ca_name), why);
		rc = refuse(cert, err, text);
	} else if (!fits_person(cert)) {
		rc = refuse(cert, err, "is not a person's (extended key usage)");
	}
	X509_STORE_CTX_free(ctx);
	return rc;
}
