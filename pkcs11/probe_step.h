/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_PROBE_STEP_H
#define KEYHAUL_PKCS11_PROBE_STEP_H

#include "probe.h"

#include <openssl/evp.h>

/* For probe.c alone: what a token says of keys and whether it keeps it. `rsa` is the host's. KH_E_TOKEN where the token is gone. */
int probe_claims(const struct token *t, EVP_PKEY *rsa, struct probe *p, struct kh_error *err);

#endif
