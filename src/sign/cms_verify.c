/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cms.h"

#include "base/clock.h"

#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

static int refuse(struct kh_error *err, const char *why)
{
	ERR_clear_error();
	return kh_fail(err, KH_E_CHECK, 0, "the CMS signature %s", why);
}

/* DER and nothing behind it: one signature has one form. */
static CMS_ContentInfo *parse(const void *data, size_t len, struct kh_error *err)
{
	const unsigned char *at = data;
	unsigned char *again = NULL;
	CMS_ContentInfo *cms = NULL;
	int again_len = -1;

	if (len > CMS_SIGNATURE_MAX) {
		refuse(err, "is too long");
		return NULL;
	}
	cms = d2i_CMS_ContentInfo(NULL, &at, (long)len);
	if (cms && at == (const unsigned char *)data + len && CMS_get0_SignerInfos(cms))
		again_len = i2d_CMS_ContentInfo(cms, &again);
	if (again_len < 0 || (size_t)again_len != len || memcmp(again, data, len) != 0) {
		refuse(err, "is no CMS SignedData in DER");
		CMS_ContentInfo_free(cms);
		cms = NULL;
	}
	OPENSSL_free(again);
	return cms;
}

static int check_shape(CMS_ContentInfo *cms, struct kh_error *err)
{
	ASN1_OCTET_STRING **content = CMS_get0_content(cms);
	STACK_OF(X509_CRL) *crls = CMS_get1_crls(cms);
	int n_crls = sk_X509_CRL_num(crls);

	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed || OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data)
		return refuse(err, "is not over plain data");
	if (!content || *content)
		return refuse(err, "brings content of its own");
	if (n_crls > 0)
		return refuse(err, "brings revocation lists of its own");
	if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) != 1)
		return refuse(err, "has not one signer");
	return 0;
}

/* The one certificate in it, which is the signer's. */
static X509 *take_certificate(CMS_ContentInfo *cms, CMS_SignerInfo *si, struct kh_error *err)
{
	STACK_OF(X509) *certs = CMS_get1_certs(cms);
	X509 *cert = NULL;

	if (sk_X509_num(certs) != 1)
		refuse(err, "has not one certificate");
	else if (CMS_SignerInfo_cert_cmp(si, sk_X509_value(certs, 0)) != 0)
		refuse(err, "has a certificate that is not the signer's");
	else
		cert = sk_X509_shift(certs);
	sk_X509_pop_free(certs, X509_free);
	return cert;
}

/* A digest that OpenSSL and people still trust, and the same one where the signature's name has one in it. */
static const EVP_MD *digest_of(CMS_SignerInfo *si, const X509 *cert, struct kh_error *err)
{
	static const int good[] = {NID_sha256, NID_sha384, NID_sha512};
	X509_ALGOR *digest = NULL, *signature = NULL;
	int nid, name, name_md = NID_undef, name_key = NID_undef;
	int key = EVP_PKEY_get_base_id(X509_get0_pubkey(cert)); /* EVP_PKEY_RSA is NID_rsaEncryption */

	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, &signature);
	nid = OBJ_obj2nid(digest->algorithm);
	name = OBJ_obj2nid(signature->algorithm);
	if (name == NID_rsaEncryption) {
		name_md = nid;
		name_key = name;
	} else {
		(void)OBJ_find_sigid_algs(name, &name_md, &name_key);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (nid == good[i] && name_md == nid && name_key == key)
			return EVP_get_digestbynid(nid);
	refuse(err, "is made with a digest or an algorithm that is not taken here");
	return NULL;
}

/* The one value of a signed attribute that is there once (RFC 5652 §11). */
static void *attribute(const CMS_SignerInfo *si, int nid, int type)
{
	int at = CMS_signed_get_attr_by_NID(si, nid, -1);
	X509_ATTRIBUTE *attr = at < 0 ? NULL : CMS_signed_get_attr(si, at);

	if (!attr || CMS_signed_get_attr_by_NID(si, nid, at) >= 0 || X509_ATTRIBUTE_count(attr) != 1)
		return NULL;
	return X509_ATTRIBUTE_get0_data(attr, 0, type, NULL);
}

static int read_time(const CMS_SignerInfo *si, int64_t *out, struct kh_error *err)
{
	const ASN1_TIME *when = attribute(si, NID_pkcs9_signingTime, V_ASN1_UTCTIME);
	struct tm tm;

	if (!when)
		when = attribute(si, NID_pkcs9_signingTime, V_ASN1_GENERALIZEDTIME);
	if (!when || ASN1_TIME_to_tm(when, &tm) != 1 ||
	    clock_make(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, out, err))
		return refuse(err, "does not sign when it was made");
	return 0;
}

static int check_attributes(const CMS_SignerInfo *si, const EVP_MD *md, const void *content, size_t len,
			    int64_t *signed_at, struct kh_error *err)
{
	const ASN1_OBJECT *type = attribute(si, NID_pkcs9_contentType, V_ASN1_OBJECT);
	const ASN1_OCTET_STRING *said = attribute(si, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_len = 0;

	if (CMS_unsigned_get_attr_count(si) > 0)
		return refuse(err, "has attributes that are not signed");
	if (!type || OBJ_obj2nid(type) != NID_pkcs7_data || !said)
		return refuse(err, "does not sign its content's type and digest");
	if (EVP_Digest(content, len, digest, &digest_len, md, NULL) != 1)
		return refuse(err, "could not be checked: OpenSSL made no digest");
	if (ASN1_STRING_length(said) != (int)digest_len ||
	    CRYPTO_memcmp(ASN1_STRING_get0_data(said), digest, digest_len) != 0)
		return refuse(err, "is of something else");
	return read_time(si, signed_at, err);
}

int cms_verify(const void *signature, size_t signature_len, const void *content, size_t len, struct cms_signer *out,
	       struct kh_error *err)
{
	CMS_ContentInfo *cms = parse(signature, signature_len, err);
	CMS_SignerInfo *si;
	X509 *cert = NULL;
	const EVP_MD *md;
	int rc = -1;

	if (!cms)
		return -1;
	if (check_shape(cms, err))
		goto out;
	si = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	cert = take_certificate(cms, si, err);
	if (!cert || cert_check_key(cert, err))
		goto out;
	md = digest_of(si, cert, err);
	if (!md || check_attributes(si, md, content, len, &out->signed_at, err))
		goto out;
	CMS_SignerInfo_set1_signer_cert(si, cert);
	if (CMS_SignerInfo_verify(si) != 1) {
		refuse(err, "is not good: its attributes, its signature or its certificate were changed");
		goto out;
	}
	out->cert = cert;
	cert = NULL;
	rc = 0;
out:
	X509_free(cert);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return rc;
}
