/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_SPAN_H
#define KEYHAUL_KMS_SPAN_H

#include "base/error.h"

#include <stdint.h>

#define SPAN_EXPIRING "30d" /* --expiring-within where nobody said it */

/* The seconds of an option's span, such as 30d or 36h. KH_E_USAGE. */
int span_parse(const char *option, const char *text, int64_t *out, struct kh_error *err);

#endif
