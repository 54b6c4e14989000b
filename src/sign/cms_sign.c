/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cms.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define ATTRIBUTES_MAX 8
#define ATTRIBUTES_BYTES_MAX 4096

static int failed(struct kh_error *err, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL made no CMS signature (%s): %s", what, reason ? reason : "out of memory");
	ERR_clear_error();
	return -1;
}

static int add_attributes(CMS_SignerInfo *si, const EVP_MD *md, int64_t now, const void *content, size_t len,
			  struct kh_error *err)
{
	ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)now);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_len = 0;
	int ok = when && EVP_Digest(content, len, digest, &digest_len, md, NULL) == 1 &&
		 CMS_signed_add1_attr_by_NID(si, NID_pkcs9_contentType, V_ASN1_OBJECT, OBJ_nid2obj(NID_pkcs7_data), -1) == 1 &&
		 CMS_signed_add1_attr_by_NID(si, NID_pkcs9_signingTime, when->type, when, -1) == 1 &&
		 CMS_signed_add1_attr_by_NID(si, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING, digest, (int)digest_len) == 1;

	ASN1_TIME_free(when);
	return ok ? 0 : failed(err, "attributes");
}

struct der {
	unsigned char *data;
	int len;
};

/* DER's order of a SET OF (X.690 §11.6). */
static int by_bytes(const void *a, const void *b)
{
	const struct der *x = a, *y = b;
	int least = x->len < y->len ? x->len : y->len, order = memcmp(x->data, y->data, (size_t)least);

	return order ? order : x->len - y->len;
}

/* What is signed is the attributes as a SET OF, not as the structure has them (RFC 5652 §5.4). */
static int attributes_der(const CMS_SignerInfo *si, struct buf *out, struct kh_error *err)
{
	struct der all[ATTRIBUTES_MAX] = {{NULL, 0}};
	int n = CMS_signed_get_attr_count(si), sum = 0, rc = -1;
	unsigned char head[8], *at = head;

	if (n < 1 || n > ATTRIBUTES_MAX)
		return failed(err, "attributes");
	for (int i = 0; i < n; i++) {
		all[i].len = i2d_X509_ATTRIBUTE(CMS_signed_get_attr(si, i), &all[i].data);
		if (all[i].len <= 0) {
			failed(err, "attributes");
			goto out;
		}
		sum += all[i].len;
	}
	qsort(all, (size_t)n, sizeof(all[0]), by_bytes);
	ASN1_put_object(&at, 1, sum, V_ASN1_SET, V_ASN1_UNIVERSAL);
	rc = buf_add(out, head, (size_t)(at - head), err);
	for (int i = 0; i < n && rc == 0; i++)
		rc = buf_add(out, all[i].data, (size_t)all[i].len, err);
out:
	for (int i = 0; i < n; i++)
		OPENSSL_free(all[i].data);
	return rc;
}

static int sign_attributes(CMS_SignerInfo *si, const EVP_MD *md, cms_key_fn *sign, void *key, struct kh_error *err)
{
	struct buf signed_part = BUF_INIT(ATTRIBUTES_BYTES_MAX), signature = BUF_INIT(CMS_SIGNATURE_MAX);
	int rc = -1;

	if (attributes_der(si, &signed_part, err) || sign(key, md, buf_text(&signed_part), signed_part.len, &signature, err))
		goto out;
	rc = ASN1_OCTET_STRING_set(CMS_SignerInfo_get0_signature(si), (const unsigned char *)buf_text(&signature),
				   (int)signature.len) == 1 ? 0 : failed(err, "signature");
out:
	buf_free(&signed_part);
	buf_free(&signature);
	return rc;
}

static int to_der(CMS_ContentInfo *cms, struct buf *out, struct kh_error *err)
{
	unsigned char *der = NULL;
	int len = i2d_CMS_ContentInfo(cms, &der), rc;

	if (len <= 0)
		return failed(err, "DER");
	rc = buf_add(out, der, (size_t)len, err);
	OPENSSL_free(der);
	return rc;
}

/* The key is the one of the certificate when its signature is. */
static int verify_own(X509 *cert, const struct buf *signature, const void *content, size_t len, struct kh_error *err)
{
	struct cms_signer seen = {NULL, 0};
	char name[CERT_NAME_MAX];
	int rc = cms_verify(buf_text(signature), signature->len, content, len, &seen, err);

	X509_free(seen.cert);
	if (rc == 0)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "what the key signed is not good under the certificate of '%s'", cert_subject(cert, name));
	return kh_hint(err, "give the certificate of this key, or the key of this certificate");
}

int cms_sign(X509 *cert, cms_key_fn *sign, void *key, int64_t now, const void *content, size_t len, struct buf *out,
	     struct kh_error *err)
{
	const unsigned int flags = CMS_DETACHED | CMS_BINARY | CMS_PARTIAL;
	struct buf der = BUF_INIT(CMS_SIGNATURE_MAX);
	CMS_ContentInfo *cms = NULL;
	CMS_SignerInfo *si = NULL;
	int rc = -1;

	if (cert_check_key(cert, err))
		return -1;
	cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	/* the public key stands in for the private one, which OpenSSL is never given */
	if (cms)
		si = CMS_add1_signer(cms, cert, X509_get0_pubkey(cert), cert_digest(cert), flags | CMS_NOSMIMECAP);
	if (!si) {
		failed(err, "structure");
		goto out;
	}
	if (add_attributes(si, cert_digest(cert), now, content, len, err) ||
	    sign_attributes(si, cert_digest(cert), sign, key, err) || to_der(cms, &der, err) ||
	    verify_own(cert, &der, content, len, err))
		goto out;
	rc = buf_add(out, buf_text(&der), der.len, err);
out:
	CMS_ContentInfo_free(cms);
	buf_free(&der);
	return rc;
}
