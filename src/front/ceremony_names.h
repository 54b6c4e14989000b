/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_CEREMONY_NAMES_H
#define KEYHAUL_FRONT_CEREMONY_NAMES_H

#include "ceremony.h"

/* The names that the steps are filled with: token, people, bundles and labels. Errors as ceremony_make. */
int ceremony_names(struct ceremony *c, struct kh_error *err);
void ceremony_names_clear(struct ceremony *c);

#endif
