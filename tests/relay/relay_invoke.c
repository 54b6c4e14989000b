/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* The call on the real module, and its lengths when they are to be false. */
#include "relay_host.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define U(i) (a[i].number)
#define D(i) (a[i].data)
#define N(i) (a[i].n)
#define OUT(i) (&a[i].number)

static pthread_mutex_t made_lock = PTHREAD_MUTEX_INITIALIZER;
static CK_OBJECT_HANDLE made[4096];
static size_t n_made;
static bool serial;

void relay_note_made(CK_OBJECT_HANDLE object)
{
	bool again = false; /* NSS's copy of what is kept is the object itself */

	pthread_mutex_lock(&made_lock);
	for (size_t i = 0; i < n_made; i++)
		again |= made[i] == object;
	if (n_made == sizeof(made) / sizeof(made[0]))
		abort();
	if (!again)
		made[n_made++] = object;
	pthread_mutex_unlock(&made_lock);
}

static void note_destroyed(CK_OBJECT_HANDLE object)
{
	pthread_mutex_lock(&made_lock);
	for (size_t i = 0; i < n_made; i++)
		if (made[i] == object) {
			made[i] = made[--n_made];
			break;
		}
	pthread_mutex_unlock(&made_lock);
}

bool relay_is_serial(void)
{
	return serial;
}

unsigned long relay_left(void)
{
	return n_made;
}

static CK_RV initialize(CK_FUNCTION_LIST *fn, const struct relay_arg *a)
{
	static char text[4096]; /* some modules keep the pointer */
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_RV rv;

	if (a[0].data != NULL && a[0].n <= sizeof(text)) {
		memcpy(text, a[0].data, a[0].n);
		args.pReserved = text;
	}
	rv = fn->C_Initialize(&args);
	if (rv != CKR_CANT_LOCK)
		return rv;
	serial = true;
	args.flags = 0;
	return fn->C_Initialize(&args);
}

static CK_RV about_slots(CK_FUNCTION_LIST *fn, enum relay_function function, struct relay_arg *a)
{
	switch (function) {
	case RELAY_C_Initialize:
		return initialize(fn, a);
	case RELAY_C_Finalize:
		return fn->C_Finalize(NULL);
	case RELAY_C_GetInfo:
		return fn->C_GetInfo(D(0));
	case RELAY_C_GetSlotList:
		return fn->C_GetSlotList((CK_BBOOL)U(0), D(1), OUT(1));
	case RELAY_C_GetSlotInfo:
		return fn->C_GetSlotInfo(U(0), D(1));
	case RELAY_C_GetTokenInfo:
		return fn->C_GetTokenInfo(U(0), D(1));
	case RELAY_C_GetMechanismList:
		return fn->C_GetMechanismList(U(0), D(1), OUT(1));
	case RELAY_C_GetMechanismInfo:
		return fn->C_GetMechanismInfo(U(0), U(1), D(2));
	case RELAY_C_OpenSession:
		return fn->C_OpenSession(U(0), U(1), NULL, NULL, OUT(2));
	case RELAY_C_CloseSession:
		return fn->C_CloseSession(U(0));
	case RELAY_C_CloseAllSessions:
		return fn->C_CloseAllSessions(U(0));
	case RELAY_C_GetSessionInfo:
		return fn->C_GetSessionInfo(U(0), D(1));
	case RELAY_C_Login:
		return fn->C_Login(U(0), U(1), D(2), N(2));
	case RELAY_C_Logout:
		return fn->C_Logout(U(0));
	default:
		return CKR_FUNCTION_NOT_SUPPORTED;
	}
}

static CK_RV about_objects(CK_FUNCTION_LIST *fn, enum relay_function function, struct relay_arg *a)
{
	switch (function) {
	case RELAY_C_CreateObject:
		return fn->C_CreateObject(U(0), D(1), N(1), OUT(2));
	case RELAY_C_CopyObject:
		return fn->C_CopyObject(U(0), U(1), D(2), N(2), OUT(3));
	case RELAY_C_DestroyObject:
		return fn->C_DestroyObject(U(0), U(1));
	case RELAY_C_GetAttributeValue:
		return fn->C_GetAttributeValue(U(0), U(1), D(2), N(2));
	case RELAY_C_SetAttributeValue:
		return fn->C_SetAttributeValue(U(0), U(1), D(2), N(2));
	case RELAY_C_FindObjectsInit:
		return fn->C_FindObjectsInit(U(0), D(1), N(1));
	case RELAY_C_FindObjects:
		return fn->C_FindObjects(U(0), D(1), N(1), OUT(1));
	case RELAY_C_FindObjectsFinal:
		return fn->C_FindObjectsFinal(U(0));
	case RELAY_C_EncryptInit:
		return fn->C_EncryptInit(U(0), D(1), U(2));
	case RELAY_C_Encrypt:
		return fn->C_Encrypt(U(0), D(1), N(1), D(2), OUT(2));
	case RELAY_C_DecryptInit:
		return fn->C_DecryptInit(U(0), D(1), U(2));
	case RELAY_C_Decrypt:
		return fn->C_Decrypt(U(0), D(1), N(1), D(2), OUT(2));
	case RELAY_C_SignInit:
		return fn->C_SignInit(U(0), D(1), U(2));
	case RELAY_C_Sign:
		return fn->C_Sign(U(0), D(1), N(1), D(2), OUT(2));
	case RELAY_C_GenerateKey:
		return fn->C_GenerateKey(U(0), D(1), D(2), N(2), OUT(3));
	case RELAY_C_GenerateKeyPair:
		return fn->C_GenerateKeyPair(U(0), D(1), D(2), N(2), D(3), N(3), OUT(4), OUT(5));
	case RELAY_C_WrapKey:
		return fn->C_WrapKey(U(0), D(1), U(2), U(3), D(4), OUT(4));
	case RELAY_C_UnwrapKey:
		return fn->C_UnwrapKey(U(0), D(1), U(2), D(3), N(3), D(4), N(4), OUT(5));
	case RELAY_C_GenerateRandom:
		return fn->C_GenerateRandom(U(0), D(1), N(1));
	default:
		return CKR_FUNCTION_NOT_SUPPORTED;
	}
}

CK_RV relay_invoke(CK_FUNCTION_LIST *fn, struct relay_call *c)
{
	struct relay_arg *a = c->args;
	CK_RV rv = c->function < RELAY_C_CreateObject ? about_slots(fn, c->function, a)
						      : about_objects(fn, c->function, a);

	for (size_t i = 0; i < c->n && rv == CKR_OK; i++) {
		if (strchr("BLF", a[i].kind) != NULL && a[i].data != NULL && U(i) <= N(i))
			a[i].filled = U(i);
		if (a[i].kind == 'h' && c->function != RELAY_C_OpenSession)
			relay_note_made(U(i));
	}
	if (rv == CKR_OK && c->function == RELAY_C_DestroyObject)
		note_destroyed(U(1));
	return rv;
}

static CK_ULONG falsify(CK_ULONG n, enum relay_action action)
{
	switch (action) {
	case RELAY_LENGTH_ZERO:
		return 0;
	case RELAY_LENGTH_HUGE:
		return 1UL << 62;
	case RELAY_LENGTH_LESS:
		return n > 0 ? n - 1 : 0;
	default:
		return n + 1;
	}
}

void relay_length(struct relay_call *c, enum relay_action action)
{
	for (size_t i = 0; i < c->n; i++) {
		struct relay_arg *a = &c->args[i];
		CK_ATTRIBUTE *v = a->data;

		if (strchr("BLF", a->kind) != NULL)
			a->number = falsify(a->number, action);
		for (CK_ULONG k = 0; a->kind == 'G' && v != NULL && k < a->n; k++)
			if (v[k].ulValueLen != CK_UNAVAILABLE_INFORMATION)
				v[k].ulValueLen = falsify(v[k].ulValueLen, action);
	}
}
