/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_SECRET_H
#define KEYHAUL_BASE_SECRET_H

#include "error.h"

#include <stddef.h>

#define SECRET_MAX 32768 /* bytes; no PIN, key, session token or form with a web identity token is longer */

/*
 * The one home of secrets (PINs, AWS secret keys, session tokens, opened
 * throwaway keys): fixed size, never reallocated, wiped when freed, never
 * logged. One byte more than asked for is kept zero, so text is a string.
 */
struct secret;

/* Room for `cap` bytes (at most SECRET_MAX); the caller frees it. NULL with KH_E_MEMORY or KH_E_INPUT. */
struct secret *secret_new(size_t cap, struct kh_error *err);

/* A copy of `len` bytes; the caller frees it. NULL as secret_new. */
struct secret *secret_copy(const void *data, size_t len, struct kh_error *err);

/* Wipes and frees; NULL is fine. */
void secret_free(struct secret *s);

/* The bytes, writable up to secret_cap(); the secret owns them. */
unsigned char *secret_data(struct secret *s);
const unsigned char *secret_bytes(const struct secret *s);
const char *secret_text(const struct secret *s);
size_t secret_len(const struct secret *s);
size_t secret_cap(const struct secret *s);

/* Says how many of the bytes count; `len` is at most the capacity (more is cut to it). */
void secret_set_len(struct secret *s, size_t len);

/*
 * The first line of a file descriptor, without its line end (LF or CRLF), at
 * most `max` bytes. Reads byte by byte, so that nothing behind the line is
 * taken. `name` is for the error. The caller frees `*out`. KH_E_INPUT when
 * empty, too long or with a NUL inside.
 */
int secret_read_line(int fd, const char *name, size_t max, struct secret **out, struct kh_error *err);

/* The same from a file by its path; one that others may read is warned of. */
int secret_read_file(const char *path, size_t max, struct secret **out, struct kh_error *err);

/* The whole of a file, at most `max` bytes (below SECRET_MAX): a private key's. Warned of and freed likewise. KH_E_INPUT. */
int secret_read_whole(const char *path, size_t max, struct secret **out, struct kh_error *err);

/* Asks on the terminal (/dev/tty) without echo. KH_E_INPUT where there is none, KH_E_INTERRUPTED after SIGINT. */
int secret_prompt(const char *prompt, size_t max, struct secret **out, struct kh_error *err);

/* Wipes memory in a way that compilers keep. */
void secret_wipe(void *p, size_t len);

/*
 * Wipes what calls that have returned left on the stack: copies that a compiler made, and the vector registers, which the
 * dynamic linker puts there when a library calls a function for the first time [seen]. For when secrets are done with.
 */
void secret_wipe_stack(void);

/* No core dumps, and no reader of the process's memory without CAP_SYS_PTRACE. Called first in main. */
void secret_lockdown(void);

#endif
