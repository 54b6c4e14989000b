/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_FETCH_JOB_H
#define KEYHAUL_KMS_FETCH_JOB_H

#include "fetch_item.h"
#include "fetch_plan.h"
#include "places.h"
#include "table.h"

/* What a run of fetch --plan has once, for all its keys. For fetch_plan.c, fetch_job.c and renew_job.c alone. */
struct fetch_jobs {
	struct cmd *c;
	const struct fetch_plan_opts *opts;
	struct plan *plan;
	struct places places;
	struct session session;
	struct table *table;
	size_t open; /* bundles that wait for being wrapped or imported */
	size_t wrapped; /* of these with material */
	size_t failed;
	struct kh_error fatal; /* what ends the run as a whole; code KH_OK for none */
};

/* Ends the run as a whole; only the first such error counts. */
void fetch_job_end_run(struct fetch_jobs *r, const struct kh_error *err);

/* NAME in the run's folder; the caller frees it. NULL: KH_E_MEMORY. */
char *fetch_job_path(const struct fetch_jobs *r, const char *name, struct kh_error *err);

/* What became of a bundle, into the table. */
void fetch_job_put(struct fetch_jobs *r, const struct fetch_item *i);
void fetch_job_failed(struct fetch_jobs *r, struct fetch_item *i, const struct kh_error *cause);

/* Key `i` of the plan: its bundles in all its Regions. `jobs` is the struct; for session_run. */
void fetch_job(void *jobs, size_t i);

#endif
