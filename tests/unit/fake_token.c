/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fake_token.h"

#include <string.h>

struct fake fake;

static struct {
	CK_ATTRIBUTE match[8];
	CK_ULONG n, at;
} search;

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *out, CK_ULONG *n)
{
	(void)present;
	for (size_t i = 0; out && i < fake.n_slots && i < *n; i++)
		out[i] = i;
	*n = out && fake.gave_slots ? fake.gave_slots : fake.said_slots ? fake.said_slots : fake.n_slots;
	return CKR_OK;
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *out)
{
	(void)slot;
	memset(out, 0, sizeof(*out));
	out->flags = fake.slot_flags;
	return CKR_OK;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *out)
{
	if (slot == fake.failing_slot || slot >= fake.n_slots)
		return CKR_DEVICE_ERROR;
	*out = fake.infos[slot];
	return CKR_OK;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify, CK_SESSION_HANDLE *out)
{
	(void)slot;
	(void)app;
	(void)notify;
	fake.opens += fake.open == CKR_OK;
	fake.open_flags = flags;
	*out = 77;
	return fake.open;
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
	(void)session;
	fake.closes++;
	return CKR_OK;
}

static CK_RV get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *out)
{
	(void)session;
	memset(out, 0, sizeof(*out));
	out->state = fake.state;
	return fake.session_info;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG len)
{
	(void)session;
	fake.logins++;
	fake.login_pin_was_null = !pin && !len && user == CKU_USER;
	if (pin && len < sizeof(fake.login_pin))
		memcpy(fake.login_pin, pin, len);
	return fake.login;
}

static CK_RV logout(CK_SESSION_HANDLE session)
{
	(void)session;
	fake.logouts++;
	return CKR_OK;
}

struct fake_attribute *fake_get(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	struct fake_object *o = &fake.objects[object - 1];

	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].type == type)
			return &o->v[i];
	return NULL;
}

static CK_RV get_one(const struct fake_attribute *a, CK_ATTRIBUTE *out)
{
	CK_ULONG room = out->ulValueLen;

	out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
	if (!a)
		return CKR_ATTRIBUTE_TYPE_INVALID;
	if (a->rv != CKR_OK)
		return a->rv;
	if (out->pValue && room < a->len)
		return CKR_BUFFER_TOO_SMALL;
	out->ulValueLen = a->said_len ? a->said_len : a->len;
	if (a->unwritten)
		out->ulValueLen = room;
	else if (out->pValue)
		memcpy(out->pValue, a->value, a->told && a->told_bytes < a->len ? a->told_bytes : a->len);
	return CKR_OK;
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *v, CK_ULONG n)
{
	CK_RV worst = fake.get;

	(void)session;
	if (object == 0 || object > FAKE_OBJECTS || !fake.objects[object - 1].used)
		return CKR_OBJECT_HANDLE_INVALID;
	for (CK_ULONG i = 0; i < n && fake.get == CKR_OK; i++) {
		CK_ULONG room = v[i].ulValueLen;
		CK_RV rv = get_one(fake_get(object, v[i].type), &v[i]);

		worst = rv != CKR_OK ? rv : worst;
		if (rv != CKR_OK && fake.stops_early) {
			v[i].ulValueLen = room;
			break;
		}
	}
	return worst;
}

static CK_RV set_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *v, CK_ULONG n)
{
	(void)session;
	for (CK_ULONG i = 0; i < n && fake.set == CKR_OK; i++)
		fake_set(object, v[i].type, v[i].pValue, v[i].ulValueLen);
	return fake.set;
}

static bool fits(CK_OBJECT_HANDLE object)
{
	for (CK_ULONG i = 0; i < search.n; i++) {
		const struct fake_attribute *a = fake_get(object, search.match[i].type);

		if (search.match[i].type == fake.passes_over)
			continue;
		if (!a || a->len != search.match[i].ulValueLen || memcmp(a->value, search.match[i].pValue, a->len) != 0)
			return false;
	}
	return true;
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *match, CK_ULONG n)
{
	(void)session;
	if (fake.find_init != CKR_OK)
		return fake.find_init;
	if (fake.finds_open != fake.finds_closed)
		return CKR_OPERATION_ACTIVE;
	memcpy(search.match, match, n * sizeof(*match));
	search.n = n;
	search.at = 0;
	fake.finds_open++;
	return CKR_OK;
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out, CK_ULONG max, CK_ULONG *n)
{
	(void)session;
	*n = 0;
	for (; search.at < FAKE_OBJECTS && *n < max; search.at++)
		if (fake.objects[search.at].used && fits(search.at + 1))
			out[(*n)++] = search.at + 1;
	if (fake.find_times > 0 && --fake.find_times > 0)
		search.at = 1;
	if (fake.find_forever || fake.find_times > 0)
		for (*n = 0; *n < max; (*n)++)
			out[*n] = 1;
	if (fake.find_says)
		*n = fake.find_says;
	return CKR_OK;
}

static CK_RV find_final(CK_SESSION_HANDLE session)
{
	(void)session;
	fake.finds_closed++;
	return CKR_OK;
}

static CK_OBJECT_HANDLE made_from(const CK_ATTRIBUTE *v, CK_ULONG n)
{
	CK_OBJECT_HANDLE object = fake_object();

	for (CK_ULONG i = 0; i < n; i++)
		fake_set(object, v[i].type, v[i].pValue, v[i].ulValueLen);
	if (fake.ignores_sensitive && fake_get(object, CKA_SENSITIVE))
		fake_set_bool(object, CKA_SENSITIVE, false);
	if (fake.hides_sensitive && fake_get(object, CKA_SENSITIVE))
		fake_get(object, CKA_SENSITIVE)->rv = CKR_ATTRIBUTE_TYPE_INVALID;
	if (fake.relabels)
		fake_set(object, CKA_LABEL, "other", 5);
	if (fake.flips_token)
		fake_set_bool(object, CKA_TOKEN, !fake_get(object, CKA_TOKEN)->value[0]);
	return object;
}

static CK_RV generate_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *v, CK_ULONG n,
			  CK_OBJECT_HANDLE *out)
{
	(void)session;
	(void)mechanism;
	if (fake.generate != CKR_OK && !fake.fails_late)
		return fake.generate;
	*out = made_from(v, n);
	*out = fake.stale ? fake.stale : *out;
	return fake.generate;
}

static CK_RV generate_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *pub, CK_ULONG n_pub,
			   CK_ATTRIBUTE *priv, CK_ULONG n_priv, CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	const struct fake_attribute *params;

	(void)session;
	(void)mechanism;
	if (fake.generate != CKR_OK && !fake.fails_late)
		return fake.generate;
	*public_key = made_from(pub, n_pub);
	*private_key = made_from(priv, n_priv);
	params = fake_get(*public_key, CKA_EC_PARAMS);
	if (params)
		fake_set(*private_key, CKA_EC_PARAMS, params->value, params->len);
	*private_key = fake.stale ? fake.stale : *private_key;
	*public_key = fake.stale_public ? fake.stale_public : *public_key;
	return fake.generate;
}

static CK_RV destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	(void)session;
	fake.destroyed++;
	if (fake.destroy == CKR_OK && !fake.keeps)
		fake.objects[object - 1].used = false;
	return fake.destroy;
}

CK_FUNCTION_LIST *fake_reset(void)
{
	static CK_FUNCTION_LIST list = {
		.C_GetSlotList = get_slot_list,
		.C_GetSlotInfo = get_slot_info,
		.C_GetTokenInfo = get_token_info,
		.C_OpenSession = open_session,
		.C_CloseSession = close_session,
		.C_GetSessionInfo = get_session_info,
		.C_Login = login,
		.C_Logout = logout,
		.C_GetAttributeValue = get_attribute_value,
		.C_SetAttributeValue = set_attribute_value,
		.C_FindObjectsInit = find_init,
		.C_FindObjects = find,
		.C_FindObjectsFinal = find_final,
		.C_GenerateKey = generate_key,
		.C_GenerateKeyPair = generate_pair,
		.C_DestroyObject = destroy_object,
	};

	memset(&fake, 0, sizeof(fake));
	fake.failing_slot = (CK_SLOT_ID)-1;
	fake.passes_over = CK_UNAVAILABLE_INFORMATION;
	fake_slot(0, "T", "1", CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED);
	return &list;
}

static void pad(void *field, size_t size, const char *text)
{
	memset(field, ' ', size);
	memcpy(field, text, strlen(text));
}

void fake_slot(size_t slot, const char *label, const char *serial, CK_FLAGS flags)
{
	CK_TOKEN_INFO *info = &fake.infos[slot];

	pad(info->label, sizeof(info->label), label);
	pad(info->manufacturerID, sizeof(info->manufacturerID), "Maker");
	pad(info->model, sizeof(info->model), "Model");
	pad(info->serialNumber, sizeof(info->serialNumber), serial);
	info->flags = flags;
	if (slot >= fake.n_slots)
		fake.n_slots = slot + 1;
}

CK_OBJECT_HANDLE fake_object(void)
{
	for (CK_OBJECT_HANDLE i = 0; i < FAKE_OBJECTS; i++)
		if (!fake.objects[i].used) {
			memset(&fake.objects[i], 0, sizeof(fake.objects[i]));
			fake.objects[i].used = true;
			return i + 1;
		}
	return CK_INVALID_HANDLE;
}

void fake_set(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG len)
{
	struct fake_object *o = &fake.objects[object - 1];
	struct fake_attribute *a = fake_get(object, type);

	if (!a)
		a = &o->v[o->n++];
	a->type = type;
	a->len = len < FAKE_VALUE ? len : FAKE_VALUE;
	memcpy(a->value, value, a->len);
}

void fake_set_ulong(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	fake_set(object, type, &value, sizeof(value));
}

void fake_set_bool(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool value)
{
	CK_BBOOL byte = value ? CK_TRUE : CK_FALSE;

	fake_set(object, type, &byte, sizeof(byte));
}

CK_OBJECT_HANDLE fake_secret(CK_KEY_TYPE type, CK_ULONG len, const char *label, unsigned char id)
{
	CK_OBJECT_HANDLE object = fake_object();

	fake_set_ulong(object, CKA_CLASS, CKO_SECRET_KEY);
	fake_set_ulong(object, CKA_KEY_TYPE, type);
	fake_set_ulong(object, CKA_VALUE_LEN, len);
	fake_set(object, CKA_LABEL, label, strlen(label));
	fake_set(object, CKA_ID, &id, 1);
	fake_set_bool(object, CKA_SENSITIVE, true);
	fake_set_bool(object, CKA_EXTRACTABLE, true);
	return object;
}

void fake_pair(const char *label)
{
	const CK_OBJECT_HANDLE halves[] = {fake_object(), fake_object()};

	for (size_t i = 0; i < 2; i++) {
		fake_set_ulong(halves[i], CKA_CLASS, i == 0 ? CKO_PUBLIC_KEY : CKO_PRIVATE_KEY);
		fake_set_ulong(halves[i], CKA_KEY_TYPE, CKK_EC);
		fake_set(halves[i], CKA_LABEL, label, strlen(label));
	}
}

void fake_rsa(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE gives)
{
	static const CK_ATTRIBUTE_TYPE values[] = {CKA_PRIVATE_EXPONENT, CKA_PRIME_1,	 CKA_PRIME_2,
						   CKA_EXPONENT_1,	 CKA_EXPONENT_2, CKA_COEFFICIENT, CKA_VALUE};
	unsigned char modulus[256];

	memset(modulus, 0xC5, sizeof(modulus));
	fake_set(key, CKA_MODULUS, modulus, sizeof(modulus));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		fake_set(key, values[i], "private", 7);
		fake_get(key, values[i])->rv = values[i] == gives ? CKR_OK : CKR_ATTRIBUTE_SENSITIVE;
	}
}

size_t fake_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < FAKE_OBJECTS; i++)
		n += fake.objects[i].used;
	return n;
}
