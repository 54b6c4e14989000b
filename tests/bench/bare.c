/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bare.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 16

void bare_must(CK_RV rv, const char *what)
{
	if (rv == CKR_OK)
		return;
	fprintf(stderr, "bare: %s: 0x%lX\n", what, rv);
	exit(1);
}

CK_FUNCTION_LIST *bare_load(const char *path)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get = NULL;
	CK_FUNCTION_LIST *fn = NULL;

	if (module != NULL)
		*(void **)&get = dlsym(module, "C_GetFunctionList");
	bare_must(get == NULL ? CKR_GENERAL_ERROR : get(&fn), path);
	return fn;
}

static CK_SLOT_ID find_slot(CK_FUNCTION_LIST *fn, const char *label)
{
	CK_SLOT_ID slots[SLOTS];
	CK_ULONG n = SLOTS;
	CK_TOKEN_INFO info;

	bare_must(fn->C_GetSlotList(CK_TRUE, slots, &n), "C_GetSlotList");
	for (CK_ULONG i = 0; i < n; i++) {
		bare_must(fn->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
		if (memcmp(info.label, label, strlen(label)) == 0)
			return slots[i];
	}
	bare_must(CKR_TOKEN_NOT_PRESENT, label);
	return 0;
}

CK_OBJECT_HANDLE bare_find(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE s, char *label)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_ATTRIBUTE match[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, label, strlen(label)}};
	CK_OBJECT_HANDLE key = 0, more = 0;
	CK_BBOOL sensitive = CK_FALSE, extractable = CK_FALSE;
	CK_ULONG n = 0, type = 0, len = 0;
	CK_ATTRIBUTE facts[] = {{CKA_SENSITIVE, &sensitive, 1}, {CKA_EXTRACTABLE, &extractable, 1},
				{CKA_KEY_TYPE, &type, sizeof(type)}, {CKA_VALUE_LEN, &len, sizeof(len)}};

	bare_must(fn->C_FindObjectsInit(s, match, 2), "C_FindObjectsInit");
	bare_must(fn->C_FindObjects(s, &key, 1, &n), "C_FindObjects");
	bare_must(n == 1 ? CKR_OK : CKR_GENERAL_ERROR, label);
	bare_must(fn->C_FindObjects(s, &more, 1, &n), "C_FindObjects");
	bare_must(fn->C_FindObjectsFinal(s), "C_FindObjectsFinal");
	bare_must(fn->C_GetAttributeValue(s, key, facts, 4), "C_GetAttributeValue");
	return key;
}

size_t bare_modulus(const char *path, CK_BYTE out[BARE_MODULUS_MAX])
{
	FILE *f = fopen(path, "rb");
	size_t len = f != NULL ? fread(out, 1, BARE_MODULUS_MAX, f) : 0;

	if (f != NULL)
		fclose(f);
	bare_must(len > 0 ? CKR_OK : CKR_GENERAL_ERROR, path);
	return len;
}

CK_OBJECT_HANDLE bare_put(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE s, CK_BYTE *modulus, size_t len)
{
	static CK_BYTE exponent[] = {1, 0, 1};
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE a[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_KEY_TYPE, &type, sizeof(type)},
			    {CKA_TOKEN, &no, 1}, {CKA_PRIVATE, &no, 1}, {CKA_WRAP, &yes, 1}, {CKA_ENCRYPT, &no, 1},
			    {CKA_VERIFY, &no, 1}, {CKA_VERIFY_RECOVER, &no, 1}, {CKA_MODULUS, modulus, len},
			    {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}};
	CK_OBJECT_HANDLE key;

	bare_must(fn->C_CreateObject(s, a, sizeof(a) / sizeof(a[0]), &key), "C_CreateObject");
	return key;
}

CK_SESSION_HANDLE bare_begin(CK_FUNCTION_LIST *fn, const char *label, char *pin)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_SESSION_HANDLE s;

	bare_must(fn->C_Initialize(&args), "C_Initialize");
	bare_must(fn->C_OpenSession(find_slot(fn, label), CKF_SERIAL_SESSION, NULL, NULL, &s), "C_OpenSession");
	bare_must(fn->C_Login(s, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)), "C_Login");
	return s;
}

CK_ULONG bare_wrap(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key,
		   CK_BYTE out[BARE_BLOB_MAX])
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
	CK_MECHANISM mechanism = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
	CK_ULONG len = BARE_BLOB_MAX;

	bare_must(fn->C_WrapKey(s, &mechanism, with, key, out, &len), "C_WrapKey");
	bare_must(fn->C_DestroyObject(s, with), "C_DestroyObject");
	return len;
}

void bare_end(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE s)
{
	bare_must(fn->C_Logout(s), "C_Logout");
	bare_must(fn->C_CloseSession(s), "C_CloseSession");
	bare_must(fn->C_Finalize(NULL), "C_Finalize");
}
