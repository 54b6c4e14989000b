/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_KEYMATCH_H
#define KEYHAUL_FRONT_KEYMATCH_H

#include "bundle/bundle.h"

#include <jansson.h>

#define KEYMATCH_WORDS 2048

/*
 * Whether a PKCS#11 URI (RFC 7512) of the command line, option NAME, can be of the key and the token that the material
 * says it was wrapped from: each path attribute that is named must be the material's. KH_E_CHECK where one is another,
 * KH_E_INPUT for what is no URI.
 */
int keymatch_material(const char *name, const char *uri, const struct bundle_material *m, struct kh_error *err);

/* The same for the label of a key to be made (--generate). */
int keymatch_label(const char *label, const struct bundle_material *m, struct kh_error *err);

/* Whether two URIs can be of one key: no path attribute that both name differs. KH_E_USAGE, KH_E_INPUT. */
int keymatch_request(const char *name, const char *uri, const struct bundle_request *r, struct kh_error *err);

/* False where both URIs name a token, and not the same one. */
bool keymatch_same_token(const char *a, const char *b);

/* The token of a URI as it stands there, "token=NAME", and its length; NULL: it names none. */
const char *keymatch_token(const char *uri, size_t *len);

/* The material's key in words: "'order' (AES, 256 bits, id 01ff) of token 'hsm', serial 7". */
void keymatch_words(const struct bundle_material *m, char out[KEYMATCH_WORDS]);

/* The same as JSON: label, id, type, token, serial, as far as they are known. NULL: out of memory. */
json_t *keymatch_json(const struct bundle_material *m);

#endif
