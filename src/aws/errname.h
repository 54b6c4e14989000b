/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_AWS_ERRNAME_H
#define KEYHAUL_AWS_ERRNAME_H

#include "base/error.h"

#include <stdbool.h>

/* What an error code of AWS's asks the client to do (botocore's standard mode). */
enum errname_retry {
	ERRNAME_FINAL,
	ERRNAME_TRANSIENT,
	ERRNAME_THROTTLE,
};

/* One error code of KMS, of STS or of AWS's front door. */
struct errname {
	const char *name;
	int http; /* the status it comes with */
	enum errname_retry retry;
	enum kh_code code; /* how we end on it */
	const char *hint; /* what to do next */
};

/* The row of a code, without namespace ("com.amazonaws...#") and tail (":http..."); NULL for an unknown one. */
const struct errname *errname_find(const char *name);

/* Cuts a code as it stands in a body or header to its bare name: up to ':', then after '#'. `out` has 64 bytes. */
void errname_bare(const char *raw, char out[64]);

/* How to retry: by the code, else by the HTTP status (429, 500, 502, 503, 504). */
enum errname_retry errname_retry_of(const char *name, int http);

#endif
