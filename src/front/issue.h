/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_ISSUE_H
#define KEYHAUL_FRONT_ISSUE_H

#include "base/buf.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/*
 * A P-256 key and a certificate for `name` (CN), good from a day ago for ten: of an authority where `issuer` is NULL
 * (self-signed), else of a person, by it. KH_E_SYSTEM. The caller frees both.
 */
struct issued {
	EVP_PKEY *key;
	X509 *cert;
};

int issue(const char *name, const struct issued *issuer, struct issued *out, struct kh_error *err);
void issued_clear(struct issued *i);

/* Adds the key as PKCS#8, the certificate as PEM. KH_E_SYSTEM. */
int issued_key_pem(const struct issued *i, struct buf *out, struct kh_error *err);
int issued_cert_pem(const struct issued *i, struct buf *out, struct kh_error *err);

#endif
