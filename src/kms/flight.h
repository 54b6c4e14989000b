/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_FLIGHT_H
#define KEYHAUL_KMS_FLIGHT_H

#include "http.h"

#define FLIGHT_JOBS 32 /* at a time, where nobody said how many */
#define FLIGHT_JOBS_MAX 256

/*
 * Many jobs in flight over one curl multi handle. Each job is a thread, and one at a time runs: it hands on when it waits
 * for an answer or for time to pass. So what the jobs share wants no locks, and all requests are under way at once.
 */
struct flight;

/* Room for `jobs` at a time, and a connection of its own to each. The caller closes it. KH_E_SYSTEM, KH_E_MEMORY. */
int flight_open(const struct http_opts *opts, size_t jobs, struct flight **out, struct kh_error *err);
void flight_close(struct flight *f);

/*
 * Does job(ctx, i) for each i under `n` in order of their numbers, and comes back when all are done. After SIGINT no
 * further one is begun. Gives how many were begun.
 */
size_t flight_run(struct flight *f, size_t n, void (*job)(void *ctx, size_t i), void *ctx);

/* kms->post and kms->pace.wait_ms within a job; `ctx` is the flight. */
int flight_post(void *ctx, const struct kms_request *request, struct kms_answer *answer, struct kh_error *err);
void flight_wait(void *ctx, unsigned ms);

/*
 * Within a job: what comes between flight_aside(f, true) and flight_aside(f, false) goes on beside the other jobs, such as
 * waiting for the disk. It may touch only what is that job's own.
 */
void flight_aside(struct flight *f, bool aside);

#endif
