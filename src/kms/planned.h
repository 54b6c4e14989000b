/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_PLANNED_H
#define KEYHAUL_KMS_PLANNED_H

#include "plan/plan.h"
#include "target.h"

#define PLANNED_NAME_MAX (PLAN_NAME_MAX + 40) /* "NAME in REGION" */

/* A plan's keys for verbs that look at them: one that is there already, or one that `fetch --plan --out dir` made. */

/* "NAME", or "NAME in REGION" for a replica (counted from 1). */
void planned_name(const struct plan_key *key, size_t replica, char out[PLANNED_NAME_MAX]);

/*
 * The key, or its replica. One that the plan makes is told by `dir`/NAME.create; a rehearsal on this machine may answer
 * with its own ARN for the plan's. KH_E_USAGE without a `dir` where it is needed, KH_E_INPUT where none was made yet.
 */
int planned_find(const struct session *s, const char *dir, const struct plan_key *key, size_t replica,
		 struct target *out, struct kh_error *err);

#endif
