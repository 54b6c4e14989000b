/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_RESULT_H
#define KEYHAUL_BUNDLE_RESULT_H

#include "base/cmd.h"

#include <jansson.h>

/* Adds a JSON object to the command's "results" (nothing without --json) and frees it, also on failure; NULL is KH_E_MEMORY. */
int result_add(struct cmd *c, json_t *object, struct kh_error *err);

#endif
