/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rsa_keys.h"
#include "rsa_keys_der.h"

#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool rsa_keys_for_all;

static EVP_PKEY *from_hex(const char *hex)
{
	unsigned char der[4096];
	const unsigned char *at = der;
	EVP_PKEY *key;
	size_t len;

	cr_assert_eq(OPENSSL_hexstr2buf_ex(der, sizeof(der), &len, hex, '\0'), 1);
	key = d2i_AutoPrivateKey(NULL, &at, (long)len);
	cr_assert_not_null(key);
	return key;
}

EVP_PKEY *rsa_key(unsigned bits)
{
	cr_assert(bits == 2048 || bits == 3072 || bits == 4096, "%u", bits);
	return from_hex(bits == 2048 ? der_2048 : bits == 3072 ? der_3072 : der_4096);
}

EVP_PKEY *rsa_key_other(void)
{
	return from_hex(der_2048_other);
}

EVP_PKEY *rsa_key_public(const unsigned char *modulus, size_t modulus_len, const unsigned char *exponent, size_t exponent_len)
{
	unsigned char n[1024], e[8];
	OSSL_PARAM params[3];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *out = NULL;

	cr_assert(modulus_len <= sizeof(n) && exponent_len <= sizeof(e));
	/* OSSL_PARAM's numbers are the machine's way round */
	for (size_t i = 0; i < modulus_len; i++)
		n[modulus_len - 1 - i] = modulus[i];
	for (size_t i = 0; i < exponent_len; i++)
		e[exponent_len - 1 - i] = exponent[i];
	params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, modulus_len);
	params[1] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e, exponent_len);
	params[2] = OSSL_PARAM_construct_end();
	cr_assert(EVP_PKEY_fromdata_init(ctx) > 0 && EVP_PKEY_fromdata(ctx, &out, EVP_PKEY_PUBLIC_KEY, params) > 0);
	EVP_PKEY_CTX_free(ctx);
	return out;
}

static bool is_valgrind(void)
{
	const char *valgrind = getenv("KEYHAUL_VALGRIND");

	return valgrind && strcmp(valgrind, "yes") == 0;
}

size_t rsa_keys_stride(void)
{
	return is_valgrind() ? 4 : 1;
}

/*
 * Linked with --wrap: the code that is tested makes one RSA key in each test, and gets one that is there from then on;
 * where the tests run for a checker's sake, always.
 */
static bool is_checked(void)
{
	const char *sanitizers = getenv("KEYHAUL_SANITIZERS");

	return is_valgrind() || (sanitizers && strcmp(sanitizers, "no") != 0);
}

EVP_PKEY *__real_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *libctx, const char *propq, const char *type, ...);
EVP_PKEY *__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *libctx, const char *propq, const char *type, ...);

EVP_PKEY *__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *libctx, const char *propq, const char *type, ...)
{
	static bool made;
	const char *group = NULL;
	EVP_PKEY *key = NULL;
	size_t bits = 0;
	va_list ap;

	va_start(ap, type);
	if (strcmp(type, "RSA") == 0)
		bits = va_arg(ap, size_t);
	else if (strcmp(type, "EC") == 0)
		group = va_arg(ap, char *);
	va_end(ap);
	if (bits && (made || rsa_keys_for_all || is_checked()) && (bits == 2048 || bits == 3072 || bits == 4096))
		key = rsa_key((unsigned)bits);
	else if (bits)
		key = __real_EVP_PKEY_Q_keygen(libctx, propq, type, bits);
	else
		key = __real_EVP_PKEY_Q_keygen(libctx, propq, type, group);
	made |= bits > 0;
	return key;
}
