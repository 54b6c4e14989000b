/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_STS_H
#define KEYHAUL_SIM_STS_H

#include "base/buf.h"
#include "reply.h"

#include <stdbool.h>

/* Checks that the form (application/x-www-form-urlencoded) is GetCallerIdentity's; sets the reply's error otherwise. */
int sts_check(const char *form, size_t len, struct reply *r);

/* Adds STS's XML: of GetCallerIdentity, or of the reply's error under the name that STS has for it. Gives the status. */
int sts_xml(const struct reply *r, const char *region, const char *request_id, struct buf *out);

#endif
