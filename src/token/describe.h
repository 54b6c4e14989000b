/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_DESCRIBE_H
#define KEYHAUL_TOKEN_DESCRIBE_H

#include "base/cmd.h"
#include "pkcs11/key.h"

#include <jansson.h>

/* Tokens and keys in words and as JSON, the same in every command that shows them. */

/* A string from a token as JSON; what is no UTF-8 is escaped. The caller owns it; NULL without memory. */
json_t *describe_string(const char *text, size_t len);

/* {"uri","label","manufacturer","model","serial","firmware","hardware"}. The caller owns it; NULL without memory. */
json_t *describe_token(const struct token *t);

/*
 * {"uri","label","id","type","bits","key_spec","haulable","why_not", flags that the token states, "key_gen_mechanism",
 * "check_value"}; what is not told is left out. The caller owns it; NULL without memory.
 */
json_t *describe_key(const struct token *t, const struct key *k);

/* Prints the key's facts as indented lines, its URI first. KH_E_MEMORY. */
int describe_key_lines(struct cmd *c, const struct token *t, const struct key *k, struct kh_error *err);

#endif
