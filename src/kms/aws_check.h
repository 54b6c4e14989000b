/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_AWS_CHECK_H
#define KEYHAUL_KMS_AWS_CHECK_H

#include "aws/kmsmodel.h"
#include "base/error.h"

#include <jansson.h>

enum aws_check {
	AWS_CHECK_CLI, /* what the AWS CLI checks: types, names, required members, least lengths */
	AWS_CHECK_ALL, /* and what KMS would refuse by its model: lengths, blobs, enumerations, patterns */
};

/* Holds a structure against its shape; everything that is wrong is told, a line each. KH_E_USAGE. */
int aws_check(json_t *value, const struct kmsmodel_shape *shape, enum aws_check what, struct kh_error *err);

#endif
