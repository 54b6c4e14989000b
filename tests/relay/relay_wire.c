/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/* Calls and answers as messages. Both ends are one build on one machine: numbers go as they lie in memory, each thing on 8 bytes. */
#include "relay.h"

#include <stdint.h>
#include <string.h>

#define ALIGN(n) (((n) + 7) & ~(size_t)7)

/* How a mechanism's parameters go: those with pointers inside are taken apart. */
enum parameter { PARAMETER_NONE, PARAMETER_RAW, PARAMETER_OAEP, PARAMETER_RSA_AES };

#define RELAY_ROW(name, args) [RELAY_##name] = {#name, args},
const struct relay_function_info relay_functions[RELAY_FUNCTIONS_END] = {RELAY_FUNCTIONS(RELAY_ROW)};

static void put(struct relay_message *m, const void *data, size_t n)
{
	if (m->bad || n > sizeof(m->data) - m->len || ALIGN(n) > sizeof(m->data) - m->len) {
		m->bad = true;
		return;
	}
	if (n > 0)
		memcpy(m->data + m->len, data, n);
	memset(m->data + m->len + n, 0, ALIGN(n) - n);
	m->len += ALIGN(n);
}

static void put_number(struct relay_message *m, CK_ULONG v)
{
	put(m, &v, sizeof(v));
}

static void put_bytes(struct relay_message *m, const void *data, size_t n)
{
	put_number(m, data != NULL);
	put_number(m, n);
	if (data != NULL)
		put(m, data, n);
}

static const void *take(struct relay_message *m, size_t n)
{
	const void *at = m->data + m->at;

	if (m->bad || n > m->len - m->at || ALIGN(n) > m->len - m->at) {
		m->bad = true;
		return NULL;
	}
	m->at += ALIGN(n);
	return at;
}

static CK_ULONG take_number(struct relay_message *m)
{
	const void *at = take(m, sizeof(CK_ULONG));
	CK_ULONG v = 0;

	if (at != NULL)
		memcpy(&v, at, sizeof(v));
	return v;
}

static void *arena_get(struct relay_message *m, struct relay_arena *arena, size_t n)
{
	void *at = arena->data + arena->used;

	if (n > sizeof(arena->data) || ALIGN(n) > sizeof(arena->data) - arena->used) {
		m->bad = true;
		return NULL;
	}
	arena->used += ALIGN(n);
	memset(at, 0, n);
	return at;
}

/* `n` things of `size` bytes in the arena; NULL, and bad, where that cannot be. */
static void *arena_array(struct relay_message *m, struct relay_arena *arena, CK_ULONG n, size_t size)
{
	if (n > sizeof(arena->data) / size) {
		m->bad = true;
		return NULL;
	}
	return arena_get(m, arena, n * size);
}

static void *take_bytes(struct relay_message *m, struct relay_arena *arena, CK_ULONG *n)
{
	bool there = take_number(m) != 0;
	const void *at;
	void *to;

	*n = take_number(m);
	if (!there)
		return NULL;
	at = take(m, *n);
	to = at != NULL ? arena_get(m, arena, *n) : NULL;
	if (to != NULL && *n > 0)
		memcpy(to, at, *n);
	return to;
}

static void put_attributes(struct relay_message *m, const CK_ATTRIBUTE *v, CK_ULONG n)
{
	put_number(m, v != NULL);
	put_number(m, n);
	for (CK_ULONG i = 0; v != NULL && i < n && !m->bad; i++) {
		put_number(m, v[i].type);
		put_bytes(m, v[i].pValue, v[i].ulValueLen);
	}
}

/* With what the caller has in the buffers: a module that leaves them as they are does so here too. */
static void take_attributes(struct relay_message *m, struct relay_arena *arena, struct relay_arg *a)
{
	bool there = take_number(m) != 0;
	CK_ATTRIBUTE *v;

	a->n = take_number(m);
	if (!there)
		return;
	v = arena_array(m, arena, a->n, sizeof(*v));
	a->rooms = arena_array(m, arena, a->n, sizeof(*a->rooms));
	for (CK_ULONG i = 0; i < a->n && !m->bad; i++) {
		v[i].type = take_number(m);
		v[i].pValue = take_bytes(m, arena, &v[i].ulValueLen);
		a->rooms[i] = v[i].ulValueLen;
	}
	a->data = v;
}

static void put_oaep(struct relay_message *m, const CK_RSA_PKCS_OAEP_PARAMS *p)
{
	put_number(m, p->hashAlg);
	put_number(m, p->mgf);
	put_number(m, p->source);
	put_bytes(m, p->pSourceData, p->ulSourceDataLen);
}

static CK_RSA_PKCS_OAEP_PARAMS *take_oaep(struct relay_message *m, struct relay_arena *arena)
{
	CK_RSA_PKCS_OAEP_PARAMS *p = arena_get(m, arena, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->hashAlg = take_number(m);
	p->mgf = take_number(m);
	p->source = take_number(m);
	p->pSourceData = take_bytes(m, arena, &p->ulSourceDataLen);
	return p;
}

static enum parameter kind_of(const CK_MECHANISM *mechanism)
{
	const struct relay_rsa_aes *p = mechanism->pParameter;

	if (mechanism->pParameter == NULL)
		return PARAMETER_NONE;
	if (mechanism->mechanism == CKM_RSA_PKCS_OAEP && mechanism->ulParameterLen == sizeof(CK_RSA_PKCS_OAEP_PARAMS))
		return PARAMETER_OAEP;
	if (mechanism->mechanism == CKM_RSA_AES_KEY_WRAP && mechanism->ulParameterLen == sizeof(*p) && p->oaep != NULL)
		return PARAMETER_RSA_AES;
	return PARAMETER_RAW;
}

static void put_mechanism(struct relay_message *m, const CK_MECHANISM *mechanism)
{
	enum parameter kind;

	put_number(m, mechanism != NULL);
	if (mechanism == NULL)
		return;
	kind = kind_of(mechanism);
	put_number(m, mechanism->mechanism);
	put_number(m, kind);
	if (kind == PARAMETER_RSA_AES)
		put_number(m, ((const struct relay_rsa_aes *)mechanism->pParameter)->aes_bits);
	if (kind == PARAMETER_OAEP)
		put_oaep(m, mechanism->pParameter);
	else if (kind == PARAMETER_RSA_AES)
		put_oaep(m, ((const struct relay_rsa_aes *)mechanism->pParameter)->oaep);
	else
		put_bytes(m, mechanism->pParameter, mechanism->ulParameterLen);
}

static struct relay_rsa_aes *take_rsa_aes(struct relay_message *m, struct relay_arena *arena)
{
	struct relay_rsa_aes *p = arena_get(m, arena, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->aes_bits = take_number(m);
	p->oaep = take_oaep(m, arena);
	return p;
}

static CK_MECHANISM *take_mechanism(struct relay_message *m, struct relay_arena *arena)
{
	CK_MECHANISM *out;
	CK_ULONG kind;

	if (take_number(m) == 0)
		return NULL;
	out = arena_get(m, arena, sizeof(*out));
	if (out == NULL)
		return NULL;
	out->mechanism = take_number(m);
	kind = take_number(m);
	if (kind == PARAMETER_OAEP) {
		out->pParameter = take_oaep(m, arena);
		out->ulParameterLen = sizeof(CK_RSA_PKCS_OAEP_PARAMS);
	} else if (kind == PARAMETER_RSA_AES) {
		out->pParameter = take_rsa_aes(m, arena);
		out->ulParameterLen = sizeof(struct relay_rsa_aes);
	} else {
		out->pParameter = take_bytes(m, arena, &out->ulParameterLen);
	}
	return out;
}

int relay_put_call(struct relay_message *m, const struct relay_call *c)
{
	m->len = 0;
	m->bad = false;
	put_number(m, c->function);
	for (size_t i = 0; i < c->n; i++) {
		const struct relay_arg *a = &c->args[i];

		switch (a->kind) {
		case 'u':
			put_number(m, a->number);
			break;
		case 'b':
			put_bytes(m, a->data, a->n);
			break;
		case 'A':
		case 'G':
			put_attributes(m, a->data, a->n);
			break;
		case 'M':
			put_mechanism(m, a->data);
			break;
		case 'o':
		case 'B':
		case 'L':
		case 'F':
			put_number(m, a->data != NULL);
			put_number(m, a->n);
			break;
		default: /* h: nothing goes in */
			break;
		}
	}
	return m->bad ? -1 : 0;
}

static size_t size_of(const struct relay_arg *a)
{
	return a->kind == 'L' || a->kind == 'F' ? sizeof(CK_ULONG) : 1;
}

static void take_room(struct relay_message *m, struct relay_arena *arena, struct relay_arg *a)
{
	bool there = take_number(m) != 0;

	a->n = take_number(m);
	a->number = a->kind == 'F' ? 0 : a->n;
	if (there)
		a->data = arena_array(m, arena, a->n, size_of(a));
}

int relay_take_call(struct relay_message *m, struct relay_call *c, struct relay_arena *arena)
{
	CK_ULONG function;
	const char *kinds;

	m->at = 0;
	m->bad = false;
	memset(c, 0, sizeof(*c));
	function = take_number(m);
	if (m->bad || function >= RELAY_FUNCTIONS_END)
		return -1;
	c->function = (enum relay_function)function;
	kinds = relay_functions[function].args;
	c->n = strlen(kinds);
	for (size_t i = 0; i < c->n; i++) {
		struct relay_arg *a = &c->args[i];

		a->kind = kinds[i];
		if (a->kind == 'u')
			a->number = take_number(m);
		else if (a->kind == 'b')
			a->data = take_bytes(m, arena, &a->n);
		else if (a->kind == 'A' || a->kind == 'G')
			take_attributes(m, arena, a);
		else if (a->kind == 'M')
			a->data = take_mechanism(m, arena);
		else if (a->kind != 'h')
			take_room(m, arena, a);
	}
	return m->bad || m->at != m->len ? -1 : 0;
}

static void put_values(struct relay_message *m, const struct relay_arg *a)
{
	const CK_ATTRIBUTE *v = a->data;

	for (CK_ULONG i = 0; v != NULL && i < a->n; i++) {
		put_number(m, v[i].ulValueLen);
		put_bytes(m, v[i].pValue, a->rooms[i]);
	}
}

int relay_put_answer(struct relay_message *m, const struct relay_call *c)
{
	m->len = 0;
	m->bad = false;
	put_number(m, c->rv);
	for (size_t i = 0; i < c->n; i++) {
		const struct relay_arg *a = &c->args[i];

		switch (a->kind) {
		case 'o':
			put_bytes(m, a->data, a->n);
			break;
		case 'h':
			put_number(m, a->number);
			break;
		case 'G':
			put_values(m, a);
			break;
		case 'B':
		case 'L':
		case 'F':
			put_number(m, a->number);
			put_bytes(m, a->data, a->filled * size_of(a));
			break;
		default:
			break;
		}
	}
	return m->bad ? -1 : 0;
}

/* Into memory of the caller's that has `room` bytes. */
static void take_into(struct relay_message *m, void *to, CK_ULONG room)
{
	bool there = take_number(m) != 0;
	CK_ULONG n = take_number(m);
	const void *at = there ? take(m, n) : NULL;

	if (at == NULL || to == NULL)
		return;
	if (n > room)
		m->bad = true;
	else if (n > 0)
		memcpy(to, at, n);
}

static void take_values(struct relay_message *m, struct relay_arg *a)
{
	CK_ATTRIBUTE *v = a->data;

	for (CK_ULONG i = 0; v != NULL && i < a->n; i++) {
		CK_ULONG room = v[i].ulValueLen;

		v[i].ulValueLen = take_number(m);
		take_into(m, v[i].pValue, room);
	}
}

int relay_take_answer(struct relay_message *m, struct relay_call *c)
{
	m->at = 0;
	m->bad = false;
	c->rv = take_number(m);
	for (size_t i = 0; i < c->n; i++) {
		struct relay_arg *a = &c->args[i];

		if (a->kind == 'o') {
			take_into(m, a->data, a->n);
		} else if (a->kind == 'G') {
			take_values(m, a);
		} else if (strchr("hBLF", a->kind) != NULL) {
			CK_ULONG number = take_number(m);

			if (a->out != NULL && (a->kind != 'h' || c->rv == CKR_OK))
				*a->out = number;
			if (a->kind != 'h')
				take_into(m, a->data, a->n * size_of(a));
		}
	}
	return m->bad || m->at != m->len ? -1 : 0;
}
