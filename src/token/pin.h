/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_PIN_H
#define KEYHAUL_TOKEN_PIN_H

#include "pkcs11/token.h"
#include "token_opts.h"

/* True where the options or the URI name a source of the PIN. */
bool pin_is_given(const struct token_opts *opts, const struct uri *uri);

/* Checks that at most one source of the PIN is named, and not with --no-login. KH_E_USAGE. */
int pin_check_sources(const struct token_opts *opts, const struct uri *uri, struct kh_error *err);

/*
 * Gets the user's PIN: the URI's pin-value or pin-source, --pin-file, --pin-fd, else the terminal without echo.
 * The first line, as it is ("user:password" too). The caller frees it. KH_E_INPUT.
 */
int pin_get(const struct token_opts *opts, struct uri *uri, const struct token *t, struct secret **out,
	    struct kh_error *err);

/* The security officer's: from the file, else (NULL) from the terminal. The caller frees it. KH_E_INPUT. */
int pin_get_officer(const char *path, const struct token *t, struct secret **out, struct kh_error *err);

#endif
