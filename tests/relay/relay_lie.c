/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* C_WrapKey of tokens that say CKR_OK and did something else. Each lie is of one layer; the other layer stays as it was asked for. */
#include "relay_crypto.h"
#include "relay_host.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

/* The one C_WrapKey that is falsified. */
struct lie {
	CK_FUNCTION_LIST *fn;
	struct relay_call *call;
	CK_SESSION_HANDLE session;
	CK_MECHANISM *mechanism;
	CK_OBJECT_HANDLE with, key;
	enum relay_action action;
};

static const char *name_of_hash(CK_ULONG sha1, CK_ULONG asked)
{
	return asked == sha1 ? "SHA1" : "SHA256";
}

static int plain_of(const struct lie *l, CK_OBJECT_HANDLE key, struct relay_blob *out)
{
	out->len = relay_plaintext(l->fn, l->session, key, out->data, sizeof(out->data));
	return out->len > 0 ? 0 : -1;
}

static EVP_PKEY *wrapping_key(const struct lie *l)
{
	unsigned char n[1024], e[16];
	CK_ATTRIBUTE v[] = {{CKA_MODULUS, n, sizeof(n)}, {CKA_PUBLIC_EXPONENT, e, sizeof(e)}};

	if (l->fn->C_GetAttributeValue(l->session, l->with, v, 2) != CKR_OK)
		return NULL;
	return relay_rsa_public(n, v[0].ulValueLen, e, v[1].ulValueLen);
}

/* An ephemeral key of a two-step wrap: it wraps, and no key that is hauled does. */
static bool is_ephemeral(const struct lie *l)
{
	CK_BBOOL wraps = CK_FALSE;
	CK_ATTRIBUTE v = {CKA_WRAP, &wraps, sizeof(wraps)};

	return l->fn->C_GetAttributeValue(l->session, l->key, &v, 1) == CKR_OK && wraps == CK_TRUE;
}

static CK_RV answer(struct lie *l, const struct relay_blob *blob)
{
	struct relay_arg *a = &l->call->args[4];

	a->number = blob->len;
	if (a->data == NULL)
		return CKR_OK;
	if (blob->len > a->n)
		return CKR_BUFFER_TOO_SMALL;
	memcpy(a->data, blob->data, blob->len);
	a->filled = blob->len;
	return CKR_OK;
}

/* What OAEP is to hold: the key, or another of its kind. */
static int oaep_content(const struct lie *l, struct relay_blob *out)
{
	struct relay_blob plain;
	int rc = plain_of(l, l->key, &plain);

	if (rc != 0 || l->action != RELAY_OTHER_KEY)
		*out = plain;
	else if (plain.len > 64) /* PKCS#8, not a secret's bytes */
		rc = relay_pkcs8_other(&plain, out);
	else
		rc = RAND_bytes(out->data, (int)(out->len = plain.len)) == 1 ? 0 : -1;
	OPENSSL_cleanse(&plain, sizeof(plain));
	return rc;
}

static int lie_oaep(struct lie *l, struct relay_blob *out)
{
	const CK_RSA_PKCS_OAEP_PARAMS *p = l->mechanism->pParameter;
	bool other_mgf = l->action == RELAY_OAEP_MGF;
	EVP_PKEY *with = wrapping_key(l);
	struct relay_blob content;
	int rc = -1;

	if (with != NULL && p != NULL && oaep_content(l, &content) == 0)
		rc = relay_oaep_seal(with, name_of_hash(CKM_SHA_1, p->hashAlg),
				     name_of_hash(other_mgf ? CKG_MGF1_SHA256 : CKG_MGF1_SHA1, p->mgf), &content, out);
	EVP_PKEY_free(with);
	OPENSSL_cleanse(&content, sizeof(content));
	return rc;
}

static int seal_zero_padded(const struct relay_blob *kek, struct relay_blob *plain, struct relay_blob *out)
{
	while (plain->len % 8 != 0)
		plain->data[plain->len++] = 0;
	return relay_kw_seal(kek, plain, out);
}

static int lie_kwp(struct lie *l, struct relay_blob *out)
{
	static const unsigned char foreign[4] = {0x4B, 0x57, 0x50, 0x31};
	struct relay_blob kek, plain, content;
	int rc = -1;

	if (plain_of(l, l->with, &kek) != 0 || plain_of(l, l->key, &plain) != 0)
		return -1;
	if (l->action == RELAY_KWP_IV)
		rc = relay_kwp_seal(&kek, foreign, &plain, out);
	else if (l->action == RELAY_ZERO_PADDING)
		rc = seal_zero_padded(&kek, &plain, out);
	else if ((l->action == RELAY_OTHER_KEY ? relay_pkcs8_other : relay_pkcs8_explicit)(&plain, &content) == 0)
		rc = relay_kwp_seal(&kek, NULL, &content, out);
	OPENSSL_cleanse(&kek, sizeof(kek));
	OPENSSL_cleanse(&plain, sizeof(plain));
	OPENSSL_cleanse(&content, sizeof(content));
	return rc;
}

static CK_RV with_sha1(struct lie *l)
{
	CK_RSA_PKCS_OAEP_PARAMS *p = l->mechanism->pParameter;

	if (l->mechanism->mechanism == CKM_RSA_PKCS_OAEP && p != NULL) {
		p->hashAlg = CKM_SHA_1;
		p->mgf = CKG_MGF1_SHA1;
	}
	return relay_invoke(l->fn, l->call);
}

static CK_RV noise(struct lie *l)
{
	struct relay_arg *a = &l->call->args[4];
	CK_RV rv = relay_invoke(l->fn, l->call);

	if (rv == CKR_OK && RAND_bytes(a->data, (int)a->filled) != 1)
		return CKR_GENERAL_ERROR;
	return rv;
}

static bool is_of_this_layer(const struct lie *l)
{
	bool oaep = l->mechanism->mechanism == CKM_RSA_PKCS_OAEP;

	if (l->action == RELAY_OAEP_MGF)
		return oaep;
	if (l->action == RELAY_OTHER_KEY)
		return !oaep || !is_ephemeral(l);
	return !oaep;
}

CK_RV relay_lie(CK_FUNCTION_LIST *fn, struct relay_call *c, enum relay_action action)
{
	struct lie l = {fn, c, c->args[0].number, c->args[1].data, c->args[2].number, c->args[3].number, action};
	struct relay_blob blob = {.len = 0};
	int rc;

	if (l.mechanism == NULL)
		return CKR_ARGUMENTS_BAD;
	if (action == RELAY_EMPTY)
		return answer(&l, &blob);
	if (action == RELAY_OAEP_SHA1)
		return with_sha1(&l);
	if (action == RELAY_NOISE)
		return noise(&l);
	if (!is_of_this_layer(&l))
		return relay_invoke(fn, c);
	rc = l.mechanism->mechanism == CKM_RSA_PKCS_OAEP ? lie_oaep(&l, &blob) : lie_kwp(&l, &blob);
	return rc == 0 ? answer(&l, &blob) : CKR_FUNCTION_FAILED; /* a liar that cannot lie is found by its code */
}
