/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_PROMPT_H
#define KEYHAUL_BASE_PROMPT_H

#include "error.h"

#define PROMPT_REPLY_MAX 128

/*
 * Asks on the terminal (/dev/tty), with echo, for `word` to be typed: before what cannot be undone. KH_E_USAGE where
 * something else was typed or there is no terminal, KH_E_INTERRUPTED after SIGINT.
 */
int prompt_confirm(const char *prompt, const char *word, struct kh_error *err);

#endif
