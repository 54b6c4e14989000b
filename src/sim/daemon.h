/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_DAEMON_H
#define KEYHAUL_SIM_DAEMON_H

#include "base/buf.h"

#include <stdbool.h>

#define DAEMON_TEXT_MAX 8192

/*
 * Forks, for --daemon; before any thread is started or file opened. In the child `*child` is true and it goes on. In
 * the parent it waits until the child has said that it is ready, whose text is then in `text`, or gives the child's
 * error.
 */
int daemon_fork(bool *child, struct buf *text, struct kh_error *err);

/* In the child: tells the parent that it is ready, with this text, and lets go of stdin, stdout and stderr. */
int daemon_ready(const char *text, struct kh_error *err);

/* In the child, before it was ready: hands its error to the parent, which prints it, and lets go likewise. */
void daemon_failed(const struct kh_error *why);

/* Blocks the signals that end a command, so that only daemon_wait sees them; before any thread is started. */
void daemon_block_signals(void);

/* True where there is a process of that number. */
bool daemon_is_alive(long pid);

/* Waits for such a signal, or the end of the process `die_with` (0: none). */
void daemon_wait(long die_with);

#endif
