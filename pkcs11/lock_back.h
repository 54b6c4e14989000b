/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_LOCK_BACK_H
#define KEYHAUL_PKCS11_LOCK_BACK_H

#include "lock.h"
#include "proof_step.h"

/*
 * Tries every call that would take a lock back on the throwaway `w`, which is locked, into each of `out` (all untried
 * before): copies of it, then the attributes themselves. What answers CKR_OK is read again, and where that says nothing
 * wrapped by `plan` (NULL: none is known); copies are destroyed. A token that changes the throwaway itself under a copy's
 * name is asked no more. KH_E_TOKEN where it is gone.
 */
int lock_back_try(const struct token *t, const struct proof_throwaway *w, const struct wrap_plan *plan,
		  struct lock_back out[LOCK_BACKS], struct kh_error *err);

/* True where a proof_try of what is locked gave something all the same: `wrapped` is its result, `why` its error. */
bool lock_was_wrapped(int wrapped, const struct kh_error *why);

#endif
