/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_DOCUMENT_H
#define KEYHAUL_FRONT_DOCUMENT_H

#include "step.h"

#include <jansson.h>
#include <stdbool.h>

/* What a step wrote with --json, as an object that the caller drops. KH_E_SYSTEM where it is none, KH_E_MEMORY. */
int document_read(const struct step *s, json_t **out, struct kh_error *err);

/* Puts the "error" of a document, or of one of its results, behind what `why` says; false where there is none. */
bool document_error(json_t *object, struct kh_error *why);

#endif
