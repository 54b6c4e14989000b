/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_PROMPT_H
#define KEYHAUL_BASE_PROMPT_H

#include "error.h"

#include <stdbool.h>

#define PROMPT_REPLY_MAX 128
#define PROMPT_LINE_MAX 1024

struct secret;

/*
 * Asks on the terminal (/dev/tty), with echo, for `word` to be typed: before what cannot be undone. KH_E_USAGE where
 * something else was typed or there is no terminal, KH_E_INTERRUPTED after SIGINT.
 */
int prompt_confirm(const char *prompt, const char *word, struct kh_error *err);

/*
 * Asks on the terminal (/dev/tty) and reads a line of at most `max` bytes, without its end; the caller frees it. KH_E_INPUT
 * where there is no terminal or nothing was typed, KH_E_INTERRUPTED after SIGINT.
 */
int prompt_terminal(const char *prompt, size_t max, bool echo, struct secret **out, struct kh_error *err);

/*
 * Asks for a line that is no secret: on the terminal where standard input is one, else the prompt goes to stderr and the
 * line is read from standard input, nothing behind it. KH_E_INPUT at the end of the input, for an empty line or one of
 * PROMPT_LINE_MAX bytes, KH_E_INTERRUPTED after SIGINT.
 */
int prompt_line(const char *prompt, char out[PROMPT_LINE_MAX], struct kh_error *err);

#endif
