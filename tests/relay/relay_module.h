/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RELAY_MODULE_H
#define KEYHAUL_RELAY_MODULE_H

#include "relay.h"

/*
 * Passes a call on to the host, which C_Initialize starts, and waits for the answer. The arguments are the kinds of
 * relay.h in turn: u a CK_ULONG; b, A, o and G a pointer and a CK_ULONG; M a CK_MECHANISM *; h a CK_ULONG *; B and L a
 * pointer and a CK_ULONG *; F a pointer, a CK_ULONG and a CK_ULONG *. CKR_DEVICE_REMOVED where the host is gone.
 */
CK_RV relay_pass(enum relay_function function, ...);

/* Ends the host, after C_Finalize. */
void relay_end(void);

#endif
