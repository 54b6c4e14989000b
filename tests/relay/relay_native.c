/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* A token that has CKM_RSA_AES_KEY_WRAP, which neither SoftHSM nor NSS has; and what a key is, for the rules. */
#include "relay_host.h"

#include <string.h>

bool relay_is_native(const struct relay_call *c)
{
	const CK_MECHANISM *mechanism = c->args[1].data;

	switch (c->function) {
	case RELAY_C_GetMechanismList:
		return true;
	case RELAY_C_GetMechanismInfo:
		return c->args[1].number == CKM_RSA_AES_KEY_WRAP;
	case RELAY_C_WrapKey:
		return mechanism != NULL && mechanism->mechanism == CKM_RSA_AES_KEY_WRAP;
	default:
		return false;
	}
}

static CK_RV list_one_more(CK_FUNCTION_LIST *fn, struct relay_call *c)
{
	struct relay_arg *a = &c->args[1];
	CK_MECHANISM_TYPE *list = a->data;
	CK_RV rv = relay_invoke(fn, c);

	if (rv != CKR_OK)
		return rv;
	if (list != NULL && a->filled == a->n)
		return CKR_BUFFER_TOO_SMALL;
	if (list != NULL)
		list[a->filled++] = CKM_RSA_AES_KEY_WRAP;
	a->number++;
	return CKR_OK;
}

static bool is_true(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = CK_FALSE;
	CK_ATTRIBUTE v = {type, &value, sizeof(value)};

	return fn->C_GetAttributeValue(session, object, &v, 1) == CKR_OK && value == CK_TRUE;
}

/* What the real token would see to by itself. */
static CK_RV may_wrap(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key)
{
	if (!is_true(fn, session, key, CKA_EXTRACTABLE))
		return CKR_KEY_UNEXTRACTABLE;
	if (is_true(fn, session, key, CKA_WRAP_WITH_TRUSTED) && !is_true(fn, session, with, CKA_TRUSTED))
		return CKR_KEY_NOT_WRAPPABLE;
	return CKR_OK;
}

CK_RV relay_native(CK_FUNCTION_LIST *fn, struct relay_call *c)
{
	static const CK_MECHANISM_INFO info = {1024, 16384, CKF_WRAP | CKF_UNWRAP};
	CK_RV rv;

	if (c->function == RELAY_C_GetMechanismList)
		return list_one_more(fn, c);
	if (c->function == RELAY_C_WrapKey) {
		rv = may_wrap(fn, c->args[0].number, c->args[2].number, c->args[3].number);
		return rv == CKR_OK ? relay_lie(fn, c, RELAY_CODE, true) : rv; /* no lie at all */
	}
	memcpy(c->args[2].data, &info, sizeof(info));
	return CKR_OK;
}

static CK_ULONG curve_bits(const unsigned char *oid, CK_ULONG len)
{
	unsigned char last = len > 0 ? oid[len - 1] : 0;

	return last == 0x22 ? 384 : last == 0x23 ? 521 : 256;
}

void relay_subject_of(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, struct relay_subject *out)
{
	unsigned char bytes[1024];
	CK_ULONG len = 0;
	CK_ATTRIBUTE type = {CKA_KEY_TYPE, &out->type, sizeof(out->type)};
	CK_ATTRIBUTE modulus = {CKA_MODULUS, bytes, sizeof(bytes)}, params = {CKA_EC_PARAMS, bytes, sizeof(bytes)};
	CK_ATTRIBUTE value_len = {CKA_VALUE_LEN, &len, sizeof(len)};

	out->bits = 0;
	if (fn->C_GetAttributeValue(session, key, &type, 1) != CKR_OK) {
		out->type = RELAY_ANY_KEY;
	} else if (out->type == CKK_RSA) {
		if (fn->C_GetAttributeValue(session, key, &modulus, 1) == CKR_OK)
			out->bits = 8 * modulus.ulValueLen;
	} else if (out->type == CKK_EC) {
		if (fn->C_GetAttributeValue(session, key, &params, 1) == CKR_OK)
			out->bits = curve_bits(bytes, params.ulValueLen);
	} else {
		out->type = CKK_GENERIC_SECRET;
		if (fn->C_GetAttributeValue(session, key, &value_len, 1) == CKR_OK)
			out->bits = 8 * len;
	}
}
