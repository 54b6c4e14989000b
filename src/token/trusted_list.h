/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_TRUSTED_LIST_H
#define KEYHAUL_TOKEN_TRUSTED_LIST_H

#include "base/cmd.h"
#include "pkcs11/trust.h"

#include <jansson.h>

/* What `trust` and `keys` tell of the keys that the security officer trusts. */

/* Those but the one that is `same`, in words, with what that means; nothing where there are none. KH_E_MEMORY. */
int trusted_list_show(struct cmd *c, const struct trust_key *keys, size_t n, struct kh_error *err);

/* One as JSON: label, class, bits, by_keyhaul. The caller owns it; NULL without memory. */
json_t *trusted_list_json(const struct trust_key *k);

/* All of them in an array, likewise. */
json_t *trusted_list_json_all(const struct trust_key *keys, size_t n);

#endif
