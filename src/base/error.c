/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "error.h"

#include "pinvalue.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct code_row {
	int status;
	int rank; /* of many the highest decides */
	const char *name;
	const char *text;
};

static const struct code_row codes[] = {
	[KH_OK] = {0, 0, "ok", "done"},
	[KH_E_USAGE] = {2, 8, "usage", "usage; no Region; an option contradicts the bundle"},
	[KH_E_INPUT] = {3, 4, "input",
			"the input is bad: bundle, file, URI, plan; a key or token not found or not the only "
			"one; no AWS credentials"},
	[KH_E_TOKEN] = {4, 6, "token", "the token refused or failed; wrong PIN"},
	[KH_E_KMS] = {5, 5, "kms",
		      "KMS refused: an exception, access denied, expired credentials; an answer that is no KMS answer"},
	[KH_E_AGAIN] = {6, 1, "again",
			"no answer, or throttled to the end, or an import whose result is not known yet: run it again"},
	[KH_E_CHECK] = {7, 7, "check",
			"refused by a check of keyhaul's: failed proof, expired parameters, TLS not verified"},
	[KH_E_SYSTEM] = {1, 3, "system", "anything else: disk full, out of memory"},
	[KH_E_MEMORY] = {1, 2, "memory", "anything else: disk full, out of memory"},
	[KH_E_INTERRUPTED] = {130, 9, "interrupted", "SIGINT, SIGTERM, SIGHUP or SIGQUIT, after the key in hand is finished"},
};
_Static_assert(sizeof(codes) / sizeof(codes[0]) == KH_CODES, "a row for each code");

__attribute__((format(printf, 3, 0)))
static void put(char *dst, size_t size, const char *fmt, va_list ap)
{
	if (vsnprintf(dst, size, fmt, ap) < 0)
		dst[0] = '\0';
	pinvalue_hide(dst);
}

int (kh_fail)(struct kh_error *err, enum kh_code code, unsigned long native, const char *fmt, ...)
{
	va_list ap;

	memset(err, 0, sizeof(*err));
	err->code = code;
	err->native = native;
	va_start(ap, fmt);
	put(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int (kh_fail_errno)(struct kh_error *err, enum kh_code code, int errnum, const char *fmt, ...)
{
	const char *name = strerrorname_np(errnum);
	size_t len;
	va_list ap;

	memset(err, 0, sizeof(*err));
	err->code = code;
	err->native = (unsigned long)errnum;
	va_start(ap, fmt);
	put(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", strerror(errnum));
	return kh_name(err, name ? name : "");
}

int (kh_fail_memory)(struct kh_error *err)
{
	return kh_fail(err, KH_E_MEMORY, 0, "out of memory");
}

int (kh_context)(struct kh_error *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	size_t len;
	va_list ap;

	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	put(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	if (len + 2 < sizeof(err->msg))
		(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %.*s",
			       (int)(sizeof(err->msg) - len - 3), old);
	return -1;
}

int (kh_hint)(struct kh_error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return -1;
}

int (kh_name)(struct kh_error *err, const char *name)
{
	(void)snprintf(err->name, sizeof(err->name), "%s", name);
	return -1;
}

int kh_status(enum kh_code code)
{
	return codes[code].status;
}

const char *kh_code_name(enum kh_code code)
{
	return codes[code].name;
}

const char *kh_code_text(enum kh_code code)
{
	return codes[code].text;
}

enum kh_code kh_worse(enum kh_code a, enum kh_code b)
{
	return codes[a].rank >= codes[b].rank ? a : b;
}
