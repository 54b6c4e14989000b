/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_HAUL_APPROVERS_H
#define KEYHAUL_TOKEN_HAUL_APPROVERS_H

#include "haul.h"

#include <jansson.h>

/*
 * Of a bundle that was wrapped: the names of those whose approval counted under the policy, each once; an empty array where it
 * asks for none. The caller frees it; NULL: out of memory.
 */
json_t *haul_approvers(const struct haul_item *item, const struct haul_opts *o);

/* Adds "approved by 'ANN', 'BEN'"; nothing where nobody was asked for. Names are printable ASCII. */
int haul_approvers_text(const struct haul_item *item, const struct haul_opts *o, struct buf *out, struct kh_error *err);

#endif
