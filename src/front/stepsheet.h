/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_STEPSHEET_H
#define KEYHAUL_FRONT_STEPSHEET_H

#include "ceremony.h"

#include <stdint.h>

/*
 * The step sheet of a ceremony: one HTML page for A4 and Letter, with no script, font or picture: what is needed, each step with
 * its command, what must be seen, and room for time and initials; sheets for what goes otherwise; a page of digests and
 * signatures. `now` is when it was made. KH_E_MEMORY.
 */
int stepsheet_write(const struct ceremony *c, int64_t now, struct buf *out, struct kh_error *err);

#endif
