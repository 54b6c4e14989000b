/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_COMPARE_H
#define KEYHAUL_KMS_COMPARE_H

#include "ops.h"

/*
 * DescribeKey's ARN, KeySpec, KeyUsage, MultiRegion, Origin and KeyState against the request, as far as it says them:
 * a first import is for life on keys that are not symmetric. KH_E_CHECK that names both values.
 */
int compare_key(const struct bundle_request *request, const struct ops_key *key, struct kh_error *err);

#endif
