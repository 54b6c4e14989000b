/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_HTTP_TRANSFER_H
#define KEYHAUL_KMS_HTTP_TRANSFER_H

#include "http.h"

#include <curl/curl.h>

/* http_post in its two halves, for flight.c, which has many transfers under way between them. */

/* Readies libcurl's handle for the request and gives it; NULL with an error. http_end is due for what was begun. */
CURL *http_begin(struct http *h, const struct kms_request *request, struct kms_answer *answer, struct kh_error *err);

/* What came of it: `rc` is the transfer's end. As http_post. */
int http_end(struct http *h, CURLcode rc, const struct kms_request *request, struct kms_answer *answer,
	     struct kh_error *err);

#endif
