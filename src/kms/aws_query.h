/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_AWS_QUERY_H
#define KEYHAUL_KMS_AWS_QUERY_H

#include "base/error.h"

#include <jansson.h>

/* What --query asks for: the part of JMESPath that is a.b, "a b", [n], [*] and [a,b], in each other. */
struct aws_query;

/* Reads it; the caller frees it. KH_E_USAGE for anything else of JMESPath, and for what is none. */
int aws_query_compile(const char *text, struct aws_query **out, struct kh_error *err);
void aws_query_free(struct aws_query *q);

/* What it finds, null for nothing; the caller drops it. NULL for want of memory. */
json_t *aws_query_search(const struct aws_query *q, const json_t *in);

#endif
