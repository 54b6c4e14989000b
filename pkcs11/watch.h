/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_WATCH_H
#define KEYHAUL_PKCS11_WATCH_H

/*
 * Says on stderr what a run waits for: a call that takes over a second, again after two, four, eight, and every minute
 * then; and at the first SIGINT that the call in hand is waited for. Not progress, which only a terminal gets: a log that
 * ends here tells which call the token never answered.
 *
 * A thread of its own looks now and then at the calls that are under way. It takes no signal and sends none, for a module
 * need not expect that its own waiting is interrupted.
 */

/* Begins to watch, for module_open; calls of it nest. Where no thread can be had a run is silent. */
void watch_start(void);

/* Ends it, for module_close. */
void watch_stop(void);

/* What the calls go to from now on, for the message: "token 'L' (serial S)"; cut where it is too long. */
#define WATCH_PLACE_MAX 192
void watch_place(const char *words);

/* A call begins, in any thread; `name` is a constant. What it gives goes to watch_leave at the call's end. */
unsigned watch_enter(const char *name);
void watch_leave(unsigned call);

#endif
