/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_SEED_H
#define KEYHAUL_SIM_SEED_H

#include "keystore.h"

/*
 * --seed-plan: the keys of a plan, for its rehearsal. Those that the plan names by ARN or id are in the store with that
 * id and Region, in the simulator's own account, and calls that name the plan's ARN are answered.
 */
struct seed;

/*
 * Reads the plan and makes the keys that are not there yet; `region` is for those that say none, `now` the time of their
 * making. The caller frees it. KH_E_INPUT for a bad plan, or where the store has another kind of key of that id.
 */
int seed_plan(const char *path, const char *region, int64_t now, struct keystore *keys, struct seed **out,
	      struct kh_error *err);
void seed_free(struct seed *s);

/* True for the ARN of one of the plan's keys, whatever its account; false for a NULL seed. */
bool seed_knows(const struct seed *s, const char *arn);

#endif
