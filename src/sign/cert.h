/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIGN_CERT_H
#define KEYHAUL_SIGN_CERT_H

#include "base/buf.h"

#include <openssl/x509.h>
#include <stdint.h>

#define CERT_FILE_MAX 65536 /* bytes of a file with one */
#define CERT_HEX 65	    /* SHA-256 in hex and a NUL */
#define CERT_NAME_MAX 512   /* bytes of a subject as text, with its NUL */

/* Reads the one X.509 certificate of a file, PEM or DER. The caller frees `*out`. KH_E_INPUT. */
int cert_load(const char *path, X509 **out, struct kh_error *err);

/* The same of bytes in memory; `name` is for the error. */
int cert_parse(const char *name, const void *data, size_t len, X509 **out, struct kh_error *err);

/* SHA-256 of the certificate's DER in lower-case hex: what a policy pins. KH_E_SYSTEM. */
int cert_sha256(const X509 *cert, char out[CERT_HEX], struct kh_error *err);

/* The subject in one line (RFC 2253, printable ASCII), cut where it does not fit; gives `out`. */
const char *cert_subject(const X509 *cert, char out[CERT_NAME_MAX]);

/*
 * That its key may sign what people rely on: RSA of 2048 to 8192 bits or P-256, P-384, P-521; a key usage, where there is
 * one, that signs; no critical extension that OpenSSL does not know (RFC 5280 §4.2). KH_E_CHECK.
 */
int cert_check_key(const X509 *cert, struct kh_error *err);

/* That `now` is in its validity (RFC 5280 §4.1.2.5). KH_E_CHECK. */
int cert_check_time(const X509 *cert, int64_t now, struct kh_error *err);

/*
 * That `ca` issued it, itself, by signature and not by name: a path of two at `now` at OpenSSL's security level 2, and for
 * a purpose that fits a person (an extended key usage, where there is one, beyond TLS servers). KH_E_CHECK.
 */
int cert_check_issuer(X509 *cert, X509 *ca, int64_t now, struct kh_error *err);

/*
 * SHA-256, as cert_sha256 gives it, of the one other form in which the certificate's signature is good: an ECDSA signature
 * can be mirrored by anybody, so that a fingerprint alone does not revoke. "" where `ca`, which issued it, has no EC key.
 * KH_E_SYSTEM.
 */
int cert_twin_sha256(const X509 *cert, const X509 *ca, char out[CERT_HEX], struct kh_error *err);

/* The digest that goes with the key in a signature: SHA-256, for P-384 SHA-384, for P-521 SHA-512. NULL for other keys. */
const EVP_MD *cert_digest(const X509 *cert);

#endif
