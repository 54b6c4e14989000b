/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle.h"

#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define URI_MAX 1024
#define ID_MAX 255

/* The path attributes that a bundle's URI may have, and how long their values can be (CK_TOKEN_INFO's fields). */
static const struct {
	const char *name;
	size_t max;
} allowed[] = {
	{"token", 32}, {"manufacturer", 32}, {"model", 16}, {"serial", 16}, {"object", 255}, {"id", ID_MAX}, {"type", 10},
};

#define N_ALLOWED (sizeof(allowed) / sizeof(allowed[0]))

/* Path attributes' own characters beside pct-encoded ones (RFC 7512 section 2.3, pk11-pchar). */
static bool is_pchar(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("-._~:[]@!$'()*+,=&", c));
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes a value into `out` (`size` bytes, a NUL behind); its length, or -1. */
static int decode(const char *text, size_t len, char *out, size_t size, struct kh_error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			bool whole = i + 2 < len;
			int high = whole ? hex_value(text[i + 1]) : -1, low = whole ? hex_value(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return kh_fail(err, KH_E_INPUT, 0, "a '%%' without two hex digits behind it");
			c = (char)(high << 4 | low);
			i += 2;
		} else if (!is_pchar(c)) {
			return kh_fail(err, KH_E_INPUT, 0, "'%c' must be percent-encoded", c);
		}
		if (n + 1 >= size)
			return kh_fail(err, KH_E_INPUT, 0, "longer than %zu bytes", size - 1);
		out[n++] = c;
	}
	out[n] = '\0';
	return (int)n;
}

/* Text attributes are names that people read; an id may be any bytes. */
static int check_text(const char *text, size_t len, struct kh_error *err)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return kh_fail(err, KH_E_INPUT, 0, "a control character");
	return 0;
}

static int check_type(const char *text, struct kh_error *err)
{
	static const char *const types[] = {"public", "private", "cert", "secret-key", "data"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i], text) == 0)
			return 0;
	return kh_fail(err, KH_E_INPUT, 0, "none of public, private, cert, secret-key, data");
}

static int check_value(size_t which, const char *value, size_t len, struct kh_error *err)
{
	char decoded[ID_MAX + 1];
	int n = decode(value, len, decoded, allowed[which].max + 1, err);

	if (n < 0)
		return -1;
	if (n == 0)
		return kh_fail(err, KH_E_INPUT, 0, "empty");
	if (strcmp(allowed[which].name, "id") == 0)
		return 0;
	if (check_text(decoded, (size_t)n, err))
		return -1;
	if (strcmp(allowed[which].name, "object") == 0 &&
	    strncmp(decoded, BUNDLE_TMP_PREFIX, strlen(BUNDLE_TMP_PREFIX)) == 0) {
		kh_fail(err, KH_E_INPUT, 0, "labels that begin with " BUNDLE_TMP_PREFIX " are for temporary objects");
		return kh_hint(err, "'keyhaul-token clean' destroys such objects: name a key of another label");
	}
	return strcmp(allowed[which].name, "type") == 0 ? check_type(decoded, err) : 0;
}

/* PKCS#11 itself calls a key's object= its label (RFC 7512, 2.3). */
static int unknown(const char *name, size_t len, struct kh_error *err)
{
	struct nearest near = {len == 5 && memcmp(name, "label", 5) == 0 ? "object" : NULL, 0};

	for (size_t i = 0; i < N_ALLOWED; i++)
		nearest_offer(&near, name, len, allowed[i].name);
	kh_fail(err, KH_E_INPUT, 0, "URI: attribute '%.*s' is not allowed in a bundle or plan", (int)(len < 64 ? len : 64), name);
	return kh_hint(err, "%s%s%stoken, manufacturer, model, serial, object, id and type are; name a module or a PIN source on "
			    "the command line", near.name ? "was " : "", near.name ? near.name : "", near.name ? "= meant? " : "");
}

/* One NAME=VALUE of the path; `seen` has a bit an attribute. */
static int check_attribute(const char *at, size_t len, unsigned *seen, struct kh_error *err)
{
	const char *eq = memchr(at, '=', len);
	size_t name_len = eq ? (size_t)(eq - at) : len;

	for (size_t i = 0; eq && i < N_ALLOWED; i++) {
		if (strlen(allowed[i].name) != name_len || memcmp(at, allowed[i].name, name_len) != 0)
			continue;
		if (*seen & 1u << i)
			return kh_fail(err, KH_E_INPUT, 0, "URI: attribute %s stands twice", allowed[i].name);
		*seen |= 1u << i;
		if (check_value(i, eq + 1, len - name_len - 1, err))
			return kh_context(err, "URI: attribute %s", allowed[i].name);
		return 0;
	}
	return unknown(at, name_len, err);
}

int bundle_check_uri(const char *uri, struct kh_error *err)
{
	unsigned seen = 0;
	const char *at;

	if (strnlen(uri, URI_MAX + 1) > URI_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "URI: longer than %d characters", URI_MAX);
	if (strncmp(uri, "pkcs11:", 7) != 0) {
		kh_fail(err, KH_E_INPUT, 0, "URI: '%.64s' does not begin with pkcs11:", uri);
		return kh_hint(err, "such as 'pkcs11:token=NAME;object=LABEL;type=private' (RFC 7512)");
	}
	at = uri + 7;
	if (strchr(at, '?')) {
		kh_fail(err, KH_E_INPUT, 0, "URI: not allowed in a bundle or plan: %.64s", strchr(at, '?'));
		return kh_hint(err, "module-path, pin-source and pin-value count on the command line only: in a bundle they would "
				    "let the online host run code or read files on this one");
	}
	for (;;) {
		size_t len = strcspn(at, ";");

		if (check_attribute(at, len, &seen, err))
			return -1;
		if (at[len] == '\0')
			return 0;
		at += len + 1;
	}
}

size_t bundle_uri_value(const char *uri, const char *name, char *out, size_t size)
{
	size_t name_len = strlen(name);
	struct kh_error ignored;

	for (const char *at = uri + strlen("pkcs11:"); *at; at += strcspn(at, ";"), at += *at == ';')
		if (strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
			const char *value = at + name_len + 1;
			int n = decode(value, strcspn(value, ";"), out, size, &ignored);

			return n > 0 ? (size_t)n : 0;
		}
	return 0;
}
