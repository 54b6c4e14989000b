/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/log.h"
#include "fake_token.h"
#include "pkcs11/ckr.h"

#include <criterion/criterion.h>
#include <string.h>

#define READY (CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED)

static struct kh_error err;

/* A session with the fake token, as the commands have one. */
static struct token open_token(void)
{
	struct token t;

	cr_assert_eq(token_of_slot(fake_reset(), 0, &t, &err), 0, "%s", err.msg);
	cr_assert_eq(token_open(&t, false, &err), 0, "%s", err.msg);
	return t;
}

/* What logging in takes, by the token's flags; the refusals come before any PIN is asked for. */
Test(token_login, login_is_judged_by_the_flags)
{
	static const struct {
		CK_FLAGS flags;
		int rc;
		enum token_login kind;
		const char *says;
	} cases[] = {
		{READY, 0, TOKEN_LOGIN_PIN, NULL},
		{READY | CKF_USER_PIN_COUNT_LOW, 0, TOKEN_LOGIN_PIN, NULL},
		{READY | CKF_PROTECTED_AUTHENTICATION_PATH, 0, TOKEN_LOGIN_PROTECTED, NULL},
		{CKF_TOKEN_INITIALIZED, 0, TOKEN_LOGIN_NONE, NULL},
		{CKF_TOKEN_INITIALIZED | CKF_USER_PIN_LOCKED, 0, TOKEN_LOGIN_NONE, NULL},
		{READY | CKF_USER_PIN_FINAL_TRY, -1, TOKEN_LOGIN_NONE, "CKF_USER_PIN_FINAL_TRY"},
		{READY | CKF_USER_PIN_FINAL_TRY | CKF_PROTECTED_AUTHENTICATION_PATH, -1, TOKEN_LOGIN_NONE, "FINAL_TRY"},
		{READY | CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY, -1, TOKEN_LOGIN_NONE, "CKF_USER_PIN_LOCKED"},
		{READY | CKF_USER_PIN_TO_BE_CHANGED, -1, TOKEN_LOGIN_NONE, "CKF_USER_PIN_TO_BE_CHANGED"},
		{CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED, -1, TOKEN_LOGIN_NONE, "no user PIN"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CK_FUNCTION_LIST *fn = fake_reset();
		enum token_login kind;
		struct token t;

		fake_slot(0, "T", "1", cases[i].flags);
		cr_assert_eq(token_of_slot(fn, 0, &t, &err), 0);
		cr_assert_eq(token_login_kind(&t, &kind, &err), cases[i].rc, "case %zu", i);
		cr_assert_eq(kind, cases[i].kind, "case %zu", i);
		if (cases[i].says)
			cr_assert(err.code == KH_E_TOKEN && strstr(err.msg, cases[i].says) && err.hint[0], "case %zu: %s",
				  i, err.msg);
		cr_assert_eq(fake.logins, 0);
	}
	log_reset();
}

/* What the token says of PINs and of who is logged in, before one is sent. */
Test(token_login, no_try_is_spent_for_nothing)
{
	static const struct {
		CK_ULONG least;
		size_t len;
		unsigned logins;
	} lengths[] = {{0, 1, 1}, {4, 4, 1}, {4, 3, 0}, {14, 14, 1}, {64, 14, 0}, {65, 14, 1},
		       {CK_UNAVAILABLE_INFORMATION, 1, 1}};
	static const struct {
		CK_STATE state;
		CK_RV rv;
		int rc;
		bool was;
	} states[] = {{CKS_RO_PUBLIC_SESSION, CKR_OK, 0, false},	{CKS_RO_USER_FUNCTIONS, CKR_OK, 0, true},
		      {CKS_RW_USER_FUNCTIONS, CKR_OK, 0, true},		{CKS_RW_SO_FUNCTIONS, CKR_OK, -1, false},
		      {CKS_RW_SO_FUNCTIONS, CKR_GENERAL_ERROR, 0, false}, {CKS_RO_PUBLIC_SESSION, CKR_DEVICE_REMOVED, -1, false}};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct secret *pin = secret_copy("user:pass word", lengths[i].len, &err);
		struct token t = open_token();

		t.info.ulMinPinLen = lengths[i].least;
		cr_assert_eq(token_login(&t, pin, &err), lengths[i].logins ? 0 : -1, "length %zu", i);
		cr_assert_eq(fake.logins, lengths[i].logins, "length %zu", i);
		if (!lengths[i].logins)
			cr_assert(err.code == KH_E_TOKEN && err.native == CKR_PIN_LEN_RANGE && strstr(err.hint, "no try"));
		token_close(&t);
		secret_free(pin);
	}
	for (size_t i = 0; i < 3; i++) { /* what came about while the PIN was typed */
		static const CK_FLAGS meanwhile[] = {CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED, 0};
		struct secret *pin = secret_copy("user:pass word", 14, &err);
		struct token t = open_token();

		fake.infos[0].flags |= meanwhile[i];
		fake.failing_slot = meanwhile[i] ? (CK_SLOT_ID)-1 : 0;
		cr_assert_eq(token_login(&t, pin, &err), -1, "flags 0x%lX", meanwhile[i]);
		cr_assert(err.code == KH_E_TOKEN && fake.logins == 0, "flags 0x%lX", meanwhile[i]);
		token_close(&t);
		secret_free(pin);
	}
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct token t = open_token();

		fake.state = states[i].state;
		fake.session_info = states[i].rv;
		cr_assert_eq(token_login_state(&t, &err), states[i].rc, "state %zu", i);
		cr_assert_eq(t.was_logged_in, states[i].was, "state %zu", i);
		token_close(&t);
		cr_assert(fake.logins == 0 && fake.logouts == 0, "state %zu", i);
	}
	log_reset();
}

/* One try, whatever the answer; logged out by whoever logged in. */
Test(token_login, pin_is_tried_once)
{
	static const struct {
		CK_RV rv;
		int rc;
		unsigned logouts;
	} cases[] = {
		{CKR_OK, 0, 1},		      {CKR_USER_ALREADY_LOGGED_IN, 0, 0}, {CKR_PIN_INCORRECT, -1, 0},
		{CKR_PIN_LEN_RANGE, -1, 0},   {CKR_PIN_LOCKED, -1, 0},		  {CKR_PIN_EXPIRED, -1, 0},
		{CKR_TOKEN_NOT_PRESENT, -1, 0}, {CKR_FUNCTION_CANCELED, -1, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct secret *pin = secret_copy("user:pass word", 14, &err);
		struct token t = open_token();

		fake.login = cases[i].rv;
		cr_assert_eq(token_login(&t, pin, &err), cases[i].rc);
		cr_assert_str_eq(fake.login_pin, "user:pass word");
		cr_assert_str_empty(secret_text(pin), "it is wiped when C_Login has returned");
		if (cases[i].rc)
			cr_assert(err.code == KH_E_TOKEN && err.native == cases[i].rv && strstr(err.msg, "C_Login") &&
				  strstr(err.msg, ckr_name(cases[i].rv)) && !strstr(err.msg, "pass word"));
		token_close(&t);
		token_close(&t);
		cr_assert(fake.logins == 1 && fake.logouts == cases[i].logouts && fake.closes == 1, "case %zu", i);
		secret_free(pin);
	}
}

Test(token_login, protected_path_gets_no_pin_and_sessions_are_read_only)
{
	static const struct {
		CK_ULONG all, rw;
		bool read_write;
		unsigned long most;
	} limits[] = {
		{CK_EFFECTIVELY_INFINITE, CK_EFFECTIVELY_INFINITE, true, 0}, {CK_UNAVAILABLE_INFORMATION, 3, false, 0},
		{CK_UNAVAILABLE_INFORMATION, 3, true, 3}, {5, 3, false, 5}, {5, 3, true, 3}, {2, 3, true, 2},
		{2, CK_EFFECTIVELY_INFINITE, true, 2}, {2, CK_UNAVAILABLE_INFORMATION, true, 2},
	};
	struct token t = open_token(), beside;

	cr_assert_eq(fake.open_flags, CKF_SERIAL_SESSION);
	cr_assert_eq(token_login(&t, NULL, &err), 0);
	cr_assert(fake.login_pin_was_null);
	cr_assert(token_open_beside(&t, &beside, &err) == 0 && beside.logged_in && fake.opens == 2);
	token_close(&beside);
	cr_assert(fake.logouts == 0 && fake.closes == 1 && fake.logins == 1);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		beside.info.ulMaxSessionCount = limits[i].all;
		beside.info.ulMaxRwSessionCount = limits[i].rw;
		beside.read_write = limits[i].read_write;
		cr_assert_eq(token_sessions_max(&beside), limits[i].most, "%zu", i);
	}
	token_close(&t);
	t.token_objects = true;
	cr_assert_eq(token_open(&t, false, &err), 0);
	cr_assert(fake.open_flags == (CKF_SERIAL_SESSION | CKF_RW_SESSION) && t.read_write);
	token_close(&t);
	fake.open = CKR_SESSION_COUNT;
	cr_assert_eq(token_open(&t, false, &err), -1);
	token_close(&t);
	cr_assert(fake.closes == 3 && token_is_gone(CKR_DEVICE_REMOVED) && !token_is_gone(CKR_PIN_INCORRECT));
	cr_assert(token_is_gone(CKR_SESSION_HANDLE_INVALID) && token_is_gone(CKR_SESSION_CLOSED) &&
		  token_is_gone(CKR_TOKEN_NOT_PRESENT));
}
