/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fake_wrap.h"
#include "rsa_keys.h"

#include "base/log.h"
#include "pkcs11/keygen.h"
#include "pkcs11/lock.h"
#include "pkcs11/wrap.h"

#include <criterion/criterion.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

/* How a token keeps to CKA_EXTRACTABLE false. */
enum keeps {
	KEEPS,		/* CKR_KEY_UNEXTRACTABLE */
	KEEPS_NOT,	/* wraps it all the same: NSS */
	KEEPS_ALL_BUT_ONE, /* refuses the throwaway, wraps the key itself */
	KEEPS_WITH_TROUBLE, /* answers CKR_DEVICE_ERROR to it */
	KEEPS_EPHEMERAL, /* wraps the key, and refuses the ephemeral key that wrapped it */
	KEEPS_NOISE,	/* CKR_OK with length 0 */
	KEEPS_NOTHING,	/* CKR_OK to C_SetAttributeValue, and nothing is set */
	KEEPS_UNTOLD,	/* ... and the attribute is not told */
	KEEPS_READ_ONLY, /* CKR_ATTRIBUTE_READ_ONLY */
	KEEPS_GONE,	/* CKR_DEVICE_REMOVED to C_WrapKey of what is locked */
};

/* What it does about calls that would undo a lock. */
enum undo {
	UNDOES_NOT,	/* CKR_ATTRIBUTE_READ_ONLY */
	UNDOES,
	UNDOES_IN_SECRET, /* the attribute says that it is locked, and it is wrapped */
	UNDOES_ITSELF,	/* the copy is the key itself, which is open then: NSS with what is kept */
	UNDO_NOTHING,	/* CKR_OK, and the key or its copy is locked */
	UNDO_NO_OBJECT, /* CKR_OK, and no copy */
	UNDO_NONSENSE,	/* CKR_OK, with a handle of nothing */
	UNDO_ANOTHER,	/* CKR_OK, with the handle of the real key, and a copy beside it */
	UNDO_TROUBLE,	/* CKR_DEVICE_ERROR */
	UNDO_GONE,
};

static struct {
	enum undo how;
	bool copies; /* what is asked for by C_CopyObject, or else by C_SetAttributeValue; the other refuses */
	CK_ATTRIBUTE_TYPE type;
} undo;
static CK_OBJECT_HANDLE in_secret; /* wrapped though it says that it is locked */
static unsigned of_the_key; /* how often the real one was to be copied or set back */
static enum keeps keeps;
static CK_OBJECT_HANDLE the_key; /* the real one */
static unsigned asked;		 /* how often it was to be wrapped */
static unsigned changed;	 /* how often it was to be changed */
static bool locked_was_wrapped;
static CK_RV (*honest_wrap)(CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE, CK_BYTE *, CK_ULONG *);

/* The answer to what would undo a lock of `key`; `object` is it or its copy, by which it is done. */
static CK_RV undo_lock(CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *v)
{
	of_the_key += key == the_key;
	cr_assert(v->type == CKA_EXTRACTABLE || v->type == CKA_SENSITIVE);
	cr_assert_eq(*(CK_BBOOL *)v->pValue, v->type == CKA_EXTRACTABLE ? CK_TRUE : CK_FALSE);
	if (undo.how == UNDOES || undo.how == UNDOES_ITSELF)
		fake_set(object, v->type, v->pValue, v->ulValueLen);
	if (undo.how == UNDOES_IN_SECRET)
		in_secret = object;
	return undo.how == UNDO_TROUBLE ? CKR_DEVICE_ERROR : undo.how == UNDO_GONE ? CKR_DEVICE_REMOVED : CKR_OK;
}

static CK_RV copy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_ATTRIBUTE *v, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	CK_OBJECT_HANDLE copy = key;

	(void)session;
	cr_assert(n == 1 && fake.objects[key - 1].used);
	if (undo.how == UNDOES_NOT || !undo.copies || v->type != undo.type)
		return CKR_ATTRIBUTE_READ_ONLY;
	if (undo.how == UNDOES || undo.how == UNDOES_IN_SECRET || undo.how == UNDO_NOTHING || undo.how == UNDO_ANOTHER) {
		copy = fake_object();
		fake.objects[copy - 1] = fake.objects[key - 1];
	}
	if (undo.how == UNDO_NONSENSE)
		*out = FAKE_OBJECTS + 1;
	else if (undo.how == UNDO_ANOTHER)
		*out = the_key;
	else if (undo.how != UNDO_NO_OBJECT)
		*out = copy;
	return undo_lock(key, copy, v);
}

static CK_RV set_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *v, CK_ULONG n)
{
	(void)session;
	cr_assert(n == 1 && fake.objects[object - 1].used);
	if (v->type == CKA_SENSITIVE || *(CK_BBOOL *)v->pValue == CK_TRUE)
		return undo.how == UNDOES_NOT || undo.copies || v->type != undo.type ? CKR_ATTRIBUTE_READ_ONLY
										      : undo_lock(object, object, v);
	cr_assert(v[0].type == CKA_EXTRACTABLE && *(CK_BBOOL *)v[0].pValue == CK_FALSE);
	changed += object == the_key;
	if (keeps == KEEPS_READ_ONLY)
		return CKR_ATTRIBUTE_READ_ONLY;
	if (keeps == KEEPS_UNTOLD)
		fake_get(object, CKA_EXTRACTABLE)->rv = CKR_ATTRIBUTE_TYPE_INVALID;
	else if (keeps != KEEPS_NOTHING)
		fake_set_bool(object, CKA_EXTRACTABLE, false);
	return CKR_OK;
}

/* In front of OpenSSL's: how many RSA keys with a private half were let go when the key itself was to be wrapped. */
static unsigned freed, freed_when_asked;
void __real_EVP_PKEY_free(EVP_PKEY *key);
void __wrap_EVP_PKEY_free(EVP_PKEY *key);

void __wrap_EVP_PKEY_free(EVP_PKEY *key)
{
	BIGNUM *d = NULL;

	if (key != NULL && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_D, &d) == 1)
		freed++;
	BN_clear_free(d);
	__real_EVP_PKEY_free(key);
}

static bool is_locked(CK_OBJECT_HANDLE object)
{
	return fake_get(object, CKA_EXTRACTABLE)->value[0] == CK_FALSE;
}

static CK_RV wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE target,
		      CK_BYTE *out, CK_ULONG *len)
{
	if (keeps == KEEPS_EPHEMERAL && m->mechanism == CKM_RSA_PKCS_OAEP && fake_get(target, CKA_EC_PARAMS))
		return CKR_KEY_NOT_WRAPPABLE; /* so that it takes two steps */
	if (target == the_key && asked++ == 0)
		freed_when_asked = freed;
	if (is_locked(target) && target != in_secret) {
		locked_was_wrapped = true;
		if (keeps == KEEPS || (keeps == KEEPS_ALL_BUT_ONE && target != the_key))
			return CKR_KEY_UNEXTRACTABLE;
		if (keeps == KEEPS_WITH_TROUBLE)
			return CKR_DEVICE_ERROR;
		if (keeps == KEEPS_GONE)
			return CKR_DEVICE_REMOVED;
		if (keeps == KEEPS_NOISE) {
			*len = 0;
			return CKR_OK;
		}
	} else if (keeps == KEEPS_EPHEMERAL && locked_was_wrapped) {
		return CKR_KEY_UNEXTRACTABLE;
	}
	return honest_wrap(session, m, with, target, out, len);
}

/* A token with one key of its own, in a read-write session. */
static void fake_up(enum keeps how, enum keyspec spec, struct token *t, struct key *k)
{
	const struct keygen_request request = {.spec = spec, .label = "order", .token_object = true};
	struct keygen_key made;
	struct kh_error err = {0};

	memset(t, 0, sizeof(*t));
	t->fn = fake_wrap_reset();
	t->session = 77;
	t->read_write = true;
	t->info.flags = CKF_TOKEN_INITIALIZED;
	fake_wrap.kwp[0] = KH_CKM_AES_KEY_WRAP_KWP;
	honest_wrap = t->fn->C_WrapKey;
	t->fn->C_WrapKey = wrap_key;
	t->fn->C_SetAttributeValue = set_attribute;
	t->fn->C_CopyObject = copy_object;
	keeps = how;
	rsa_keys_for_all = true;
	asked = changed = freed = freed_when_asked = of_the_key = 0;
	in_secret = CK_INVALID_HANDLE;
	locked_was_wrapped = false;
	cr_assert_eq(keygen_generate(t, &request, &made, &err), 0, "%s", err.msg);
	the_key = made.key;
	cr_assert_eq(key_read(t, made.key, k, &err), 0);
}

/* What was set is read again: CKR_OK is not evidence. */
Test(lock, is_read_back)
{
	static const struct {
		enum keeps how;
		int rc;
		enum kh_code code;
		const char *says;
	} cases[] = {
		{KEEPS, 0, KH_OK, ""},
		{KEEPS_NOTHING, -1, KH_E_CHECK, "CKR_OK, but the token says that CKA_EXTRACTABLE of the key is true still"},
		{KEEPS_UNTOLD, -1, KH_E_CHECK, "is not told"},
		{KEEPS_READ_ONLY, -1, KH_E_TOKEN, "C_SetAttributeValue on CKA_EXTRACTABLE: CKR_ATTRIBUTE_READ_ONLY (0x10)"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kh_error err = {0};
		struct token t;
		struct key k;

		fake_up(cases[i].how, KEYSPEC_SYMMETRIC_DEFAULT, &t, &k);
		cr_assert_eq(lock_set(&t, &k, &err), cases[i].rc, "case %zu", i);
		cr_assert(err.code == cases[i].code && strstr(err.msg, cases[i].says), "case %zu: %s", i, err.msg);
		cr_assert(cases[i].rc == 0 ? k.extractable == BUNDLE_FALSE : err.hint[0] != '\0', "case %zu", i);
		cr_assert_eq(asked, 0);
	}
}

/* As the command does it: the throwaway, then the key. */
static int try_and_check(const struct token *t, const struct key *k, struct lock_finding *f, struct kh_error *err)
{
	struct lock_trial *trial = NULL;
	int rc = lock_try(t, k, &trial, err);

	cr_assert(changed == 0 && asked == 0, "the key itself is left as it is");
	if (rc == 0)
		rc = lock_check(t, k, trial, err);
	*f = *lock_found(trial);
	cr_assert_eq(of_the_key, 0, "nothing that undoes a lock is asked of the key itself");
	lock_trial_free(t, trial);
	return rc;
}

/* Refused, not kept to, or not known; and the key itself is asked for only where a throwaway was refused. */
Test(lock, is_shown_without_exposing_the_key)
{
	static const struct {
		enum keeps how;
		int rc;
		enum kh_code code;
		bool shown;
		unsigned asked;
		const char *says;
	} cases[] = {
		{KEEPS, 0, KH_OK, true, 1, ""},
		{KEEPS_NOT, -1, KH_E_CHECK, false, 0, "wraps locked keys all the same (C_WrapKey: CKR_OK for a throwaway key"},
		{KEEPS_ALL_BUT_ONE, -1, KH_E_CHECK, false, 1, "C_WrapKey: CKR_OK for the key itself"},
		{KEEPS_WITH_TROUBLE, 0, KH_OK, false, 0, "CKR_DEVICE_ERROR"},
		{KEEPS_NOISE, -1, KH_E_CHECK, false, 0, "though not with it inside"},
		{KEEPS_READ_ONLY, 0, KH_OK, false, 0, "a throwaway key cannot be locked"},
		{KEEPS_GONE, -1, KH_E_TOKEN, false, 0, "CKR_DEVICE_REMOVED"},
	};
	static const enum keyspec specs[] = {KEYSPEC_SYMMETRIC_DEFAULT, KEYSPEC_ECC_NIST_P256};

	for (size_t n = 0; n < 2 * sizeof(cases) / sizeof(cases[0]); n++) {
		size_t i = n / 2, before;
		struct lock_finding f = {.shown = false};
		struct kh_error err = {0};
		struct token t;
		struct key k;

		fake_up(cases[i].how, specs[n % 2], &t, &k);
		fake_set_bool(the_key, CKA_EXTRACTABLE, false);
		before = fake_count();
		cr_assert_eq(try_and_check(&t, &k, &f, &err), cases[i].rc, "case %zu: %s", i, err.msg);
		cr_assert(err.code == cases[i].code && f.shown == cases[i].shown, "case %zu: %s", i, err.msg);
		cr_assert(strstr(cases[i].rc != 0 ? err.msg : f.why, cases[i].says), "case %zu: %s%s", i, err.msg, f.why);
		cr_assert(asked == cases[i].asked && fake_count() == before, "case %zu: asked %u", i, asked);
		cr_assert(!f.shown || f.rv == CKR_KEY_UNEXTRACTABLE);
		cr_assert(asked == 0 || freed_when_asked == 1, "case %zu: the host can open what the key itself is wrapped under", i);
	}
	log_reset();
}

/* In two steps it is the key's own wrap that has to be refused. */
Test(lock, a_refused_ephemeral_key_shows_nothing)
{
	struct lock_finding f;
	struct kh_error err = {0};
	struct token t;
	struct key k;

	fake_up(KEEPS_EPHEMERAL, KEYSPEC_ECC_NIST_P256, &t, &k);
	fake_set_bool(the_key, CKA_EXTRACTABLE, false);
	cr_assert_eq(try_and_check(&t, &k, &f, &err), 0, "%s", err.msg);
	cr_assert(!f.shown && asked == 0 && strstr(f.why, "CKR_KEY_UNEXTRACTABLE"), "%s", f.why);
	log_reset();
}

/* A copy and the attributes set back: what undoes the lock is told, and the claim made where all of it was refused. */
Test(lock, is_tried_to_be_undone)
{
	static const struct {
		enum undo how;
		bool copies, set; /* by which calls it is tried */
		bool sensitive;	  /* and so of CKA_SENSITIVE */
		int rc;
		const char *says; /* of the row, or the error */
	} cases[] = {
		{UNDOES, true, true, true, -1, "undoes locks ("},
		{UNDOES_IN_SECRET, true, true, false, -1, "undoes locks ("},
		{UNDOES_ITSELF, true, false, true, -1, "undoes locks ("},
		{UNDO_NOTHING, true, true, true, 0, "CKR_OK, and nothing came of it"},
		{UNDO_NO_OBJECT, true, false, true, 0, "CKR_OK, and no object came of it"},
		{UNDO_NONSENSE, true, false, true, 0, "CKR_OBJECT_HANDLE_INVALID"},
		{UNDO_ANOTHER, true, false, true, 0, "CKR_OK, and the handle is another object"},
		{UNDO_TROUBLE, true, true, true, 0, "CKR_DEVICE_ERROR (0x30)"},
		{UNDO_GONE, true, true, true, -1, "CKR_DEVICE_REMOVED (0x32)"},
	};
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_EXTRACTABLE, CKA_SENSITIVE};
	size_t tried = 0;

	for (size_t n = 0; n < 4 * sizeof(cases) / sizeof(cases[0]); n++) {
		size_t i = n / 4, row = n % 4, before;
		bool copies = row < 2;
		struct lock_finding f;
		struct kh_error err = {0};
		struct token t;
		struct key k;
		int rc;

		if (!(copies ? cases[i].copies : cases[i].set) || (row % 2 == 1 && !cases[i].sensitive))
			continue;
		tried++;
		fake_up(KEEPS, row % 2 == 0 ? KEYSPEC_ECC_NIST_P256 : KEYSPEC_SYMMETRIC_DEFAULT, &t, &k);
		t.token_objects = copies;
		fake_set_bool(the_key, CKA_EXTRACTABLE, false);
		undo.how = cases[i].how;
		undo.copies = copies;
		undo.type = types[row % 2];
		before = fake_count();
		rc = try_and_check(&t, &k, &f, &err);
		cr_assert(rc == cases[i].rc && !lock_holds(&f), "case %zu.%zu: %s", i, row, err.msg);
		cr_assert(strstr(rc != 0 ? err.msg : f.back[row].why, cases[i].says), "case %zu.%zu: %s%s", i, row, err.msg,
			  f.back[row].why);
		cr_assert_eq(f.back[row].verdict, undo.how == UNDO_GONE ? LOCK_BACK_UNTRIED : rc != 0 ? LOCK_BACK_ALLOWED
										     : LOCK_BACK_NOT_SHOWN);
		cr_assert(fake_count() == before && fake.objects[the_key - 1].used, "case %zu.%zu: %zu objects more", i, row,
			  fake_count() - before);
		cr_assert(undo.how != UNDOES_ITSELF || f.back[3].verdict == LOCK_BACK_UNTRIED, "it is locked no more");
		cr_assert(cases[i].how == UNDO_GONE || copies || f.back[0].verdict == LOCK_BACK_REFUSED);
	}
	cr_assert_eq(tried, 26);
	undo.how = UNDOES_NOT;
	log_reset();
}

/* The claim is made of all four refusals and the wrap's. */
Test(lock, holds_where_nothing_undoes_it)
{
	struct lock_finding f;
	struct kh_error err = {0};
	struct token t;
	struct key k;

	fake_up(KEEPS, KEYSPEC_SYMMETRIC_DEFAULT, &t, &k);
	fake_set_bool(the_key, CKA_EXTRACTABLE, false);
	cr_assert(try_and_check(&t, &k, &f, &err) == 0 && lock_holds(&f), "%s", err.msg);
	f.shown = false;
	cr_assert_not(lock_holds(&f));
	log_reset();
}
