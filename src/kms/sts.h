/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_STS_H
#define KEYHAUL_KMS_STS_H

#include "base/secret.h"
#include "endpoint.h"
#include "http.h"
#include "sts_xml.h"

#define STS_TEXT_MAX 2048 /* bytes of an ARN, an id or a message of STS's */

/* Where STS is asked, and how often. */
struct sts {
	const struct http_opts *http;
	int attempts;
	struct endpoint endpoint;
};

/*
 * STS of the run's Region; where none is said of one that each account in the partition of `arn` (NULL: "aws") has.
 * AWS_ENDPOINT_URL_STS, services sections and so on count where wish->endpoint_url is NULL. KH_E_USAGE.
 */
int sts_open(const struct profile *profile, const struct endpoint_wish *wish, const char *arn, struct sts *out,
	     struct kh_error *err);

/* Begins the form of an operation. NULL with KH_E_MEMORY; the caller frees it. */
struct secret *sts_form(const char *action, struct kh_error *err);

/* Adds a parameter, percent-encoded; an empty or NULL value adds none. KH_E_INPUT where it gets too long. */
int sts_add(struct secret *form, const char *name, const char *value, struct kh_error *err);

/*
 * Sends the form (signed where `sign` is given) with retries as in standard mode, and reads the fields out of a 200.
 * KH_E_KMS with the error's code and message for a refusal, KH_E_AGAIN where no answer came or it was throttled to the
 * end, KH_E_CHECK for plain http to another machine.
 */
int sts_call(const struct sts *s, const char *action, const struct creds *sign, const struct secret *form,
	     struct sts_field *fields, size_t n, struct kh_error *err);

#endif
