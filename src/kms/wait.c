/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "wait.h"

#define FIRST_MS 250u
#define LAST_MS 5000u

int wait_until(const struct kms *k, long seconds, int (*look)(void *ctx, bool *done, struct kh_error *err), void *ctx,
	       bool *done, struct kh_error *err)
{
	const struct kms_pace *pace = &k->pace;
	int64_t until = pace->now_ms(pace->ctx) + (int64_t)seconds * 1000;
	unsigned wait = FIRST_MS;

	for (;;) {
		int64_t left;

		*done = false;
		if (look(ctx, done, err))
			return -1;
		left = until - pace->now_ms(pace->ctx);
		if (*done || left <= 0 || pace->stop(pace->ctx))
			return 0;
		pace->wait_ms(pace->ctx, left < wait ? (unsigned)left : wait);
		wait = wait < LAST_MS / 2 ? 2 * wait : LAST_MS;
	}
}
