/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_PROBE_STEP_H
#define KEYHAUL_PKCS11_PROBE_STEP_H

#include "probe.h"

#include <openssl/evp.h>

/* For probe.c alone: what a token says of keys and whether it keeps it. `rsa` is the host's. KH_E_TOKEN where the token is gone. */
int probe_claims(const struct token *t, EVP_PKEY *rsa, struct probe *p, struct kh_error *err);

/* For its two files: how a claim stands, `why` being the call or a sentence; what does not fit is left out. */
void probe_settle(struct probe_claim *c, enum probe_honour honour, CK_RV rv, const char *why);

/* Where nothing could be tried; -1 where the token is gone. */
int probe_untried(struct probe_claim *c, const struct kh_error *why, struct kh_error *err);

/* Whether the user can make a CKA_TRUSTED key of the host's public key, or call one so. KH_E_TOKEN where the token is gone. */
int probe_trusted(const struct token *t, const struct spki *rsa, struct probe_claim *c, struct kh_error *err);

#endif
