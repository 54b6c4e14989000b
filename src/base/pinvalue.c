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

/*
 * Behind `text` where an attribute's name stands that a PIN is the value of; NULL where none does. Who writes ':' for '=' typed
 * a PIN all the same. After a URI's delimiter (`begins`) that is each name in pin, but for pin-source: pin, pin_value, pinvalue.
 */
static char *behind_name(char *text, bool begins)
{
	static const char value[] = "pin-value", source[] = "pin-source";
	char name[sizeof(source) + 1] = "", c = 0;
	size_t len = 0, n;

	for (;; text += n) {
		n = take_char(text, &c);
		if (!isalnum((unsigned char)c) && !strchr("-_.", c))
			break;
		if (!c)
			return NULL;
		if (len < sizeof(name) - 1)
			name[len] = (char)tolower((unsigned char)c);
		len++;
		if (!begins && (len >= sizeof(value) || name[len - 1] != value[len - 1]))
			return NULL;
	}
	if ((c != '=' && c != ':') || (begins ? strncmp(name, "pin", 3) != 0 || strcmp(name, source) == 0 : strcmp(name, value) != 0))
		return NULL;
	return text + n;
}

/* The first value of a pin-value in `text`, which goes on from `whole`; NULL where there is none. */
static char *find_value(const char *whole, char *text)
{
	for (; *text; text++) {
		char *value = behind_name(text, text > whole && strchr("?&;:", text[-1]));

		if (!value)
			value = behind_name(text, false);
		if (value)
			return value;
	}
	return NULL;
}

/* Who stands before the host in a URL (RFC 3986 section 3.2.1), where a password may be; a file's has nobody. */
static char *find_user(const char *whole, char *text, size_t *len)
{
	for (char *at = strstr(text, "://"); at; at = strstr(at + 1, "://")) {
		char *user = at + 3;
		size_t n = strcspn(user, " \t\n'\"<>");

		while (n > 0 && user[n] != '@')
			n--;
		*len = n;
		if (n > 0 && (at - whole < 4 || strncmp(at - 4, "file", 4) != 0) && (at - whole < 5 || strncmp(at - 5, "fileb", 5) != 0))
			return user;
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

/* The first secret at or behind `text`, and its length. */
static char *find_secret(const char *whole, char *text, size_t *len)
{
	size_t user_len = 0;
	char *value = find_value(whole, text), *user = find_user(whole, text, &user_len);

	if (user && (!value || user < value)) {
		*len = user_len;
		return user;
	}
	if (value)
		*len = value_len(value);
	return value;
}

void pinvalue_hide(char *text)
{
	size_t len = 0;

	for (char *value = find_secret(text, text, &len); value; value = find_secret(text, value, &len)) {
		size_t stars = len < strlen(STARS) ? len : strlen(STARS);

		memset(value, '*', stars);
		memmove(value + stars, value + len, strlen(value + len) + 1);
		value += stars;
	}
}

/* In place and as long as it was: what `ps` shows ends where it ended. */
static void star(char *word)
{
	size_t len = 0;

	for (char *value = find_secret(word, word, &len); value; value = find_secret(word, value, &len)) {
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
		size_t len = 0;

		if (find_secret(word, word, &len)) {
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
