/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cert.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <stdint.h>

/* (r, s) is good for what (r, n - s) is good for: who has no key of the CA's can turn one into the other (SEC 1 §4.1.4). */
static ECDSA_SIG *mirrored(const ASN1_BIT_STRING *signature, const BIGNUM *order)
{
	const unsigned char *at = ASN1_STRING_get0_data(signature);
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, ASN1_STRING_length(signature));
	BIGNUM *r = sig ? BN_dup(ECDSA_SIG_get0_r(sig)) : NULL, *s = BN_new();

	if (r && s && BN_sub(s, order, ECDSA_SIG_get0_s(sig)) == 1 && ECDSA_SIG_set0(sig, r, s) == 1)
		return sig;
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return NULL;
}

static int put(X509 *cert, const ECDSA_SIG *sig)
{
	const ASN1_BIT_STRING *signature = NULL;
	unsigned char *der = NULL;
	int len = i2d_ECDSA_SIG(sig, &der), ok = 0;

	X509_get0_signature(&signature, NULL, cert);
	if (len > 0) /* OpenSSL has no function that sets a signature; the copy is ours */
		ok = ASN1_STRING_set((ASN1_BIT_STRING *)(uintptr_t)signature, der, len);
	OPENSSL_free(der);
	return ok;
}

int cert_twin_sha256(const X509 *cert, const X509 *ca, char out[CERT_HEX], struct kh_error *err)
{
	EVP_PKEY *key = X509_get0_pubkey(ca);
	const ASN1_BIT_STRING *signature = NULL;
	BIGNUM *order = NULL;
	ECDSA_SIG *sig = NULL;
	X509 *twin = NULL;
	int rc = -1;

	out[0] = '\0';
	if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
		return 0;
	X509_get0_signature(&signature, NULL, cert);
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_ORDER, &order) == 1 && (sig = mirrored(signature, order)) != NULL &&
	    (twin = X509_dup(cert)) != NULL && put(twin, sig) == 1)
		rc = cert_sha256(twin, out, err);
	else
		kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL made no copy of a certificate");
	X509_free(twin);
	ECDSA_SIG_free(sig);
	BN_free(order);
	ERR_clear_error();
	return rc;
}
