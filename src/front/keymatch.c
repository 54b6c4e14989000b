/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keymatch.h"

#include "bundle/jsontext.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 1024 /* bytes, decoded */
#define SCHEME "pkcs11:"

static const char *const attributes[] = {"object", "id", "type", "token", "serial", "model", "manufacturer"};
#define N_ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

struct value {
	unsigned char bytes[VALUE_MAX];
	size_t len;
};

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decoding, of URIs and of a bundle's names alike; what is no escape stands for itself. False: too long. */
static bool decode(const char *text, size_t len, struct value *out)
{
	out->len = 0;
	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

		if (out->len == VALUE_MAX)
			return false;
		out->bytes[out->len++] = low >= 0 ? (unsigned char)((unsigned)high << 4 | (unsigned)low) : (unsigned char)text[i];
		i += low >= 0 ? 2 : 0;
	}
	return true;
}

/* A value as the bundle has it: names percent-encoded, the id in hex. */
static bool decode_hex(const char *hex, struct value *out)
{
	size_t n = strlen(hex) / 2;

	out->len = 0;
	for (size_t i = 0; i < n && i < VALUE_MAX; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out->bytes[out->len++] = (unsigned char)(high << 4 | low);
	}
	return out->len == n;
}

/* Finds an attribute of the path. */
static const char *find(const char *uri, const char *name, size_t *len)
{
	const char *at = uri + strlen(SCHEME);
	size_t name_len = strlen(name);

	for (;;) {
		size_t n = strcspn(at, ";?");

		if (n > name_len && at[name_len] == '=' && memcmp(at, name, name_len) == 0) {
			*len = n - name_len - 1;
			return at + name_len + 1;
		}
		if (at[n] != ';')
			return NULL;
		at += n + 1;
	}
}

static int check_form(const char *option, const char *uri, struct kh_error *err)
{
	const char *at = uri + strlen(SCHEME);

	if (strncmp(uri, SCHEME, strlen(SCHEME)) != 0) {
		kh_fail(err, KH_E_INPUT, 0, "%s: '%.64s' does not begin with " SCHEME, option, uri);
		return kh_hint(err, "such as 'pkcs11:token=NAME;object=LABEL' (RFC 7512)");
	}
	while (*at && *at != '?') {
		size_t n = strcspn(at, ";?");

		if (!memchr(at, '=', n))
			return kh_fail(err, KH_E_INPUT, 0, "%s: '%.*s' is no attribute of a URI", option,
				       (int)(n < 64 ? n : 64), at);
		at += n + (at[n] == ';');
	}
	return 0;
}

const char *keymatch_token(const char *uri, size_t *len)
{
	const char *value = strncmp(uri, SCHEME, strlen(SCHEME)) == 0 ? find(uri, "token", len) : NULL;

	if (!value)
		return NULL;
	*len += strlen("token=");
	return value - strlen("token=");
}

bool keymatch_same_token(const char *a, const char *b)
{
	size_t a_len = 0, b_len = 0;
	const char *a_at = keymatch_token(a, &a_len), *b_at = keymatch_token(b, &b_len);
	struct value x, y;

	if (!a_at || !b_at)
		return true;
	return decode(a_at, a_len, &x) && decode(b_at, b_len, &y) && x.len == y.len && memcmp(x.bytes, y.bytes, x.len) == 0;
}

static const char *class_of(const struct bundle_material *m)
{
	const char *type = m->key.type ? m->key.type : "";

	return strcmp(type, "RSA") == 0 || strcmp(type, "EC") == 0 ? "private" : "secret-key";
}

static const char *of_material(const struct bundle_material *m, const char *attribute)
{
	const char *const values[N_ATTRIBUTES] = {m->key.label, m->key.id, class_of(m), m->token.label, m->token.serial,
						  m->token.model, m->token.manufacturer};

	for (size_t i = 0; i < N_ATTRIBUTES; i++)
		if (strcmp(attributes[i], attribute) == 0)
			return values[i];
	return NULL;
}

static bool same(const struct value *a, const struct value *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* What the token did not state at wrapping it cannot have had: then no value is the same. */
static bool is_materials(const char *attribute, const char *text, size_t len, const struct bundle_material *m)
{
	const char *there = of_material(m, attribute);
	struct value said, has;

	if (!decode(text, len, &said))
		return false;
	if (!there)
		return said.len == 0;
	return (strcmp(attribute, "id") == 0 ? decode_hex(there, &has) : decode(there, strlen(there), &has)) &&
	       same(&said, &has);
}

static int another(const char *option, const char *said, const struct bundle_material *m, struct kh_error *err)
{
	char words[KEYMATCH_WORDS];

	keymatch_words(m, words);
	return kh_fail(err, KH_E_CHECK, 0, "%s names %.300s, and the bundle holds material of the key %.500s", option, said,
		       words);
}

int keymatch_material(const char *name, const char *uri, const struct bundle_material *m, struct kh_error *err)
{
	if (check_form(name, uri, err))
		return -1;
	for (size_t i = 0; i < N_ATTRIBUTES; i++) {
		size_t len = 0;
		const char *text = find(uri, attributes[i], &len);

		if (text && !is_materials(attributes[i], text, len, m))
			return another(name, uri, m, err);
	}
	return 0;
}

int keymatch_label(const char *label, const struct bundle_material *m, struct kh_error *err)
{
	struct value has;

	if (m->key.label && decode(m->key.label, strlen(m->key.label), &has) && has.len == strlen(label) &&
	    memcmp(has.bytes, label, has.len) == 0)
		return 0;
	return another("--generate", label, m, err);
}

int keymatch_request(const char *name, const char *uri, const struct bundle_request *r, struct kh_error *err)
{
	if (check_form(name, uri, err))
		return -1;
	for (size_t i = 0; r->key_uri && i < N_ATTRIBUTES; i++) {
		size_t len = 0, other_len = 0;
		const char *text = find(uri, attributes[i], &len), *other = find(r->key_uri, attributes[i], &other_len);
		struct value a, b;

		if (text && other && !(decode(text, len, &a) && decode(other, other_len, &b) && same(&a, &b)))
			return kh_fail(err, KH_E_USAGE, 0, "%s names %.300s, the bundle says %.300s", name, uri, r->key_uri);
	}
	return 0;
}

void keymatch_words(const struct bundle_material *m, char out[KEYMATCH_WORDS])
{
	(void)snprintf(out, KEYMATCH_WORDS, "'%s' (%s, %lld bits%s%s) of the token '%s'%s%s", m->key.label ? m->key.label : "",
		       m->key.type ? m->key.type : "type not stated", (long long)m->key.size, m->key.id ? ", id " : "",
		       m->key.id ? m->key.id : "", m->token.label ? m->token.label : "",
		       m->token.serial ? ", serial " : "", m->token.serial ? m->token.serial : "");
}

json_t *keymatch_json(const struct bundle_material *m)
{
	return jsontext_pack("{s:s*,s:s*,s:s*,s:s*,s:s*}", "label", m->key.label, "id", m->key.id, "type", m->key.type, "token",
			 m->token.label, "serial", m->token.serial);
}
