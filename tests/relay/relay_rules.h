/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RELAY_RULES_H
#define KEYHAUL_RELAY_RULES_H

#include "relay.h"

/* What a rule does with the calls that it is for; relay.h has the words. */
enum relay_action {
	RELAY_CODE,
	RELAY_HANG,
	RELAY_LENGTH_ZERO,
	RELAY_LENGTH_HUGE,
	RELAY_LENGTH_LESS,
	RELAY_LENGTH_MORE,
	RELAY_FLAGS,
	RELAY_SESSION_OBJECTS,
	RELAY_OAEP_SHA1,
	RELAY_OAEP_MGF,
	RELAY_KWP_IV,
	RELAY_ZERO_PADDING,
	RELAY_OTHER_KEY,
	RELAY_EXPLICIT_CURVE,
	RELAY_NOISE,
	RELAY_EMPTY,
	RELAY_ACTIONS
};

struct relay_rule {
	bool any_function;
	enum relay_function function;
	unsigned long first, last; /* call numbers, of all or of the function */
	enum relay_action action;
	CK_RV code;
	CK_FLAGS set, clear; /* RELAY_FLAGS */
};

#define RELAY_RULES_MAX 32
struct relay_rules {
	struct relay_rule v[RELAY_RULES_MAX];
	size_t n;
	unsigned long calls, of[RELAY_FUNCTIONS_END]; /* so far */
};

/* Reads "POINT=WHAT POINT=WHAT"; NULL is none. -1 with the word that is no rule in `*bad`. */
int relay_rules_parse(const char *text, struct relay_rules *out, const char **bad);

/* Counts the call, and gives the first rule that is for it; NULL where none is. */
const struct relay_rule *relay_rules_next(struct relay_rules *r, enum relay_function function);

#endif
