/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_CRASH_H
#define KEYHAUL_PKCS11_CRASH_H

/*
 * Modules crash in C_Initialize, NSS softokn by arguments that it does not know [seen]. Between the two calls a SIGSEGV or
 * SIGBUS ends the program with an error line and status 4, instead of the shell's two words.
 */
void crash_catch(void);
void crash_release(void);

#endif
