/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_WORDQUIZ_H
#define KEYHAUL_BUNDLE_WORDQUIZ_H

#include "words.h"

#define WORDQUIZ_LEAST 8

/*
 * Has a person type `n` (WORDQUIZ_LEAST to WORDS_COUNT) of the words of `whose` SHA-256 (hex), at places drawn anew each
 * time: on the terminal, or from standard input, a word a line, where that is none. A line of several words instead is
 * the beginning of all 32, in lines as they are shown. All are asked for before it is said whether they match, and the
 * right ones are never shown. KH_E_CHECK with the places where one is not the right one, KH_E_INPUT where the input ends.
 */
int wordquiz_ask(const char *whose, const char *hex, size_t n, struct kh_error *err);

#endif
