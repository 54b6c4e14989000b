/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "lock_back.h"

#include "call.h"
#include "ckr.h"
#include "own.h"

#include <stdio.h>
#include <string.h>

/* What a lock and CKA_SENSITIVE forbid for ever (PKCS#11 v3.1 sections 4.9, 4.10; of a copy 5.7.2). */
static const struct attempt {
	const char *call, *change;
	CK_ATTRIBUTE_TYPE type;
	bool value;
	bool copies;
} attempts[] = {
	{"C_CopyObject", "CKA_EXTRACTABLE true", CKA_EXTRACTABLE, true, true},
	{"C_CopyObject", "CKA_SENSITIVE false", CKA_SENSITIVE, false, true},
	{"C_SetAttributeValue", "CKA_EXTRACTABLE true", CKA_EXTRACTABLE, true, false},
	{"C_SetAttributeValue", "CKA_SENSITIVE false", CKA_SENSITIVE, false, false},
};
_Static_assert(sizeof(attempts) / sizeof(attempts[0]) == LOCK_BACKS, "one result for each");

static CK_RV ask(const struct token *t, CK_OBJECT_HANDLE key, const struct attempt *a, CK_OBJECT_HANDLE *object)
{
	struct attr_template tmpl = {.n = 0};

	attr_add_bool(&tmpl, a->type, a->value);
	*object = a->copies ? CK_INVALID_HANDLE : key;
	if (!a->copies)
		return P11_CALL(t->fn, C_SetAttributeValue, t->session, key, tmpl.v, tmpl.n);
	return P11_CALL(t->fn, C_CopyObject, t->session, key, tmpl.v, tmpl.n, object);
}

/* Whether the object says that it is open now; 1 where it does not, or is none of the throwaway's. */
static int says_open(const struct token *t, const struct own_mark *mark, CK_OBJECT_HANDLE object, const struct attempt *a,
		     struct kh_error *err)
{
	CK_BBOOL flag = CK_FALSE;
	struct attr_read read = ATTR_READ(a->type, flag);
	bool ours = false;

	if (object == CK_INVALID_HANDLE)
		return kh_fail(err, KH_E_CHECK, 0, "no object came of it");
	if (own_is(t, object, mark, &ours, err) != 0)
		return -1;
	if (!ours)
		return kh_fail(err, KH_E_CHECK, 0, "the handle is another object's");
	if (attr_read_all(t, object, &read, 1, err) != 0)
		return -1;
	return attr_flag(&read) == (a->value ? BUNDLE_TRUE : BUNDLE_FALSE) ? 0 : 1;
}

/* What says that it is closed may be wrapped all the same. 0 where it is. */
static int wraps(const struct token *t, const struct proof_throwaway *w, const struct wrap_plan *plan,
		 CK_OBJECT_HANDLE object, struct kh_error *err)
{
	struct proof_throwaway opened = *w;
	struct proof proof;

	opened.target.key = object;
	return plan != NULL && lock_was_wrapped(proof_try(t, &opened, plan, &proof, err), err) ? 0 : 1;
}

/* CKR_OK is not evidence that it was done either. -1 where the token is gone. */
static int judge(const struct token *t, const struct proof_throwaway *w, const struct wrap_plan *plan,
		 const struct attempt *a, CK_OBJECT_HANDLE object, struct lock_back *out, struct kh_error *err)
{
	const struct own_mark mark = {CKA_ID, w->target.id, KEYGEN_ID};
	struct kh_error why = {.code = KH_OK};
	int closed = says_open(t, &mark, object, a, &why);

	if (closed == 1 && a->type == CKA_EXTRACTABLE)
		closed = wraps(t, w, plan, object, &why);
	out->verdict = closed == 0 ? LOCK_BACK_ALLOWED : LOCK_BACK_NOT_SHOWN;
	if (closed != 0)
		snprintf(out->why, sizeof(out->why), "CKR_OK, and %.*s", LOCK_WHY_MAX / 2,
			 closed < 0 ? why.msg : "nothing came of it");
	if (closed == 0 || why.code == KH_OK || proof_is_finding(&why))
		return 0;
	*err = why;
	return -1;
}

/*
 * By the CKA_ID that a copy has from its key, whatever handle was given; the throwaway is left. What stays is a warning, and on
 * the token it is counted when the throwaway goes, which has the same.
 */
static void take_away(const struct token *t, const struct proof_throwaway *w)
{
	const struct own_mark mark = {CKA_ID, w->target.id, KEYGEN_ID};
	const CK_OBJECT_HANDLE keep[] = {w->target.key, w->target.public_key};

	(void)own_sweep_but(t, &mark, keep, sizeof(keep) / sizeof(keep[0]));
}

static int try_one(const struct token *t, const struct proof_throwaway *w, const struct wrap_plan *plan,
		   const struct attempt *a, CK_OBJECT_HANDLE *object, struct lock_back *out, struct kh_error *err)
{
	CK_RV rv = ask(t, w->target.key, a, object);
	int ret;

	out->call = a->call;
	out->change = a->change;
	out->rv = rv;
	if (token_is_gone(rv))
		return ckr_fail(err, rv, a->call, a->change);
	if (rv == CKR_OK) {
		ret = judge(t, w, plan, a, *object, out, err);
		if (a->copies)
			take_away(t, w);
		return ret;
	}
	out->verdict = proof_code_is_lasting(rv) ? LOCK_BACK_REFUSED : LOCK_BACK_NOT_SHOWN;
	snprintf(out->why, sizeof(out->why), "%s (0x%lX)", ckr_name(rv), rv);
	return 0;
}

int lock_back_try(const struct token *t, const struct proof_throwaway *w, const struct wrap_plan *plan,
		  struct lock_back out[LOCK_BACKS], struct kh_error *err)
{
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;

	for (size_t i = 0; i < LOCK_BACKS; i++) {
		if (try_one(t, w, plan, &attempts[i], &object, &out[i], err) != 0)
			return -1;
		if (attempts[i].copies && object == w->target.key)
			break; /* NSS does so with what is kept: the throwaway is no more what it was */
	}
	return 0;
}
