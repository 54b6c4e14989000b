/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "call.h"

#include "base/log.h"
#include "ckm.h"
#include "ckr.h"
#include "watch.h"

#include <time.h>

static _Thread_local struct timespec began;
static _Thread_local unsigned watched;

void call_begin(const char *name)
{
	watched = watch_enter(name);
	if (log_is_debug())
		(void)clock_gettime(CLOCK_MONOTONIC, &began);
}

static double milliseconds_since(const struct timespec *then)
{
	struct timespec now = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) * 1e3 + (double)(now.tv_nsec - then->tv_nsec) / 1e6;
}

CK_RV call_end(const char *name, CK_MECHANISM_TYPE mechanism, CK_RV rv)
{
	char number[CKM_NAME_MAX];

	watch_leave(watched);
	if (!log_is_debug())
		return rv;
	if (mechanism == CALL_NO_MECHANISM)
		log_debug("%s: %s (0x%lX), %.2f ms", name, ckr_name(rv), rv, milliseconds_since(&began));
	else
		log_debug("%s %s (0x%lX): %s (0x%lX), %.2f ms", name, ckm_name(mechanism, number), mechanism,
			  ckr_name(rv), rv, milliseconds_since(&began));
	return rv;
}
