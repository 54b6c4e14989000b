/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "error.h"

#include "pinvalue.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct code_row {
	int status;
	int rank; /* of many the highest decides */
	const char *name;
	const char *text;
	const char *hint; /* where nothing better is known */
};

static const struct code_row codes[] = {
	[KH_OK] = {0, 0, "ok", "done", ""},
	[KH_E_USAGE] = {2, 8, "usage", "usage; no Region; an option contradicts the bundle",
			"--help shows the usage"},
	[KH_E_INPUT] = {3, 4, "input",
			"the input is bad: bundle, file, URI, plan; a key or token not found or not the only "
			"one; no AWS credentials",
			"put right what is named there, then run this again"},
	[KH_E_TOKEN] = {4, 6, "token", "the token refused or failed; wrong PIN",
			"'--debug' shows the calls; the code is the PKCS#11 module's, and its vendor's manual may say more"},
	[KH_E_KMS] = {5, 5, "kms",
		      "KMS refused: an exception, access denied, expired credentials; an answer that is no KMS answer",
			"'--debug' shows what was asked and what came back"},
	[KH_E_AGAIN] = {6, 1, "again",
			"no answer, or throttled to the end, or an import whose result is not known yet: run it again",
			"run this again"},
	[KH_E_CHECK] = {7, 7, "check",
			"refused by a check of keyhaul's: failed proof, expired parameters, TLS not verified",
			"no option switches this check off: put right what it names, or start over with 'keyhaul-kms fetch'"},
	[KH_E_SYSTEM] = {1, 3, "system", "anything else: disk full, out of memory",
			"put right what is named there (room, permissions, limits), then run this again"},
	[KH_E_MEMORY] = {1, 2, "memory", "anything else: disk full, out of memory",
			"this host is out of memory: free some, then run this again"},
	[KH_E_INTERRUPTED] = {130, 9, "interrupted", "SIGINT, SIGTERM, SIGHUP or SIGQUIT, after the key in hand is finished",
			"run this again to go on"},
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

/* What can be done about it, as far as the error alone tells. */
static const char *errno_hint(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
		return "check the name, and that the folder is there";
	case EACCES:
	case EPERM:
		return "check who may use it: its owner and mode, and its folder's";
	case EISDIR:
		return "that is a folder: name a file";
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return "make room, then run this again";
	case EROFS:
		return "the file system is read-only: name a place that can be written";
	case ELOOP:
		return "name the file itself, not a symlink";
	default:
		return "";
	}
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
	(void)snprintf(err->hint, sizeof(err->hint), "%s", errno_hint(errnum));
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

const char *kh_error_hint(const struct kh_error *err)
{
	return err->hint[0] ? err->hint : codes[err->code].hint;
}

enum kh_code kh_worse(enum kh_code a, enum kh_code b)
{
	return codes[a].rank >= codes[b].rank ? a : b;
}
