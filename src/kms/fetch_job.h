/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_FETCH_JOB_H
#define KEYHAUL_KMS_FETCH_JOB_H

#include "fetch_plan.h"
#include "places.h"
#include "table.h"

/* What a run of fetch --plan has once, for all its keys. For fetch_plan.c alone. */
struct fetch_jobs {
	struct cmd *c;
	const struct fetch_plan_opts *opts;
	struct plan *plan;
	struct places places;
	struct session session;
	struct table *table;
	struct kh_error fatal; /* what ends the run as a whole; code KH_OK for none */
};

/* Key `i` of the plan: its bundles in all its Regions. `jobs` is the struct; for session_run. */
void fetch_job(void *jobs, size_t i);

#endif
