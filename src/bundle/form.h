/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_FORM_H
#define KEYHAUL_BUNDLE_FORM_H

#include "base/error.h"

/* The forms of texts that more than one table of fields has, as field_table.h's `check` asks. KH_E_INPUT. */

int form_key_spec(const char *text, struct kh_error *err);

/* A wrapping algorithm of KMS. */
int form_algorithm(const char *text, struct kh_error *err);

/* 64 digits of hex in lower case. */
int form_sha256(const char *text, struct kh_error *err);

/* Bytes in hex, lower case. */
int form_hex(const char *text, struct kh_error *err);

/* One of the texts up to a NULL. */
int form_one_of(const char *text, const char *const *choices, struct kh_error *err);

#endif
