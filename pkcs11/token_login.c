/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "token.h"

#include "base/log.h"
#include "call.h"
#include "ckr.h"

#include <stdint.h>

/* States of the user's PIN that end the run before a PIN is asked for, in the order they are looked at. */
static const struct pin_state {
	CK_FLAGS flag;
	bool bad_when_set;
	const char *what, *hint;
} pin_states[] = {
	{CKF_USER_PIN_INITIALIZED, false, "has no user PIN yet (CKF_USER_PIN_INITIALIZED is not set)",
	 "the security officer sets the user's PIN with the vendor's tool"},
	{CKF_USER_PIN_LOCKED, true, "has its PIN locked (CKF_USER_PIN_LOCKED)",
	 "too many wrong PINs were tried: the security officer sets a new one with the vendor's tool"},
	{CKF_USER_PIN_FINAL_TRY, true, "has one try of the PIN left (CKF_USER_PIN_FINAL_TRY)",
	 "a wrong PIN now would lock the token, so none is tried: log in once with the vendor's tool, with a PIN that is "
	 "surely right, which counts from the start again"},
	{CKF_USER_PIN_TO_BE_CHANGED, true, "wants its PIN changed first (CKF_USER_PIN_TO_BE_CHANGED)",
	 "the PIN has expired or is the one that was handed out: set a new one with the vendor's tool"},
};

int token_login_kind(const struct token *t, enum token_login *out, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX];

	*out = TOKEN_LOGIN_NONE;
	if (!(t->info.flags & CKF_LOGIN_REQUIRED))
		return 0;
	for (size_t i = 0; i < sizeof(pin_states) / sizeof(pin_states[0]); i++) {
		const struct pin_state *s = &pin_states[i];

		if (((t->info.flags & s->flag) != 0) != s->bad_when_set)
			continue;
		kh_fail(err, KH_E_TOKEN, s->flag, "%s %s", token_words(t, words), s->what);
		return kh_hint(err, "%s", s->hint);
	}
	if (t->info.flags & CKF_USER_PIN_COUNT_LOW)
		log_warning("%s: a wrong PIN was tried since the last good one (CKF_USER_PIN_COUNT_LOW)",
			    token_words(t, words));
	*out = t->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH ? TOKEN_LOGIN_PROTECTED : TOKEN_LOGIN_PIN;
	return 0;
}

int token_login(struct token *t, const struct secret *pin, struct kh_error *err)
{
	CK_UTF8CHAR_PTR text = pin ? (CK_UTF8CHAR_PTR)(uintptr_t)secret_bytes(pin) : NULL; /* C_Login has no const */
	char words[TOKEN_WORDS_MAX];
	CK_RV rv = P11_CALL(t->fn, C_Login, t->session, CKU_USER, text, pin ? secret_len(pin) : 0);

	if (rv == CKR_USER_ALREADY_LOGGED_IN)
		return 0;
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_Login", token_words(t, words));
	t->logged_in = true;
	return 0;
}
