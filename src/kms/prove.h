/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_PROVE_H
#define KEYHAUL_KMS_PROVE_H

#include "import.h"
#include "standing.h"
#include "target.h"

/* One bundle's question to KMS: does it hold this very key? */
struct prove {
	struct import_run *run;
	const char *path;
	const char *second; /* another bundle of the same KMS key and token key; NULL: none */
	struct file *file;
	struct bundle *bundle;
	struct target target;
	struct standing standing;
	const char *verdict; /* "yes", "no", or NULL: the token has to answer first */
	const char *method;  /* the one that decided */
};

/*
 * Asks KMS by what the key's kind allows and puts the proofs into the bundle, whatever they say: RSA and EC by the public
 * key and, where the key signs, a signature; HMAC by a MAC that the token then compares; a symmetric key by importing
 * `second` as the same material. The caller clears `out`, also after an error. KH_E_CHECK where it cannot be asked,
 * KH_E_USAGE where `second` is missing.
 */
int prove_bundle(struct import_run *run, const char *path, const char *second, struct prove *out, struct kh_error *err);
void prove_clear(struct prove *p);

/* Of prove_bundle, by the key's kind; each adds its proofs and sets the verdict. */
int prove_public(struct prove *p, struct kh_error *err);
int prove_mac(struct prove *p, struct kh_error *err);

/* Adds a proof of now to the bundle in hand. */
int prove_add(struct prove *p, const struct bundle_proof *proof, struct kh_error *err);

#define PROVE_CHALLENGE 32 /* random bytes */

/* A fresh challenge. KH_E_SYSTEM. */
int prove_challenge(unsigned char out[PROVE_CHALLENGE], struct kh_error *err);

#endif
