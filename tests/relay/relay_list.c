/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* The function list that relay.so gives out. What is not passed on is CKR_FUNCTION_NOT_SUPPORTED. */
#include "relay_module.h"

#include <string.h>

static CK_RV pass_initialize(void *init_args)
{
	const CK_C_INITIALIZE_ARGS *args = init_args;
	char *text = args != NULL ? args->pReserved : NULL; /* NSS's way: a string */

	return relay_pass(RELAY_C_Initialize, text, (CK_ULONG)(text != NULL ? strlen(text) + 1 : 0));
}

static CK_RV pass_finalize(void *reserved)
{
	CK_RV rv = relay_pass(RELAY_C_Finalize);

	(void)reserved;
	if (rv == CKR_OK)
		relay_end();
	return rv;
}

static CK_RV pass_info(CK_INFO *info)
{
	return relay_pass(RELAY_C_GetInfo, info, (CK_ULONG)sizeof(*info));
}

static CK_RV pass_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n)
{
	return relay_pass(RELAY_C_GetSlotList, (CK_ULONG)present, slots, n);
}

static CK_RV pass_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	return relay_pass(RELAY_C_GetSlotInfo, slot, info, (CK_ULONG)sizeof(*info));
}

static CK_RV pass_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	return relay_pass(RELAY_C_GetTokenInfo, slot, info, (CK_ULONG)sizeof(*info));
}

static CK_RV pass_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *n)
{
	return relay_pass(RELAY_C_GetMechanismList, slot, list, n);
}

static CK_RV pass_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	return relay_pass(RELAY_C_GetMechanismInfo, slot, type, info, (CK_ULONG)sizeof(*info));
}

static CK_RV pass_open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify, CK_SESSION_HANDLE *out)
{
	(void)app;
	(void)notify;
	return relay_pass(RELAY_C_OpenSession, slot, flags, out);
}

static CK_RV pass_close_session(CK_SESSION_HANDLE session)
{
	return relay_pass(RELAY_C_CloseSession, session);
}

static CK_RV pass_close_all_sessions(CK_SLOT_ID slot)
{
	return relay_pass(RELAY_C_CloseAllSessions, slot);
}

static CK_RV pass_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
	return relay_pass(RELAY_C_GetSessionInfo, session, info, (CK_ULONG)sizeof(*info));
}

static CK_RV pass_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
	return relay_pass(RELAY_C_Login, session, user, pin, len);
}

static CK_RV pass_logout(CK_SESSION_HANDLE session)
{
	return relay_pass(RELAY_C_Logout, session);
}

static CK_RV pass_create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *v, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	return relay_pass(RELAY_C_CreateObject, session, v, n, out);
}

static CK_RV pass_copy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *v, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	return relay_pass(RELAY_C_CopyObject, session, object, v, n, out);
}

static CK_RV pass_destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	return relay_pass(RELAY_C_DestroyObject, session, object);
}

static CK_RV pass_get(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *v, CK_ULONG n)
{
	return relay_pass(RELAY_C_GetAttributeValue, session, object, v, n);
}

static CK_RV pass_set(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *v, CK_ULONG n)
{
	return relay_pass(RELAY_C_SetAttributeValue, session, object, v, n);
}

static CK_RV pass_find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *v, CK_ULONG n)
{
	return relay_pass(RELAY_C_FindObjectsInit, session, v, n);
}

static CK_RV pass_find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out, CK_ULONG most, CK_ULONG *n)
{
	return relay_pass(RELAY_C_FindObjects, session, out, most, n);
}

static CK_RV pass_find_final(CK_SESSION_HANDLE session)
{
	return relay_pass(RELAY_C_FindObjectsFinal, session);
}

static CK_RV pass_encrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	return relay_pass(RELAY_C_EncryptInit, session, m, key);
}

static CK_RV pass_encrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG len, CK_BYTE *out, CK_ULONG *n)
{
	return relay_pass(RELAY_C_Encrypt, session, in, len, out, n);
}

static CK_RV pass_decrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	return relay_pass(RELAY_C_DecryptInit, session, m, key);
}

static CK_RV pass_decrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG len, CK_BYTE *out, CK_ULONG *n)
{
	return relay_pass(RELAY_C_Decrypt, session, in, len, out, n);
}

static CK_RV pass_sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	return relay_pass(RELAY_C_SignInit, session, m, key);
}

static CK_RV pass_sign(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG len, CK_BYTE *out, CK_ULONG *n)
{
	return relay_pass(RELAY_C_Sign, session, in, len, out, n);
}

static CK_RV pass_generate(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_ATTRIBUTE *v, CK_ULONG n,
			   CK_OBJECT_HANDLE *out)
{
	return relay_pass(RELAY_C_GenerateKey, session, m, v, n, out);
}

static CK_RV pass_generate_pair(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_ATTRIBUTE *pub, CK_ULONG n_pub,
				CK_ATTRIBUTE *priv, CK_ULONG n_priv, CK_OBJECT_HANDLE *out_pub,
				CK_OBJECT_HANDLE *out_priv)
{
	return relay_pass(RELAY_C_GenerateKeyPair, session, m, pub, n_pub, priv, n_priv, out_pub, out_priv);
}

static CK_RV pass_wrap(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key,
		       CK_BYTE *out, CK_ULONG *n)
{
	return relay_pass(RELAY_C_WrapKey, session, m, with, key, out, n);
}

static CK_RV pass_unwrap(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE with, CK_BYTE *in, CK_ULONG len,
			 CK_ATTRIBUTE *v, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	return relay_pass(RELAY_C_UnwrapKey, session, m, with, in, len, v, n, out);
}

static CK_RV pass_random(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG n)
{
	return relay_pass(RELAY_C_GenerateRandom, session, out, n);
}

static CK_RV not_supported(void)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	static CK_FUNCTION_LIST list = {.version = {2, 40},
		.C_Initialize = pass_initialize, .C_Finalize = pass_finalize, .C_GetInfo = pass_info,
		.C_GetFunctionList = C_GetFunctionList, .C_GetSlotList = pass_slot_list,
		.C_GetSlotInfo = pass_slot_info, .C_GetTokenInfo = pass_token_info,
		.C_GetMechanismList = pass_mechanism_list, .C_GetMechanismInfo = pass_mechanism_info,
		.C_OpenSession = pass_open_session, .C_CloseSession = pass_close_session,
		.C_CloseAllSessions = pass_close_all_sessions, .C_GetSessionInfo = pass_session_info,
		.C_Login = pass_login, .C_Logout = pass_logout, .C_CreateObject = pass_create,
		.C_CopyObject = pass_copy, .C_DestroyObject = pass_destroy, .C_GetAttributeValue = pass_get,
		.C_SetAttributeValue = pass_set,
		.C_FindObjectsInit = pass_find_init, .C_FindObjects = pass_find, .C_FindObjectsFinal = pass_find_final,
		.C_EncryptInit = pass_encrypt_init, .C_Encrypt = pass_encrypt, .C_DecryptInit = pass_decrypt_init,
		.C_Decrypt = pass_decrypt, .C_SignInit = pass_sign_init, .C_Sign = pass_sign,
		.C_GenerateKey = pass_generate, .C_GenerateKeyPair = pass_generate_pair, .C_WrapKey = pass_wrap,
		.C_UnwrapKey = pass_unwrap, .C_GenerateRandom = pass_random,
	};
	const size_t head = offsetof(CK_FUNCTION_LIST, C_Initialize);
	CK_RV (*const refuse)(void) = not_supported;
	void *none = NULL;

	if (out == NULL)
		return CKR_ARGUMENTS_BAD;
	/* all of them are pointers (PKCS#11 v3.1 section 3.6); a caller may not find a hole */
	for (size_t at = head; at + sizeof(none) <= sizeof(list); at += sizeof(none))
		if (memcmp((char *)&list + at, &none, sizeof(none)) == 0)
			memcpy((char *)&list + at, &refuse, sizeof(refuse));
	*out = &list;
	return CKR_OK;
}
