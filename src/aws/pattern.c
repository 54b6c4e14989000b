/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "pattern.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define OTHER 0x110000L /* a byte that is no UTF-8: fits nothing */

/* How often the piece at hand may come. */
struct times {
	long least, most;
};

/* What has to fit behind the piece at hand: the rest of the pattern, and what is behind the group that it is in. */
struct rest {
	const char *pattern, *end;
	const struct rest *then;
	/* a group that comes again: it, and how often yet */
	const char *group, *group_end;
	struct times times;
};

static bool fits(const char *p, const char *end, const char *text, const struct rest *then);

/* The character at `*text`, and on behind it. */
static long next_character(const char **text)
{
	const unsigned char *s = (const unsigned char *)*text;
	int more = s[0] < 0x80 ? 0 : s[0] >= 0xC2 && s[0] < 0xE0 ? 1 : (s[0] & 0xF0) == 0xE0 ? 2 : (s[0] & 0xF8) == 0xF0 ? 3 : -1;
	long c = more <= 0 ? s[0] : s[0] & (0x3F >> more);

	for (int i = 1; i <= more; i++) {
		if ((s[i] & 0xC0) != 0x80)
			more = -1;
		else
			c = c << 6 | (s[i] & 0x3F);
	}
	*text += more < 0 ? 1 : more + 1;
	return more < 0 ? OTHER : c;
}

long pattern_characters(const char *text)
{
	long n = 0;

	while (*text) {
		(void)next_character(&text);
		n++;
	}
	return n;
}

static bool is_space(long c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One character of the pattern, plain or \uXXXX; \s and \d are told by `*kind`. */
static long pattern_character(const char **p, char *kind)
{
	char hex[5] = "";

	*kind = '\0';
	if (**p != '\\')
		return next_character(p);
	if ((*p)[1] == 'u') {
		memcpy(hex, *p + 2, 4);
		*p += 6;
		return strtol(hex, NULL, 16);
	}
	*p += 2;
	if ((*p)[-1] == 's' || (*p)[-1] == 'd')
		*kind = (*p)[-1];
	return (unsigned char)(*p)[-1];
}

static bool is_kind(char kind, long c)
{
	return kind == 's' ? is_space(c) : c >= '0' && c <= '9';
}

/* [..]: `*p` behind the bracket, and at the end behind the other one. */
static bool in_set(const char **p, long c)
{
	bool found = false;

	while (**p != ']') {
		char kind, none;
		long from = pattern_character(p, &kind), to = from;

		/* a hyphen at the end, or behind a range, is one */
		if (!kind && **p == '-' && (*p)[1] != ']') {
			++*p;
			to = pattern_character(p, &none);
		}
		found = found || (kind ? is_kind(kind, c) : c >= from && c <= to);
	}
	++*p;
	return found;
}

/* A character or set of the pattern against a character. */
static bool atom_fits(const char *p, long c, const char **behind)
{
	bool good;
	char kind;
	long want;

	if (*p == '[') {
		p++;
		good = in_set(&p, c);
	} else {
		want = pattern_character(&p, &kind);
		good = kind ? is_kind(kind, c) : want == c;
	}
	*behind = p;
	return good;
}

static struct times take_times(const char **p)
{
	struct times t = {1, 1};
	char *end;

	if (**p == '+' || **p == '*' || **p == '?') {
		t = (struct times){**p == '+' ? 1 : 0, **p == '?' ? 1 : LONG_MAX};
		++*p;
	} else if (**p == '{') {
		t.least = t.most = strtol(*p + 1, &end, 10);
		if (*end == ',')
			t.most = strtol(end + 1, &end, 10);
		*p = end + 1;
	}
	return t;
}

static bool rest_fits(const struct rest *r, const char *text)
{
	struct rest again;

	if (!r)
		return *text == '\0';
	if (r->group && r->times.most > 0) {
		again = *r;
		again.times.least--;
		again.times.most--;
		if (fits(r->group, r->group_end, text, &again))
			return true;
	}
	return (!r->group || r->times.least <= 0) && fits(r->pattern, r->end, text, r->then);
}

static bool group_fits(const char *p, const char *end, const char *text, const struct rest *then)
{
	const char *close = strchr(p, ')'), *behind = close + 1;
	struct rest rest = {.then = then, .group = p + 1, .group_end = close, .end = end};

	rest.times = take_times(&behind);
	rest.pattern = behind;
	return rest_fits(&rest, text);
}

/* Where the text that the piece fits may end is tried from the furthest. */
static bool piece_fits(const char *p, const char *end, const char *text, const struct rest *then)
{
	const char *behind = p, *at = text, *next = text;
	struct times t;
	long n = 0;

	(void)atom_fits(p, 0, &behind);
	t = take_times(&behind);
	while (n < t.most && *at) {
		const char *unused;

		if (!atom_fits(p, next_character(&next), &unused))
			break;
		at = next;
		n++;
	}
	for (; n >= t.least; n--) {
		if (fits(behind, end, at, then))
			return true;
		if (n == 0)
			break;
		do
			at--;
		while (at > text && ((unsigned char)*at & 0xC0) == 0x80);
	}
	return false;
}

static bool fits(const char *p, const char *end, const char *text, const struct rest *then)
{
	if (p == end)
		return rest_fits(then, text);
	return *p == '(' ? group_fits(p, end, text, then) : piece_fits(p, end, text, then);
}

bool pattern_fits(const char *pattern, const char *text)
{
	const char *end = pattern + strlen(pattern);

	if (*pattern == '^')
		pattern++;
	if (end > pattern && end[-1] == '$')
		end--;
	return fits(pattern, end, text, NULL);
}
