/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "token.h"

#include "base/log.h"
#include "call.h"
#include "ckr.h"

#define PIN_LEN_BELIEVED 64 /* a least length over this, CK_UNAVAILABLE_INFORMATION too, is no length */

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
	 "surely right; after that the token allows all of its tries again"},
	{CKF_USER_PIN_TO_BE_CHANGED, true, "wants its PIN changed first (CKF_USER_PIN_TO_BE_CHANGED)",
	 "the PIN has expired or is the one that was handed out: set a new one with the vendor's tool"},
};

/* The same of the security officer's, which has nobody above it. */
static const struct pin_state so_states[] = {
	{CKF_SO_PIN_LOCKED, true, "has its SO PIN locked (CKF_SO_PIN_LOCKED)",
	 "too many wrong SO PINs were tried: only initialising the token anew, with the vendor's tool, sets another"},
	{CKF_SO_PIN_FINAL_TRY, true, "has one try of the SO PIN left (CKF_SO_PIN_FINAL_TRY)",
	 "a wrong SO PIN now would lock it for good, so none is tried: log in once as the security officer with the vendor's "
	 "tool, with a PIN that is surely right"},
	{CKF_SO_PIN_TO_BE_CHANGED, true, "wants its SO PIN changed first (CKF_SO_PIN_TO_BE_CHANGED)",
	 "set a new one with the vendor's tool"},
};

#define STATES(table) (table), sizeof(table) / sizeof((table)[0])

static int check_states(const struct token *t, const struct pin_state *states, size_t n, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX];

	for (size_t i = 0; i < n; i++) {
		const struct pin_state *s = &states[i];

		if (((t->info.flags & s->flag) != 0) != s->bad_when_set)
			continue;
		kh_fail(err, KH_E_TOKEN, s->flag, "%s %s", token_words(t, words), s->what);
		return kh_hint(err, "%s", s->hint);
	}
	return 0;
}

int token_login_kind(const struct token *t, enum token_login *out, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX];

	*out = TOKEN_LOGIN_NONE;
	if (!(t->info.flags & CKF_LOGIN_REQUIRED))
		return 0;
	if (check_states(t, STATES(pin_states), err))
		return -1;
	if (t->info.flags & CKF_USER_PIN_COUNT_LOW)
		log_warning("%s: a wrong PIN was tried since the last good one (CKF_USER_PIN_COUNT_LOW)",
			    token_words(t, words));
	*out = t->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH ? TOKEN_LOGIN_PROTECTED : TOKEN_LOGIN_PIN;
	return 0;
}

static CK_RV log_in_and_wipe(const struct token *t, CK_USER_TYPE user, struct secret *pin)
{
	CK_RV rv = t->fn->C_Login(t->session, user, pin ? secret_data(pin) : NULL, pin ? secret_len(pin) : 0);

	if (pin)
		secret_wipe(secret_data(pin), secret_cap(pin));
	return rv;
}

/* In the function list's place: the PIN is gone before --debug writes of the call. */
static const struct {
	CK_RV (*C_Login)(const struct token *t, CK_USER_TYPE user, struct secret *pin);
} wiping = {log_in_and_wipe};

/* A token that does not say it is asked to log in, and says then. */
int token_login_state(struct token *t, struct kh_error *err)
{
	CK_SESSION_INFO info = {0};
	CK_RV rv = P11_CALL(t->fn, C_GetSessionInfo, t->session, &info);
	char words[TOKEN_WORDS_MAX];

	t->was_logged_in = rv == CKR_OK && (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
	if (token_is_gone(rv))
		return ckr_fail(err, rv, "C_GetSessionInfo", token_words(t, words));
	if (rv != CKR_OK)
		log_warning("C_GetSessionInfo on %s: %s (0x%lX); whether somebody is logged in is not known",
			    token_words(t, words), ckr_name(rv), rv);
	if (rv != CKR_OK || info.state != CKS_RW_SO_FUNCTIONS)
		return 0;
	kh_fail(err, KH_E_TOKEN, CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "the security officer is logged in to %s",
		token_words(t, words));
	return kh_hint(err, "keys are hauled by the user: end the security officer's session first");
}

/* A PIN that the token's own words rule out (PKCS#11 v3.1 section 3.4, ulMinPinLen) would spend a try for nothing. */
static int check_length(const struct token *t, const struct secret *pin, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX];

	if (t->info.ulMinPinLen > PIN_LEN_BELIEVED || secret_len(pin) >= t->info.ulMinPinLen)
		return 0;
	kh_fail(err, KH_E_TOKEN, CKR_PIN_LEN_RANGE, "the PIN is shorter than %lu bytes, the least that %s takes: CKR_PIN_LEN_RANGE (0x%lX)",
		t->info.ulMinPinLen, token_words(t, words), CKR_PIN_LEN_RANGE);
	kh_name(err, "CKR_PIN_LEN_RANGE");
	return kh_hint(err, "it was not sent to the token, and no try was spent; check it and run this again");
}

/* The flags may be another program's wrong try, or many minutes at the prompt, old: they count as they are now. */
static int check_again(struct token *t, const struct pin_state *states, size_t n, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX];
	CK_TOKEN_INFO now = {.flags = 0};
	CK_RV rv = P11_CALL(t->fn, C_GetTokenInfo, t->slot, &now);

	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_GetTokenInfo", token_words(t, words));
	t->info.flags = now.flags;
	return check_states(t, states, n, err);
}

int token_login(struct token *t, struct secret *pin, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX];
	CK_RV rv;

	if ((pin && check_length(t, pin, err)) || check_again(t, STATES(pin_states), err))
		return -1;
	rv = P11_CALL(&wiping, C_Login, t, CKU_USER, pin);
	if (rv == CKR_USER_ALREADY_LOGGED_IN) {
		t->was_logged_in = true; /* whose login it is ends it */
		return 0;
	}
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_Login", token_words(t, words));
	t->logged_in = true;
	return 0;
}

int token_login_again(struct token *t, struct secret *pin, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX];
	CK_RV rv;

	if (check_again(t, STATES(pin_states), err))
		return -1;
	rv = P11_CALL(&wiping, C_Login, t, CKU_CONTEXT_SPECIFIC, pin);
	return rv == CKR_OK ? 0 : ckr_fail(err, rv, "C_Login (CKU_CONTEXT_SPECIFIC)", token_words(t, words));
}

int token_officer_kind(struct token *t, enum token_login *out, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX];

	if (check_states(t, STATES(so_states), err) || token_login_state(t, err))
		return -1;
	if (t->was_logged_in) {
		kh_fail(err, KH_E_TOKEN, CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "the user is logged in to %s", token_words(t, words));
		return kh_hint(err, "the security officer cannot log in beside the user: end the user's session first");
	}
	if (t->info.flags & CKF_SO_PIN_COUNT_LOW)
		log_warning("%s: a wrong SO PIN was tried since the last good one (CKF_SO_PIN_COUNT_LOW)", token_words(t, words));
	*out = t->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH ? TOKEN_LOGIN_PROTECTED : TOKEN_LOGIN_PIN;
	return 0;
}

int token_login_officer(struct token *t, struct secret *pin, struct kh_error *err)
{
	char words[TOKEN_WORDS_MAX];
	CK_RV rv;

	if ((pin && check_length(t, pin, err)) || check_again(t, STATES(so_states), err))
		return -1;
	rv = P11_CALL(&wiping, C_Login, t, CKU_SO, pin);
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_Login (CKU_SO)", token_words(t, words));
	t->logged_in = true;
	return 0;
}
