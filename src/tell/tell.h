/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TELL_TELL_H
#define KEYHAUL_TELL_TELL_H

#include "base/cmd.h"
#include "bundle/bundle.h"

/* Adds a bundle in words to the result: what it holds, judged at c->now, and the command to type `next` ("" for none). */
int tell_bundle(struct cmd *c, const char *path, const struct bundle *b, const char *next, struct kh_error *err);

/* Adds its request and the approvals that it has alone: what an approver agrees to. */
int tell_request(struct cmd *c, const char *path, const struct bundle *b, struct kh_error *err);

#endif
