/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * LD_PRELOADed into keyhaul-token and, over the relay, SoftHSM: OpenSSL's RSA key generation gives the key of the PEM
 * file KEYHAUL_RELAY_RSA.host.BITS or KEYHAUL_RELAY_RSA.token.BITS each time, and makes one where there is no such file.
 * A thousand runs would spend their time on throwaway keys; nothing that is looked at depends on which.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* SoftHSM has OpenSSL 1.1's calls */
#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_pem(const char *whose, size_t bits)
{
	const char *prefix = getenv("KEYHAUL_RELAY_RSA");
	char path[4096];

	if (prefix == NULL)
		return NULL;
	snprintf(path, sizeof(path), "%s.%s.%zu", prefix, whose, bits);
	return fopen(path, "r");
}

static void *real(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	if (symbol == NULL)
		abort();
	return symbol;
}

EVP_PKEY *EVP_PKEY_Q_keygen(OSSL_LIB_CTX *ctx, const char *properties, const char *type, ...)
{
	EVP_PKEY *(*keygen)(OSSL_LIB_CTX *, const char *, const char *, ...) = NULL;
	void *symbol = real("EVP_PKEY_Q_keygen");
	bool rsa = strcmp(type, "RSA") == 0;
	const char *group = NULL;
	EVP_PKEY *key = NULL;
	size_t bits = 0;
	FILE *f = NULL;
	va_list ap;

	memcpy(&keygen, &symbol, sizeof(keygen)); /* ISO C has no such cast */
	va_start(ap, type);
	if (rsa)
		bits = va_arg(ap, size_t);
	else
		group = va_arg(ap, const char *);
	va_end(ap);
	if (rsa)
		f = open_pem("host", bits);
	if (f == NULL)
		return rsa ? keygen(ctx, properties, type, bits) : keygen(ctx, properties, type, group);
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	return key;
}

/* The primes of a key that is the same each time are known to be primes. */
int EVP_PKEY_check(EVP_PKEY_CTX *ctx)
{
	int (*check)(EVP_PKEY_CTX *) = NULL;
	void *symbol = real("EVP_PKEY_check");

	memcpy(&check, &symbol, sizeof(check));
	return EVP_PKEY_is_a(EVP_PKEY_CTX_get0_pkey(ctx), "RSA") ? 1 : check(ctx);
}

static int copy(const RSA *from, RSA *to)
{
	const BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qi;

	RSA_get0_key(from, &n, &e, &d);
	RSA_get0_factors(from, &p, &q);
	RSA_get0_crt_params(from, &dp, &dq, &qi);
	return RSA_set0_key(to, BN_dup(n), BN_dup(e), BN_dup(d)) > 0 && RSA_set0_factors(to, BN_dup(p), BN_dup(q)) > 0 &&
	       RSA_set0_crt_params(to, BN_dup(dp), BN_dup(dq), BN_dup(qi)) > 0;
}

int RSA_generate_key_ex(RSA *rsa, int bits, BIGNUM *e, BN_GENCB *progress)
{
	int (*generate)(RSA *, int, BIGNUM *, BN_GENCB *) = NULL;
	void *symbol = real("RSA_generate_key_ex");
	FILE *f = open_pem("token", (size_t)bits);
	RSA *one = f != NULL ? PEM_read_RSAPrivateKey(f, NULL, NULL, NULL) : NULL;
	int ok;

	memcpy(&generate, &symbol, sizeof(generate));
	if (f != NULL)
		fclose(f);
	if (one == NULL)
		return generate(rsa, bits, e, progress);
	ok = copy(one, rsa);
	RSA_free(one);
	return ok;
}
