/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_SHELL_H
#define KEYHAUL_BASE_SHELL_H

#include "buf.h"

/* Adds a space (but at the beginning) and the word, quoted where a POSIX shell would take it for something else. */
int shell_word(const char *word, struct buf *out, struct kh_error *err);

/* Adds words up to a NULL in the same way. */
int shell_words(const char *const *words, struct buf *out, struct kh_error *err);

#endif
