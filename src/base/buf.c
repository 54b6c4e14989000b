/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int grow(struct buf *b, size_t more, struct kh_error *err)
{
	size_t want, cap;
	char *data;

	if (more > b->max || b->len > b->max - more)
		return kh_fail(err, KH_E_INPUT, 0, "larger than %zu bytes", b->max);
	want = b->len + more + 1;
	if (want <= b->cap)
		return 0;
	cap = b->cap ? b->cap : 256;
	while (cap < want)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data)
		return kh_fail_memory(err);
	b->data = data;
	b->cap = cap;
	return 0;
}

int buf_add(struct buf *b, const void *data, size_t len, struct kh_error *err)
{
	if (grow(b, len, err))
		return -1;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

__attribute__((format(printf, 2, 0)))
static int add_formatted(struct buf *b, const char *fmt, struct kh_error *err, va_list ap)
{
	va_list again;
	int len, rc = -1;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		return kh_fail(err, KH_E_SYSTEM, 0, "text cannot be formatted");
	if (!grow(b, (size_t)len, err)) {
		(void)vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
		b->len += (size_t)len;
		rc = 0;
	}
	return rc;
}

int buf_addf(struct buf *b, const char *fmt, struct kh_error *err, ...)
{
	va_list ap;
	int rc;

	va_start(ap, err);
	rc = add_formatted(b, fmt, err, ap);
	va_end(ap);
	return rc;
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

void buf_free(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = 0;
	b->cap = 0;
}
