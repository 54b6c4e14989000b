/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "token.h"

#include "base/log.h"
#include "call.h"
#include "ckr.h"

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

static CK_RV log_in_and_wipe(const struct token *t, struct secret *pin)
{
	CK_RV rv = t->fn->C_Login(t->session, CKU_USER, pin ? secret_data(pin) : NULL, pin ? secret_len(pin) : 0);

	if (pin)
		secret_wipe(secret_data(pin), secret_cap(pin));
	return rv;
}

/* In the function list's place: the PIN is gone before --debug writes of the call. */
static const struct {
	CK_RV (*C_Login)(const struct token *t, struct secret *pin);
} wiping = {log_in_and_wipe};

int token_login(struct token *t, struct secret *pin, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX];
	CK_RV rv = P11_CALL(&wiping, C_Login, t, pin);

	if (rv == CKR_USER_ALREADY_LOGGED_IN)
		return 0;
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_Login", token_words(t, words));
	t->logged_in = true;
	return 0;
}
