/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_WRAP_H
#define KEYHAUL_PKCS11_WRAP_H

#include "bundle/bundle.h"
#include "bundle/spki.h"
#include "ckm.h"
#include "token.h"

#define WRAP_BLOB_MAX 8192 /* room of each C_WrapKey, so that one call does */
#define WRAP_PLANS_MAX 8

/* How a token is asked to do a wrapping algorithm. */
enum wrap_way {
	WRAP_OAEP,     /* C_WrapKey of the target with CKM_RSA_PKCS_OAEP */
	WRAP_NATIVE,   /* C_WrapKey of the target with CKM_RSA_AES_KEY_WRAP (PKCS#11 v3.1 section 6.1.22) */
	WRAP_TWO_STEP, /* an ephemeral AES-256 key wraps the target with `kwp` and is itself wrapped with OAEP */
};

/* One way of doing one algorithm; what the proof is about, and what the wrap then does without change. */
struct wrap_plan {
	enum wrapalg alg;
	enum wrap_way way;
	CK_MECHANISM_TYPE kwp; /* WRAP_TWO_STEP: the mechanism that is to be RFC 5649 */
	bool careful;	       /* WRAP_TWO_STEP: the ephemeral key is read back before it is used, for one call more */
};

/* What a person says of the way, which the proof then holds to the same. {0}: nothing. */
struct wrap_choice {
	enum {
		WRAP_AUTO, /* the best that is listed */
		WRAP_ONLY_NATIVE,
		WRAP_ONLY_TWO_STEP,
	} rsa_aes;
	CK_MECHANISM_TYPE kwp; /* the two-step way's mechanism, listed or not; 0: the candidates that are listed */
};

struct wrap_blob {
	unsigned char data[WRAP_BLOB_MAX];
	size_t len;
};

/*
 * The plans worth trying for an algorithm on this token, best first: of those that need a mechanism beside OAEP only
 * the ones whose mechanism the token lists, and that the choice (NULL: none) leaves. What the choice names outright is
 * tried whatever the token lists. None for a token that lists none of them. Gives how many.
 */
size_t wrap_plans(const struct token *t, enum wrapalg alg, const struct wrap_choice *choice,
		  struct wrap_plan out[WRAP_PLANS_MAX]);

/* All plans of an algorithm, whatever the token lists, best first. Gives how many. */
size_t wrap_plans_all(enum wrapalg alg, struct wrap_plan out[WRAP_PLANS_MAX]);

/* True where a token's list of mechanisms has every one that the plan needs. */
bool wrap_plan_is_listed(const CK_MECHANISM_TYPE *list, size_t n, const struct wrap_plan *plan);

/* True where a failed wrap_run speaks of the target's own C_WrapKey by the plan: not of the ephemeral key, or of its making. */
bool wrap_plan_spoke_of_target(const struct wrap_plan *plan, const struct kh_error *why);

/* The plan in words: "CKM_RSA_PKCS_OAEP", "CKM_AES_KEY_WRAP_KWP with CKM_RSA_PKCS_OAEP"; into `out`. */
#define WRAP_WORDS_MAX 96
const char *wrap_plan_words(const struct wrap_plan *plan, char out[WRAP_WORDS_MAX]);

/* The plan's mechanisms as the bundle has them, names into `names`. Gives how many. */
size_t wrap_plan_mechanisms(const struct wrap_plan *plan, struct bundle_mechanism out[2], char names[2][CKM_NAME_MAX]);

/*
 * Puts a wrapping key on the token: an RSA public key of the session (a token object labelled keyhaul-tmp-* with
 * t->token_objects) that may wrap and do nothing else. The caller destroys it with wrap_key_destroy. If `careful`, and in
 * read-write sessions always, it is read back for one call more: class, modulus and label have to be what was put there,
 * where the token says them. KH_E_TOKEN.
 */
int wrap_key_create(const struct token *t, const struct spki *key, bool careful, CK_OBJECT_HANDLE *out,
		    struct kh_error *err);

/*
 * Destroys it and forgets the handle; a failure is a warning, and on the token it is counted (token_note_left).
 * CK_INVALID_HANDLE is fine.
 */
void wrap_key_destroy(const struct token *t, CK_OBJECT_HANDLE *key);

/*
 * Wraps `target` by the plan under the wrapping key of `bits`, and leaves nothing on the token: an ephemeral key that
 * could not be destroyed is a failure. Lengths that cannot be are refused; what is in the blob is for the proof to say.
 * KH_E_TOKEN, with the call, mechanism and code.
 */
int wrap_run(const struct token *t, const struct wrap_plan *plan, CK_OBJECT_HANDLE wrapping_key, unsigned bits,
	     CK_OBJECT_HANDLE target, struct wrap_blob *out, struct kh_error *err);

/* SHA-256 of the blob's RSA part. KH_E_SYSTEM. */
int wrap_oaep_sha256(const struct wrap_blob *blob, unsigned bits, unsigned char out[32], struct kh_error *err);

#endif
