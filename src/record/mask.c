/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "mask.h"

#include <stdbool.h>
#include <string.h>

#define HEX_LEAST 16
#define ACCOUNT_DIGITS 12
#define MRK_DIGITS 32 /* behind mrk-, of a multi-Region key */
#define DIGEST_DIGITS 64

static const char hex[] = "0123456789abcdefABCDEF", digits[] = "0123456789";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

struct cursor {
	const char *begin, *at, *end;
};

static size_t run_of(const struct cursor *c, const char *set)
{
	size_t n = 0;

	while (c->at + n < c->end && c->at[n] && strchr(set, c->at[n]))
		n++;
	return n;
}

/* The bytes that a pattern takes: 'd' a digit, 'h' a hex digit, all else itself; 0 where it does not fit. */
static size_t fits(const struct cursor *c, const char *pattern)
{
	size_t n = strlen(pattern);

	if ((size_t)(c->end - c->at) < n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		const char *set = pattern[i] == 'd' ? digits : pattern[i] == 'h' ? hex : NULL;

		if (!c->at[i] || (set ? !strchr(set, c->at[i]) : c->at[i] != pattern[i]))
			return 0;
	}
	return n;
}

static bool comes_behind(const struct cursor *c, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(c->at - c->begin) >= n && memcmp(c->at - n, text, n) == 0;
}

/* True where the character before belongs to no longer word of that kind. */
static bool begins_word(const struct cursor *c, const char *set)
{
	return c->at == c->begin || !c->at[-1] || !strchr(set, c->at[-1]);
}

/* A member whose value is masked whole, by its name: "NAME": "VALUE" or NAME=VALUE of a URI. Gives the value's bytes. */
static size_t named_value(const struct cursor *c, const char **mask)
{
	static const struct {
		const char *behind, *until, *mask;
	} names[] = {
		{"\"serial\":\"", "\"", "SERIAL"},	 {"\"serial\": \"", "\"", "SERIAL"},
		{"\"token_serial\":\"", "\"", "SERIAL"}, {"\"token_serial\": \"", "\"", "SERIAL"},
		{"serial=", ";&?\" '\\", "SERIAL"},	 {"serial ", ";,:)\" '\\", "SERIAL"},
		{"{\"label\":\"", "\"", "LABEL"},	 {"\"manufacturer\":\"", "\"", "MAKER"},
		{"\"model\":\"", "\"", "MODEL"},	 {"\"host\":\"", "\"", "HOST"},		 {"\"check_value\": \"", "\"", "VALUE"},
		{"\"check_value\":\"", "\"", "VALUE"},	 {"token '", "'", "LABEL"},
		{"127.0.0.1:", "/\" ,;)'\\", "PORT"},
		/* one command more is one line of difference, and not all behind it */
		{"{\"keyhaul_transcript\":1,\"n\":", ",}", "N"},
		{"\"lines\":", ",}", "LINES"},
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (comes_behind(c, names[i].behind)) {
			while (c->at + n < c->end && c->at[n] != '\n' && (!c->at[n] || !strchr(names[i].until, c->at[n])))
				n++;
			*mask = names[i].mask;
			return n;
		}
	return 0;
}

/* The value of a member that holds bytes; any other text of these letters may be a path. */
static bool is_blob(const struct cursor *c)
{
	static const char *const names[] = {
		"signature\":\"", "public_key\":\"", "import_token\":\"", "encrypted_key_material\":\"", "challenge\":\"", "answer\":\"",
		"signature\": \"", "public_key\": \"", "import_token\": \"", "encrypted_key_material\": \"", "challenge\": \"", "answer\": \"",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (comes_behind(c, names[i]))
			return true;
	return false;
}

/* The id of a KMS key that was named: another key is a difference. */
static bool is_key_id(const struct cursor *c)
{
	static const char *const behind[] = {"key/", "key/mrk-", "\"--key-id\",\"", "\"--key-id\",\"mrk-", "\"item\":\"", "\"item\":\"mrk-"};

	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++)
		if (comes_behind(c, behind[i]))
			return true;
	return false;
}

/* What stands here and is masked, and how many bytes it takes; 0 for nothing. */
static size_t masked(const struct cursor *c, const char **mask)
{
	size_t n = named_value(c, mask);

	if (n)
		return n;
	n = fits(c, "dddd-dd-ddTdd:dd:ddZ");
	*mask = "TIME";
	if (n || !begins_word(c, base64))
		return n;
	n = fits(c, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh");
	*mask = "UUID";
	if (n)
		return is_key_id(c) ? 0 : n;
	n = run_of(c, digits);
	*mask = "ACCOUNT";
	if (n == ACCOUNT_DIGITS && run_of(c, base64) == n)
		return n;
	n = run_of(c, hex);
	*mask = n == DIGEST_DIGITS ? "DIGEST" : "HEX";
	if (n >= HEX_LEAST && run_of(c, base64) == n)
		return n == MRK_DIGITS && is_key_id(c) ? 0 : n;
	*mask = "BASE64";
	return is_blob(c) ? run_of(c, base64) : 0;
}

/* Of a transcript's line: how a rehearsal gives what a person types on the day is no difference. Gives the bytes to leave out. */
static size_t typed_for_a_person(const struct cursor *c)
{
	static const char *const options[] = {",\"--pin-file\",\"", ",\"--signer-pin-file\",\"", ",\"--confirm\",\""};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const size_t n = strlen(options[i]);
		const char *end;

		if ((size_t)(c->end - c->at) < n || memcmp(c->at, options[i], n) != 0)
			continue;
		end = memchr(c->at + n, '"', (size_t)(c->end - c->at) - n);
		return end && !memchr(c->at + n, '\\', (size_t)(end - c->at) - n) ? (size_t)(end + 1 - c->at) : 0;
	}
	return 0;
}

int mask_text(const char *text, size_t len, struct buf *out, struct kh_error *err)
{
	struct cursor c = {text, text, text + len};

	while (c.at < c.end) {
		const char *mask = NULL;
		size_t n = typed_for_a_person(&c);

		if (n) {
			c.at += n;
			continue;
		}
		n = masked(&c, &mask);
		if (n ? buf_add(out, mask, strlen(mask), err) : buf_add(out, c.at, 1, err))
			return -1;
		c.at += n ? n : 1;
	}
	return 0;
}
