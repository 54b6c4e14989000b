/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_EXPOSITION_H
#define KEYHAUL_KMS_EXPOSITION_H

#include "status.h"

/* Prometheus's text exposition format of many keys: the samples of a metric stand together, so that they are kept. */
struct exposition;

/* An empty one; the caller frees it. KH_E_MEMORY. */
int exposition_new(struct exposition **out, struct kh_error *err);
void exposition_free(struct exposition *e);

/*
 * Adds a key: one that answered, or (`s` NULL) one that did not, named by its ARN where that is known, else as it was asked
 * for. A key that is added again adds nothing: one that answered once is up. `name` is its plan's or its alias, NULL for
 * neither. KH_E_SYSTEM: too much.
 */
int exposition_add(struct exposition *e, const char *item, const char *name, const struct status *s, struct kh_error *err);

/* Once: adds all of it to what the command prints, `now` being when it was asked. */
int exposition_print(struct cmd *c, struct exposition *e, int64_t now, struct kh_error *err);

#endif
