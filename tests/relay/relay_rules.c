/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "relay_rules.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[RELAY_ACTIONS] = {
	[RELAY_HANG] = "hang",
	[RELAY_LENGTH_ZERO] = "length-zero",
	[RELAY_LENGTH_HUGE] = "length-huge",
	[RELAY_LENGTH_LESS] = "length-less",
	[RELAY_LENGTH_MORE] = "length-more",
	[RELAY_UNDO] = "undo",
	[RELAY_DEAF] = "deaf",
	[RELAY_SAME] = "same",
	[RELAY_OAEP_SHA1] = "oaep-sha1",
	[RELAY_OAEP_MGF] = "oaep-mgf",
	[RELAY_KWP_IV] = "kwp-iv",
	[RELAY_ZERO_PADDING] = "zero-padding",
	[RELAY_OTHER_KEY] = "other-key",
	[RELAY_EXPLICIT_CURVE] = "explicit-curve",
	[RELAY_BYTES_BEHIND] = "bytes-behind",
	[RELAY_SHORT_KEK] = "short-kek",
	[RELAY_NOISE] = "noise",
	[RELAY_EMPTY] = "empty",
};

/* "17", "17+": sets the span and goes behind it. */
static int parse_span(const char **at, struct relay_rule *r)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return -1;
	r->first = r->last = strtoul(*at, &end, 10);
	if (*end == '+') {
		r->last = ULONG_MAX;
		end++;
	}
	*at = end;
	return r->first > 0 ? 0 : -1;
}

static int parse_function(const char **at, struct relay_rule *r)
{
	size_t len = strcspn(*at, ".:= ");

	for (int f = 0; f < RELAY_FUNCTIONS_END; f++) {
		if (strlen(relay_functions[f].name) != len || strncmp(relay_functions[f].name, *at, len) != 0)
			continue;
		r->function = (enum relay_function)f;
		r->first = 1;
		r->last = ULONG_MAX;
		*at += len;
		if (**at != '.')
			return 0;
		(*at)++;
		return parse_span(at, r);
	}
	return -1;
}

/* "flags+0x100-0x4". */
static int parse_flags(const char **at, struct relay_rule *r)
{
	const char *p = *at + strlen("flags");
	char *end;

	r->action = RELAY_FLAGS;
	while (strncmp(p, "+0x", 3) == 0 || strncmp(p, "-0x", 3) == 0) {
		*(*p == '+' ? &r->set : &r->clear) |= strtoul(p + 1, &end, 16);
		p = end;
	}
	*at = p;
	return (*p == ' ' || *p == '\0') && (r->set | r->clear) != 0 ? 0 : -1;
}

/* ":rsa4096", ":ec", ":secret". */
static int parse_subject(const char **at, struct relay_rule *r)
{
	static const struct {
		const char *word;
		CK_KEY_TYPE type;
	} kinds[] = {{"secret", CKK_GENERIC_SECRET}, {"rsa", CKK_RSA}, {"ec", CKK_EC}};
	size_t len = strcspn(*at, "0123456789= ");
	char *end;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].word) != len || strncmp(kinds[i].word, *at, len) != 0)
			continue;
		r->subject.type = kinds[i].type;
		r->subject.bits = strtoul(*at + len, &end, 10);
		*at = end;
		return r->any_function || r->function != RELAY_C_WrapKey ? -1 : 0;
	}
	return -1;
}

static int parse_action(const char **at, struct relay_rule *r)
{
	size_t len = strcspn(*at, " ");
	char *end;

	if (strncmp(*at, "flags", 5) == 0)
		return parse_flags(at, r);
	if (strncmp(*at, "0x", 2) == 0 || strncmp(*at, "session-0x", 10) == 0) {
		r->action = **at == '0' ? RELAY_CODE : RELAY_SESSION_OBJECTS;
		r->code = strtoul(strchr(*at, '0'), &end, 16);
		*at = end;
		return *end == ' ' || *end == '\0' ? 0 : -1;
	}
	if (strncmp(*at, "drop-0x", 7) == 0) {
		r->action = RELAY_DROP;
		r->code = strtoul(*at + 5, &end, 16);
		*at = end;
		return *end == ' ' || *end == '\0' ? 0 : -1;
	}
	if (strncmp(*at, "delay-", 6) == 0 && isdigit((unsigned char)(*at)[6])) {
		r->action = RELAY_DELAY;
		r->milliseconds = strtoul(*at + 6, &end, 10);
		*at = end;
		return *end == ' ' || *end == '\0' ? 0 : -1;
	}
	for (int a = 0; a < RELAY_ACTIONS; a++)
		if (words[a] != NULL && strlen(words[a]) == len && strncmp(words[a], *at, len) == 0) {
			r->action = (enum relay_action)a;
			*at += len;
			return 0;
		}
	return -1;
}

static int parse_rule(const char **at, struct relay_rule *r)
{
	r->subject.type = RELAY_ANY_KEY;
	r->any_function = isdigit((unsigned char)**at) != 0;
	if ((r->any_function ? parse_span(at, r) : parse_function(at, r)) != 0)
		return -1;
	if (**at == ':') {
		(*at)++;
		if (parse_subject(at, r) != 0)
			return -1;
	}
	if (**at != '=')
		return -1;
	(*at)++;
	return parse_action(at, r);
}

int relay_rules_parse(const char *text, struct relay_rules *out, const char **bad)
{
	const char *at = text;

	memset(out, 0, sizeof(*out));
	while (at != NULL && *at != '\0') {
		if (*at == ' ') {
			at++;
			continue;
		}
		*bad = at;
		if (out->n == RELAY_RULES_MAX || parse_rule(&at, &out->v[out->n]) != 0)
			return -1;
		out->by_subject |= out->v[out->n].subject.type != RELAY_ANY_KEY;
		out->undoes |= out->v[out->n].action == RELAY_UNDO;
		out->n++;
	}
	return 0;
}

static bool is_about(const struct relay_rule *rule, const struct relay_subject *subject)
{
	if (rule->subject.type == RELAY_ANY_KEY)
		return true;
	return subject != NULL && subject->type == rule->subject.type &&
	       (rule->subject.bits == 0 || rule->subject.bits == subject->bits);
}

const struct relay_rule *relay_rules_next(struct relay_rules *r, enum relay_function function,
					  const struct relay_subject *subject)
{
	unsigned long call = ++r->calls, of = ++r->of[function];

	for (size_t i = 0; i < r->n; i++) {
		const struct relay_rule *rule = &r->v[i];
		unsigned long n = rule->any_function ? call : of;

		if ((rule->any_function || rule->function == function) && n >= rule->first && n <= rule->last &&
		    is_about(rule, subject))
			return rule;
	}
	return NULL;
}
