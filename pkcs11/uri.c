/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "uri.h"

#include "base/log.h"

#include <p11-kit/uri.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "pkcs11:"
#define STAR '*' /* what a pin-value becomes in argv */

struct uri {
	P11KitUri *p11;
	char *text;	     /* without the pin-value */
	struct secret *pin;
	const char *pin_source; /* inside p11 */
};

/* Where an attribute may stand (RFC 7512 section 2.3) and whether a bundle's URI may have it. */
enum part { PATH, QUERY };
static const struct attribute {
	const char *name;
	enum part part;
	bool in_bundle;
} attributes[] = {
	{"token", PATH, true},		  {"manufacturer", PATH, true}, {"model", PATH, true},
	{"serial", PATH, true},		  {"object", PATH, true},	{"id", PATH, true},
	{"type", PATH, true},		  {"slot-id", PATH, false},	{"slot-description", PATH, false},
	{"slot-manufacturer", PATH, false}, {"module-path", QUERY, false}, {"pin-source", QUERY, false},
	{"pin-value", QUERY, false},
};
#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

/* One attribute of the text as it stands there. */
struct piece {
	const char *name, *value; /* not terminated */
	size_t name_len, value_len;
	enum part part;
};

static bool name_is(const struct piece *p, const char *name)
{
	return p->name_len == strlen(name) && memcmp(p->name, name, p->name_len) == 0;
}

/* Takes the attribute at `*at` and steps behind it; false at the end. */
static bool next_piece(const char **at, enum part *part, struct piece *out)
{
	size_t len = strcspn(*at, *part == PATH ? ";?" : "&");
	const char *eq = memchr(*at, '=', len);

	if (len == 0 && **at == '\0')
		return false;
	out->part = *part;
	out->name = *at;
	out->name_len = eq ? (size_t)(eq - *at) : len;
	out->value = eq ? eq + 1 : *at + len;
	out->value_len = eq ? len - out->name_len - 1 : 0;
	*at += len;
	if (**at == '?')
		*part = QUERY;
	if (**at)
		(*at)++;
	return true;
}

static int bad_attribute(const struct piece *p, const char *why, struct kh_error *err)
{
	return kh_fail(err, KH_E_INPUT, 0, "PKCS#11 URI: '%.*s' %s", (int)(p->name_len < 40 ? p->name_len : 40), p->name,
		       why);
}

static int refuse_in_bundle(const struct piece *p, struct kh_error *err)
{
	bad_attribute(p, "is not allowed in the URI of a bundle", err);
	return kh_hint(err, "a bundle may name token, manufacturer, model, serial, object, id and type only; where the "
			    "module and the PIN are is said on this host's command line");
}

static int check_piece(const struct piece *p, enum uri_from from, unsigned *seen, struct kh_error *err)
{
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		if (!name_is(p, attributes[i].name))
			continue;
		if (from == URI_FROM_BUNDLE && !attributes[i].in_bundle)
			return refuse_in_bundle(p, err);
		if (p->part != attributes[i].part)
			return bad_attribute(p, p->part == PATH ? "belongs behind a '?'" : "belongs before the '?'", err);
		if (*seen & 1u << i)
			return bad_attribute(p, "is there twice", err);
		*seen |= 1u << i;
		return 0;
	}
	if (from == URI_FROM_BUNDLE)
		return refuse_in_bundle(p, err);
	bad_attribute(p, "is no attribute that keyhaul knows", err);
	return kh_hint(err, "a URI looks like pkcs11:token=LABEL;object=KEY?module-path=/path/to/module.so");
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)((at - digits) % 16) : -1;
}

/* The PIN never goes through libp11-kit, which keeps it in memory that is not wiped. */
static int decode_pin(const struct piece *p, struct secret **out, struct kh_error *err)
{
	struct secret *s = p->value_len ? secret_new(URI_PIN_MAX, err) : NULL;
	size_t n = 0;

	if (p->value_len == 0)
		return kh_fail(err, KH_E_INPUT, 0, "PKCS#11 URI: the pin-value is empty");
	if (!s)
		return -1;
	for (size_t i = 0; i < p->value_len; i++) {
		int c = (unsigned char)p->value[i];

		if (c == '%') {
			int high = i + 2 < p->value_len ? hex_digit(p->value[i + 1]) : -1;
			int low = high < 0 ? -1 : hex_digit(p->value[i + 2]);

			c = low < 0 ? 0 : high * 16 + low;
			i += 2;
		}
		if (c == 0 || n == URI_PIN_MAX) {
			secret_free(s);
			return kh_fail(err, KH_E_INPUT, 0, "PKCS#11 URI: the pin-value is too long or badly encoded");
		}
		secret_data(s)[n++] = (unsigned char)c;
	}
	secret_set_len(s, n);
	*out = s;
	return 0;
}

static int take_pin(struct uri *u, const struct piece *p, struct kh_error *err)
{
	int rc = decode_pin(p, &u->pin, err);

	memset((char *)(uintptr_t)p->value, STAR, p->value_len); /* argv's own bytes: other processes see them */
	if (rc == 0)
		log_warning("a pin-value on the command line can be seen by others on this host; --pin-file or "
			    "pin-source keeps it private");
	return rc;
}

/* Checks every attribute, takes the PIN out, and keeps the rest as text. */
static int split(struct uri *u, const char *text, enum uri_from from, struct kh_error *err)
{
	const char *at = text + strlen(SCHEME);
	struct buf rest = BUF_INIT(URI_MAX);
	enum part part = PATH, last = PATH;
	struct piece p;
	unsigned seen = 0;
	bool first = true;
	int rc = -1;

	if (buf_addf(&rest, "%s", err, SCHEME))
		goto out;
	while (next_piece(&at, &part, &p)) {
		if (p.name_len == 0 && p.value_len == 0)
			continue;
		if (name_is(&p, "pin-value") && from == URI_FROM_COMMAND_LINE && !u->pin && take_pin(u, &p, err))
			goto out;
		if (check_piece(&p, from, &seen, err))
			goto out;
		if (name_is(&p, "pin-value"))
			continue;
		if (buf_addf(&rest, "%s%.*s=%.*s", err, p.part != last ? "?" : first ? "" : p.part == PATH ? ";" : "&",
			     (int)p.name_len, p.name, (int)p.value_len, p.value))
			goto out;
		first = false;
		last = p.part;
	}
	u->text = rest.data;
	rest.data = NULL;
	rc = 0;
out:
	buf_free(&rest);
	return rc;
}

static int parse_rest(struct uri *u, struct kh_error *err)
{
	int code;

	u->p11 = p11_kit_uri_new();
	if (!u->p11)
		return kh_fail_memory(err);
	code = p11_kit_uri_parse(u->text, P11_KIT_URI_FOR_ANY, u->p11);
	if (code == P11_KIT_URI_OK && !p11_kit_uri_any_unrecognized(u->p11))
		return 0;
	kh_fail(err, KH_E_INPUT, 0, "PKCS#11 URI: %s: '%s'",
		code == P11_KIT_URI_OK ? "a value that is not known" : p11_kit_uri_message(code), u->text);
	return kh_hint(err, "special characters are written %%XX; type is one of secret-key, private, public, cert, data");
}

static int check_pin_source(struct uri *u, struct kh_error *err)
{
	const char *path = p11_kit_uri_get_pin_source(u->p11);

	if (!path)
		return 0;
	if (path[0] == '|') {
		kh_fail(err, KH_E_INPUT, 0, "PKCS#11 URI: a pin-source that is a command is not run");
		return kh_hint(err, "put the PIN into a file, or pipe it in with --pin-fd 0");
	}
	if (strncmp(path, "file:", 5) == 0)
		path += 5;
	if (strncmp(path, "///", 3) == 0)
		path += 2;
	if (!*path)
		return kh_fail(err, KH_E_INPUT, 0, "PKCS#11 URI: the pin-source is empty");
	u->pin_source = path;
	return 0;
}

static int check_text(const char *text, struct kh_error *err)
{
	if (strncmp(text, SCHEME, strlen(SCHEME)) != 0) {
		kh_fail(err, KH_E_INPUT, 0, "a PKCS#11 URI begins with 'pkcs11:'");
		return kh_hint(err, "`keyhaul-token slots` and `keyhaul-token keys` print the URIs of tokens and keys");
	}
	if (strlen(text) >= URI_MAX)
		return kh_fail(err, KH_E_INPUT, 0, "a PKCS#11 URI of more than %d bytes", URI_MAX - 1);
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			return kh_fail(err, KH_E_INPUT, 0, "PKCS#11 URI: a byte 0x%02X has to be written %%%02X",
				       (unsigned char)*c, (unsigned char)*c);
	return 0;
}

int uri_parse(const char *text, enum uri_from from, struct uri **out, struct kh_error *err)
{
	struct uri *u = calloc(1, sizeof(*u));

	*out = NULL;
	if (!u)
		return kh_fail_memory(err);
	if (check_text(text, err) || split(u, text, from, err) || parse_rest(u, err) || check_pin_source(u, err)) {
		uri_free(u);
		return -1;
	}
	*out = u;
	return 0;
}

void uri_free(struct uri *u)
{
	if (!u)
		return;
	if (u->p11)
		p11_kit_uri_free(u->p11);
	secret_free(u->pin);
	free(u->text);
	free(u);
}

const char *uri_text(const struct uri *u)
{
	return u->text;
}

const char *uri_module_path(const struct uri *u)
{
	return p11_kit_uri_get_module_path(u->p11);
}

const char *uri_pin_source(const struct uri *u)
{
	return u->pin_source;
}

bool uri_has_pin(const struct uri *u)
{
	return u->pin != NULL;
}

struct secret *uri_take_pin(struct uri *u)
{
	struct secret *pin = u->pin;

	u->pin = NULL;
	return pin;
}

const char *uri_object(const struct uri *u, size_t *len)
{
	const CK_ATTRIBUTE *a = p11_kit_uri_get_attribute(u->p11, CKA_LABEL);

	*len = a ? a->ulValueLen : 0;
	return a ? a->pValue : NULL;
}

const unsigned char *uri_id(const struct uri *u, size_t *len)
{
	const CK_ATTRIBUTE *a = p11_kit_uri_get_attribute(u->p11, CKA_ID);

	*len = a ? a->ulValueLen : 0;
	return a ? a->pValue : NULL;
}

bool uri_class(const struct uri *u, CK_OBJECT_CLASS *out)
{
	const CK_ATTRIBUTE *a = p11_kit_uri_get_attribute(u->p11, CKA_CLASS);

	if (!a || a->ulValueLen != sizeof(*out))
		return false;
	memcpy(out, a->pValue, sizeof(*out));
	return true;
}

bool uri_has_object(const struct uri *u)
{
	CK_ULONG n = 0;

	(void)p11_kit_uri_get_attributes(u->p11, &n);
	return n > 0;
}

bool uri_matches_token(const struct uri *u, const CK_TOKEN_INFO *token, const CK_SLOT_INFO *slot, CK_SLOT_ID id)
{
	CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(u->p11);

	return p11_kit_uri_match_token_info(u->p11, token) && (wanted == (CK_SLOT_ID)-1 || wanted == id) &&
	       (!slot || p11_kit_uri_match_slot_info(u->p11, slot));
}

static int format(const CK_TOKEN_INFO *token, CK_ATTRIBUTE *attrs, CK_ULONG n, struct buf *out, struct kh_error *err)
{
	P11KitUri *p11 = p11_kit_uri_new();
	char *text = NULL;
	int rc = -1;

	if (!p11) {
		kh_fail_memory(err);
		goto out;
	}
	*p11_kit_uri_get_token_info(p11) = *token;
	if ((n && p11_kit_uri_set_attributes(p11, attrs, n) != P11_KIT_URI_OK) ||
	    p11_kit_uri_format(p11, n ? P11_KIT_URI_FOR_OBJECT_ON_TOKEN : P11_KIT_URI_FOR_TOKEN, &text) !=
		    P11_KIT_URI_OK) {
		kh_fail_memory(err);
		goto out;
	}
	rc = buf_add(out, text, strlen(text), err);
out:
	free(text);
	if (p11)
		p11_kit_uri_free(p11);
	return rc;
}

int uri_format_token(const CK_TOKEN_INFO *token, struct buf *out, struct kh_error *err)
{
	return format(token, NULL, 0, out, err);
}

int uri_format_object(const CK_TOKEN_INFO *token, CK_OBJECT_CLASS object_class, const char *label, size_t label_len,
		      const unsigned char *id, size_t id_len, struct buf *out, struct kh_error *err)
{
	CK_ATTRIBUTE attrs[3] = {{CKA_CLASS, &object_class, sizeof(object_class)}};
	CK_ULONG n = 1;

	if (label_len)
		attrs[n++] = (CK_ATTRIBUTE){CKA_LABEL, (void *)(uintptr_t)label, label_len};
	if (id_len)
		attrs[n++] = (CK_ATTRIBUTE){CKA_ID, (void *)(uintptr_t)id, id_len};
	return format(token, attrs, n, out, err);
}
