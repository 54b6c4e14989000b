/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_AWS_SHAPE_H
#define KEYHAUL_KMS_AWS_SHAPE_H

#include "aws/kmsmodel.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * A reply in the form of the model: its members in the model's order, no others and no nulls. Times become ISO 8601 in
 * local time, with `wire` they stay as they came. The caller drops `*out`. KH_E_KMS where a value is not of its type.
 */
int aws_shape_reply(const json_t *reply, const struct kmsmodel_shape *shape, bool wire, json_t **out, struct kh_error *err);

/*
 * The sample of --generate-cli-skeleton: empty texts, zero, true, the first value of an enumeration; with `named` a text is
 * its member's name. NULL for want of memory.
 */
json_t *aws_shape_sample(const struct kmsmodel_shape *shape, bool named);

#endif
