/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keygen.h"

#include "base/base64.h"
#include "base/log.h"
#include "call.h"
#include "ckm.h"
#include "ckr.h"
#include "own.h"
#include "tmp.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TMP_LABEL_MAX (sizeof(TMP_PREFIX) + 2 * KEYGEN_ID)

/* Every use that a key can have (PKCS#11 v3.1 sections 4.8 to 4.10). What is not asked for is set false, not left to the token. */
static const CK_ATTRIBUTE_TYPE secret_uses[] = {CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN,  CKA_VERIFY,
						CKA_WRAP,    CKA_UNWRAP,  CKA_DERIVE};
static const CK_ATTRIBUTE_TYPE rsa_private_uses[] = {CKA_DECRYPT, CKA_SIGN, CKA_SIGN_RECOVER, CKA_UNWRAP, CKA_DERIVE};
static const CK_ATTRIBUTE_TYPE rsa_public_uses[] = {CKA_ENCRYPT, CKA_VERIFY, CKA_VERIFY_RECOVER, CKA_WRAP, CKA_DERIVE};
static const CK_ATTRIBUTE_TYPE ec_private_uses[] = {CKA_SIGN, CKA_SIGN_RECOVER, CKA_DERIVE};
static const CK_ATTRIBUTE_TYPE ec_public_uses[] = {CKA_VERIFY, CKA_VERIFY_RECOVER, CKA_DERIVE};

/* A kind of key: how it is made, and the uses that are said of its halves. */
static const struct kind {
	CK_MECHANISM_TYPE mechanism;
	CK_KEY_TYPE type;
	CK_ATTRIBUTE_TYPE always; /* the use that its proof needs; 0: none */
	const CK_ATTRIBUTE_TYPE *uses, *public_uses;
	size_t n_uses, n_public_uses;
} kinds[] = {
	[KEYSPEC_AES] = {.mechanism = CKM_AES_KEY_GEN, .type = CKK_AES, .uses = secret_uses,
			 .n_uses = sizeof(secret_uses) / sizeof(secret_uses[0])},
	[KEYSPEC_HMAC] = {.mechanism = CKM_GENERIC_SECRET_KEY_GEN, .type = CKK_GENERIC_SECRET, .always = CKA_SIGN,
			  .uses = secret_uses, .n_uses = sizeof(secret_uses) / sizeof(secret_uses[0])},
	[KEYSPEC_RSA] = {.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN, .type = CKK_RSA, .uses = rsa_private_uses,
			 .n_uses = sizeof(rsa_private_uses) / sizeof(rsa_private_uses[0]),
			 .public_uses = rsa_public_uses,
			 .n_public_uses = sizeof(rsa_public_uses) / sizeof(rsa_public_uses[0])},
	[KEYSPEC_EC] = {.mechanism = CKM_EC_KEY_PAIR_GEN, .type = CKK_EC, .uses = ec_private_uses,
			.n_uses = sizeof(ec_private_uses) / sizeof(ec_private_uses[0]), .public_uses = ec_public_uses,
			.n_public_uses = sizeof(ec_public_uses) / sizeof(ec_public_uses[0])},
};

/* One generation under way. */
struct making {
	const struct token *t;
	const struct keygen_request *r;
	const struct keyspec_info *info;
	const struct kind *kind;
	const char *label;
	char tmp_label[TMP_LABEL_MAX];
	struct keygen_key *out;
};

static void add_uses(struct attr_template *t, const CK_ATTRIBUTE_TYPE *uses, size_t n, CK_ATTRIBUTE_TYPE one,
		     CK_ATTRIBUTE_TYPE other)
{
	for (size_t i = 0; i < n; i++)
		attr_add_bool(t, uses[i], uses[i] == one || uses[i] == other);
}

static void add_name(struct attr_template *t, const struct making *m, CK_OBJECT_CLASS object_class)
{
	attr_add_ulong(t, CKA_CLASS, object_class);
	attr_add_ulong(t, CKA_KEY_TYPE, m->kind->type);
	attr_add_bool(t, CKA_TOKEN, m->r->token_object);
	attr_add_bytes(t, CKA_LABEL, m->label, strlen(m->label));
	attr_add_bytes(t, CKA_ID, m->out->id, KEYGEN_ID);
}

static void add_guard(struct attr_template *t, const struct making *m)
{
	attr_add_bool(t, CKA_PRIVATE, true);
	attr_add_bool(t, CKA_SENSITIVE, true);
	attr_add_bool(t, CKA_EXTRACTABLE, !m->r->stays);
	if (m->r->trusted_only)
		attr_add_bool(t, CKA_WRAP_WITH_TRUSTED, true);
	add_uses(t, m->kind->uses, m->kind->n_uses, m->kind->always, m->r->use);
}

/* `slots` lists mechanisms that wrap, and not those that make keys. */
static int fail_to_make(const struct making *m, CK_RV rv, const char *call, struct kh_error *err)
{
	char name[CKM_NAME_MAX];

	ckr_fail(err, rv, call, m->info->name);
	if (rv == CKR_MECHANISM_INVALID)
		kh_hint(err, "the token makes no such keys (%s); one of another kind may do, or another token",
			ckm_name(m->kind->mechanism, name));
	return -1;
}

static int make_secret(struct making *m, struct kh_error *err)
{
	CK_MECHANISM mechanism = {m->kind->mechanism, NULL, 0};
	struct attr_template t = {.n = 0};
	CK_RV rv;

	add_name(&t, m, CKO_SECRET_KEY);
	attr_add_ulong(&t, CKA_VALUE_LEN, m->r->secret_len ? m->r->secret_len : m->info->secret_len);
	add_guard(&t, m);
	rv = P11_CALL_MECH(m->t->fn, mechanism.mechanism, C_GenerateKey, m->t->session, &mechanism, t.v, t.n,
			   &m->out->key);
	return rv == CKR_OK ? 0 : fail_to_make(m, rv, "C_GenerateKey", err);
}

static int make_pair(struct making *m, struct kh_error *err)
{
	static const unsigned char f4[] = {0x01, 0x00, 0x01};
	CK_MECHANISM mechanism = {m->kind->mechanism, NULL, 0};
	struct attr_template pub = {.n = 0}, priv = {.n = 0};
	CK_RV rv;

	add_name(&pub, m, CKO_PUBLIC_KEY);
	if (m->info->kind == KEYSPEC_RSA) {
		attr_add_ulong(&pub, CKA_MODULUS_BITS, m->info->bits);
		attr_add_bytes(&pub, CKA_PUBLIC_EXPONENT, f4, sizeof(f4));
	} else {
		attr_add_bytes(&pub, CKA_EC_PARAMS, m->info->params, m->info->params_len);
	}
	add_uses(&pub, m->kind->public_uses, m->kind->n_public_uses, 0, 0);
	add_name(&priv, m, CKO_PRIVATE_KEY);
	add_guard(&priv, m);
	rv = P11_CALL_MECH(m->t->fn, mechanism.mechanism, C_GenerateKeyPair, m->t->session, &mechanism, pub.v, pub.n,
			   priv.v, priv.n, &m->out->public_key, &m->out->key);
	return rv == CKR_OK ? 0 : fail_to_make(m, rv, "C_GenerateKeyPair", err);
}

static bool is_label(const struct making *m, const struct key *k)
{
	return k->label_len == strlen(m->label) && memcmp(k->label, m->label, k->label_len) == 0;
}

static const char *what_is_wrong(const struct making *m, const struct key *k)
{
	size_t secret_len = m->r->secret_len ? m->r->secret_len : m->info->secret_len;
	unsigned bits = secret_len ? (unsigned)secret_len * 8 : m->info->bits;

	if (k->spec != m->r->spec || k->bits != bits ||
	    k->object_class != (CK_OBJECT_CLASS)(secret_len ? CKO_SECRET_KEY : CKO_PRIVATE_KEY))
		return "is of another type or size";
	if (k->label_len && !is_label(m, k))
		return "has another label";
	if (k->sensitive != BUNDLE_TRUE)
		return "is not CKA_SENSITIVE";
	if (k->extractable == BUNDLE_FALSE && !m->r->stays)
		return "is not CKA_EXTRACTABLE";
	if ((k->token_object == BUNDLE_TRUE) != m->r->token_object && k->token_object != BUNDLE_ABSENT)
		return m->r->token_object ? "is not kept" : "is kept on the token";
	return NULL;
}

static int not_ours(const struct making *m, const char *call, struct kh_error *err)
{
	kh_fail(err, KH_E_TOKEN, 0, "%s: CKR_OK with the handle of another object than the %s key that it was to make", call,
		m->info->name);
	return kh_hint(err, "that object was left as it is, and nothing was wrapped: " CKR_HINT_BROKEN);
}

/* CKR_OK is not evidence: the token says again what it made, and that the handles are of that. */
static int check_made(const struct making *m, struct kh_error *err)
{
	const struct own_mark mark = {CKA_ID, m->out->id, KEYGEN_ID};
	bool public_is_ours = true;
	const char *wrong;
	struct key k;

	if (key_read(m->t, m->out->key, &k, err))
		return -1;
	if (k.id_len != KEYGEN_ID || memcmp(k.id, m->out->id, KEYGEN_ID) != 0)
		return not_ours(m, m->info->secret_len ? "C_GenerateKey" : "C_GenerateKeyPair", err);
	if (!m->info->secret_len && own_is(m->t, m->out->public_key, &mark, &public_is_ours, err) != 0)
		return -1;
	if (!public_is_ours)
		return not_ours(m, "C_GenerateKeyPair", err);
	wrong = what_is_wrong(m, &k);
	if (!wrong)
		return 0;
	kh_fail(err, KH_E_TOKEN, 0, "the %s key that the token generated %s, against what was asked for", m->info->name,
		wrong);
	return kh_hint(err, "it was destroyed again; the token's policy may have changed the template");
}

/* By the CKA_ID alone: the handles are what is in doubt, and a call that failed may have made a key, or half a pair. */
static void undo(const struct making *m, struct kh_error *err)
{
	const struct own_mark mark = {CKA_ID, m->out->id, KEYGEN_ID};
	size_t n;

	m->out->key = CK_INVALID_HANDLE;
	m->out->public_key = CK_INVALID_HANDLE;
	n = own_sweep(m->t, &mark);
	if (n == 0)
		return;
	if (m->r->token_object)
		token_note_left(m->t, n);
	kh_hint(err, "%zu object%s labelled '%s' could not be destroyed again%s", n, n == 1 ? "" : "s", m->label,
		m->r->token_object ? ": take them off the token with the vendor's tool" : "; the session's end does it");
}

CK_MECHANISM_TYPE keygen_mechanism(enum keyspec spec)
{
	const struct keyspec_info *info = keyspec_info(spec);

	return info ? kinds[info->kind].mechanism : CK_UNAVAILABLE_INFORMATION;
}

int keygen_generate(const struct token *t, const struct keygen_request *r, struct keygen_key *out,
		    struct kh_error *err)
{
	struct making m = {.t = t, .r = r, .info = keyspec_info(r->spec), .out = out};
	char hex[2 * KEYGEN_ID + 1];
	int rc;

	out->key = CK_INVALID_HANDLE;
	out->public_key = CK_INVALID_HANDLE;
	out->kept = r->token_object;
	if (!m.info)
		return kh_fail(err, KH_E_USAGE, 0, "no key spec to generate");
	m.kind = &kinds[m.info->kind];
	if (RAND_bytes(out->id, KEYGEN_ID) != 1)
		return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL has no random bytes");
	hex_encode(out->id, KEYGEN_ID, hex);
	(void)snprintf(m.tmp_label, sizeof(m.tmp_label), "%s%s", TMP_PREFIX, hex);
	m.label = r->label ? r->label : m.tmp_label;
	rc = m.info->secret_len ? make_secret(&m, err) : make_pair(&m, err);
	if (rc && !r->token_object && token_wants_kept(t, err->native))
		kh_hint(err, TOKEN_HINT_KEPT);
	if (rc == 0 && !r->unread)
		rc = check_made(&m, err);
	if (rc)
		undo(&m, err);
	return rc;
}

static CK_RV destroy(const struct token *t, CK_OBJECT_HANDLE *handle, const struct keygen_key *k)
{
	char hex[2 * KEYGEN_ID + 1];
	CK_RV rv;

	if (*handle == CK_INVALID_HANDLE)
		return CKR_OK;
	rv = P11_CALL(t->fn, C_DestroyObject, t->session, *handle);
	*handle = CK_INVALID_HANDLE;
	if (rv != CKR_OK)
		token_note_stuck(t, "C_DestroyObject", rv);
	hex_encode(k->id, KEYGEN_ID, hex);
	if (rv != CKR_OK && !k->kept)
		log_warning("an object with CKA_ID %s could not be destroyed: C_DestroyObject: %s (0x%lX)", hex,
			    ckr_name(rv), rv);
	return rv;
}

CK_RV keygen_destroy(const struct token *t, struct keygen_key *k)
{
	const struct own_mark mark = {CKA_ID, k->id, KEYGEN_ID};
	bool any = k->key != CK_INVALID_HANDLE || k->public_key != CK_INVALID_HANDLE;
	CK_RV rv = destroy(t, &k->key, k), rv_public = destroy(t, &k->public_key, k);

	rv = rv != CKR_OK ? rv : rv_public;
	/* CKR_OK is not evidence; what is the session's goes with it */
	if (any && k->kept && own_check_gone(t, &mark, rv) > 0 && rv == CKR_OK)
		rv = KEYGEN_STAYS;
	return rv;
}

int keygen_check_name(const char *label, struct kh_error *err)
{
	if (!*label || strlen(label) > KEY_LABEL_MAX)
		return kh_fail(err, KH_E_USAGE, 0, "a key's label has 1 to %d bytes", KEY_LABEL_MAX);
	if (strncmp(label, TMP_PREFIX, sizeof(TMP_PREFIX) - 1) == 0) {
		kh_fail(err, KH_E_USAGE, 0, "labels that begin with " TMP_PREFIX " are for temporary objects");
		return kh_hint(err, "'keyhaul-token clean' would take the key for one: choose another label");
	}
	for (const unsigned char *c = (const unsigned char *)label; *c; c++)
		if (*c < ' ' || *c == 0x7F)
			return kh_fail(err, KH_E_USAGE, 0, "a key's label has no control characters");
	return 0;
}

static int search_label(const struct token *t, const char *label, CK_OBJECT_HANDLE **out, size_t *n,
			struct kh_error *err)
{
	struct attr_template match = {.n = 0};

	attr_add_bytes(&match, CKA_LABEL, label, strlen(label));
	return key_search(t, &match, out, n, err);
}

int keygen_check_label(const struct token *t, const char *label, struct kh_error *err)
{
	CK_OBJECT_HANDLE *handles = NULL;
	size_t n = 0;

	if (keygen_check_name(label, err) || search_label(t, label, &handles, &n, err))
		return -1;
	free(handles);
	if (n == 0)
		return 0;
	kh_fail(err, KH_E_INPUT, 0, "%zu object%s labelled '%s' already", n, n == 1 ? " is" : "s are", label);
	return kh_hint(err, "choose another --label; `keyhaul-token keys` lists the keys that are there");
}

int keygen_check_alone(const struct token *t, const char *label, const struct keygen_key *made, struct kh_error *err)
{
	const struct own_mark mark = {CKA_ID, made->id, KEYGEN_ID};
	CK_OBJECT_HANDLE *handles = NULL;
	size_t n = 0, others = 0;
	bool ours;
	int rc = -1;

	if (search_label(t, label, &handles, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (own_is(t, handles[i], &mark, &ours, err) == 0)
			others += !ours;
		else if (err->native != CKR_OBJECT_HANDLE_INVALID) /* taken back by whoever made it */
			goto out;
	}
	rc = others == 0 ? 0 : kh_fail(err, KH_E_INPUT, 0, "%zu object%s labelled '%s' as well, made at the same moment",
				       others, others == 1 ? " is" : "s are", label);
	if (rc)
		kh_hint(err, "another program used the label: look what `keyhaul-token keys` lists, and choose another --label");
out:
	free(handles);
	return rc;
}
