/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_IMPORTTOKEN_H
#define KEYHAUL_SIM_IMPORTTOKEN_H

#include "aws/arn.h"
#include "base/buf.h"
#include "bundle/wrapalg.h"

#include <openssl/evp.h>
#include <stdint.h>

/*
 * What an import token holds, sealed with the store's secret (AES-256-GCM): the wrapping key's private half and what
 * it is bound to. So nothing has to be kept between the two calls, and a restart loses none.
 */
struct importtoken {
	char arn[ARN_MAX];
	enum wrapalg alg;
	unsigned bits;
	int64_t valid_to;
	EVP_PKEY *key;
};

/* Adds the sealed token to `out` (at most KMS_IMPORT_TOKEN_MAX). `master` has KEYSTORE_MASTER bytes. KH_E_SYSTEM. */
int importtoken_seal(const struct importtoken *t, const unsigned char *master, struct buf *out, struct kh_error *err);

/* Opens a token; importtoken_clear frees what it holds. KH_E_CHECK for anything that this store has not sealed. */
int importtoken_open(const void *data, size_t len, const unsigned char *master, struct importtoken *out,
		     struct kh_error *err);

void importtoken_clear(struct importtoken *t);

#endif
