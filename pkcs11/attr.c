/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "attr.h"

#include "call.h"
#include "ckr.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fill buffers before the call: a module that gave up left it there. What looks like one is read again over the other. */
#define UNTOUCHED 0xA5
#define UNTOUCHED_TOO 0x5A
#define TAIL 4 /* bytes at the end of a value that look untouched, where it has so many */

/* A template too long is a mistake of this program's, never of its input. */
static CK_ATTRIBUTE *next(struct attr_template *t, CK_ATTRIBUTE_TYPE type)
{
	if (t->n == ATTR_TEMPLATE_MAX)
		abort();
	t->v[t->n].type = type;
	return &t->v[t->n++];
}

void attr_add_bool(struct attr_template *t, CK_ATTRIBUTE_TYPE type, bool value)
{
	CK_BBOOL *place = &t->bools[t->n < ATTR_TEMPLATE_MAX ? t->n : 0];
	CK_ATTRIBUTE *a = next(t, type);

	*place = value ? CK_TRUE : CK_FALSE;
	a->pValue = place;
	a->ulValueLen = sizeof(*place);
}

void attr_add_ulong(struct attr_template *t, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	CK_ULONG *place = &t->numbers[t->n < ATTR_TEMPLATE_MAX ? t->n : 0];
	CK_ATTRIBUTE *a = next(t, type);

	*place = value;
	a->pValue = place;
	a->ulValueLen = sizeof(*place);
}

void attr_add_bytes(struct attr_template *t, CK_ATTRIBUTE_TYPE type, const void *data, size_t len)
{
	CK_ATTRIBUTE *a = next(t, type);

	a->pValue = (void *)(uintptr_t)data; /* PKCS#11 has no const */
	a->ulValueLen = len;
}

/* The codes that speak of single attributes: the others of the call are answered (PKCS#11 v3.1 section 5.7.5). */
static bool is_partial(CK_RV rv)
{
	return rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL;
}

/* Whatever the code: CKR_OK too is said of rows that nothing was written to. */
static bool is_untouched(const struct attr_read *r, size_t from, size_t to, unsigned char fill)
{
	const unsigned char *data = r->data;

	for (size_t i = from; i < to; i++)
		if (data[i] != fill)
			return false;
	return true;
}

/* A length that was told, and an end that was not written, or is by chance what the buffer was filled with. */
static bool is_doubtful(const struct attr_read *r, unsigned char fill)
{
	return r->there && r->len > 0 && is_untouched(r, r->len > TAIL ? r->len - TAIL : 0, r->len, fill);
}

static int impossible_length(CK_ATTRIBUTE_TYPE type, unsigned long len, struct kh_error *err)
{
	kh_fail(err, KH_E_TOKEN, 0, "C_GetAttributeValue: the token says attribute 0x%lX has %lu bytes", type, len);
	return kh_hint(err, "the module is broken, or what is behind it is no token: nothing more was asked of it");
}

static int fail_on(CK_OBJECT_HANDLE object, CK_RV rv, struct kh_error *err)
{
	char what[32];

	snprintf(what, sizeof(what), "object 0x%lX", object);
	return ckr_fail(err, rv, "C_GetAttributeValue", what);
}

static int read_over(const struct token *t, CK_OBJECT_HANDLE object, struct attr_read *reads, size_t n,
		     unsigned char fill, struct kh_error *err)
{
	CK_ATTRIBUTE v[ATTR_TEMPLATE_MAX];
	bool answered = false;
	CK_RV rv;

	if (n > ATTR_TEMPLATE_MAX)
		abort();
	for (size_t i = 0; i < n; i++) {
		memset(reads[i].data, fill, reads[i].room);
		v[i] = (CK_ATTRIBUTE){reads[i].type, reads[i].data, reads[i].room};
	}
	rv = P11_CALL(t->fn, C_GetAttributeValue, t->session, object, v, n);
	if (rv != CKR_OK && !is_partial(rv))
		return fail_on(object, rv, err);
	for (size_t i = 0; i < n; i++) {
		bool none = v[i].ulValueLen == CK_UNAVAILABLE_INFORMATION;

		if (!none && v[i].ulValueLen > reads[i].room && rv != CKR_BUFFER_TOO_SMALL)
			return impossible_length(reads[i].type, v[i].ulValueLen, err);
		reads[i].there = !none && v[i].ulValueLen <= reads[i].room;
		if (v[i].ulValueLen == reads[i].room && is_untouched(&reads[i], 0, reads[i].room, fill))
			reads[i].there = false;
		else
			answered = true;
		reads[i].len = reads[i].there ? v[i].ulValueLen : 0;
	}
	if (rv == CKR_BUFFER_TOO_SMALL && !answered) /* it speaks of no single attribute then */
		return fail_on(object, rv, err);
	return 0;
}

int attr_read_all(const struct token *t, CK_OBJECT_HANDLE object, struct attr_read *reads, size_t n,
		  struct kh_error *err)
{
	bool doubtful = false;

	if (read_over(t, object, reads, n, UNTOUCHED, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		doubtful |= is_doubtful(&reads[i], UNTOUCHED);
	if (!doubtful)
		return 0;
	if (read_over(t, object, reads, n, UNTOUCHED_TOO, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (is_doubtful(&reads[i], UNTOUCHED_TOO)) {
			reads[i].there = false;
			reads[i].len = 0;
		}
	return 0;
}

enum bundle_flag attr_flag(const struct attr_read *r)
{
	if (!r->there || r->len != sizeof(CK_BBOOL))
		return BUNDLE_ABSENT;
	switch (*(const CK_BBOOL *)r->data) {
	case CK_FALSE:
		return BUNDLE_FALSE;
	case CK_TRUE:
		return BUNDLE_TRUE;
	default: /* no CK_BBOOL: nothing is built on it */
		return BUNDLE_ABSENT;
	}
}

int attr_read_bytes(const struct token *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, struct buf *out,
		    bool *there, struct kh_error *err)
{
	CK_ATTRIBUTE a = {type, NULL, 0};
	CK_RV rv = P11_CALL(t->fn, C_GetAttributeValue, t->session, object, &a, 1);
	unsigned long room;
	unsigned char *data = NULL;
	int rc = -1;

	*there = false;
	if (rv != CKR_OK && (!is_partial(rv) || rv == CKR_BUFFER_TOO_SMALL)) /* there is no buffer yet */
		return fail_on(object, rv, err);
	if (rv != CKR_OK || a.ulValueLen == CK_UNAVAILABLE_INFORMATION || a.ulValueLen == 0)
		return 0;
	room = a.ulValueLen;
	if (room > ATTR_VALUE_MAX || room > out->max)
		return impossible_length(type, room, err);
	data = calloc(1, room);
	if (!data)
		return kh_fail_memory(err);
	a.pValue = data;
	rv = P11_CALL(t->fn, C_GetAttributeValue, t->session, object, &a, 1);
	if (rv != CKR_OK) {
		fail_on(object, rv, err);
		goto out;
	}
	if (a.ulValueLen > room) {
		impossible_length(type, a.ulValueLen, err);
		goto out;
	}
	if (buf_add(out, data, a.ulValueLen, err))
		goto out;
	*there = true;
	rc = 0;
out:
	free(data);
	return rc;
}
