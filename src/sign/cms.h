/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIGN_CMS_H
#define KEYHAUL_SIGN_CMS_H

#include "cert.h"

#define CMS_SIGNATURE_MAX 6144 /* bytes of DER */

/*
 * Makes the signature of `data` with the private key of a certificate, over digest `md`: RSA PKCS#1 v1.5, or ECDSA as DER
 * (RFC 5652 §5.4, RFC 5754). Added to `out`. What a token and a file each have their own of.
 */
typedef int cms_key_fn(void *key, const EVP_MD *md, const void *data, size_t len, struct buf *out, struct kh_error *err);

/*
 * A CMS detached signature of `content` as DER (RFC 5652): one signer, its certificate, and the signed attributes content
 * type, message digest and signing time. OpenSSL makes the structure, `sign` the signature, and what came of it is verified
 * against the certificate before it is given out. KH_E_CHECK for a certificate whose key may not sign, or is another.
 */
int cms_sign(X509 *cert, cms_key_fn *sign, void *key, int64_t now, const void *content, size_t len, struct buf *out,
	     struct kh_error *err);

/* Who signed, and when, by his own word. */
struct cms_signer {
	X509 *cert; /* the caller frees it */
	int64_t signed_at;
};

/*
 * Verifies a detached signature of `content`, and nothing of who signed: that is for a policy. Refused is all but DER with
 * one signer, his certificate alone, no content, no CRL, no unsigned attribute, content type, digest and time signed, SHA-256
 * to SHA-512, a key that cert_check_key takes. KH_E_CHECK.
 */
int cms_verify(const void *signature, size_t signature_len, const void *content, size_t len, struct cms_signer *out,
	       struct kh_error *err);

#endif
