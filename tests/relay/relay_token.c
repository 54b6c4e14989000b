/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* Tokens and hosts that SoftHSM is not: other flags, no session objects, a keypad for the PIN, somebody logged in already. */
#include "relay_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIN_ROOM 256
#define SLOTS 16

static _Atomic CK_SESSION_HANDLE last_session;

void relay_note_session(const struct relay_call *c)
{
	if (c->function == RELAY_C_OpenSession && c->rv == CKR_OK)
		last_session = c->args[2].number;
}

CK_RV relay_same(CK_FUNCTION_LIST *fn, struct relay_call *c)
{
	if (c->function != RELAY_C_OpenSession || last_session == 0)
		return relay_invoke(fn, c);
	c->args[2].number = last_session;
	return CKR_OK;
}

void relay_flags(struct relay_call *c, const struct relay_rule *rule)
{
	CK_TOKEN_INFO *info = c->args[1].data;

	if (c->function == RELAY_C_GetTokenInfo && c->rv == CKR_OK && info != NULL)
		info->flags = (info->flags | rule->set) & ~rule->clear;
}

CK_RV relay_drop(CK_FUNCTION_LIST *fn, struct relay_call *c, const struct relay_rule *rule)
{
	struct relay_arg *a = &c->args[1];
	CK_ATTRIBUTE *v = a->data;
	CK_ULONG kept = 0;

	for (CK_ULONG i = 0; c->function == RELAY_C_CreateObject && v != NULL && i < a->n; i++)
		if (v[i].type != rule->code)
			v[kept++] = v[i];
	if (c->function == RELAY_C_CreateObject && v != NULL)
		a->n = kept;
	return relay_invoke(fn, c);
}

static bool is_kept(const CK_ATTRIBUTE *v, CK_ULONG n)
{
	for (CK_ULONG i = 0; i < n; i++)
		if (v[i].type == CKA_TOKEN && v[i].ulValueLen == sizeof(CK_BBOOL) && v[i].pValue != NULL)
			return *(const CK_BBOOL *)v[i].pValue == CK_TRUE;
	return false;
}

bool relay_is_of_session(const struct relay_call *c)
{
	for (size_t i = 0; i < c->n && c->function != RELAY_C_SetAttributeValue && c->function != RELAY_C_CopyObject; i++)
		if (c->args[i].kind == 'A' && !is_kept(c->args[i].data, c->args[i].n))
			return true;
	return false;
}

/* The first line of the file that the variable names; its length, 0 for none. */
static CK_ULONG pin_of(const char *variable, char room[PIN_ROOM])
{
	const char *path = getenv(variable);
	FILE *f = path != NULL ? fopen(path, "re") : NULL;

	room[0] = '\0';
	if (f != NULL && fgets(room, PIN_ROOM, f) == NULL)
		room[0] = '\0';
	if (f != NULL)
		fclose(f);
	room[strcspn(room, "\n")] = '\0';
	return strlen(room);
}

void relay_log_in_first(CK_FUNCTION_LIST *fn)
{
	CK_SLOT_ID slots[SLOTS];
	CK_ULONG n = SLOTS;
	char pin[PIN_ROOM];
	CK_ULONG len = pin_of("KEYHAUL_RELAY_LOGGED_IN", pin);

	if (len == 0 || fn->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
		return;
	for (CK_ULONG i = 0; i < n; i++) {
		CK_SESSION_HANDLE session; /* stays open: the login ends with the last one */

		if (fn->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL, &session) == CKR_OK)
			fn->C_Login(session, CKU_USER, (CK_UTF8CHAR *)pin, len);
	}
	explicit_bzero(pin, sizeof(pin));
}

CK_RV relay_keypad(CK_FUNCTION_LIST *fn, struct relay_call *c)
{
	char pin[PIN_ROOM];
	CK_ULONG len = pin_of("KEYHAUL_RELAY_KEYPAD", pin);
	CK_RV rv;

	if (len == 0 || c->args[2].data != NULL)
		return relay_invoke(fn, c);
	rv = fn->C_Login(c->args[0].number, c->args[1].number, (CK_UTF8CHAR *)pin, len);
	explicit_bzero(pin, sizeof(pin));
	return rv;
}
