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

/*
 * Whether a key's ARN out of a reply is what was asked for (anything that --key-id takes): an ARN is the same, an id is
 * its, an alias's ARN is of its account; and it is of this Region. With `rehearsal`, for answers from this machine alone,
 * a key's ARN may be in the rehearsals' account instead of its own. `what` is for the error. KH_E_KMS.
 */
int compare_asked(const char *what, const char *asked, const char *region, const char *got, bool rehearsal,
		  struct kh_error *err);

/* A new key against CreateKey's body and the Region that was asked. KH_E_CHECK, with the key's ARN. */
int compare_created(const json_t *body, const char *region, const struct ops_key *key, struct kh_error *err);

#endif
