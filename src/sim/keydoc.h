/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_KEYDOC_H
#define KEYHAUL_SIM_KEYDOC_H

#include "api.h"

/* What a key is described with: CreateKey's and ReplicateKey's Description, Policy and Tags. */

/* Checks the call's Policy and Tags. MalformedPolicyDocumentException, TagException. */
int keydoc_check(struct call *c);

/* Checks a list of tags by itself. TagException. */
int keydoc_check_tags(struct call *c, const json_t *tags);

/* Gives the key the call's Description, Policy and Tags. KH_E_MEMORY. */
int keydoc_fill(struct call *c, struct simkey *key, struct kh_error *err);

/* The policy that KMS gives a key without one. */
extern const char keydoc_default_policy[];

#endif
