/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * The smallest program that makes the PKCS#11 calls of one wrap of a secret key, and nothing else:
 *
 *	smallest_wrap MODULE TOKEN_LABEL PIN KEY_LABEL MODULUS_FILE OUT
 */
#include "bare.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	CK_BYTE modulus[BARE_MODULUS_MAX], blob[BARE_BLOB_MAX];
	CK_FUNCTION_LIST *fn;
	CK_SESSION_HANDLE s;
	CK_OBJECT_HANDLE key;
	CK_ULONG len;
	FILE *out;

	if (argc != 7)
		return 2;
	fn = bare_load(argv[1]);
	s = bare_begin(fn, argv[2], argv[3]);
	key = bare_find(fn, s, argv[4]);
	len = bare_wrap(fn, s, bare_put(fn, s, modulus, bare_modulus(argv[5], modulus)), key, blob);
	bare_end(fn, s);
	out = fopen(argv[6], "wb");
	if (out == NULL || fwrite(blob, 1, len, out) != len || fclose(out) != 0)
		return 1;
	return 0;
}
