/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_RENEW_JOB_H
#define KEYHAUL_KMS_RENEW_JOB_H

#include "fetch_job.h"

/*
 * fetch --plan --expiring-within: in place of fetch_job. Key `i` of the plan in all its Regions: a request for each
 * material that expires soon or has expired, as what KMS has already, and nothing for any other.
 */
void renew_job(void *jobs, size_t i);

#endif
