/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_TOKENPROFILE_FIELDS_H
#define KEYHAUL_BUNDLE_TOKENPROFILE_FIELDS_H

#include "bundle_fields.h"
#include "tokenprofile.h"

#define TOKENPROFILE_PROVEN "proven"
#define TOKENPROFILE_UNTOLD "not-known"

/* For tokenprofile.c alone: the profile's fields, beside its version. */
extern const struct fields_section fields_tokenprofile;

#endif
