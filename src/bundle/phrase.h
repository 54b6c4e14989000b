/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_PHRASE_H
#define KEYHAUL_BUNDLE_PHRASE_H

#include "bundle.h"

/* What a bundle says, as the parts of one line: for inspect and for the record's page alike. */

#define PHRASE_MAX 2048 /* more than the format's limits let any of these be; cut there all the same */
#define PHRASE_BLOB 48

/* "SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT, one Region" */
void phrase_key_spec(const struct bundle_request *r, char out[PHRASE_MAX]);

/* Label, manufacturer, model, serial, firmware, and what the token says of itself. */
void phrase_token(const struct bundle_material *m, char out[PHRASE_MAX]);

/* What the token states of the key, without whether it was kept: "" for nothing. */
void phrase_key_states(const struct bundle_material *m, char out[PHRASE_MAX]);

/* "294 bytes, SHA-256", and the digest in hex. KH_E_SYSTEM. */
int phrase_blob(const struct bundle_blob *blob, char words[PHRASE_BLOB], char hex[BUNDLE_DIGEST_HEX], struct kh_error *err);

/* Adds ", BEFORE TEXT" ("TEXT" at the beginning); nothing for NULL and "". */
void phrase_add(char list[PHRASE_MAX], const char *before, const char *text);

/* Adds one of the two where the flag is known. */
void phrase_flag(char list[PHRASE_MAX], enum bundle_flag flag, const char *yes, const char *no);

#endif
