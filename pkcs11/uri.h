/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_URI_H
#define KEYHAUL_PKCS11_URI_H

#include "base/buf.h"
#include "base/secret.h"

#include <p11-kit/pkcs11.h>
#include <stdbool.h>

#define URI_MAX 4096 /* bytes of its text */
#define URI_PIN_MAX 1024

/* Who wrote the URI, and so what it may say. */
enum uri_from {
	URI_FROM_COMMAND_LINE, /* RFC 7512 but library-*, module-name, vendor attributes and `pin-source=|command` */
	URI_FROM_BUNDLE,       /* token, manufacturer, model, serial, object, id and type only */
};

/* A PKCS#11 URI (RFC 7512), parsed. */
struct uri;

/*
 * Parses a URI; attributes that PKCS#11 URIs do not have are refused. From the command line a pin-value is taken
 * into a secret, overwritten with '*' in `text` itself (so `text` is argv's) and warned of. The caller frees `*out`.
 * KH_E_INPUT.
 */
int uri_parse(const char *text, enum uri_from from, struct uri **out, struct kh_error *err);
void uri_free(struct uri *u);

/* The text without a pin-value, for messages; the URI owns it. */
const char *uri_text(const struct uri *u);

/* The query's attributes, NULL where it has none; the URI owns them. pin-source is a path ("file:" taken off). */
const char *uri_module_path(const struct uri *u);
const char *uri_pin_source(const struct uri *u);

/* True while it holds a pin-value; uri_take_pin gives it away, once: the caller frees it (NULL where there is none). */
bool uri_has_pin(const struct uri *u);
struct secret *uri_take_pin(struct uri *u);

/* The object's attributes, NULL or false where it has none; the URI owns them. The label is not NUL-terminated. */
const char *uri_object(const struct uri *u, size_t *len);
const unsigned char *uri_id(const struct uri *u, size_t *len);
bool uri_class(const struct uri *u, CK_OBJECT_CLASS *out);

/* True where it names an object at all (object, id or type). */
bool uri_has_object(const struct uri *u);

/* True where every attribute about the token and the slot (`slot` NULL: not known) agrees. */
bool uri_matches_token(const struct uri *u, const CK_TOKEN_INFO *token, const CK_SLOT_INFO *slot, CK_SLOT_ID id);

/* Adds the token's URI: "pkcs11:model=...;manufacturer=...;serial=...;token=...". KH_E_MEMORY. */
int uri_format_token(const CK_TOKEN_INFO *token, struct buf *out, struct kh_error *err);

/* Adds the URI of an object on it, with object, id (each left out where it is empty) and type. KH_E_MEMORY. */
int uri_format_object(const CK_TOKEN_INFO *token, CK_OBJECT_CLASS object_class, const char *label, size_t label_len,
		      const unsigned char *id, size_t id_len, struct buf *out, struct kh_error *err);

#endif
