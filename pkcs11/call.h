/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_CALL_H
#define KEYHAUL_PKCS11_CALL_H

#include <p11-kit/pkcs11.h>

/*
 * Every call into a module goes through one of these two, so that --debug shows the function, the mechanism, the
 * code and the time, and never an argument, and so that a call which takes long is spoken of (watch.h). The value is the
 * CK_RV.
 *
 *	rv = P11_CALL(t->fn, C_DestroyObject, t->session, object);
 *	rv = P11_CALL_MECH(t->fn, mechanism.mechanism, C_WrapKey, t->session, &mechanism, ...);
 */
#define P11_CALL(fn, name, ...) (call_begin(#name), call_end(#name, CALL_NO_MECHANISM, (fn)->name(__VA_ARGS__)))
#define P11_CALL_MECH(fn, mech, name, ...) (call_begin(#name), call_end(#name, (mech), (fn)->name(__VA_ARGS__)))

#define CALL_NO_MECHANISM ((CK_MECHANISM_TYPE)-1)

/* For the two macros: notes call and time, of each thread by itself; logs the call and gives `rv` back. */
void call_begin(const char *name);
CK_RV call_end(const char *name, CK_MECHANISM_TYPE mechanism, CK_RV rv);

#endif
