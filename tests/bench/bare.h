/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BENCH_BARE_H
#define KEYHAUL_BENCH_BARE_H

#include <p11-kit/pkcs11.h>
#include <stddef.h>

/* The PKCS#11 calls of a wrap of a secret key and nothing else. Every code is checked: no measure of a wrap that failed. */

#define BARE_MODULUS_MAX 512
#define BARE_BLOB_MAX 8192

/* Ends the program unless `rv` is CKR_OK. */
void bare_must(CK_RV rv, const char *what);

CK_FUNCTION_LIST *bare_load(const char *path);
size_t bare_modulus(const char *path, CK_BYTE out[BARE_MODULUS_MAX]);

/* Initialises, opens a session on the token with that label, and logs in; and back. */
CK_SESSION_HANDLE bare_begin(CK_FUNCTION_LIST *fn, const char *label, char *pin);
void bare_end(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE s);

/* Finds the one secret key of that label and reads a few facts: five calls. */
CK_OBJECT_HANDLE bare_find(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE s, char *label);

/* Puts the wrapping key there: one call. */
CK_OBJECT_HANDLE bare_put(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE s, CK_BYTE *modulus, size_t len);

/* Wraps by OAEP with SHA-1, and destroys the wrapping key: two calls. Gives the blob's length. */
CK_ULONG bare_wrap(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key,
		   CK_BYTE out[BARE_BLOB_MAX]);

#endif
