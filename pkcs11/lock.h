/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_LOCK_H
#define KEYHAUL_PKCS11_LOCK_H

#include "key.h"

#define LOCK_WHY_MAX 320

/* One call that would take a lock back, tried on a throwaway that is locked. */
struct lock_back {
	enum {
		LOCK_BACK_UNTRIED,
		LOCK_BACK_REFUSED,
		LOCK_BACK_ALLOWED,
		LOCK_BACK_NOT_SHOWN, /* a code of the moment, or CKR_OK of which nothing came */
	} verdict;
	const char *call, *change; /* "C_CopyObject", "CKA_EXTRACTABLE true"; NULL while it is untried */
	CK_RV rv;		   /* what it answered */
	char why[LOCK_WHY_MAX];	   /* the same in words; empty where it is allowed */
};
#define LOCK_BACKS 4 /* copies with CKA_EXTRACTABLE true and CKA_SENSITIVE false, and both set */

/* What was found of a locked key: the code that C_WrapKey refused it with, or why that could not be shown. */
struct lock_finding {
	bool shown;	      /* the token was seen to refuse this key */
	bool wrapped;	      /* it was seen to wrap it all the same */
	bool noise;	      /* ... though not with it inside */
	CK_RV rv;	      /* shown: the code; its name by ckr_name */
	char why[LOCK_WHY_MAX]; /* neither: why not */
	struct lock_back back[LOCK_BACKS]; /* of the throwaway: nothing that may undo the lock is asked of the key itself */
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
 * Whether a token that has locked a key wraps it no more and lets nobody take the lock back, tried with a throwaway key of the
 * kind of `k`, which is left as it is: made, wrapped, opened, locked, wrapped again, copied, set back. KH_E_CHECK where the
 * token wraps what is locked or takes it back; KH_E_TOKEN where it is gone. lock_trial_free ends it, also after a failure.
 */
int lock_try(const struct token *t, const struct key *k, struct lock_trial **out, struct kh_error *err);

/* What was found so far, also after a failure; NULL where there is no trial. The trial owns it. */
const struct lock_finding *lock_found(const struct lock_trial *trial);

/* True where all of it was refused, so that no call that was tried takes the key off the token. */
bool lock_holds(const struct lock_finding *f);

/*
 * The same of the key itself, which is locked, and nothing is exposed by asking: only where the token refused the throwaway,
 * and under its RSA key, whose private half is destroyed here before. Once for each trial; what was found of the throwaway
 * becomes what was found of the key (lock_found). KH_E_CHECK, KH_E_TOKEN.
 */
int lock_check(const struct token *t, const struct key *k, struct lock_trial *trial, struct kh_error *err);

/* Destroys the throwaways; NULL is fine. */
void lock_trial_free(const struct token *t, struct lock_trial *trial);

#endif
