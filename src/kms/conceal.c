/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "conceal.h"

#include "creds.h"

#include <string.h>

#define HIDDEN_MIN 8 /* bytes of a session token from which on it is looked for */

static const char id_characters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";

static const char *token_of(const struct creds *creds)
{
	return creds && creds->session_token ? secret_text(creds->session_token) : "";
}

/* Bytes of `text` that are the beginning of `secret`, backslashes passed over: JSON may escape a '/'. `*same` of the secret. */
static size_t matches(const char *text, const char *end, const char *secret, size_t *same)
{
	const char *at = text;

	for (*same = 0; at < end && secret[*same]; at++) {
		if (*at == secret[*same])
			(*same)++;
		else if (*at != '\\' || *same == 0)
			break;
	}
	return (size_t)(at - text);
}

/* Also where the end of the text cuts it off. */
static void hide(char *text, size_t len, const char *secret)
{
	size_t n = strlen(secret);
	char *end = text + len;

	if (n < HIDDEN_MIN)
		return;
	for (char *at = text; at < end; at++) {
		size_t same, taken = matches(at, end, secret, &same);

		if (same == n || (same >= HIDDEN_MIN && at + taken == end))
			memset(at, '*', taken);
	}
}

static void hide_text(char *text, const char *secret)
{
	hide(text, strlen(text), secret);
}

void conceal_in_answer(const struct creds *creds, struct kms_answer *answer)
{
	const char *token = token_of(creds), *id = answer->request_id;
	size_t len = strlen(id);

	if (answer->body.data) /* an empty answer has none */
		hide(answer->body.data, answer->body.len, token);
	hide_text(answer->type, token);
	hide_text(answer->location, token);
	hide_text(answer->error_type, token);
	/* it is written into the bundle: what is no id there must not keep the receipt from being written */
	if (id[strspn(id, id_characters)] || (len >= HIDDEN_MIN && (strstr(token, id) || (*token && strstr(id, token)))))
		answer->request_id[0] = '\0';
}

void conceal_in_error(const struct creds *creds, struct kh_error *err)
{
	hide_text(err->msg, token_of(creds));
	hide_text(err->name, token_of(creds));
	hide_text(err->hint, token_of(creds));
}
