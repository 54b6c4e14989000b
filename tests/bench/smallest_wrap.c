/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * The smallest program that makes the PKCS#11 calls of one wrap of a secret key, and nothing else:
 *
 *	smallest_wrap MODULE TOKEN_LABEL PIN KEY_LABEL MODULUS_FILE OUT
 *
 * It checks every code, for no measure of a wrap that failed.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 16

static void must(CK_RV rv, const char *what)
{
	if (rv == CKR_OK)
		return;
	fprintf(stderr, "smallest_wrap: %s: 0x%lX\n", what, rv);
	exit(1);
}

static CK_FUNCTION_LIST *load(const char *path)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get = NULL;
	CK_FUNCTION_LIST *fn = NULL;

	if (module != NULL)
		*(void **)&get = dlsym(module, "C_GetFunctionList");
	must(get == NULL ? CKR_GENERAL_ERROR : get(&fn), path);
	return fn;
}

static CK_SLOT_ID find_slot(CK_FUNCTION_LIST *fn, const char *label)
{
	CK_SLOT_ID slots[SLOTS];
	CK_ULONG n = SLOTS;
	CK_TOKEN_INFO info;

	must(fn->C_GetSlotList(CK_TRUE, slots, &n), "C_GetSlotList");
	for (CK_ULONG i = 0; i < n; i++) {
		must(fn->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
		if (memcmp(info.label, label, strlen(label)) == 0)
			return slots[i];
	}
	must(CKR_TOKEN_NOT_PRESENT, label);
	return 0;
}

static CK_OBJECT_HANDLE find_key(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE s, char *label)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_ATTRIBUTE match[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, label, strlen(label)}};
	CK_OBJECT_HANDLE key = 0, more = 0;
	CK_BBOOL sensitive = CK_FALSE, extractable = CK_FALSE;
	CK_ULONG n = 0, type = 0, len = 0;
	CK_ATTRIBUTE facts[] = {{CKA_SENSITIVE, &sensitive, 1}, {CKA_EXTRACTABLE, &extractable, 1},
				{CKA_KEY_TYPE, &type, sizeof(type)}, {CKA_VALUE_LEN, &len, sizeof(len)}};

	must(fn->C_FindObjectsInit(s, match, 2), "C_FindObjectsInit");
	must(fn->C_FindObjects(s, &key, 1, &n), "C_FindObjects");
	must(n == 1 ? CKR_OK : CKR_GENERAL_ERROR, label);
	must(fn->C_FindObjects(s, &more, 1, &n), "C_FindObjects");
	must(fn->C_FindObjectsFinal(s), "C_FindObjectsFinal");
	must(fn->C_GetAttributeValue(s, key, facts, 4), "C_GetAttributeValue");
	return key;
}

static CK_OBJECT_HANDLE put_key(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE s, const char *path)
{
	static CK_BYTE modulus[512], exponent[] = {1, 0, 1};
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	FILE *f = fopen(path, "rb");
	size_t len = f != NULL ? fread(modulus, 1, sizeof(modulus), f) : 0;
	CK_ATTRIBUTE a[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_KEY_TYPE, &type, sizeof(type)},
			    {CKA_TOKEN, &no, 1}, {CKA_PRIVATE, &no, 1}, {CKA_WRAP, &yes, 1}, {CKA_ENCRYPT, &no, 1},
			    {CKA_VERIFY, &no, 1}, {CKA_VERIFY_RECOVER, &no, 1}, {CKA_MODULUS, modulus, len},
			    {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}};
	CK_OBJECT_HANDLE key;

	if (f != NULL)
		fclose(f);
	must(fn->C_CreateObject(s, a, sizeof(a) / sizeof(a[0]), &key), "C_CreateObject");
	return key;
}

int main(int argc, char **argv)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
	CK_MECHANISM mechanism = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_FUNCTION_LIST *fn;
	CK_SESSION_HANDLE s;
	CK_OBJECT_HANDLE key, with;
	CK_BYTE blob[8192];
	CK_ULONG len = sizeof(blob);
	FILE *out;

	if (argc != 7)
		return 2;
	fn = load(argv[1]);
	must(fn->C_Initialize(&args), "C_Initialize");
	must(fn->C_OpenSession(find_slot(fn, argv[2]), CKF_SERIAL_SESSION, NULL, NULL, &s), "C_OpenSession");
	must(fn->C_Login(s, CKU_USER, (CK_UTF8CHAR *)argv[3], strlen(argv[3])), "C_Login");
	key = find_key(fn, s, argv[4]);
	with = put_key(fn, s, argv[5]);
	must(fn->C_WrapKey(s, &mechanism, with, key, blob, &len), "C_WrapKey");
	must(fn->C_DestroyObject(s, with), "C_DestroyObject");
	must(fn->C_Logout(s), "C_Logout");
	must(fn->C_CloseSession(s), "C_CloseSession");
	must(fn->C_Finalize(NULL), "C_Finalize");
	out = fopen(argv[6], "wb");
	if (out == NULL || fwrite(blob, 1, len, out) != len || fclose(out) != 0)
		return 1;
	return 0;
}
