/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_HTTP_TRANSFER_H
#define KEYHAUL_KMS_HTTP_TRANSFER_H

#include "http.h"

#include <curl/curl.h>
#include <stdbool.h>

/* http_post in its two halves, for flight.c, which has many transfers under way between them. */

/* Readies libcurl's handle for the request and gives it; NULL with an error. http_end is due for what was begun. */
CURL *http_begin(struct http *h, const struct kms_request *request, struct kms_answer *answer, struct kh_error *err);

/* libcurl with an allocator that wipes, once for each http_global_end. KH_E_SYSTEM. */
int http_global_begin(struct kh_error *err);
void http_global_end(void);

/* Which CAs are trusted: a file, a folder of hashed ones, or (NULL) the system's. */
CURLcode http_set_ca(CURL *easy, const char *ca_bundle);

/* True where the address is this machine. */
bool http_is_loopback(const struct sockaddr *addr);

/* What came of it: `rc` is the transfer's end. As http_post. */
int http_end(struct http *h, CURLcode rc, const struct kms_request *request, struct kms_answer *answer,
	     struct kh_error *err);

#endif
