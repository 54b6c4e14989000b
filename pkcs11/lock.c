/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "lock.h"

#include "base/log.h"
#include "call.h"
#include "ckr.h"
#include "lock_back.h"

#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HINT_WRAPPED \
	"whoever has the PIN can still take the key off this token: once it is hauled, destroy it there with the vendor's " \
	"tool, or keep it where every user of the token may have it"

struct lock_trial {
	EVP_PKEY *rsa;		     /* NULL once the key itself is asked for */
	struct proof_throwaway w;    /* locked, where one could be made */
	struct wrap_plan plan;	     /* that wrapped it before, where there is one */
	struct lock_finding finding; /* of the throwaway */
};

static CK_RV make_unextractable(const struct token *t, CK_OBJECT_HANDLE object)
{
	struct attr_template tmpl = {.n = 0};

	attr_add_bool(&tmpl, CKA_EXTRACTABLE, false);
	return P11_CALL(t->fn, C_SetAttributeValue, t->session, object, tmpl.v, tmpl.n);
}

int lock_set(const struct token *t, struct key *k, struct kh_error *err)
{
	CK_OBJECT_HANDLE handle = k->handle;
	CK_RV rv = make_unextractable(t, handle);

	if (rv != CKR_OK) {
		ckr_fail(err, rv, "C_SetAttributeValue", "CKA_EXTRACTABLE");
		if (rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_ACTION_PROHIBITED)
			kh_hint(err, "the token does not let this key be changed%s; the vendor's tool may",
				k->modifiable == BUNDLE_FALSE ? " (CKA_MODIFIABLE is false)" : "");
		return -1;
	}
	if (key_read(t, handle, k, err) != 0)
		return kh_context(err, "C_SetAttributeValue answered CKR_OK, but the key cannot be read again");
	if (k->extractable == BUNDLE_FALSE)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "C_SetAttributeValue: CKR_OK, but the token says that CKA_EXTRACTABLE of the key %s",
		k->extractable == BUNDLE_TRUE ? "is true still" : "is not told");
	return kh_hint(err, "the key is not locked: " CKR_HINT_BROKEN);
}

static void not_shown(struct lock_finding *f, const char *what, const struct kh_error *why)
{
	f->shown = false;
	snprintf(f->why, sizeof(f->why), "%s%s%.*s", what, why != NULL ? ": " : "", why != NULL ? LOCK_WHY_MAX / 2 : 0,
		 why != NULL ? why->msg : "");
}

/* -1 where the token is gone and the like; 1 where `why` is a finding, with which nothing can be shown. */
static int cannot(struct lock_finding *f, const char *what, const struct kh_error *why, struct kh_error *err)
{
	if (!proof_is_finding(why)) {
		*err = *why;
		return -1;
	}
	not_shown(f, what, why);
	return 1;
}

/* The first plan by which the throwaway comes out as KMS opens it: 0, and 1 where there is none. */
static int find_plan(const struct token *t, const struct proof_throwaway *w, struct wrap_plan *out,
		     struct lock_finding *f, struct kh_error *err)
{
	struct kh_error last = {.code = KH_OK}, ignored;

	for (int alg = WRAPALG_NONE + 1; alg < WRAPALGS; alg++) {
		struct wrap_plan plans[WRAP_PLANS_MAX];
		struct proof proof;
		size_t n = 0;

		if (wrapalg_check(w->spec, (enum wrapalg)alg, w->rsa_bits, NULL, &ignored) == 0)
			n = wrap_plans(t, (enum wrapalg)alg, NULL, plans);
		for (size_t i = 0; i < n; i++) {
			*out = plans[i];
			if (proof_try(t, w, &plans[i], &proof, &last) == 0)
				return 0;
			if (!proof_is_finding(&last))
				return cannot(f, "", &last, err);
		}
	}
	not_shown(f, "the token wraps no such key in a way that could be opened, locked or not",
		  last.code != KH_OK ? &last : NULL);
	return 1;
}

/* The codes of PKCS#11 for a key that may not be wrapped; any other says something of the moment, or of a bent module. */
static bool speaks_of_the_key(CK_RV rv)
{
	return rv == CKR_KEY_UNEXTRACTABLE || rv == CKR_KEY_NOT_WRAPPABLE || rv == CKR_KEY_FUNCTION_NOT_PERMITTED ||
	       rv == CKR_ACTION_PROHIBITED || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_INFORMATION_SENSITIVE;
}

bool lock_was_wrapped(int wrapped, const struct kh_error *why)
{
	return wrapped == 0 || (why->code == KH_E_TOKEN && why->native == CKR_OK) || why->code == KH_E_CHECK;
}

/* What C_WrapKey of a locked key answered; the code where it is a refusal. */
static int judge(int wrapped, const struct wrap_plan *plan, const struct kh_error *why, struct lock_finding *f,
		 struct kh_error *err)
{
	f->shown = false;
	f->wrapped = lock_was_wrapped(wrapped, why);
	f->noise = f->wrapped && wrapped != 0;
	if (f->wrapped)
		return 0;
	/* the ephemeral key's code says nothing of this one */
	if (!speaks_of_the_key(why->native) || !wrap_plan_spoke_of_target(plan, why))
		return cannot(f, "C_WrapKey gave no answer that tells", why, err);
	f->shown = true;
	f->rv = why->native;
	return 0;
}

/* 0 where the token allows nothing that a lock forbids; else all that it does. */
static int fail_where_open(const struct lock_finding *f, const char *what, struct kh_error *err)
{
	char calls[LOCK_WHY_MAX] = "";
	bool any = f->wrapped;

	for (size_t i = 0; i < LOCK_BACKS; i++) {
		size_t len = strlen(calls);

		if (f->back[i].verdict != LOCK_BACK_ALLOWED)
			continue;
		any = true;
		snprintf(calls + len, sizeof(calls) - len, "%s%s with %s", len > 0 ? ", " : "", f->back[i].call,
			 f->back[i].change);
	}
	if (!any)
		return 0;
	if (f->wrapped)
		kh_fail(err, KH_E_CHECK, 0, "the token wraps locked keys all the same (C_WrapKey: CKR_OK for %s%s)%s%s%s", what,
			f->noise ? ", though not with it inside" : "", calls[0] != '\0' ? ", and undoes locks (" : "", calls,
			calls[0] != '\0' ? ": CKR_OK)" : "");
	else
		kh_fail(err, KH_E_CHECK, 0, "the token undoes locks (%s: CKR_OK for %s)", calls, what);
	return kh_hint(err, HINT_WRAPPED);
}

/* The throwaway, of which nothing is lost: the plan that wrapped it (NULL: none) must be refused now, and it stays so. */
static int try_throwaway(const struct token *t, const struct proof_throwaway *w, const struct wrap_plan *plan,
			 struct lock_finding *f, struct kh_error *err)
{
	struct kh_error why = {.code = KH_OK};
	struct key k = {.handle = w->target.key};
	struct proof proof;
	int wrapped;

	if (lock_set(t, &k, &why) != 0)
		return cannot(f, "a throwaway key cannot be locked", &why, err);
	if (plan != NULL) {
		wrapped = proof_try(t, w, plan, &proof, &why);
		if (wrapped != 0 && !proof_is_finding(&why))
			return cannot(f, "", &why, err);
		if (judge(wrapped, plan, &why, f, err) < 0)
			return -1;
	}
	if (lock_back_try(t, w, plan, f->back, err) != 0)
		return -1;
	return fail_where_open(f, "a throwaway key of the same kind", err);
}

/* The key itself, under a wrapping key that nobody can open anything of. */
static int try_key(const struct token *t, const struct proof_throwaway *w, const struct wrap_plan *plan,
		   const struct key *k, struct lock_finding *f, struct kh_error *err)
{
	struct kh_error why = {.code = KH_OK};
	struct wrap_blob blob = {.len = 0};
	int wrapped = wrap_run(t, plan, w->wrapping_key, w->rsa_bits, k->handle, &blob, &why);

	OPENSSL_cleanse(&blob, sizeof(blob));
	if (wrapped != 0 && !proof_is_finding(&why))
		return cannot(f, "", &why, err);
	return judge(wrapped, plan, &why, f, err) < 0 ? -1 : fail_where_open(f, "the key itself", err);
}

static int try_by_plan(const struct token *t, struct lock_trial *trial, struct kh_error *err)
{
	int rc = find_plan(t, &trial->w, &trial->plan, &trial->finding, err);

	return rc < 0 ? -1 : try_throwaway(t, &trial->w, rc == 0 ? &trial->plan : NULL, &trial->finding, err);
}

static int try_kind(const struct token *t, const struct key *k, struct lock_trial *trial, struct kh_error *err)
{
	struct kh_error unmade;

	log_progress("looking whether the token keeps to it, with a throwaway key...");
	trial->rsa = EVP_RSA_gen(proof_rsa_bits(k->spec, WRAPALG_RSAES_OAEP_SHA_256));
	if (trial->rsa == NULL)
		return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot make an RSA key");
	if (proof_throwaway_make(t, k->spec, keyspec_info(k->spec)->secret_len > 0 ? k->bits / 8 : 0, trial->rsa, &trial->w,
				 &unmade) == 0)
		return try_by_plan(t, trial, err);
	return cannot(&trial->finding, token_wants_kept(t, unmade.native)
		      ? "there is no throwaway key to show it with (" TOKEN_HINT_KEPT ")"
		      : "there is no throwaway key to show it with", &unmade, err);
}

int lock_try(const struct token *t, const struct key *k, struct lock_trial **out, struct kh_error *err)
{
	struct lock_trial *trial = calloc(1, sizeof(*trial));

	*out = trial;
	if (trial == NULL)
		return kh_fail_memory(err);
	trial->w.target.key = CK_INVALID_HANDLE;
	trial->w.target.public_key = CK_INVALID_HANDLE;
	trial->w.wrapping_key = CK_INVALID_HANDLE;
	if (k->spec != KEYSPEC_NONE)
		return try_kind(t, k, trial, err) < 0 ? -1 : 0;
	not_shown(&trial->finding, "KMS imports no such key, and keyhaul makes no throwaway of its kind", NULL);
	return 0;
}

const struct lock_finding *lock_found(const struct lock_trial *trial)
{
	return trial != NULL ? &trial->finding : NULL;
}

bool lock_holds(const struct lock_finding *f)
{
	for (size_t i = 0; i < LOCK_BACKS; i++)
		if (f->back[i].verdict != LOCK_BACK_REFUSED)
			return false;
	return f->shown;
}

int lock_check(const struct token *t, const struct key *k, struct lock_trial *trial, struct kh_error *err)
{
	if (!trial->finding.shown)
		return 0;
	EVP_PKEY_free(trial->rsa); /* wiped with it */
	trial->rsa = NULL;
	trial->w.rsa = NULL;
	return try_key(t, &trial->w, &trial->plan, k, &trial->finding, err) < 0 ? -1 : 0;
}

void lock_trial_free(const struct token *t, struct lock_trial *trial)
{
	if (trial == NULL)
		return;
	proof_throwaway_destroy(t, &trial->w);
	EVP_PKEY_free(trial->rsa);
	free(trial);
}
