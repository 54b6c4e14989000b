/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_TELL_H
#define KEYHAUL_FRONT_TELL_H

#include "base/cmd.h"
#include "bundle/bundle.h"

/* Adds a bundle in words to the result: what it holds, judged at c->now, and the command to type `next` ("" for none). */
int tell_bundle(struct cmd *c, const char *path, const struct bundle *b, const char *next, struct kh_error *err);

#endif
