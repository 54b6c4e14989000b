/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "phrase.h"

#include "base/base64.h"

#include <stdio.h>
#include <string.h>

void phrase_add(char list[PHRASE_MAX], const char *before, const char *text)
{
	size_t len = strlen(list);

	if (text && *text)
		(void)snprintf(list + len, PHRASE_MAX - len, "%s%s%s", len ? ", " : "", before, text);
}

void phrase_flag(char list[PHRASE_MAX], enum bundle_flag flag, const char *yes, const char *no)
{
	phrase_add(list, "", flag == BUNDLE_ABSENT ? NULL : flag == BUNDLE_TRUE ? yes : no);
}

void phrase_key_spec(const struct bundle_request *r, char out[PHRASE_MAX])
{
	out[0] = '\0';
	phrase_add(out, "", r->key_spec);
	phrase_add(out, "", r->key_usage);
	phrase_flag(out, r->multi_region, "multi-Region", "one Region");
}

void phrase_token(const struct bundle_material *m, char out[PHRASE_MAX])
{
	out[0] = '\0';
	phrase_add(out, "", m->token.label);
	phrase_add(out, "", m->token.manufacturer);
	phrase_add(out, "", m->token.model);
	phrase_add(out, "serial ", m->token.serial);
	phrase_add(out, "firmware ", m->token.firmware);
	phrase_flag(out, m->token.hardware, "says it is hardware", "does not say it is hardware");
}

void phrase_key_states(const struct bundle_material *m, char out[PHRASE_MAX])
{
	out[0] = '\0';
	phrase_flag(out, m->key.sensitive, "sensitive", "NOT sensitive");
	phrase_flag(out, m->key.always_sensitive, "always was", "was NOT always");
	phrase_flag(out, m->key.extractable, "extractable", "not extractable");
	phrase_flag(out, m->key.local, "made on the token", "NOT stated as made on the token");
	phrase_add(out, "", m->key.key_gen_mechanism);
}

int phrase_blob(const struct bundle_blob *blob, char words[PHRASE_BLOB], char hex[BUNDLE_DIGEST_HEX], struct kh_error *err)
{
	unsigned char digest[FILE_DIGEST];

	if (file_sha256(blob->data, blob->len, digest, err))
		return -1;
	hex_encode(digest, sizeof(digest), hex);
	(void)snprintf(words, PHRASE_BLOB, "%zu bytes, SHA-256", blob->len);
	return 0;
}
