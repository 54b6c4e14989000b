/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ckr.h"

#include <stdio.h>
#include <string.h>

#define ROW(code, text) {(code), #code, (text)}
#define NEW_ROW(code, word, text) {(code), (word), (text)} /* newer than libp11-kit 0.24's header */

#define HINT_GONE "is the token still there? Plug it in or start it, see `keyhaul-token slots`, and run this again"
#define HINT_PIN_WRONG "the PIN was tried once, which the token may have counted; check it before the next try"
#define HINT_LOGIN "log in: give --pin-file, --pin-fd or a terminal, and leave --no-login out"
#define HINT_MECH "`keyhaul-token slots` lists the mechanisms of the token"
#define HINT_TEMPLATE "the token does not make such an object; its manual says which attributes it insists on"
#define HINT_VENDOR "the module's own log says more"
#define HINT_ROOM "close other sessions with the token, or remove objects it has no room for, and run this again"

static const struct ckr table[] = {
	ROW(CKR_OK, ""),
	ROW(CKR_CANCEL, "it was cancelled at the token; run it again"),
	ROW(CKR_HOST_MEMORY, "the module has no memory left on this host"),
	ROW(CKR_SLOT_ID_INVALID, HINT_GONE),
	ROW(CKR_GENERAL_ERROR, HINT_VENDOR),
	ROW(CKR_FUNCTION_FAILED, HINT_VENDOR),
	ROW(CKR_ARGUMENTS_BAD, "the module does not take these parameters; it may not know this use of the mechanism"),
	ROW(CKR_NO_EVENT, ""),
	ROW(CKR_NEED_TO_CREATE_THREADS, "the module insists on threads of its own"),
	ROW(CKR_CANT_LOCK, "the module cannot lock with the system's mutexes"),
	ROW(CKR_ATTRIBUTE_READ_ONLY, HINT_TEMPLATE),
	ROW(CKR_ATTRIBUTE_SENSITIVE, ""),
	ROW(CKR_ATTRIBUTE_TYPE_INVALID, HINT_TEMPLATE),
	ROW(CKR_ATTRIBUTE_VALUE_INVALID, HINT_TEMPLATE),
	ROW(CKR_ACTION_PROHIBITED, "a policy of the token forbids it; its security officer can say which"),
	ROW(CKR_DATA_INVALID, ""),
	ROW(CKR_DATA_LEN_RANGE, "the key is too long for this mechanism and wrapping key"),
	ROW(CKR_DEVICE_ERROR, HINT_VENDOR),
	ROW(CKR_DEVICE_MEMORY, HINT_ROOM),
	ROW(CKR_DEVICE_REMOVED, HINT_GONE),
	ROW(CKR_ENCRYPTED_DATA_INVALID, ""),
	ROW(CKR_ENCRYPTED_DATA_LEN_RANGE, ""),
	ROW(CKR_FUNCTION_CANCELED, "it was cancelled at the token; run it again"),
	ROW(CKR_FUNCTION_NOT_PARALLEL, ""),
	ROW(CKR_FUNCTION_NOT_SUPPORTED, "the module does not offer this function: this token cannot be hauled from"),
	ROW(CKR_KEY_HANDLE_INVALID, "the key is gone; `keyhaul-token keys` lists what there is"),
	ROW(CKR_KEY_SIZE_RANGE, "the token does not do keys of this size"),
	ROW(CKR_KEY_TYPE_INCONSISTENT, "the mechanism is not for keys of this type"),
	ROW(CKR_KEY_NOT_NEEDED, ""),
	ROW(CKR_KEY_CHANGED, ""),
	ROW(CKR_KEY_NEEDED, ""),
	ROW(CKR_KEY_INDIGESTIBLE, ""),
	ROW(CKR_KEY_FUNCTION_NOT_PERMITTED, "the key's attributes or the token's policy do not permit this use"),
	ROW(CKR_KEY_NOT_WRAPPABLE, "the token does not wrap this key so: it may be CKA_WRAP_WITH_TRUSTED ('keyhaul-token "
				   "trust' then), or take another wrapping algorithm (RSA_AES_KEY_WRAP_* for RSA and EC keys)"),
	ROW(CKR_KEY_UNEXTRACTABLE, "the key was made CKA_EXTRACTABLE false and can never leave the token; haul another, "
				   "`keyhaul-token generate` makes one"),
	ROW(CKR_MECHANISM_INVALID, HINT_MECH),
	ROW(CKR_MECHANISM_PARAM_INVALID, "the token does not take these parameters, such as this hash for OAEP; try the "
					 "other SHA variant of the wrapping algorithm"),
	ROW(CKR_OBJECT_HANDLE_INVALID, "the object is gone; `keyhaul-token keys` lists what there is"),
	ROW(CKR_OPERATION_ACTIVE, "another operation is open in this session; run it again"),
	ROW(CKR_OPERATION_NOT_INITIALIZED, ""),
	ROW(CKR_PIN_INCORRECT, HINT_PIN_WRONG),
	ROW(CKR_PIN_INVALID, "the PIN has characters that the token does not take"),
	ROW(CKR_PIN_LEN_RANGE, HINT_PIN_WRONG),
	ROW(CKR_PIN_EXPIRED, "the PIN has expired: set a new one with the vendor's tool"),
	ROW(CKR_PIN_LOCKED, "the PIN is locked after too many tries: the security officer sets a new one with the "
			    "vendor's tool"),
	ROW(CKR_SESSION_CLOSED, HINT_GONE),
	ROW(CKR_SESSION_COUNT, HINT_ROOM),
	ROW(CKR_SESSION_HANDLE_INVALID, HINT_GONE),
	ROW(CKR_SESSION_PARALLEL_NOT_SUPPORTED, ""),
	ROW(CKR_SESSION_READ_ONLY, "the token wants a read-write session for this; try --token-objects"),
	ROW(CKR_SESSION_EXISTS, "another session is open with the token"),
	ROW(CKR_SESSION_READ_ONLY_EXISTS, "another session is open with the token"),
	ROW(CKR_SESSION_READ_WRITE_SO_EXISTS, "the security officer is logged in; end that session first"),
	ROW(CKR_SIGNATURE_INVALID, ""),
	ROW(CKR_SIGNATURE_LEN_RANGE, ""),
	ROW(CKR_TEMPLATE_INCOMPLETE, HINT_TEMPLATE),
	ROW(CKR_TEMPLATE_INCONSISTENT, HINT_TEMPLATE),
	ROW(CKR_TOKEN_NOT_PRESENT, HINT_GONE),
	ROW(CKR_TOKEN_NOT_RECOGNIZED, "what is in the slot is no token of this module's"),
	ROW(CKR_TOKEN_WRITE_PROTECTED, "the token is write-protected: keys can be hauled from it but not made on it"),
	ROW(CKR_UNWRAPPING_KEY_HANDLE_INVALID, ""),
	ROW(CKR_UNWRAPPING_KEY_SIZE_RANGE, ""),
	ROW(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, ""),
	ROW(CKR_USER_ALREADY_LOGGED_IN, ""),
	ROW(CKR_USER_NOT_LOGGED_IN, HINT_LOGIN),
	ROW(CKR_USER_PIN_NOT_INITIALIZED, "the token has no user PIN yet: set one with the vendor's tool"),
	ROW(CKR_USER_TYPE_INVALID, "the token has no user of this kind"),
	ROW(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "somebody else is logged in to the token in this process"),
	ROW(CKR_USER_TOO_MANY_TYPES, "end the other sessions with the token and run this again"),
	ROW(CKR_WRAPPED_KEY_INVALID, ""),
	ROW(CKR_WRAPPED_KEY_LEN_RANGE, ""),
	ROW(CKR_WRAPPING_KEY_HANDLE_INVALID, ""),
	ROW(CKR_WRAPPING_KEY_SIZE_RANGE, "the token does not wrap under a key of this size; fetch again with another "
					 "--wrapping-key-spec"),
	ROW(CKR_WRAPPING_KEY_TYPE_INCONSISTENT, "the token does not wrap under a key of this type"),
	ROW(CKR_RANDOM_SEED_NOT_SUPPORTED, ""),
	ROW(CKR_RANDOM_NO_RNG, ""),
	ROW(CKR_DOMAIN_PARAMS_INVALID, "the token does not know this curve"),
	ROW(CKR_CURVE_NOT_SUPPORTED, "the token does not know this curve"),
	ROW(CKR_BUFFER_TOO_SMALL, "the token's answer is longer than it may be"),
	ROW(CKR_SAVED_STATE_INVALID, ""),
	ROW(CKR_INFORMATION_SENSITIVE, ""),
	ROW(CKR_STATE_UNSAVEABLE, ""),
	ROW(CKR_CRYPTOKI_NOT_INITIALIZED, ""),
	ROW(CKR_CRYPTOKI_ALREADY_INITIALIZED, ""),
	ROW(CKR_MUTEX_BAD, ""),
	ROW(CKR_MUTEX_NOT_LOCKED, ""),
	ROW(CKR_NEW_PIN_MODE, "the token asks for a new PIN: set it with the vendor's tool"),
	ROW(CKR_NEXT_OTP, "the token asks for the next one-time password; run it again with that"),
	ROW(CKR_EXCEEDED_MAX_ITERATIONS, "run it again"),
	ROW(CKR_FIPS_SELF_TEST_FAILED, "the token failed its own self-test: it must not be used, ask its vendor"),
	ROW(CKR_LIBRARY_LOAD_FAILED, "a library that the module needs is not there"),
	ROW(CKR_PIN_TOO_WEAK, ""),
	ROW(CKR_PUBLIC_KEY_INVALID, "the token does not take this public key"),
	ROW(CKR_FUNCTION_REJECTED, "it was rejected at the token; run it again and confirm it there"),
	NEW_ROW(0x201UL, "CKR_TOKEN_RESOURCE_EXCEEDED", HINT_ROOM),
	NEW_ROW(0x202UL, "CKR_OPERATION_CANCEL_FAILED", ""),
	NEW_ROW(0x203UL, "CKR_KEY_EXHAUSTED", "the key has been used as often as it may be"),
	NEW_ROW(0x204UL, "CKR_PENDING", ""),
	NEW_ROW(0x205UL, "CKR_SESSION_ASYNC_NOT_SUPPORTED", ""),
	NEW_ROW(0x206UL, "CKR_SEED_RANDOM_REQUIRED", ""),
	NEW_ROW(0x207UL, "CKR_OPERATION_NOT_VALIDATED", "a policy of the token forbids it in its validated mode"),
	NEW_ROW(0x208UL, "CKR_TOKEN_NOT_INITIALIZED", "initialise the token with the vendor's tool"),
	NEW_ROW(0x209UL, "CKR_PARAMETER_SET_NOT_SUPPORTED", ""),
};

const struct ckr *ckr_find(CK_RV rv)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].rv == rv)
			return &table[i];
	return NULL;
}

const char *ckr_name(CK_RV rv)
{
	const struct ckr *row = ckr_find(rv);

	if (row)
		return row->name;
	return rv >= CKR_VENDOR_DEFINED ? "CKR_VENDOR_DEFINED" : "CKR_?";
}

int (ckr_fail)(struct kh_error *err, CK_RV rv, const char *call, const char *what)
{
	const struct ckr *row = ckr_find(rv);

	kh_fail(err, KH_E_TOKEN, rv, "%s%s%s: %s (0x%lX)", call, what ? " on " : "", what ? what : "", ckr_name(rv), rv);
	kh_name(err, ckr_name(rv));
	return kh_hint(err, "%s", row && row->hint[0] ? row->hint : HINT_VENDOR);
}
