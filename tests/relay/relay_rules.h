/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RELAY_RULES_H
#define KEYHAUL_RELAY_RULES_H

#include "relay.h"

/* What a rule does with the calls that it is for; relay.h has the words. */
enum relay_action {
	RELAY_CODE,
	RELAY_HANG,
	RELAY_DELAY,
	RELAY_LENGTH_ZERO,
	RELAY_LENGTH_HUGE,
	RELAY_LENGTH_LESS,
	RELAY_LENGTH_MORE,
	RELAY_FLAGS,
	RELAY_SESSION_OBJECTS,
	RELAY_UNDO,
	RELAY_DEAF,
	RELAY_SAME,
	RELAY_DROP, /* `code` is the attribute's type */
	RELAY_OAEP_SHA1,
	RELAY_OAEP_MGF,
	RELAY_KWP_IV,
	RELAY_ZERO_PADDING,
	RELAY_OTHER_KEY,
	RELAY_EXPLICIT_CURVE,
	RELAY_BYTES_BEHIND,
	RELAY_SHORT_KEK,
	RELAY_NOISE,
	RELAY_EMPTY,
	RELAY_ACTIONS
};

/* The key of a C_WrapKey: RELAY_ANY_KEY, CKK_RSA, CKK_EC, or CKK_GENERIC_SECRET for every secret; 0 bits: any size. */
#define RELAY_ANY_KEY CK_UNAVAILABLE_INFORMATION
struct relay_subject {
	CK_KEY_TYPE type;
	CK_ULONG bits;
};

struct relay_rule {
	bool any_function;
	struct relay_subject subject;
	enum relay_function function;
	unsigned long first, last; /* call numbers, of all or of the function */
	enum relay_action action;
	CK_RV code;
	CK_FLAGS set, clear; /* RELAY_FLAGS */
	unsigned long milliseconds; /* RELAY_DELAY */
};

#define RELAY_RULES_MAX 32
struct relay_rules {
	struct relay_rule v[RELAY_RULES_MAX];
	size_t n;
	bool by_subject; /* any of them is for some keys only */
	bool undoes;	 /* any of them is RELAY_UNDO */
	unsigned long calls, of[RELAY_FUNCTIONS_END]; /* so far */
};

/* Reads "POINT=WHAT POINT=WHAT"; NULL is none. -1 with the word that is no rule in `*bad`. */
int relay_rules_parse(const char *text, struct relay_rules *out, const char **bad);

/*
 * Counts the call, and gives the first rule that is for it; NULL where none is. `subject` is the key of a C_WrapKey,
 * NULL for other calls and where no rule asks.
 */
const struct relay_rule *relay_rules_next(struct relay_rules *r, enum relay_function function,
					  const struct relay_subject *subject);

#endif
