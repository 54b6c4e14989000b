/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_AWS_ROWS_H
#define KEYHAUL_KMS_AWS_ROWS_H

#include "base/cmd.h"

#define AWS_VERBS 10

/* The AWS CLI's own verbs, in order of their names. */
extern const struct cmd_row aws_rows[AWS_VERBS];

/* --cli-input-json and --generate-cli-skeleton, in that order. */
enum { AWS_ROW_INPUT_JSON, AWS_ROW_SKELETON, AWS_INPUT_ROWS };
extern const struct opt_row aws_input_rows[AWS_INPUT_ROWS];

/* True for one of these verbs. */
bool aws_rows_have(const char *verb);

/* True for the options that the AWS CLI takes of every verb. */
bool aws_rows_are_global(const struct opt_group *group);

#endif
