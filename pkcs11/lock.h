/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_LOCK_H
#define KEYHAUL_PKCS11_LOCK_H

#include "key.h"

#define LOCK_WHY_MAX 320

/* What was found of a locked key: the code that C_WrapKey refused it with, or why that could not be shown. */
struct lock_finding {
	bool shown;	      /* the token was seen to refuse this key */
	CK_RV rv;	      /* shown: the code; its name by ckr_name */
	char why[LOCK_WHY_MAX]; /* not shown: why not */
};

/*
 * Sets CKA_EXTRACTABLE of the key false, which PKCS#11 lets nobody undo (v3.1 section 4.9), and reads the key again into
 * `k`: CKR_OK is not evidence. The session is read-write. KH_E_TOKEN; KH_E_CHECK where the token answered CKR_OK and
 * does not say so.
 */
int lock_set(const struct token *t, struct key *k, struct kh_error *err);

/*
 * Whether C_WrapKey is refused to a key with CKA_EXTRACTABLE false, and nothing is exposed by asking: a throwaway key of
 * the same kind is wrapped, opened, locked the same way and wrapped again. Only where the token refuses it then is it asked
 * to wrap the key itself, under an RSA key whose private half has been destroyed. Leaves nothing on the token. KH_E_CHECK where
 * it wraps what is locked; KH_E_TOKEN where it is gone.
 */
int lock_check(const struct token *t, const struct key *k, struct lock_finding *out, struct kh_error *err);

#endif
