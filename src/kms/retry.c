/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "retry.h"

#include <errno.h>
#include <stdlib.h>

#define WAIT_MAX_S 20u

unsigned retry_wait_ms(int attempt, double chance)
{
	unsigned base = attempt > 5 ? WAIT_MAX_S : 1u << (attempt > 0 ? attempt - 1 : 0);

	if (base > WAIT_MAX_S)
		base = WAIT_MAX_S;
	return (unsigned)(chance * 1000.0 * base);
}

int retry_attempts(const char *env, const char *profile, int *out, struct kh_error *err)
{
	const char *text = env && *env ? env : profile;
	char *end = NULL;
	long n;

	*out = RETRY_ATTEMPTS;
	if (!text || !*text)
		return 0;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < 1 || n > RETRY_ATTEMPTS_MAX)
		return kh_fail(err, KH_E_USAGE, 0, "%s '%s' is not a number from 1 to %d",
			       text == env ? "AWS_MAX_ATTEMPTS" : "the profile's max_attempts", text,
			       RETRY_ATTEMPTS_MAX);
	*out = (int)n;
	return 0;
}
