/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fake_wrap.h"
#include "rsa_keys.h"

#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

struct fake_wrap fake_wrap;

static CK_FUNCTION_LIST list;
static CK_C_DestroyObject fake_destroy;
static CK_C_GetAttributeValue fake_read;
static CK_OBJECT_HANDLE in_use;
static CK_MECHANISM_TYPE in_use_mechanism;
static unsigned wraps_of[FAKE_OBJECTS];

/* The parameters of CKM_RSA_AES_KEY_WRAP as the standard lays them out. */
struct native_params {
	CK_ULONG bits;
	CK_RSA_PKCS_OAEP_PARAMS *oaep;
};

static bool lies(enum fake_lie lie)
{
	return fake_wrap.lie == lie && fake_wrap.wraps > fake_wrap.honest_calls;
}

static const struct fake_attribute *value_of(CK_OBJECT_HANDLE key)
{
	const struct fake_attribute *v = fake_get(key, CKA_VALUE);

	cr_assert_not_null(v);
	return v;
}

static void set_value(CK_OBJECT_HANDLE key, const unsigned char *value, size_t len)
{
	fake_set(key, CKA_VALUE, value, len);
	fake_get(key, CKA_VALUE)->rv = fake_wrap.value_rv != CKR_OK ? fake_wrap.value_rv : CKR_ATTRIBUTE_SENSITIVE;
}

static size_t aes(const char *cipher, const unsigned char *key, const unsigned char *iv, const unsigned char *in,
		  size_t len, unsigned char *out)
{
	EVP_CIPHER *c = EVP_CIPHER_fetch(NULL, cipher, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;

	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	cr_assert(EVP_EncryptInit_ex2(ctx, c, key, iv, NULL) > 0);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	cr_assert(EVP_EncryptUpdate(ctx, out, &n, in, (int)len) > 0);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(c);
	return (size_t)n;
}

static void set_check_value(CK_OBJECT_HANDLE key, const unsigned char *value, size_t len, bool is_aes)
{
	static const unsigned char zeros[16];
	unsigned char out[64];
	size_t n = 0;

	if (fake_wrap.no_check_value)
		return;
	if (is_aes)
		aes(len == 16 ? "AES-128-ECB" : "AES-256-ECB", value, NULL, zeros, sizeof(zeros), out);
	else
		EVP_Q_digest(NULL, "SHA1", NULL, value, len, out, &n);
	fake_set(key, CKA_CHECK_VALUE, out, fake_wrap.short_check_value ? 1 : 3);
}

static CK_RV generate_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *v, CK_ULONG n,
			  CK_OBJECT_HANDLE *out)
{
	unsigned char value[64];
	CK_ULONG len = 32;

	(void)session;
	*out = fake_object();
	for (CK_ULONG i = 0; i < n; i++)
		fake_set(*out, v[i].type, v[i].pValue, v[i].ulValueLen);
	memcpy(&len, fake_get(*out, CKA_VALUE_LEN)->value, sizeof(len));
	RAND_bytes(value, (int)len);
	set_value(*out, value, len);
	if (fake_wrap.gives == CKA_VALUE && mechanism->mechanism == CKM_GENERIC_SECRET_KEY_GEN)
		fake_get(*out, CKA_VALUE)->rv = CKR_OK;
	set_check_value(*out, value, len, mechanism->mechanism == CKM_AES_KEY_GEN);
	wraps_of[*out - 1] = 0;
	fake_wrap.was_slow = fake_wrap.was_slow || lies(FAKE_SLOW);
	if (lies(FAKE_RIVAL))
		fake_set(fake_object(), CKA_LABEL, fake_get(*out, CKA_LABEL)->value, fake_get(*out, CKA_LABEL)->len);
	if (lies(FAKE_OLD_KEK)) {
		fake.objects[*out - 1].used = false;
		*out = fake_wrap.old;
	}
	return CKR_OK;
}

static void new_pkcs8(EVP_PKEY *key, unsigned char *out, size_t *len)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	unsigned char *p = out;

	*len = (size_t)i2d_PKCS8_PRIV_KEY_INFO(p8, &p);
	PKCS8_PRIV_KEY_INFO_free(p8);
}

static CK_RV generate_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *pub, CK_ULONG n_pub,
			   CK_ATTRIBUTE *priv, CK_ULONG n_priv, CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *key)
{
	EVP_PKEY *pair;
	unsigned char der[FAKE_VALUE], point[67] = {V_ASN1_OCTET_STRING, 65};
	const struct fake_attribute *params;
	size_t len = 0;

	(void)session;
	if (mechanism->mechanism != CKM_EC_KEY_PAIR_GEN && !fake_wrap.rsa)
		return CKR_MECHANISM_INVALID;
	*public_key = fake_object();
	for (CK_ULONG i = 0; i < n_pub; i++)
		fake_set(*public_key, pub[i].type, pub[i].pValue, pub[i].ulValueLen);
	*key = fake_object();
	for (CK_ULONG i = 0; i < n_priv; i++)
		fake_set(*key, priv[i].type, priv[i].pValue, priv[i].ulValueLen);
	params = fake_get(*public_key, CKA_EC_PARAMS);
	if (params == NULL) {
		fake_rsa(*key, fake_wrap.gives);
		return CKR_OK;
	}
	pair = EVP_EC_gen("P-256");
	fake_set(*key, CKA_EC_PARAMS, params->value, params->len);
	EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_PUB_KEY, point + 2, 65, &len);
	fake_set(*public_key, CKA_EC_POINT, point, sizeof(point));
	new_pkcs8(pair, der, &len);
	set_value(*key, der, len);
	EVP_PKEY_free(pair);
	return CKR_OK;
}

static CK_RV create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *v, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	static const CK_ATTRIBUTE_TYPE uses[] = {CKA_ENCRYPT, CKA_VERIFY, CKA_VERIFY_RECOVER};

	(void)session;
	for (CK_ULONG i = 0; i < n; i++)
		if (v[i].type == CKA_TRUSTED && fake_wrap.refuses_trusted)
			return CKR_ATTRIBUTE_READ_ONLY;
	*out = fake_object();
	for (CK_ULONG i = 0; i < n; i++)
		fake_set(*out, v[i].type, v[i].pValue, v[i].ulValueLen);
	cr_assert_eq(fake_get(*out, CKA_WRAP)->value[0], CK_TRUE);
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		fake_wrap.wrapping_key_uses |= !fake_get(*out, uses[i]) || fake_get(*out, uses[i])->value[0] == CK_TRUE;
	fake_wrap.wrapping_key_is_token_object = fake_get(*out, CKA_TOKEN)->value[0] == CK_TRUE;
	if (lies(FAKE_OTHER_MODULUS))
		fake_get(*out, CKA_MODULUS)->value[9] ^= 1;
	if (lies(FAKE_ZERO_BEFORE)) {
		struct fake_attribute *modulus = fake_get(*out, CKA_MODULUS);

		memmove(modulus->value + 1, modulus->value, modulus->len++);
		modulus->value[0] = 0;
	}
	if (lies(FAKE_OTHER_CLASS))
		fake_set_ulong(*out, CKA_CLASS, CKO_PRIVATE_KEY);
	if (lies(FAKE_OTHER_LABEL))
		fake_set(*out, CKA_LABEL, "somebody's", 10);
	return CKR_OK;
}

static CK_RV destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	bool wraps = fake_get(object, CKA_WRAP) && fake_get(object, CKA_WRAP)->value[0] == CK_TRUE;

	if (lies(FAKE_STAYS) && wraps && fake_get(object, CKA_VALUE))
		return CKR_ACTION_PROHIBITED;
	return fake_destroy(session, object);
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *v, CK_ULONG n)
{
	fake_wrap.reads++;
	return fake_read(session, object, v, n);
}

static EVP_PKEY *rsa_of(CK_OBJECT_HANDLE key)
{
	const struct fake_attribute *modulus = fake_get(key, CKA_MODULUS), *exponent = fake_get(key, CKA_PUBLIC_EXPONENT);

	return rsa_key_public(modulus->value, modulus->len, exponent->value, exponent->len);
}

static size_t oaep(CK_OBJECT_HANDLE with, const CK_RSA_PKCS_OAEP_PARAMS *p, const unsigned char *in, size_t len,
		   unsigned char *out)
{
	EVP_PKEY *key = lies(FAKE_OTHER_RSA) ? rsa_key_other() : rsa_of(with);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool sha1 = (p->hashAlg == CKM_SHA_1) != lies(FAKE_OTHER_HASH);
	bool mgf1 = sha1 != lies(FAKE_OTHER_MGF);
	size_t n = FAKE_VALUE;

	cr_assert(p->source == CKZ_DATA_SPECIFIED && p->pSourceData == NULL && p->ulSourceDataLen == 0);
	cr_assert_eq(p->mgf, (CK_RSA_PKCS_MGF_TYPE)(p->hashAlg == CKM_SHA_1 ? CKG_MGF1_SHA1 : CKG_MGF1_SHA256));
	cr_assert(EVP_PKEY_encrypt_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0);
	EVP_PKEY_CTX_set_rsa_oaep_md(ctx, sha1 ? EVP_sha1() : EVP_sha256());
	EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf1 ? EVP_sha1() : EVP_sha256());
	if (lies(FAKE_LABEL))
		EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup("label"), 5);
	cr_assert(EVP_PKEY_encrypt(ctx, out, &n, in, len) > 0);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return n;
}

static size_t pad_to_8(unsigned char *data, size_t len, bool pkcs7, unsigned char with)
{
	size_t pad = 8 - len % 8;

	memset(data + len, pkcs7 ? (int)pad : with, pad);
	return len + pad;
}

static size_t kwp(const unsigned char *kek, bool short_kek, const unsigned char *in, size_t len, unsigned char *out)
{
	static const unsigned char own_iv[] = {0xde, 0xad, 0xbe, 0xef};
	unsigned char data[FAKE_VALUE + 8];

	memcpy(data, in, len);
	if (lies(FAKE_PKCS7) || lies(FAKE_ZERO)) {
		len = pad_to_8(data, len, lies(FAKE_PKCS7), 0);
		return aes("AES-256-WRAP", kek, NULL, data, len, out);
	}
	if (lies(FAKE_ZEROS_BEHIND) || lies(FAKE_ONES_BEHIND))
		len = pad_to_8(data, len, false, lies(FAKE_ONES_BEHIND));
	return aes(short_kek ? "AES-128-WRAP-PAD" : "AES-256-WRAP-PAD", kek, lies(FAKE_IV) ? own_iv : NULL, data, len,
		   out);
}

/* The key that is wrapped, or by a lie another one. */
static size_t target_value(CK_OBJECT_HANDLE target, unsigned char *out)
{
	const struct fake_attribute *v = value_of(target);
	size_t len = v->len;
	EVP_PKEY *other;

	memcpy(out, v->value, len);
	if (lies(FAKE_OTHER_KEY) && fake_get(target, CKA_EC_PARAMS)) {
		other = EVP_EC_gen("P-256");
		new_pkcs8(other, out, &len);
		EVP_PKEY_free(other);
	} else if (lies(FAKE_OTHER_KEY)) {
		out[len - 1] ^= 1;
	}
	return lies(FAKE_STUMP) ? 8 : len - lies(FAKE_TRUNCATED);
}

static size_t native(const struct native_params *p, CK_OBJECT_HANDLE with, const unsigned char *value, size_t len,
		     unsigned char *out)
{
	unsigned char kek[32];
	size_t n;

	cr_assert_eq(p->bits, 256);
	RAND_bytes(kek, sizeof(kek));
	n = oaep(with, p->oaep, kek, lies(FAKE_SHORT_KEK) ? 16 : 32, out);
	return n + kwp(kek, lies(FAKE_SHORT_KEK), value, len, out + n);
}

static size_t wrap_by(const CK_MECHANISM *m, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE target, unsigned char *out)
{
	bool ephemeral = fake_get(target, CKA_WRAP) && fake_get(target, CKA_WRAP)->value[0] == CK_TRUE;
	unsigned char value[FAKE_VALUE];
	size_t len = ephemeral ? value_of(target)->len : target_value(target, value);

	if (ephemeral)
		memcpy(value, value_of(target)->value, len);
	if (m->mechanism == CKM_RSA_PKCS_OAEP)
		return oaep(with, m->pParameter, value, ephemeral && lies(FAKE_SHORT_KEK) ? 16 : len, out);
	if (m->mechanism == CKM_RSA_AES_KEY_WRAP)
		return native(m->pParameter, with, value, len, out);
	cr_assert(m->pParameter == NULL && m->ulParameterLen == 0);
	if (++wraps_of[with - 1] > fake_wrap.ephemeral_wraps_most)
		fake_wrap.ephemeral_wraps_most = wraps_of[with - 1];
	return kwp(value_of(with)->value, false, value, len, out);
}

static CK_RV wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE target,
		      CK_BYTE *out, CK_ULONG *len)
{
	const struct fake_attribute *extractable = fake_get(target, CKA_EXTRACTABLE);
	enum fake_lie lie = fake_wrap.lie;
	unsigned char blob[2 * FAKE_VALUE];
	size_t n;

	(void)session;
	fake_wrap.wraps++;
	fake_wrap.was_slow = fake_wrap.was_slow || lies(FAKE_SLOW_WRAP);
	if (fake_wrap.unextractable != CKR_OK && !(fake_wrap.wraps_pairs && fake_get(target, CKA_EC_PARAMS)) && extractable != NULL && extractable->value[0] == CK_FALSE)
		return fake_wrap.pairs != CKR_OK && fake_get(target, CKA_EC_PARAMS) ? fake_wrap.pairs : fake_wrap.unextractable;
	if (lies(FAKE_REFUSES) || lies(FAKE_IS_GONE))
		return lies(FAKE_REFUSES) ? CKR_KEY_NOT_WRAPPABLE : CKR_DEVICE_REMOVED;
	if (fake_wrap.kwp[1] != 0 && m->mechanism == fake_wrap.kwp[1])
		fake_wrap.lie = FAKE_HONEST;
	if (lies(FAKE_NO_MEMORY) || (lies(FAKE_NO_MEMORY_ONCE) && fake_wrap.wraps == 1))
		return CKR_DEVICE_MEMORY;
	n = wrap_by(m, with, target, blob);
	if (fake_wrap.wraps == 1)
		memcpy(fake_wrap.first, blob, n);
	if (lies(FAKE_AGAIN))
		memcpy(blob, fake_wrap.first, n);
	if (lies(FAKE_ZEROS))
		memset(blob, 0, n);
	if (lies(FAKE_TAIL_16) || lies(FAKE_TAIL_15)) {
		memset(blob + n - 16, 0, 16);
		blob[n - 16 - lies(FAKE_TAIL_16)] = 1;
	}
	if (lies(FAKE_OVER_MODULUS))
		memset(blob, 0xff, 8);
	fake_wrap.lie = lie;
	if (*len < n)
		return CKR_BUFFER_TOO_SMALL;
	if (!lies(FAKE_UNWRITTEN))
		memcpy(out, blob, n);
	*len = lies(FAKE_SAYS_MORE) ? 9000 : lies(FAKE_SAYS_LESS) ? 5 : lies(FAKE_SAYS_NOTHING) ? 0 : n;
	return CKR_OK;
}

static CK_RV crypto_init(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	(void)session;
	in_use = key;
	in_use_mechanism = m->mechanism;
	return fake_wrap.no_crypto || (m->mechanism != CKM_SHA256_HMAC && m->mechanism != CKM_AES_ECB)
		       ? CKR_MECHANISM_INVALID : CKR_OK;
}

static CK_RV crypto(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG len, CK_BYTE *out, CK_ULONG *out_len)
{
	const struct fake_attribute *v = value_of(in_use);
	size_t n = 0;

	(void)session;
	if (in_use_mechanism == CKM_AES_ECB)
		n = aes("AES-256-ECB", v->value, NULL, in, len, out);
	else
		EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, v->value, v->len, in, len, out, *out_len, &n);
	*out_len = n - fake_wrap.short_answer;
	return CKR_OK;
}

static CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *out)
{
	(void)slot;
	memset(out, 0, sizeof(*out));
	return type == CKM_RSA_PKCS_OAEP || (type == CKM_RSA_AES_KEY_WRAP && fake_wrap.native) ||
			       (type != 0 && (type == fake_wrap.kwp[0] || type == fake_wrap.kwp[1]))
		       ? CKR_OK : CKR_MECHANISM_INVALID;
}

static CK_RV get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *out, CK_ULONG *n)
{
	const CK_MECHANISM_TYPE all[] = {CKM_RSA_PKCS_OAEP, CKM_RSA_AES_KEY_WRAP, fake_wrap.kwp[0], fake_wrap.kwp[1]};
	CK_MECHANISM_INFO info;
	CK_ULONG room = *n;

	*n = 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (get_mechanism_info(slot, all[i], &info) == CKR_OK && (*n)++ < room && out != NULL)
			out[*n - 1] = all[i];
	}
	return out != NULL && *n > room ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}

CK_FUNCTION_LIST *fake_wrap_reset(void)
{
	list = *fake_reset();
	memset(&fake_wrap, 0, sizeof(fake_wrap));
	list.C_GenerateKey = generate_key;
	list.C_GenerateKeyPair = generate_pair;
	list.C_CreateObject = create_object;
	list.C_WrapKey = wrap_key;
	fake_destroy = list.C_DestroyObject;
	list.C_DestroyObject = destroy_object;
	fake_read = list.C_GetAttributeValue;
	list.C_GetAttributeValue = get_attribute_value;
	list.C_SignInit = crypto_init;
	list.C_Sign = crypto;
	list.C_EncryptInit = crypto_init;
	list.C_Encrypt = crypto;
	list.C_GetMechanismInfo = get_mechanism_info;
	list.C_GetMechanismList = get_mechanism_list;
	return &list;
}
