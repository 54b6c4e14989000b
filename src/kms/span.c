/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "span.h"

#include "aws/awstime.h"

int span_parse(const char *option, const char *text, int64_t *out, struct kh_error *err)
{
	struct awstime t;

	if (awstime_parse(text, &t, err) || !t.relative) {
		kh_fail(err, KH_E_USAGE, 0, "--%s '%.60s' is no span", option, text);
		return kh_hint(err, "days or hours, such as 30d or 36h");
	}
	*out = t.seconds;
	return 0;
}
