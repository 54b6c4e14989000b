/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_AWS_VERB_H
#define KEYHAUL_KMS_AWS_VERB_H

#include "base/cmd.h"

/*
 * Runs one of the AWS CLI's verbs: the words, --query and the parameters are checked, the operation is called, and its
 * answer written as the AWS CLI writes it. Sets c->status where it fails.
 */
int aws_verb_run(struct cmd *c, struct kh_error *err);

#endif
