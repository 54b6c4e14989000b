/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_AWSCLI_H
#define KEYHAUL_FRONT_AWSCLI_H

#include "base/buf.h"
#include "bundle/bundle.h"

#define AWSCLI_INPUT_MAX 32768 /* bytes: two blobs of KMS's limit in base64 and the rest */

/* Names of the files that export writes, as AWS's guide names them. */
#define AWSCLI_PUBLIC_KEY "PublicKey.bin"
#define AWSCLI_IMPORT_TOKEN "ImportToken.bin"
#define AWSCLI_MATERIAL "EncryptedKeyMaterial.bin"
#define AWSCLI_REQUEST "request.json"
#define AWSCLI_INPUT "import.json"

/*
 * Adds the document for `aws kms import-key-material --cli-input-json`: ImportKeyMaterial's own members and no
 * others, blobs as padded base64, ValidTo as integer (a span of `intent` is counted from `now`). The bundle has
 * material. KH_E_MEMORY.
 */
int awscli_input(const struct bundle *b, const struct intent *intent, int64_t now, struct buf *out,
		 struct kh_error *err);

/*
 * Adds the command that imports from the folder `dir`, quoted for a shell: by its import.json where the bundle has
 * material, else by the members and the file that another tool is to put there. Region and, where the bundle knows
 * one, endpoint included.
 */
int awscli_command(const struct bundle *b, const struct intent *intent, const char *dir, int64_t now, struct buf *out,
		   struct kh_error *err);

#endif
