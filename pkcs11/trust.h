/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_TRUST_H
#define KEYHAUL_PKCS11_TRUST_H

#include "bundle/spki.h"
#include "key.h"

/*
 * Keys that the security officer marked CKA_TRUSTED (PKCS#11 v3.1 section 4.8): under one of them, and under no other, a
 * token wraps what is CKA_WRAP_WITH_TRUSTED. Each of them opens each such key to whoever has its private half.
 */

#define TRUST_PREFIX "keyhaul-trusted-"
#define TRUST_DIGITS 16 /* of the request's digest, in its label */
#define TRUST_LABEL (sizeof(TRUST_PREFIX) + TRUST_DIGITS)

/* One of them, as the token says it. */
struct trust_key {
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS object_class; /* public, secret */
	char label[KEY_LABEL_MAX + 1];
	size_t label_len;
	unsigned bits; /* RSA; 0: not told */
	bool ours;     /* labelled as `trust` does */
	bool same;     /* an RSA public key with CKA_WRAP that is the one asked for, by modulus and exponent */
};

/* The label of a request's wrapping key, by the request's digest (hex). */
void trust_label(const char *request_sha256, char out[TRUST_LABEL]);

/*
 * The keys that the token says are CKA_TRUSTED, as far as the session sees them; the caller frees `*out`. `wanted` (NULL:
 * none) decides which are `same`. A token that does not know the attribute has none. KH_E_TOKEN.
 */
int trust_find(const struct token *t, const struct spki *wanted, struct trust_key **out, size_t *n, struct kh_error *err);

/*
 * The request's wrapping key among them, for a CKA_WRAP_WITH_TRUSTED key: it is found and read, never made, and the caller
 * leaves it there. KH_E_CHECK where the security officer did not put it there, KH_E_TOKEN.
 */
int trust_wrapping_key(const struct token *t, const struct spki *wanted, CK_OBJECT_HANDLE *out, struct kh_error *err);

/*
 * Puts the wrapping key on the token: CKA_TRUSTED, CKA_WRAP and nothing else. First as an object of the session, which takes
 * along what a token leaves of an object that it refuses (SoftHSM); then on the token, and each is read back. The security
 * officer is logged in. KH_E_TOKEN; KH_E_CHECK where the token does not keep it as it was made: then it is not there.
 */
int trust_put(const struct token *t, const struct spki *key, const char *label, struct kh_error *err);

/* Takes away what trust_put put there for this key, and looks again; `*removed` 0: there was none. KH_E_TOKEN. */
int trust_remove(const struct token *t, const struct spki *key, size_t *removed, struct kh_error *err);

/*
 * That anybody who is not the security officer is refused a CKA_TRUSTED key: where the token makes one, trust is
 * worth nothing there. By the session as it is. KH_E_CHECK, KH_E_TOKEN where it is gone.
 */
int trust_check_officer(const struct token *t, const struct spki *key, struct kh_error *err);

/*
 * That the token keeps to CKA_WRAP_WITH_TRUSTED for keys of this spec: a throwaway that it wraps and OpenSSL opens is
 * wrapped no more when it is one, and the user cannot make CKA_TRUSTED keys, or take the attribute back from a key. RSA and EC keys need CKM_RSA_AES_KEY_WRAP: in the
 * two-step way the ephemeral key is not trusted. KH_E_CHECK where one of these does not hold or could not be shown, KH_E_TOKEN.
 */
int trust_check_kept(const struct token *t, enum keyspec spec, struct kh_error *err);

/* KH_E_CHECK for a CKA_WRAP_WITH_TRUSTED key that could be wrapped in two steps only. Gives -1. */
int trust_no_native(const char *what, struct kh_error *err);

#endif
