/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_ALONE_H
#define KEYHAUL_TOKEN_ALONE_H

#include "pkcs11/keygen.h"
#include "session.h"

/*
 * keygen_generate of a key that is kept, as the only one of its label: of the programs on this host one at a time looks and
 * generates (an advisory lock on the module's file, waited for a minute, then KH_E_AGAIN), and the label is counted again afterwards for those on
 * others; a key that is not alone is destroyed. KH_E_INPUT for a label that is there, KH_E_USAGE for one that no key may
 * have, KH_E_INTERRUPTED, KH_E_TOKEN. The caller destroys `made` or keeps it.
 */
int alone_generate(const struct session *s, const struct keygen_request *r, struct keygen_key *made,
		   struct kh_error *err);

#endif
