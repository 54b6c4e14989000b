/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rsa_keys.h"
#include "rsa_keys_der.h"

#include <criterion/criterion.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

/* Linked with --wrap: where the tests run for a checker's sake, the code that is tested gets one that is there, too. */
static bool is_checked(void)
{
	const char *valgrind = getenv("KEYHAUL_VALGRIND"), *sanitizers = getenv("KEYHAUL_SANITIZERS");

	return (valgrind && strcmp(valgrind, "yes") == 0) || (sanitizers && strcmp(sanitizers, "no") != 0);
}

EVP_PKEY *__real_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *libctx, const char *propq, const char *type, ...);
EVP_PKEY *__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *libctx, const char *propq, const char *type, ...);

EVP_PKEY *__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *libctx, const char *propq, const char *type, ...)
{
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
	if (bits && is_checked() && (bits == 2048 || bits == 3072 || bits == 4096))
		key = rsa_key((unsigned)bits);
	else if (bits)
		key = __real_EVP_PKEY_Q_keygen(libctx, propq, type, bits);
	else
		key = __real_EVP_PKEY_Q_keygen(libctx, propq, type, group);
	return key;
}
