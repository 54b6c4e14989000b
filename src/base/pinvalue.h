/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_PINVALUE_H
#define KEYHAUL_BASE_PINVALUE_H

#include "error.h"

/*
 * A PIN that somebody wrote into a PKCS#11 URI (RFC 7512, section 2.4, pin-value), or a password into a URL
 * (https://USER:PASSWORD@HOST), wherever that then turns up: every message is formatted through pinvalue_hide, and argv is
 * emptied of it before anything else is done.
 */

/*
 * Puts *** in place of each pin-value's value, up to the next '&' or the end: what stands in a PIN is not known, so
 * nothing else ends it. The name counts in capitals and percent-encoded too, and so does each other name that begins with
 * "pin" where a URI's name may stand, but for pin-source. Likewise for what stands before a URL's '@'. The text gets shorter or
 * stays.
 */
void pinvalue_hide(char *text);

/*
 * Gives an argv whose words with such a secret are copies, and stars it in those of the process. The caller
 * gives `*out` back. KH_E_MEMORY; the words are starred then too, and `*out` is NULL.
 */
int pinvalue_take(int argc, char **argv, char ***out, struct kh_error *err);

/* Wipes and frees the copies; NULL is fine. */
void pinvalue_give_back(int argc, char *const *argv, char **taken);

#endif
