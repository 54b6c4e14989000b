/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* The plaintext of an extractable key, through a wrapping key of the relay's own: OAEP, and RFC 5649 in between for pairs. */
#include "relay_crypto.h"
#include "relay_host.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELAY_BITS 1024 /* made in no time; 86 bytes fit, and the longest secret has 64 */
#define RELAY_KEK "relay kek"
#define CKM_KWP 0x210BUL /* libp11-kit's header knows it not */

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static EVP_PKEY *own_key(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static EVP_PKEY *key;

	pthread_mutex_lock(&lock);
	if (key == NULL)
		key = EVP_RSA_gen(RELAY_BITS);
	pthread_mutex_unlock(&lock);
	return key;
}

static CK_OBJECT_HANDLE put_own_key(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session)
{
	CK_OBJECT_CLASS object_class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	unsigned char modulus[RELAY_BITS / 8], exponent[] = {1, 0, 1};
	CK_ATTRIBUTE v[] = {
		{CKA_CLASS, &object_class, sizeof(object_class)}, {CKA_KEY_TYPE, &type, sizeof(type)},
		{CKA_TOKEN, &no, sizeof(no)}, {CKA_PRIVATE, &no, sizeof(no)}, {CKA_WRAP, &yes, sizeof(yes)},
		{CKA_MODULUS, modulus, sizeof(modulus)}, {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)},
	};
	CK_OBJECT_HANDLE out = CK_INVALID_HANDLE;
	BIGNUM *n = NULL;

	if (own_key() != NULL && EVP_PKEY_get_bn_param(own_key(), OSSL_PKEY_PARAM_RSA_N, &n) > 0 &&
	    BN_bn2binpad(n, modulus, sizeof(modulus)) > 0 &&
	    fn->C_CreateObject(session, v, sizeof(v) / sizeof(v[0]), &out) != CKR_OK)
		out = CK_INVALID_HANDLE;
	BN_free(n);
	return out;
}

static CK_OBJECT_HANDLE make_kek(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session)
{
	CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ULONG len = 32;
	CK_ATTRIBUTE v[] = {
		{CKA_VALUE_LEN, &len, sizeof(len)}, {CKA_TOKEN, &no, sizeof(no)}, {CKA_SENSITIVE, &yes, sizeof(yes)},
		{CKA_EXTRACTABLE, &yes, sizeof(yes)}, {CKA_WRAP, &yes, sizeof(yes)},
	};
	CK_OBJECT_HANDLE out;

	return fn->C_GenerateKey(session, &mechanism, v, sizeof(v) / sizeof(v[0]), &out) == CKR_OK ? out
												    : CK_INVALID_HANDLE;
}

/* The one that the security officer trusts on the token, and its value. */
static CK_OBJECT_HANDLE find_kek(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session, struct relay_blob *plain)
{
	const char *path = getenv("KEYHAUL_RELAY_KEK");
	FILE *f = path != NULL ? fopen(path, "re") : NULL;
	CK_ATTRIBUTE label = {CKA_LABEL, (char[]){RELAY_KEK}, sizeof(RELAY_KEK) - 1};
	CK_OBJECT_HANDLE out = CK_INVALID_HANDLE;
	CK_ULONG n = 0;
	char hex[65] = "";

	if (f == NULL)
		return CK_INVALID_HANDLE;
	if (fgets(hex, sizeof(hex), f) != NULL &&
	    OPENSSL_hexstr2buf_ex(plain->data, sizeof(plain->data), &plain->len, hex, '\0') == 1 &&
	    fn->C_FindObjectsInit(session, &label, 1) == CKR_OK) {
		if (fn->C_FindObjects(session, &out, 1, &n) != CKR_OK || n == 0)
			out = CK_INVALID_HANDLE;
		fn->C_FindObjectsFinal(session);
	}
	fclose(f);
	OPENSSL_cleanse(hex, sizeof(hex));
	return out;
}

static int wrap(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE with,
		CK_OBJECT_HANDLE key, struct relay_blob *out)
{
	CK_ULONG len = sizeof(out->data);

	if (fn->C_WrapKey(session, m, with, key, out->data, &len) != CKR_OK || len > sizeof(out->data))
		return -1;
	out->len = len;
	return 0;
}

static int secret_plain(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE own, CK_OBJECT_HANDLE key,
			struct relay_blob *out)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
	CK_MECHANISM m = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
	struct relay_blob sealed;

	return wrap(fn, session, &m, own, key, &sealed) == 0 ? relay_oaep_open(own_key(), "SHA1", "SHA1", &sealed, out)
							     : -1;
}

static int private_plain(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE own, CK_OBJECT_HANDLE key,
			 struct relay_blob *out)
{
	static const CK_MECHANISM_TYPE types[] = {CKM_KWP, CKM_AES_KEY_WRAP_PAD};
	struct relay_blob kek_plain = {.len = 0}, sealed;
	CK_OBJECT_HANDLE trusted = find_kek(fn, session, &kek_plain);
	CK_OBJECT_HANDLE kek = trusted != CK_INVALID_HANDLE ? trusted : make_kek(fn, session);
	int rc = -1;

	if (kek == CK_INVALID_HANDLE)
		return -1;
	if (trusted != CK_INVALID_HANDLE || secret_plain(fn, session, own, kek, &kek_plain) == 0)
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && rc != 0; i++) {
			CK_MECHANISM m = {types[i], NULL, 0};

			if (wrap(fn, session, &m, kek, key, &sealed) == 0)
				rc = relay_kwp_open(&kek_plain, &sealed, out);
		}
	if (trusted == CK_INVALID_HANDLE)
		fn->C_DestroyObject(session, kek);
	OPENSSL_cleanse(&kek_plain, sizeof(kek_plain));
	return rc;
}

size_t relay_plaintext(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, unsigned char *out,
		       size_t room)
{
	CK_OBJECT_CLASS object_class = 0;
	CK_ATTRIBUTE v = {CKA_CLASS, &object_class, sizeof(object_class)};
	CK_OBJECT_HANDLE own = put_own_key(fn, session);
	struct relay_blob plain = {.len = 0};
	size_t len = 0;

	if (own == CK_INVALID_HANDLE)
		return 0;
	if (fn->C_GetAttributeValue(session, key, &v, 1) == CKR_OK &&
	    (object_class == CKO_PRIVATE_KEY ? private_plain : secret_plain)(fn, session, own, key, &plain) == 0 &&
	    plain.len <= room) {
		memcpy(out, plain.data, plain.len);
		len = plain.len;
	}
	fn->C_DestroyObject(session, own);
	OPENSSL_cleanse(&plain, sizeof(plain));
	return len;
}
