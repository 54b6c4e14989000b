/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_LOG_H
#define KEYHAUL_BASE_LOG_H

#include "buf.h"

#include <stdbool.h>

/*
 * What is said on stderr beside the result. Never values of secrets. Text
 * from outside is escaped for the terminal here, once, whoever calls. Any
 * thread may: lines come one behind the other, and above the status line.
 */

/* --debug: calls, mechanisms, codes, times. Dropped unless log_set_debug(true). */
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What a person should know although the run goes on; "warning: ..." and kept for --json (log_warnings). */
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same, but for what was warned of in the same words in this run. */
void log_warning_once(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What is going on, only where stderr is a terminal. */
void log_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A line on stderr as it is, escaped: for cmd.c's error lines. */
void log_line(const char *prefix, const char *text);

/*
 * A line at the bottom of the terminal that goes when another is written, and
 * comes back with the next call; NULL takes it away. `columns` is what `line`
 * (printable ASCII, less than the terminal is wide) takes. For progress.c.
 */
void log_status(const char *line, size_t columns);

/* The terminal's width; 0 where stderr is none, or one that cannot go back on a line. */
size_t log_columns(void);

/* Takes the status line away and keeps others off the terminal until log_release: around what goes to stdout. */
void log_hold(void);
void log_release(void);

/* Takes the status line away, from a signal handler, when nothing comes after. */
void log_abandon(void);

void log_set_debug(bool on);
bool log_is_debug(void);

/* The warnings so far as a JSON array's inside ("a","b"); the log owns it. */
const char *log_warnings(void);

/* Frees the kept warnings; for the end of cmd_main. */
void log_reset(void);

#endif
