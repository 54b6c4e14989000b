/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_SIGNER_FILE_H
#define KEYHAUL_TOKEN_SIGNER_FILE_H

#include "sign/cms.h"
#include "token_opts.h"

/* For signer.c alone: a signer's key in a file. */

/*
 * Reads a private key (PEM; encrypted ones with the passphrase of --pin-file, --pin-fd or the terminal). The file is warned
 * of where others may read it. The caller frees `*out`. KH_E_INPUT, KH_E_CHECK for a wrong passphrase.
 */
int signer_file_read(const char *path, const struct token_opts *opts, EVP_PKEY **out, struct kh_error *err);

/* A cms_key_fn of such a key. */
int signer_file_sign(void *key, const EVP_MD *md, const void *data, size_t len, struct buf *out, struct kh_error *err);

#endif
