/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_LOG_H
#define KEYHAUL_BASE_LOG_H

#include "buf.h"

#include <stdbool.h>

/*
 * What is said on stderr beside the result. Never values of secrets. Text
 * from outside is escaped for the terminal here, once, whoever calls.
 */

/* --debug: calls, mechanisms, codes, times. Dropped unless log_set_debug(true). */
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What a person should know although the run goes on; "warning: ..." and kept for --json (log_warnings). */
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What is going on, only where stderr is a terminal. */
void log_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A line on stderr as it is, escaped: for cmd.c's error lines. */
void log_line(const char *prefix, const char *text);

void log_set_debug(bool on);
bool log_is_debug(void);

/* The warnings so far as a JSON array's inside ("a","b"); the log owns it. */
const char *log_warnings(void);

/* Frees the kept warnings; for the end of cmd_main. */
void log_reset(void);

#endif
