/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_SIGNER_H
#define KEYHAUL_TOKEN_SIGNER_H

#include "sign/cert.h"
#include "token_opts.h"

/*
 * Whoever signs: a certificate, and its private key in a PKCS#11 token or in a file. The token's key is used by our own
 * session and C_Sign; OpenSSL makes the CMS and never has the key.
 */
struct signer;

/*
 * Opens the key `name`, a PKCS#11 URI or a PEM file, of the certificate in `cert`, valid at `now`. A token is logged in to
 * once, as session_start does; a file's passphrase comes from where a PIN does. A key that wants the PIN at each signature
 * has it read again from its file, or kept where it came from elsewhere. The caller closes it. KH_E_USAGE, KH_E_INPUT,
 * KH_E_TOKEN, KH_E_CHECK.
 */
int signer_open(const char *name, const char *cert, const struct token_opts *opts, int64_t now, struct signer **out,
		struct kh_error *err);

/* A CMS detached signature of `content` (sign/cms.h), DER added to `out`; any thread may, one after the other. */
int signer_sign(struct signer *s, int64_t now, const void *content, size_t len, struct buf *out, struct kh_error *err);

/* Its certificate; the signer owns it. */
X509 *signer_cert(const struct signer *s);

/* Ends its session, wipes what it holds and frees; NULL is fine. */
void signer_close(struct signer *s);

#endif
