/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_SIMKEY_JSON_H
#define KEYHAUL_SIM_SIMKEY_JSON_H

#include "keystore.h"

#define SIMKEY_JSON_MAX (1u << 20)

/* The key as the JSON of its state file; the caller frees it. NULL with KH_E_MEMORY. */
json_t *simkey_to_json(const struct simkey *key, struct kh_error *err);

/* A key from its state file; the caller frees it. KH_E_INPUT. */
int simkey_from_json(const json_t *json, struct simkey **out, struct kh_error *err);

#endif
