/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_HAUL_H
#define KEYHAUL_FRONT_HAUL_H

#include "base/cmd.h"
#include "bundle/bundle.h"
#include "verbs.h"

#include <stdbool.h>

/* Where the bundle of a run lies: the user's own file, or one in a folder made for the run. */
struct haul_place {
	char path[VERBS_PATH];
	char folder[VERBS_PATH]; /* "" where the file is the user's */
};

/* Takes the user's file, or (`out` NULL) makes a folder under TMPDIR. KH_E_SYSTEM. */
int haul_place_choose(const char *out, struct haul_place *place, struct kh_error *err);

/*
 * Ends with the folder made for the run: gone when all went well or there is no bundle in it yet; else kept, because
 * what was wrapped must not be lost. True where a bundle is still there.
 */
bool haul_place_leave(const struct haul_place *place, bool done);

/*
 * Reads the bundle that an earlier run left at PATH; `*out` NULL where there is none. It must be for this KMS key
 * (an ARN or a key id; KH_E_USAGE otherwise, also for an alias, which may have moved since). The caller frees it.
 */
int haul_resume(const char *path, const char *key_id, struct bundle **out, struct kh_error *err);

#endif
