/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_ERROR_H
#define KEYHAUL_BASE_ERROR_H

#include <stddef.h>

/*
 * What went wrong, by cause. Each code has one exit status (kh_status), one
 * word for --json (kh_code_name) and one line in the man pages.
 */
enum kh_code {
	KH_OK,
	KH_E_USAGE,	  /* the command line, or what it leaves out */
	KH_E_INPUT,	  /* a bundle, file, URI or name that is bad or not found */
	KH_E_TOKEN,	  /* the token refused or failed; wrong PIN */
	KH_E_KMS,	  /* KMS refused, or what answered is no KMS */
	KH_E_AGAIN,	  /* no answer, or a result not known yet: run it again */
	KH_E_CHECK,	  /* refused by a check of ours */
	KH_E_SYSTEM,	  /* disk full and the like */
	KH_E_MEMORY,	  /* out of memory */
	KH_E_INTERRUPTED, /* SIGINT, SIGTERM, SIGHUP, SIGQUIT */
	KH_CODES
};

/*
 * One error, filled in where it happens and given context on the way up. No
 * allocation, nothing secret inside: the value of a pin-value= becomes *** here. `native` is the number that the failing
 * layer gave (a CK_RV, an errno, an HTTP status; 0 for none), `name` its name
 * (CKR_..., ENOSPC, an AWS error code; "" for none).
 */
struct kh_error {
	enum kh_code code;
	unsigned long native;
	char name[64];
	char msg[1024];
	char hint[1024];
};

/* Sets the error whole (no name, no hint). Always gives -1, so that the caller can return it. */
int kh_fail(struct kh_error *err, enum kh_code code, unsigned long native, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Sets an error from an errno value: "WHAT: No space left on device", name ENOSPC, and the hint where the value tells one.
 * Gives -1.
 */
int kh_fail_errno(struct kh_error *err, enum kh_code code, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Sets KH_E_MEMORY. Gives -1. */
int kh_fail_memory(struct kh_error *err);

/* Puts "CONTEXT: " before the message; keeps the rest. Gives -1. */
int kh_context(struct kh_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets what to do next, one sentence. Gives -1. */
int kh_hint(struct kh_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets the native code's name. Gives -1. */
int kh_name(struct kh_error *err, const char *name);

#ifdef __clang_analyzer__
/* Tells the analyzer, which sees one file at a time, what the comments above say. */
#define kh_fail(...) (kh_fail(__VA_ARGS__), -1)
#define kh_fail_errno(...) (kh_fail_errno(__VA_ARGS__), -1)
#define kh_fail_memory(err) (kh_fail_memory(err), -1)
#define kh_context(...) (kh_context(__VA_ARGS__), -1)
#define kh_hint(...) (kh_hint(__VA_ARGS__), -1)
#define kh_name(err, name) (kh_name(err, name), -1)
#endif

/* The exit status of a code, as in the table of the man pages. */
int kh_status(enum kh_code code);

/* The code's word for --json, such as "token". */
const char *kh_code_name(enum kh_code code);

/* What the code means, in the words of the status table. */
const char *kh_code_text(enum kh_code code);

/* What to do next: the error's own hint, or what can be said of its code. Never empty but for KH_OK. */
const char *kh_error_hint(const struct kh_error *err);

/* Of two codes the one that decides the exit status of a run over many: 130, 2, 7, 4, 5, 3, 1, 6. */
enum kh_code kh_worse(enum kh_code a, enum kh_code b);

#endif
