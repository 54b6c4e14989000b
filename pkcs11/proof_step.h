/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_PROOF_STEP_H
#define KEYHAUL_PKCS11_PROOF_STEP_H

#include "keygen.h"
#include "proof.h"

#include <openssl/evp.h>

/* For the proof and the probe alone: what both are made with, and their one step. */

/* The throwaways: a key in the token, and an RSA key of the host's whose public half is on the token. */
struct proof_throwaway {
	enum keyspec spec;	/* of the target: RSA_2048 for every RSA key */
	size_t secret_len;
	struct keygen_key target;
	EVP_PKEY *rsa;		/* the proof run's */
	unsigned rsa_bits;
	CK_OBJECT_HANDLE wrapping_key;
};

/* The size of the throwaway RSA key: the least that fits. */
unsigned proof_rsa_bits(enum keyspec spec, enum wrapalg alg);

/* Makes the throwaways on the token; `rsa` has proof_rsa_bits. The caller destroys them, also after a failure. */
int proof_throwaway_make(const struct token *t, enum keyspec spec, size_t secret_len, EVP_PKEY *rsa,
			 struct proof_throwaway *out, struct kh_error *err);
void proof_throwaway_destroy(const struct token *t, struct proof_throwaway *w);

/*
 * Wraps the throwaway by the plan and looks into what came out: the one step of the proof and of the probe. `*out` has
 * all that was found, also where it is wrong. KH_E_CHECK that says what is wrong, KH_E_TOKEN where nothing came out.
 */
int proof_try(const struct token *t, const struct proof_throwaway *w, const struct wrap_plan *plan, struct proof *out,
	      struct kh_error *err);

/* True where the failure of proof_try is a finding about the plan; anything else ends the proof. */
bool proof_is_finding(const struct kh_error *why);

/*
 * True where a finding will be the same the next time: what was opened is wrong, or the code speaks of mechanism,
 * parameters, key or policy. Others (no memory, a device in trouble, nobody logged in) say nothing of what it can do.
 */
bool proof_is_lasting(const struct kh_error *why);

/* The same of a code by itself. */
bool proof_code_is_lasting(CK_RV rv);

/* Opens the blob that the plan gave and fills in what was found. KH_E_CHECK that says what is wrong. */
int proof_inspect(const struct token *t, const struct proof_throwaway *w, const struct wrap_blob *blob,
		  struct proof *out, struct kh_error *err);

/* Shows that opened bytes are the throwaway secret key in the token, into out->same_by. KH_E_CHECK. */
int proof_same_secret(const struct token *t, const struct proof_throwaway *w, const struct secret *plain,
		      struct proof *out, struct kh_error *err);

/* The same of a private key by its public half. KH_E_CHECK. */
int proof_same_public(const struct token *t, const struct proof_throwaway *w, EVP_PKEY *opened, struct proof *out,
		      struct kh_error *err);

/* Adds a warning to the proof; more than PROOF_WARNINGS_MAX are dropped. */
void proof_warn(struct proof *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
