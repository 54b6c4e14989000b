/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_AWS_AWSTIME_H
#define KEYHAUL_AWS_AWSTIME_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* What --valid-to was given: a time, or a span counted from KMS's own Date at import. */
struct awstime {
	bool relative;
	int64_t seconds; /* since 1970, or the span */
};

/*
 * Reads every form of --valid-to: epoch seconds (integer or fraction, cut down), ISO 8601 (date, or date and
 * time, 20261122T100000Z too; Z, an offset or none, which is UTC; with or without fractions), RFC 822, and 90d / 36h. KH_E_USAGE.
 */
int awstime_parse(const char *text, struct awstime *out, struct kh_error *err);

/* Reads a time as the AWS CLI or KMS prints it (all absolute forms of awstime_parse). KH_E_INPUT. */
int awstime_parse_absolute(const char *text, int64_t *out, struct kh_error *err);

/* Reads an HTTP Date header ("Sun, 22 Nov 2026 02:31:59 GMT"). KH_E_INPUT. */
int awstime_parse_http(const char *text, int64_t *out, struct kh_error *err);

#endif
