/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "trust.h"

#include "base/log.h"
#include "call.h"
#include "ckr.h"
#include "keygen.h"
#include "own.h"
#include "probe.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_LEN (sizeof(TRUST_PREFIX) - 1)
#define HINT_NOT_KEPT \
	"nothing was put on the token: trusted keys would bind nobody there; haul without them, or from another token " \
	"('keyhaul-token probe' shows what it keeps)"
#define ID_LEN 16 /* bytes of the random CKA_ID */

/* What is read of one. */
struct raw {
	CK_KEY_TYPE type;
	CK_BBOOL trusted, wrap, token_object;
	unsigned char modulus[KEY_MODULUS_MAX], exponent[KEY_EXPONENT_MAX];
};
enum { R_CLASS, R_TYPE, R_LABEL, R_TRUSTED, R_WRAP, R_TOKEN, R_MODULUS, R_EXPONENT, READS };

void trust_label(const char *request_sha256, char out[TRUST_LABEL])
{
	snprintf(out, TRUST_LABEL, TRUST_PREFIX "%.*s", TRUST_DIGITS, request_sha256);
}

static bool is_number(const struct attr_read *r, const unsigned char *want, size_t len)
{
	const unsigned char *data = r->data;
	size_t zeros = 0;

	while (zeros < r->len && data[zeros] == 0)
		zeros++;
	return r->there && r->len - zeros == len && memcmp(data + zeros, want, len) == 0;
}

static int read_object(const struct token *t, CK_OBJECT_HANDLE handle, struct trust_key *out, struct raw *raw,
		       struct attr_read reads[READS], struct kh_error *err)
{
	const struct attr_read rows[READS] = {
		[R_CLASS] = ATTR_READ(CKA_CLASS, out->object_class),
		[R_TYPE] = ATTR_READ(CKA_KEY_TYPE, raw->type),
		[R_LABEL] = {.type = CKA_LABEL, .data = out->label, .room = KEY_LABEL_MAX},
		[R_TRUSTED] = ATTR_READ(CKA_TRUSTED, raw->trusted),
		[R_WRAP] = ATTR_READ(CKA_WRAP, raw->wrap),
		[R_TOKEN] = ATTR_READ(CKA_TOKEN, raw->token_object),
		[R_MODULUS] = ATTR_READ(CKA_MODULUS, raw->modulus),
		[R_EXPONENT] = ATTR_READ(CKA_PUBLIC_EXPONENT, raw->exponent),
	};

	memset(out, 0, sizeof(*out));
	memset(raw, 0, sizeof(*raw));
	memcpy(reads, rows, sizeof(rows));
	if (attr_read_all(t, handle, reads, READS, err) != 0)
		return -1;
	out->handle = handle;
	out->label_len = reads[R_LABEL].len;
	out->label[out->label_len] = '\0';
	out->ours = out->label_len == TRUST_LABEL - 1 && memcmp(out->label, TRUST_PREFIX, PREFIX_LEN) == 0;
	out->bits = (unsigned)reads[R_MODULUS].len * 8;
	return 0;
}

static bool is_same(const struct trust_key *k, const struct raw *raw, const struct attr_read reads[READS],
		    const struct spki *wanted)
{
	return reads[R_CLASS].there && k->object_class == CKO_PUBLIC_KEY && reads[R_TYPE].there && raw->type == CKK_RSA &&
	       attr_flag(&reads[R_WRAP]) == BUNDLE_TRUE &&
	       is_number(&reads[R_MODULUS], wanted->modulus, wanted->modulus_len) &&
	       is_number(&reads[R_EXPONENT], wanted->exponent, wanted->exponent_len);
}

/* One object of the search; what is not trusted by its own word is none, whatever the search says. */
static int look(const struct token *t, CK_OBJECT_HANDLE handle, const struct spki *wanted, struct trust_key *out, bool *is,
		struct kh_error *err)
{
	struct attr_read reads[READS];
	struct raw raw;

	*is = false;
	if (read_object(t, handle, out, &raw, reads, err) != 0) {
		if (token_is_gone(err->native))
			return -1;
		if (err->native != CKR_OBJECT_HANDLE_INVALID)
			log_warning("an object was not looked at: %s", err->msg);
		return 0;
	}
	*is = attr_flag(&reads[R_TRUSTED]) == BUNDLE_TRUE;
	out->same = *is && wanted != NULL && is_same(out, &raw, reads, wanted);
	return 0;
}

int trust_find(const struct token *t, const struct spki *wanted, struct trust_key **out, size_t *n, struct kh_error *err)
{
	struct attr_template match = {.n = 0};
	CK_OBJECT_HANDLE *handles = NULL;
	struct trust_key *list = NULL;
	size_t all = 0;
	bool is = false;
	int ret = -1;

	*out = NULL;
	*n = 0;
	attr_add_bool(&match, CKA_TRUSTED, true);
	if (key_search(t, &match, &handles, &all, err) != 0) {
		if (err->native == CKR_ATTRIBUTE_TYPE_INVALID || err->native == CKR_ATTRIBUTE_VALUE_INVALID)
			return 0;
		return kh_context(err, "looking for trusted keys");
	}
	list = calloc(all + 1, sizeof(*list));
	if (list == NULL) {
		kh_fail_memory(err);
		goto out;
	}
	for (size_t i = 0; i < all; i++) {
		if (look(t, handles[i], wanted, &list[*n], &is, err) != 0)
			goto out;
		*n += is;
	}
	*out = list;
	list = NULL;
	ret = 0;
out:
	free(list);
	free(handles);
	return ret;
}

int trust_wrapping_key(const struct token *t, const struct spki *wanted, CK_OBJECT_HANDLE *out, struct kh_error *err)
{
	struct trust_key *list = NULL;
	size_t n = 0;

	*out = CK_INVALID_HANDLE;
	if (trust_find(t, wanted, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n && *out == CK_INVALID_HANDLE; i++)
		if (list[i].same)
			*out = list[i].handle;
	free(list);
	if (*out != CK_INVALID_HANDLE)
		return 0;
	kh_fail(err, KH_E_CHECK, CKR_KEY_NOT_WRAPPABLE,
		"the key is wrapped only under a key that the security officer trusts (CKA_WRAP_WITH_TRUSTED), and the request's "
		"wrapping key is none: C_WrapKey would answer CKR_KEY_NOT_WRAPPABLE (0x%lX), and is not asked",
		CKR_KEY_NOT_WRAPPABLE);
	kh_name(err, "CKR_KEY_NOT_WRAPPABLE");
	return kh_hint(err, "the security officer puts the bundle's wrapping key on the token: 'keyhaul-token trust --token URI "
			    "BUNDLE'; then run this again");
}

static int not_kept(const struct token *t, const struct probe_claim *claim, struct kh_error *err)
{
	bool named = claim->native_name[0] == '\0' || strstr(claim->why, claim->native_name) != NULL;
	char words[TOKEN_WORDS_MAX];

	kh_fail(err, KH_E_CHECK, claim->native, "%s %s what two-person control needs (%s): %s%s%s", token_words(t, words),
		claim->honour == PROBE_BROKEN ? "does not keep to" : "was not seen to keep to", claim->words, claim->why,
		named ? "" : ": ", named ? "" : claim->native_name);
	kh_name(err, claim->native_name);
	return kh_hint(err, HINT_NOT_KEPT);
}

/* CKR_OK is not evidence: what is put there is read again, and has to say all of it. */
static int check_made(const struct token *t, const struct spki *key, const char *label, bool kept, CK_OBJECT_HANDLE handle,
		      struct kh_error *err)
{
	struct attr_read reads[READS];
	const char *wrong = NULL;
	struct trust_key k;
	struct raw raw;

	if (read_object(t, handle, &k, &raw, reads, err) != 0)
		return kh_context(err, "the trusted key");
	if (attr_flag(&reads[R_TRUSTED]) != BUNDLE_TRUE)
		wrong = attr_flag(&reads[R_TRUSTED]) == BUNDLE_FALSE ? "it is CKA_TRUSTED false" : "it has no CKA_TRUSTED";
	else if (strcmp(k.label, label) != 0 || !is_same(&k, &raw, reads, key))
		wrong = "it is another key";
	else if (attr_flag(&reads[R_TOKEN]) != (kept ? BUNDLE_TRUE : BUNDLE_FALSE))
		wrong = kept ? "it is not kept" : "it is kept";
	if (wrong == NULL)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "C_CreateObject: CKR_OK for a CKA_TRUSTED key, and the token says of it: %s", wrong);
	return kh_hint(err, "this token cannot mark a wrapping key as trusted: keys that ask for one cannot be hauled from it");
}

static int create(const struct token *t, const struct spki *key, const struct own_mark *id, const char *label, bool kept,
		  CK_OBJECT_HANDLE *out, struct kh_error *err)
{
	static const CK_ATTRIBUTE_TYPE no_use[] = {CKA_ENCRYPT, CKA_VERIFY, CKA_VERIFY_RECOVER};
	struct attr_template tmpl = {.n = 0};
	CK_RV rv;

	attr_add_ulong(&tmpl, CKA_CLASS, CKO_PUBLIC_KEY);
	attr_add_ulong(&tmpl, CKA_KEY_TYPE, CKK_RSA);
	attr_add_bool(&tmpl, CKA_TOKEN, kept);
	attr_add_bool(&tmpl, CKA_PRIVATE, false);
	attr_add_bytes(&tmpl, CKA_LABEL, label, strlen(label));
	attr_add_bytes(&tmpl, id->type, id->value, id->len);
	attr_add_bool(&tmpl, CKA_TRUSTED, true);
	attr_add_bool(&tmpl, CKA_WRAP, true);
	for (size_t i = 0; i < sizeof(no_use) / sizeof(no_use[0]); i++)
		attr_add_bool(&tmpl, no_use[i], false);
	attr_add_bytes(&tmpl, CKA_MODULUS, key->modulus, key->modulus_len);
	attr_add_bytes(&tmpl, CKA_PUBLIC_EXPONENT, key->exponent, key->exponent_len);
	rv = P11_CALL(t->fn, C_CreateObject, t->session, tmpl.v, tmpl.n, out);
	if (rv == CKR_OK)
		return 0;
	ckr_fail(err, rv, "C_CreateObject", "a CKA_TRUSTED wrapping key");
	return kh_hint(err, "the token takes no such key from its security officer by PKCS#11; the vendor's tool may have another way");
}

/* In a session of its own, whose end takes all of it. */
static int rehearse(const struct token *t, const struct spki *key, const struct own_mark *id, const char *label,
		    struct kh_error *err)
{
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
	struct token own;
	int ret;

	if (token_open_beside(t, &own, err) != 0)
		return -1;
	ret = create(&own, key, id, label, false, &made, err);
	if (ret == 0)
		ret = check_made(&own, key, label, false, made, err);
	if (ret == 0)
		(void)P11_CALL(t->fn, C_DestroyObject, own.session, made); /* what stays goes with the session */
	token_close(&own);
	return ret;
}

int trust_put(const struct token *t, const struct spki *key, const char *label, struct kh_error *err)
{
	unsigned char random[ID_LEN];
	const struct own_mark id = {CKA_ID, random, sizeof(random)};
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "no randomness");
	if (rehearse(t, key, &id, label, err) == 0 && create(t, key, &id, label, true, &made, err) == 0 &&
	    check_made(t, key, label, true, made, err) == 0)
		return 0;
	token_note_left(t, own_sweep(t, &id)); /* by the mark: the handle may be another object's */
	return kh_context(err, "nothing was trusted");
}

/* The ones that `trust` put there for this key, destroyed where `rv` is there for what the token says; how many. */
static int each_of_ours(const struct token *t, const struct spki *key, CK_RV *rv, size_t *n, struct kh_error *err)
{
	struct trust_key *list = NULL;
	size_t all = 0;

	*n = 0;
	if (trust_find(t, key, &list, &all, err) != 0)
		return -1;
	for (size_t i = 0; i < all; i++) {
		if (!list[i].same || !list[i].ours)
			continue;
		++*n;
		if (rv != NULL && *rv == CKR_OK)
			*rv = P11_CALL(t->fn, C_DestroyObject, t->session, list[i].handle);
	}
	free(list);
	return 0;
}

int trust_remove(const struct token *t, const struct spki *key, size_t *removed, struct kh_error *err)
{
	CK_RV rv = CKR_OK;
	size_t left = 0;

	if (each_of_ours(t, key, &rv, removed, err) != 0)
		return -1;
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_DestroyObject", "the trusted key");
	if (*removed == 0)
		return 0;
	if (each_of_ours(t, key, NULL, &left, err) != 0)
		return -1;
	if (left == 0)
		return 0;
	kh_fail(err, KH_E_TOKEN, 0, "C_DestroyObject: CKR_OK, and the trusted key is there still");
	return kh_hint(err, "%s", CKR_HINT_BROKEN);
}

int trust_check_officer(const struct token *t, const struct spki *key, struct kh_error *err)
{
	struct token anybody = *t;
	struct probe_claim claim;

	anybody.was_logged_in = true; /* that nobody is, is no reason here not to try */
	if (probe_user_trusted(&anybody, key, &claim, err) != 0)
		return -1;
	return claim.honour == PROBE_BROKEN ? not_kept(t, &claim, err) : 0;
}

int trust_no_native(const char *what, struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, 0, "%s, and only a trusted key may wrap it (CKA_WRAP_WITH_TRUSTED): RSA and EC keys need "
		"CKM_RSA_AES_KEY_WRAP (0x1054) natively for that, and here is the two-step way alone", what);
	return kh_hint(err, "in the two-step way the AES key between is not trusted, and the token would refuse it: leave "
			    "--wrap-with-trusted to AES and HMAC keys, or to a token that has the mechanism");
}

static const enum wrapalg one_layer[] = {WRAPALG_RSAES_OAEP_SHA_256, WRAPALG_RSAES_OAEP_SHA_1};
static const enum wrapalg two_layer[] = {WRAPALG_RSA_AES_KEY_WRAP_SHA_256, WRAPALG_RSA_AES_KEY_WRAP_SHA_1};

/* The first way that is proven for keys of this spec, with a throwaway that anybody may wrap. */
static int prove(const struct token *t, enum keyspec spec, struct proof_run *run, const struct proof **out,
		 struct kh_error *err)
{
	const struct keyspec_info *info = keyspec_info(spec);
	const enum wrapalg *algs = info->secret_len > 0 ? one_layer : two_layer;

	for (size_t i = 0; i < 2; i++) {
		if (proof_get(run, t, spec, info->secret_len, algs[i], out, err) == 0)
			return 0;
		if (err->code != KH_E_CHECK)
			return -1;
	}
	return kh_context(err, "whether the token keeps to CKA_WRAP_WITH_TRUSTED cannot be shown");
}

/* What the user could take back would bind him to nothing (PKCS#11 v3.1 section 4.9: once true it stays so). */
static int check_stays(const struct token *t, enum keyspec spec, struct kh_error *err)
{
	const struct keygen_request request = {
		.spec = keyspec_info(spec)->kind == KEYSPEC_RSA ? KEYSPEC_RSA_2048 : spec,
		.token_object = t->token_objects, .trusted_only = true};
	struct attr_template tmpl = {.n = 0};
	struct keygen_key made;
	struct key key;
	CK_RV rv;
	int ret;

	attr_add_bool(&tmpl, CKA_WRAP_WITH_TRUSTED, false);
	if (keygen_generate(t, &request, &made, err) != 0)
		return kh_context(err, "a throwaway key");
	rv = P11_CALL(t->fn, C_SetAttributeValue, t->session, made.key, tmpl.v, tmpl.n);
	ret = token_is_gone(rv) ? ckr_fail(err, rv, "C_SetAttributeValue", "CKA_WRAP_WITH_TRUSTED")
				: key_read(t, made.key, &key, err);
	if (ret == 0 && (rv == CKR_OK || key.wrap_with_trusted != BUNDLE_TRUE)) {
		ret = kh_fail(err, KH_E_CHECK, rv, "the token lets the user take CKA_WRAP_WITH_TRUSTED back (C_SetAttributeValue: %s)",
			      ckr_name(rv));
		kh_hint(err, HINT_NOT_KEPT);
	}
	keygen_destroy(t, &made);
	return ret;
}

int trust_check_kept(const struct token *t, enum keyspec spec, struct kh_error *err)
{
	const struct wrap_choice native = {.rsa_aes = WRAP_ONLY_NATIVE};
	const struct proof *proof = NULL;
	struct probe_claim claims[2];
	struct proof_run *run = NULL;
	int ret = -1;

	if (keyspec_info(spec)->secret_len == 0 && !token_has_mechanism(t, CKM_RSA_AES_KEY_WRAP, CKF_WRAP))
		return trust_no_native(keyspec_name(spec), err);
	if (proof_run_new(&native, &run, err) != 0)
		return -1;
	if (prove(t, spec, run, &proof, err) != 0 ||
	    probe_trust(t, spec, &proof->plan, &claims[0], &claims[1], err) != 0)
		goto out;
	ret = 0;
	for (size_t i = 0; i < 2 && ret == 0; i++)
		ret = claims[i].honour == PROBE_HONOURED ? 0 : not_kept(t, &claims[i], err);
	if (ret == 0)
		ret = check_stays(t, spec, err);
out:
	proof_run_free(run);
	return ret;
}
