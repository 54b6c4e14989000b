/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_BUNDLE_JSON_H
#define KEYHAUL_BUNDLE_BUNDLE_JSON_H

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>

#define BUNDLE_JSON_DEPTH 6
#define BUNDLE_JSON_INT_MAX INT64_C(9007199254740991) /* 2^53 - 1: what every JSON reader keeps exact */

#define BUNDLE_JSON_NO_BUNDLE "'keyhaul-kms fetch' makes one, 'keyhaul adopt' makes one of what the AWS CLI printed"

/*
 * Reads the JSON that a bundle may be: one object of at most BUNDLE_MAX bytes, nothing behind it, at most
 * BUNDLE_JSON_DEPTH levels, no name twice; objects, arrays, booleans, printable ASCII strings and integers from 0 to
 * 2^53 - 1. NULL with KH_E_INPUT that says where. The caller has one reference.
 */
json_t *bundle_json_load(const char *data, size_t len, struct kh_error *err);

#endif
