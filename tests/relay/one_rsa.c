/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * LD_PRELOADed into keyhaul-token by the fault walk: OpenSSL's RSA key generation gives the key of KEYHAUL_RELAY_RSA (a
 * PEM file) each time. A thousand runs would spend their time on throwaway keys; nothing walked depends on which.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

EVP_PKEY *EVP_PKEY_Q_keygen(OSSL_LIB_CTX *ctx, const char *properties, const char *type, ...)
{
	const char *path = getenv("KEYHAUL_RELAY_RSA");
	FILE *f = path != NULL ? fopen(path, "r") : NULL;
	EVP_PKEY *key = f != NULL ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;

	(void)ctx;
	(void)properties;
	(void)type;
	if (f != NULL)
		(void)fclose(f);
	return key;
}
