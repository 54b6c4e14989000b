/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* Tokens on which a lock does not last. What PKCS#11 forbids the real one is done with a copy from before the lock. */
#include "relay_host.h"

#include <pthread.h>
#include <string.h>

#define TWINS 16

static struct twin {
	CK_OBJECT_HANDLE key, copy;
	bool stands_in; /* for the key, in every call */
} twins[TWINS];
static size_t n_twins;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* What the template sets an attribute to; -1 where it is not in it. */
static int sets(const struct relay_arg *a, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *v = a->data;

	for (CK_ULONG i = 0; v != NULL && i < a->n; i++)
		if (v[i].type == type && v[i].pValue != NULL && v[i].ulValueLen == sizeof(CK_BBOOL))
			return *(const CK_BBOOL *)v[i].pValue == CK_TRUE;
	return -1;
}

/* A copy that is as the key is. SoftHSM makes none without any template. */
static CK_RV copy_as_it_is(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE *out)
{
	CK_BBOOL kept = CK_FALSE;
	CK_ATTRIBUTE v = {CKA_TOKEN, &kept, sizeof(kept)};
	CK_RV rv = fn->C_GetAttributeValue(session, key, &v, 1);

	return rv == CKR_OK ? fn->C_CopyObject(session, key, &v, 1, out) : rv;
}

static struct twin *twin_of(CK_OBJECT_HANDLE key)
{
	for (size_t i = 0; i < n_twins; i++)
		if (twins[i].key == key)
			return &twins[i];
	return NULL;
}

static void keep_twin(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	CK_OBJECT_HANDLE copy;

	if (twin_of(key) == NULL && n_twins < TWINS && copy_as_it_is(fn, session, key, &copy) == CKR_OK)
		twins[n_twins++] = (struct twin){key, copy, false};
}

/* The argument that names the key; NULL where none does. */
static CK_ULONG *key_of(struct relay_call *c)
{
	switch (c->function) {
	case RELAY_C_CopyObject:
	case RELAY_C_DestroyObject:
	case RELAY_C_GetAttributeValue:
	case RELAY_C_SetAttributeValue:
		return &c->args[1].number;
	case RELAY_C_WrapKey:
		return &c->args[3].number;
	default:
		return NULL;
	}
}

void relay_undo_prepare(CK_FUNCTION_LIST *fn, struct relay_call *c)
{
	CK_ULONG *key = key_of(c);
	struct twin *twin;

	if (key == NULL)
		return;
	pthread_mutex_lock(&lock);
	if (c->function == RELAY_C_SetAttributeValue && sets(&c->args[2], CKA_EXTRACTABLE) == 0)
		keep_twin(fn, c->args[0].number, *key);
	twin = twin_of(*key);
	if (twin != NULL && c->function == RELAY_C_DestroyObject) {
		fn->C_DestroyObject(c->args[0].number, twin->copy);
		*twin = twins[--n_twins];
	} else if (twin != NULL && twin->stands_in) {
		*key = twin->copy;
	}
	pthread_mutex_unlock(&lock);
}

CK_RV relay_undo(CK_FUNCTION_LIST *fn, struct relay_call *c)
{
	struct twin *twin;
	CK_RV rv;

	if (sets(&c->args[2], CKA_EXTRACTABLE) != 1)
		return relay_invoke(fn, c);
	pthread_mutex_lock(&lock);
	twin = twin_of(c->args[1].number);
	rv = twin != NULL ? CKR_OK : CKR_FUNCTION_FAILED;
	if (twin != NULL && c->function == RELAY_C_CopyObject) {
		rv = copy_as_it_is(fn, c->args[0].number, twin->copy, &c->args[3].number);
		if (rv == CKR_OK)
			relay_note_made(c->args[3].number);
	} else if (twin != NULL) {
		twin->stands_in = true;
	}
	pthread_mutex_unlock(&lock);
	return rv;
}

CK_RV relay_deaf(CK_FUNCTION_LIST *fn, struct relay_call *c)
{
	CK_RV rv;

	if (c->function != RELAY_C_CopyObject)
		return relay_invoke(fn, c);
	rv = copy_as_it_is(fn, c->args[0].number, c->args[1].number, &c->args[3].number);
	if (rv == CKR_OK)
		relay_note_made(c->args[3].number);
	return rv;
}
