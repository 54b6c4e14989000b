/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_RELATED_H
#define KEYHAUL_SIM_RELATED_H

#include "keystore.h"

/*
 * The keys of one multi-Region key. Its primary is where the list of materials and their states are made; each replica
 * takes them over from it, and has the bytes of its own import (those of a key that KMS made are shared).
 */

/* The primary of the key's set: the key itself where it is one, or of a single Region. */
struct simkey *related_primary(const struct keystore *ks, const struct simkey *key);

/* The i-th replica of the set; NULL behind the last. */
struct simkey *related_replica(const struct keystore *ks, const struct simkey *key, size_t i);

/* True where every key of the set has this material imported. */
bool related_all_have(const struct keystore *ks, const struct simkey *key, const char *material_id);

/* True for a replica whose list of materials is not the primary's any more; related_pull mends that. KH_E_MEMORY. */
bool related_is_behind(const struct keystore *ks, const struct simkey *key);
int related_pull(const struct keystore *ks, struct simkey *key, struct kh_error *err);

#endif
