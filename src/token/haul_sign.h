/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_HAUL_SIGN_H
#define KEYHAUL_TOKEN_HAUL_SIGN_H

#include "haul.h"
#include "sign/cert.h"

struct signer;

/* Who signs the material of a run, in a session beside that of the keys, and before it closed. Begins as zeros. */
struct haul_signing {
	struct token_opts opts;
	struct signer *signer; /* NULL: not open */
};

/*
 * Before the token is touched: that --signer and --cert fit, and that the policy's material_signers lists the certificate
 * where it has any. KH_E_USAGE, KH_E_INPUT, KH_E_CHECK.
 */
int haul_sign_check(const struct haul_opts *o, int64_t now, struct kh_error *err);

/* Opens the signer, once, when the keys' session is open: a login on the same token counts for it. Errors as signer_open. */
int haul_sign_open(const struct haul_opts *o, int64_t now, struct kh_error *err);

/* Signs the bundle's material, and puts the signature into it; nothing without --signer. Any thread may. */
int haul_sign_material(const struct haul_opts *o, struct bundle *b, int64_t now, struct kh_error *err);

/* The certificate's subject; NULL where nobody signs. */
const char *haul_sign_name(const struct haul_opts *o, char out[CERT_NAME_MAX]);

void haul_sign_close(const struct haul_opts *o);

#endif
