/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "pinvalue.h"

#include "secret.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define STARS "***"

/* One character, percent-encoded or as it is; gives how many bytes it took. */
static size_t take_char(const char *p, char *out)
{
	char hex[3] = {0};

	*out = *p;
	if (p[0] != '%' || !isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]))
		return 1;
	memcpy(hex, p + 1, 2);
	*out = (char)strtoul(hex, NULL, 16);
	return 3;
}

/* The first value of a pin-value in `text`; NULL where there is none. Who writes ':' for '=' typed a PIN all the same. */
static char *find_value(char *text)
{
	static const char name[] = "pin-value";

	for (; *text; text++) {
		char *p = text, c = 0;
		size_t i;

		for (i = 0; name[i] && *p; i++) {
			size_t n = take_char(p, &c);

			if (tolower((unsigned char)c) != name[i])
				break;
			p += n;
		}
		if (!name[i]) {
			size_t n = take_char(p, &c);

			if (c == '=' || c == ':')
				return p + n;
		}
	}
	return NULL;
}

/* Bytes of a value: an '&' ends it where a name and '=' follow. Another one was meant to be of the PIN. */
static size_t value_len(const char *value)
{
	size_t len = 0;

	for (;;) {
		size_t name;

		len += strcspn(value + len, "&");
		if (!value[len])
			return len;
		name = strspn(value + len + 1, "abcdefghijklmnopqrstuvwxyz-");
		if (name > 0 && value[len + 1 + name] == '=')
			return len;
		len++;
	}
}

void pinvalue_hide(char *text)
{
	for (char *value = find_value(text); value; value = find_value(value)) {
		size_t len = value_len(value), stars = len < strlen(STARS) ? len : strlen(STARS);

		memset(value, '*', stars);
		memmove(value + stars, value + len, strlen(value + len) + 1);
		value += stars;
	}
}

/* In place and as long as it was: what `ps` shows ends where it ended. */
static void star(char *word)
{
	for (char *value = find_value(word); value; value = find_value(value)) {
		size_t len = value_len(value);

		memset(value, '*', len);
		value += len;
	}
}

int pinvalue_take(int argc, char **argv, char ***out, struct kh_error *err)
{
	char **taken = calloc((size_t)argc + 1, sizeof(*taken));
	bool all = taken != NULL;

	for (int i = 0; i < argc && argv[i]; i++) {
		char *word = argv[i];

		if (find_value(word)) {
			word = taken ? strdup(word) : NULL;
			all = all && word;
			star(argv[i]);
		}
		if (taken)
			taken[i] = word ? word : argv[i];
	}
	if (all) {
		*out = taken;
		return 0;
	}
	pinvalue_give_back(argc, argv, taken);
	return kh_fail_memory(err);
}

void pinvalue_give_back(int argc, char *const *argv, char **taken)
{
	for (int i = 0; taken && i < argc; i++)
		if (taken[i] && taken[i] != argv[i]) {
			secret_wipe(taken[i], strlen(taken[i]));
			free(taken[i]);
		}
	free(taken);
}
