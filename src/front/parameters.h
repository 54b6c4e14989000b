/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_FRONT_PARAMETERS_H
#define KEYHAUL_FRONT_PARAMETERS_H

#include "aws/arn.h"
#include "aws/limits.h"
#include "base/buf.h"

#include <stdint.h>

#define PARAMETERS_FILE_MAX 65536 /* bytes */

/* What GetParametersForImport gave, fetched by somebody else's client. */
struct parameters {
	char kms_key_arn[ARN_MAX + 1]; /* "" where the files do not say */
	struct buf public_key;	       /* SPKI DER, not looked into yet */
	struct buf import_token;
	int64_t valid_to; /* 0 where the files do not say */
};

#define PARAMETERS_INIT {"", BUF_INIT(KMS_PUBLIC_KEY_MAX), BUF_INIT(KMS_IMPORT_TOKEN_MAX), 0}

/*
 * Reads the JSON that `aws kms get-parameters-for-import` prints from a file ("-": standard input): KeyId, PublicKey,
 * ImportToken, and ParametersValidTo as a time in any of the CLI's forms or as a number. Other members are passed
 * over, duplicates refused. KH_E_INPUT.
 */
int parameters_read_json(const char *path, struct parameters *out, struct kh_error *err);

/*
 * Reads the two .bin files of the CLI or of the console's zip. Each is taken as it is, or, where the whole file is
 * base64 and nothing else, decoded. KH_E_INPUT.
 */
int parameters_read_files(const char *public_key, const char *import_token, struct parameters *out,
			  struct kh_error *err);

void parameters_clear(struct parameters *p);

#endif
