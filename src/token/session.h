/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_SESSION_H
#define KEYHAUL_TOKEN_SESSION_H

#include "pkcs11/module.h"
#include "pkcs11/token.h"
#include "token_opts.h"

/* All that a command needs of the token side: one module, one token, one session, logged in. */
struct session {
	struct module *module;
	struct uri *uri;
	struct token token;
	struct token_stuck stuck;
	size_t left; /* temporary objects that stay on the token against our will */
	bool keeps_pin;	    /* set before session_start: the PIN outlives the login, for keys that want it again */
	struct secret *pin; /* NULL: none was taken */
};

/*
 * Reads the command line's URI and the sources of a PIN, without touching module or token. `s` is filled in either
 * way; session_close ends it. KH_E_INPUT, KH_E_USAGE.
 */
int session_parse(const char *uri, const struct token_opts *opts, struct session *s, struct kh_error *err);

/* That the URI names a token and no object of it, for a command whose keys are named elsewhere or not at all. KH_E_USAGE. */
int session_check_token_alone(const struct session *s, const char *hint, struct kh_error *err);

/*
 * Opens what session_parse read: loads the module (--module, module-path or KEYHAUL_MODULE), finds the token, opens
 * the session (read-only unless `read_write` or --token-objects), gets the PIN where one is needed and logs in once.
 * session_close ends it, also after a failure. KH_E_USAGE, KH_E_INPUT, KH_E_TOKEN.
 */
int session_start(const struct token_opts *opts, bool read_write, struct session *s, struct kh_error *err);

/* KH_E_TOKEN where temporary objects were left on the token; for the end of a command that makes some. */
int session_check_left(const struct session *s, struct kh_error *err);

/*
 * One more session on the token of `first`, for another thread: the login counts for it. `out` stays where it is, and
 * session_close_beside ends it, before session_close does `first`. KH_E_TOKEN.
 */
int session_open_beside(const struct session *first, struct session *out, struct kh_error *err);
void session_close_beside(struct session *first, struct session *s);

/* Both in one. `s` is filled in either way; session_close ends it. */
int session_open(const char *uri, const struct token_opts *opts, bool read_write, struct session *s,
		 struct kh_error *err);

/* Logs out, closes, finalises, frees; also after a failed session_open. */
void session_close(struct session *s);

#endif
