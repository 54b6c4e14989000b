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

/* What a token was tried with before a key is locked: a throwaway of its kind, locked. */
struct lock_trial;

/*
 * Whether a token that has locked a key wraps it no more, tried with a throwaway key of the kind of `k`, which is left as it
 * is: made, wrapped, opened, locked and wrapped again. What was found, or that nothing could be, is for lock_check. KH_E_CHECK
 * where the token wraps what is locked; KH_E_TOKEN where it is gone. lock_trial_free ends it, also after a failure.
 */
int lock_try(const struct token *t, const struct key *k, struct lock_trial **out, struct kh_error *err);

/*
 * The same of the key itself, which is locked, and nothing is exposed by asking: only where the token refused the throwaway,
 * and under its RSA key, whose private half is destroyed here before. Once for each trial. KH_E_CHECK, KH_E_TOKEN.
 */
int lock_check(const struct token *t, const struct key *k, struct lock_trial *trial, struct lock_finding *out,
	       struct kh_error *err);

/* Destroys the throwaways; NULL is fine. */
void lock_trial_free(const struct token *t, struct lock_trial *trial);

#endif
