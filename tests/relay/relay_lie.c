/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* C_WrapKey of tokens that say CKR_OK and did something else. Each lie is of one layer; the other layer stays as it was asked for. */
#include "relay_crypto.h"
#include "relay_host.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#define SHORT_KEK 16

/* The one C_WrapKey that is falsified. */
struct lie {
	CK_FUNCTION_LIST *fn;
	struct relay_call *call;
	CK_SESSION_HANDLE session;
	CK_MECHANISM *mechanism;
	CK_OBJECT_HANDLE with, key;
	enum relay_action action; /* RELAY_CODE: none */
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

/* The key that goes in: as it is, changed, or another of its kind. */
static int content_of(const struct lie *l, struct relay_blob *out)
{
	struct relay_subject key;
	struct relay_blob plain;
	int rc = plain_of(l, l->key, &plain);
	bool pkcs8; /* else a secret's bytes */

	relay_subject_of(l->fn, l->session, l->key, &key);
	pkcs8 = key.type == CKK_RSA || key.type == CKK_EC;
	*out = plain;
	if (rc == 0 && l->action == RELAY_OTHER_KEY)
		rc = pkcs8 ? relay_pkcs8_other(&plain, out) : RAND_bytes(out->data, (int)out->len) == 1 ? 0 : -1;
	else if (rc == 0 && pkcs8 && l->action == RELAY_EXPLICIT_CURVE)
		rc = relay_pkcs8_explicit(&plain, out);
	else if (rc == 0 && pkcs8 && l->action == RELAY_BYTES_BEHIND) {
		memset(out->data + out->len, 0x5A, 8);
		out->len += 8;
	}
	OPENSSL_cleanse(&plain, sizeof(plain));
	return rc;
}

/* RSAES-OAEP of the content, with the hashes that were asked for or not. */
static int seal_oaep(const struct lie *l, const CK_RSA_PKCS_OAEP_PARAMS *p, const struct relay_blob *content,
		     struct relay_blob *out)
{
	CK_MECHANISM_TYPE hash = l->action == RELAY_OAEP_SHA1 ? CKM_SHA_1 : p->hashAlg;
	CK_ULONG mgf = l->action == RELAY_OAEP_SHA1 ? CKG_MGF1_SHA1 : p->mgf;
	CK_ULONG mgf_sha1 = l->action == RELAY_OAEP_MGF ? CKG_MGF1_SHA256 : CKG_MGF1_SHA1; /* taken for SHA-1 */
	EVP_PKEY *with = wrapping_key(l);
	int rc = -1;

	if (with != NULL)
		rc = relay_oaep_seal(with, name_of_hash(CKM_SHA_1, hash), name_of_hash(mgf_sha1, mgf), content, out);
	EVP_PKEY_free(with);
	return rc;
}

static int seal_zero_padded(const struct relay_blob *kek, struct relay_blob *plain, struct relay_blob *out)
{
	while (plain->len % 8 != 0)
		plain->data[plain->len++] = 0;
	return relay_kw_seal(kek, plain, out);
}

/* AES key wrap of the key under these bytes, as RFC 5649 has it or not. */
static int seal_key(const struct lie *l, const struct relay_blob *kek, struct relay_blob *out)
{
	static const unsigned char foreign[4] = {0x4B, 0x57, 0x50, 0x31};
	struct relay_blob content;
	int rc = -1;

	if (content_of(l, &content) == 0)
		rc = l->action == RELAY_ZERO_PADDING
			     ? seal_zero_padded(kek, &content, out)
			     : relay_kwp_seal(kek, l->action == RELAY_KWP_IV ? foreign : NULL, &content, out);
	OPENSSL_cleanse(&content, sizeof(content));
	return rc;
}

static int lie_oaep(const struct lie *l, struct relay_blob *out)
{
	bool ephemeral = is_ephemeral(l);
	struct relay_blob content;
	int rc = ephemeral ? plain_of(l, l->key, &content) : content_of(l, &content);

	if (rc == 0 && ephemeral && l->action == RELAY_SHORT_KEK)
		content.len = SHORT_KEK;
	if (rc == 0)
		rc = seal_oaep(l, l->mechanism->pParameter, &content, out);
	OPENSSL_cleanse(&content, sizeof(content));
	return rc;
}

static int lie_kwp(const struct lie *l, struct relay_blob *out)
{
	struct relay_blob kek;
	int rc = plain_of(l, l->with, &kek);

	if (rc == 0 && l->action == RELAY_SHORT_KEK)
		kek.len = SHORT_KEK;
	if (rc == 0)
		rc = seal_key(l, &kek, out);
	OPENSSL_cleanse(&kek, sizeof(kek));
	return rc;
}

/* CKM_RSA_AES_KEY_WRAP, honest where there is no lie. */
static int do_native(const struct lie *l, struct relay_blob *out)
{
	const struct relay_rsa_aes *p = l->mechanism->pParameter;
	struct relay_blob kek, inner;
	int rc = -1;

	kek.len = l->action == RELAY_SHORT_KEK ? SHORT_KEK : p->aes_bits / 8;
	if ((kek.len == SHORT_KEK || kek.len == 32) && RAND_bytes(kek.data, (int)kek.len) == 1 &&
	    seal_oaep(l, p->oaep, &kek, out) == 0 && seal_key(l, &kek, &inner) == 0 &&
	    inner.len <= sizeof(out->data) - out->len) {
		memcpy(out->data + out->len, inner.data, inner.len);
		out->len += inner.len;
		rc = l->action == RELAY_NOISE && RAND_bytes(out->data, (int)out->len) != 1 ? -1 : 0;
	}
	OPENSSL_cleanse(&kek, sizeof(kek));
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

/* Of the two calls of a two-step wrap each lie changes what it is about, and some change both. */
static bool is_of_this_layer(const struct lie *l)
{
	bool oaep = l->mechanism->mechanism == CKM_RSA_PKCS_OAEP;

	switch (l->action) {
	case RELAY_OAEP_MGF:
		return oaep;
	case RELAY_SHORT_KEK:
		return !oaep || is_ephemeral(l);
	case RELAY_OTHER_KEY:
	case RELAY_EXPLICIT_CURVE:
	case RELAY_BYTES_BEHIND:
		return !oaep || !is_ephemeral(l);
	default:
		return !oaep;
	}
}

static CK_RV sealed(struct lie *l, int (*seal)(const struct lie *l, struct relay_blob *out))
{
	struct relay_blob blob = {.len = 0};

	/* a liar that cannot lie is found by its code */
	return seal(l, &blob) == 0 ? answer(l, &blob) : CKR_FUNCTION_FAILED;
}

CK_RV relay_lie(CK_FUNCTION_LIST *fn, struct relay_call *c, enum relay_action action, bool native)
{
	struct lie l = {fn, c, c->args[0].number, c->args[1].data, c->args[2].number, c->args[3].number, action};
	const struct relay_blob nothing = {.len = 0};

	if (l.mechanism == NULL)
		return CKR_ARGUMENTS_BAD;
	if (action == RELAY_EMPTY)
		return answer(&l, &nothing);
	if (l.mechanism->mechanism == CKM_RSA_AES_KEY_WRAP)
		return native && l.mechanism->ulParameterLen == sizeof(struct relay_rsa_aes) ? sealed(&l, do_native)
											     : relay_invoke(fn, c);
	if (action == RELAY_OAEP_SHA1)
		return with_sha1(&l);
	if (action == RELAY_NOISE)
		return noise(&l);
	if (!is_of_this_layer(&l))
		return relay_invoke(fn, c);
	return sealed(&l, l.mechanism->mechanism == CKM_RSA_PKCS_OAEP ? lie_oaep : lie_kwp);
}
