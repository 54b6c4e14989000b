/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_TOKEN_H
#define KEYHAUL_PKCS11_TOKEN_H

#include "base/secret.h"
#include "uri.h"

#include <p11-kit/pkcs11.h>
#include <stdbool.h>

#define TOKEN_SLOTS_MAX 1024
#define TOKEN_MECHANISMS_MAX 4096

/* Who a token says it is, as C strings: padding cut off, otherwise as the token gives them (not safe to print raw). */
struct token_name {
	char label[33];
	char manufacturer[33];
	char model[17];
	char serial[17];
	char firmware[16]; /* "2.6" */
};

/*
 * A token, and our one session with it. The function list is what tests reach in by: any list will do. Filled by
 * token_find, opened by token_open; token_close ends all of it.
 */
/* The last call that should have taken an object away and failed. */
struct token_stuck {
	const char *call; /* NULL: none failed */
	CK_RV rv;
};

struct token {
	CK_FUNCTION_LIST *fn;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session; /* CK_INVALID_HANDLE while there is none */
	CK_TOKEN_INFO info;	   /* as the token gave it */
	struct token_name name;
	bool hardware;		   /* the slot says CKF_HW_SLOT */
	bool read_write;	   /* the session is */
	bool logged_in;		   /* by us: token_close logs out */
	bool was_logged_in;	   /* by somebody else in this module, and stays so */
	bool beside;		   /* another's login counts for this session too: token_close leaves it */
	bool token_objects;	   /* temporary objects are token objects (--token-objects) */
	size_t *left;		   /* counts those that could not be taken off it again; NULL: nobody counts */
	struct token_stuck *stuck; /* why an object may be there still; NULL: nobody asks */
};

/* What logging in to a token takes. */
enum token_login {
	TOKEN_LOGIN_NONE,      /* nothing: CKF_LOGIN_REQUIRED is clear */
	TOKEN_LOGIN_PIN,       /* a PIN */
	TOKEN_LOGIN_PROTECTED, /* the token asks by itself (CKF_PROTECTED_AUTHENTICATION_PATH) */
};

/* One slot of token_each: `t` is NULL where the slot's token could not be asked, and `why` says so. */
typedef int token_each_fn(const struct token *t, CK_SLOT_ID slot, const CK_SLOT_INFO *info, const struct kh_error *why,
			  void *arg, struct kh_error *err);

/* Calls `each` for every slot that holds a token. Stops with -1 when it does. KH_E_TOKEN where C_GetSlotList fails. */
int token_each(CK_FUNCTION_LIST *fn, token_each_fn *each, void *arg, struct kh_error *err);

/*
 * Finds the one token that the URI's attributes name, without a session. A slot that fails is passed over (one debug line)
 * where another has the token, and is KH_E_TOKEN where none has. KH_E_INPUT where no token or more than one fits: the
 * message says how many, the hint what tells them apart.
 */
int token_find(CK_FUNCTION_LIST *fn, const struct uri *uri, struct token *out, struct kh_error *err);

/* Sets KH_E_TOKEN for a token that is not initialised, with what to do. Gives -1. */
int token_not_initialised(const struct token *t, struct kh_error *err);

/* Fills a token from one slot. KH_E_TOKEN. */
int token_of_slot(CK_FUNCTION_LIST *fn, CK_SLOT_ID slot, struct token *out, struct kh_error *err);

/* Opens the session, read-only unless `read_write`. KH_E_TOKEN, also for a token that is not initialised. */
int token_open(struct token *t, bool read_write, struct kh_error *err);

/*
 * One more session of the same kind on a token that is open, for another thread: the login counts for it. `out` is a copy
 * that token_close ends, before that of `first`. KH_E_TOKEN.
 */
int token_open_beside(const struct token *first, struct token *out, struct kh_error *err);

/* How many sessions of this kind the token says it takes; 0 where it does not say, or has no limit. */
unsigned long token_sessions_max(const struct token *t);

/*
 * Says what logging in takes, before a PIN is asked for. KH_E_TOKEN, each with what to do: the PIN is locked, in its
 * final try, to be changed, or not set; the token is not initialised.
 */
int token_login_kind(const struct token *t, enum token_login *out, struct kh_error *err);

/*
 * Asks the open session whether the user is logged in already (another part of this process, the vendor's daemon), into
 * t->was_logged_in: then no PIN is needed. KH_E_TOKEN where the token is gone or the security officer is logged in.
 */
int token_login_state(struct token *t, struct kh_error *err);

/*
 * Logs the user in, once: `pin` is tried one time and never again, and wiped when C_Login has returned; it is not tried
 * where it is shorter than the token's least, or the token's flags, read again just before, are against it (token_login_kind). NULL with TOKEN_LOGIN_PROTECTED only. CKR_USER_ALREADY_LOGGED_IN is fine. KH_E_TOKEN.
 */
int token_login(struct token *t, struct secret *pin, struct kh_error *err);

/*
 * Logs in for the one operation that was just begun with a key of CKA_ALWAYS_AUTHENTICATE (CKU_CONTEXT_SPECIFIC, PKCS#11 v3.1
 * section 5.6.8), once, against the same flags; `pin` is wiped, NULL where the token asks by itself. KH_E_TOKEN.
 */
int token_login_again(struct token *t, struct secret *pin, struct kh_error *err);

/*
 * The same two for the security officer, by his PIN's flags (CKF_SO_PIN_LOCKED, CKF_SO_PIN_FINAL_TRY): what logging in takes,
 * with no user logged in beside him; and the login itself (CKU_SO), once, in a read-write session. KH_E_TOKEN.
 */
int token_officer_kind(struct token *t, enum token_login *out, struct kh_error *err);
int token_login_officer(struct token *t, struct secret *pin, struct kh_error *err);

/* Logs out (when we logged in) and closes the session, or notes that it cannot (token_note_stuck); a token without one is fine. */
void token_close(struct token *t);

/* Counts `n` objects that stay on the token against our will. */
void token_note_left(const struct token *t, size_t n);

/* Notes how C_DestroyObject or C_CloseSession failed, for the error that says what is there still. */
void token_note_stuck(const struct token *t, const char *call, CK_RV rv);

/* " (C_DestroyObject: CKR_DEVICE_ERROR (0x30))" for such an error, "" where none failed; into `out`. */
#define TOKEN_STUCK_MAX 96
const char *token_stuck_words(const struct token_stuck *stuck, char out[TOKEN_STUCK_MAX]);

/* True where `rv` means that the token or its session is gone (removed, reset, closed under us). */
bool token_is_gone(CK_RV rv);

/* True where `rv` may mean that the device takes no session objects, and --token-objects would help. */
#define TOKEN_HINT_KEPT "a device without session objects needs --token-objects"
bool token_wants_kept(const struct token *t, CK_RV rv);

/* "token 'L' (serial S)" for messages and results, escaped for a terminal, into `out`. */
#define TOKEN_WORDS_MAX 256
const char *token_words(const struct token *t, char out[TOKEN_WORDS_MAX]);

/* The token's mechanisms; the caller frees `*out`. KH_E_TOKEN, also for more than TOKEN_MECHANISMS_MAX. */
int token_mechanisms(const struct token *t, CK_MECHANISM_TYPE **out, size_t *n, struct kh_error *err);

/*
 * True where the token has the mechanism and it has these flags (CKF_WRAP, CKF_GENERATE, ...; 0: any). A token that
 * does not say, by any code but CKR_MECHANISM_INVALID, is warned of and taken to have it: trying it will tell.
 */
bool token_has_mechanism(const struct token *t, CK_MECHANISM_TYPE mechanism, CK_FLAGS flags);

#endif
