/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_KEYMETA_H
#define KEYHAUL_SIM_KEYMETA_H

#include "api.h"

/* What a key of this spec and usage can do: names up to a NULL, NULL for nothing. */
const char *const *keymeta_encryption(enum keyspec spec, const char *usage);
const char *const *keymeta_signing(enum keyspec spec, const char *usage);
const char *const *keymeta_mac(enum keyspec spec);
const char *const *keymeta_agreement(enum keyspec spec, const char *usage);

/* True where the list (NULL: none) has the name. */
bool keymeta_has(const char *const *list, const char *name);

/* The name if KMS allows this usage for the spec; `usage` NULL: what KMS takes by itself, or NULL where it must be said. */
const char *keymeta_usage(enum keyspec spec, const char *usage);

/* KMS's KeyMetadata; the store is for the keys of the same multi-Region key. NULL without memory. */
json_t *keymeta_json(const struct keystore *ks, const struct simkey *key);

/* Adds the algorithm lists of GetPublicKey and DescribeKey. */
int keymeta_add_algorithms(json_t *out, const struct simkey *key);

#endif
