/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_JUDGED_H
#define KEYHAUL_FRONT_JUDGED_H

#include "record/record.h"

/*
 * Judges a record's bundles by a policy as it was to be on the day: that each request and the material are under it and as it
 * allows, each approval by itself, that enough of its people had approved when the key was wrapped, and that one of its signers
 * signed the material before it was imported (`now` where it was not). What fails is a finding, and what counts for nobody is
 * noted beside the bundle. KH_E_INPUT for a bad policy, KH_E_MEMORY, KH_E_SYSTEM.
 */
int judged_by(const char *policy, struct record *r, int64_t now, struct kh_error *err);

#endif
