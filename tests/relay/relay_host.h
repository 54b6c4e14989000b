/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RELAY_HOST_H
#define KEYHAUL_RELAY_HOST_H

#include "relay_rules.h"

/* Makes the call on the real module: the code, and what came out in the arguments. */
CK_RV relay_invoke(CK_FUNCTION_LIST *fn, struct relay_call *c);

/* Falsifies the lengths that the call gave, by one of RELAY_LENGTH_*. */
void relay_length(struct relay_call *c, enum relay_action action);

/*
 * C_WrapKey as a token that does not do what it was asked: RELAY_OAEP_SHA1 and behind it. `native`: the relay has
 * CKM_RSA_AES_KEY_WRAP, so that it can lie about that too.
 */
CK_RV relay_lie(CK_FUNCTION_LIST *fn, struct relay_call *c, enum relay_action action, bool native);

/* What of a call has to do with CKM_RSA_AES_KEY_WRAP; and such a call, as a token answers it that has the mechanism. */
bool relay_is_native(const struct relay_call *c);
CK_RV relay_native(CK_FUNCTION_LIST *fn, struct relay_call *c);

/* Counts an object that was made for the program, until it destroys it. */
void relay_note_made(CK_OBJECT_HANDLE object);

/*
 * A token that undoes locks: before a call, a key that it locks gets a twin that is not locked, and a key that was undone is
 * its twin; then the call itself by RELAY_UNDO, and C_CopyObject by RELAY_DEAF, which leaves out what was asked for.
 */
void relay_undo_prepare(CK_FUNCTION_LIST *fn, struct relay_call *c);
CK_RV relay_undo(CK_FUNCTION_LIST *fn, struct relay_call *c);
CK_RV relay_deaf(CK_FUNCTION_LIST *fn, struct relay_call *c);

/* Of which kind and size the key is; RELAY_ANY_KEY where the token does not say. */
void relay_subject_of(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, struct relay_subject *out);

/*
 * The plaintext of a key of the token, as the token would hand it over to whoever has a wrapping key there: the relay
 * puts one of its own on it, and takes it away again. At most `room` bytes; 0 where the token does not let it go. What
 * liars of the real world know by themselves.
 */
size_t relay_plaintext(CK_FUNCTION_LIST *fn, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, unsigned char *out,
		       size_t room);

/* Falsifies a token's flags by a rule of RELAY_FLAGS. */
void relay_flags(struct relay_call *c, const struct relay_rule *rule);

/* The call as it is, but for C_OpenSession behind the first, which gives the session before it. */
CK_RV relay_same(CK_FUNCTION_LIST *fn, struct relay_call *c);

/* Notes the session that is opened. */
void relay_note_session(const struct relay_call *c);

/* C_CreateObject without the attribute of a rule of RELAY_DROP; any other call as it is. */
CK_RV relay_drop(CK_FUNCTION_LIST *fn, struct relay_call *c, const struct relay_rule *rule);

/* True for a call that makes an object of the session: a template of it has no CKA_TOKEN, or one that is false. */
bool relay_is_of_session(const struct relay_call *c);

/* C_Login; with KEYHAUL_RELAY_KEYPAD one without a PIN gets that of the keypad. */
CK_RV relay_keypad(CK_FUNCTION_LIST *fn, struct relay_call *c);

/* With KEYHAUL_RELAY_LOGGED_IN: logs in to every token, in a session of the host's own that stays open. */
void relay_log_in_first(CK_FUNCTION_LIST *fn);

/* True where the module said at C_Initialize that it cannot lock: it is then called by one thread at a time. */
bool relay_is_serial(void);

/* Objects that were made through the relay and not destroyed. */
unsigned long relay_left(void);

#endif
