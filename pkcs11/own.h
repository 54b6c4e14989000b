/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_OWN_H
#define KEYHAUL_PKCS11_OWN_H

#include "token.h"

/*
 * An object is ours by the random bytes that we had it made with (CKA_ID of keys, CKA_LABEL of wrapping keys), never by
 * the handle that a call gave: a handle may name another object, and what is destroyed is gone for good.
 */
struct own_mark {
	CK_ATTRIBUTE_TYPE type;
	const void *value;
	size_t len; /* at most OWN_MARK_MAX */
};
#define OWN_MARK_MAX 64

/* Whether the token says that the object has the mark. KH_E_TOKEN where it cannot be asked. */
int own_is(const struct token *t, CK_OBJECT_HANDLE object, const struct own_mark *mark, bool *ours,
	   struct kh_error *err);

/*
 * Destroys every object that has the mark, for when handles are not to be trusted, and looks again. Gives how many
 * stay (each a warning); a token that does not answer is taken to have none.
 */
size_t own_sweep(const struct token *t, const struct own_mark *mark);

/* The same but for the objects of `keep`: `n_keep` handles that are known to be right. */
size_t own_sweep_but(const struct token *t, const struct own_mark *mark, const CK_OBJECT_HANDLE *keep, size_t n_keep);

/*
 * Looks for token objects that have the mark after C_DestroyObject gave `rv`: what is there still is a warning, and is
 * counted (token_note_left). Gives how many.
 */
size_t own_check_gone(const struct token *t, const struct own_mark *mark, CK_RV rv);

#endif
