/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_CLOCK_H
#define KEYHAUL_BASE_CLOCK_H

#include "error.h"

#include <stdint.h>

#define CLOCK_TEXT 21 /* "2026-11-22T10:00:00Z" and a NUL */
#define CLOCK_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Seconds since 1970, UTC. Commands go by cmd->now, and read it again where a person or a token may have kept them waiting. */
int64_t clock_now(void);

/* The time as "2026-11-22T10:00:00Z"; outside 1970..9999 it is cut to the range. */
void clock_format(int64_t t, char out[CLOCK_TEXT]);

/* Reads exactly that form, nothing else; KH_E_INPUT otherwise (no 61st second, no 30th of February). */
int clock_parse(const char *text, int64_t *out, struct kh_error *err);

/* Seconds since 1970 of a UTC calendar time; checks each field. KH_E_INPUT where there is no such time. */
int clock_make(int year, int month, int day, int hour, int minute, int second, int64_t *out, struct kh_error *err);

#endif
