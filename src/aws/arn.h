/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_AWS_ARN_H
#define KEYHAUL_AWS_ARN_H

#include "base/error.h"

#include <stdbool.h>

#define ARN_MAX 256
#define ARN_REHEARSAL_ACCOUNT "000000000000" /* keyhaul-sim's account: never on an AWS host */

/* A KMS key's ARN, taken apart: arn:PARTITION:kms:REGION:ACCOUNT:key/ID. */
struct arn {
	char partition[16];
	char region[32];
	char account[13];
	char key_id[64]; /* UUID, or mrk- and 32 hex digits */
};

/* What --key-id can be. */
enum arn_kind {
	ARN_NONE, /* none of these */
	ARN_KEY_ID,
	ARN_KEY_ARN,
	ARN_ALIAS_NAME, /* alias/NAME */
	ARN_ALIAS_ARN,
};

/* Takes a key ARN apart; checks each part and that the Region is one of the partition. KH_E_INPUT. */
int arn_parse_key(const char *text, struct arn *out, struct kh_error *err);

/* What kind of key id the text is; ARN_NONE where KMS would refuse its form. */
enum arn_kind arn_kind_of(const char *text);

/* The Region inside a key or alias ARN into `region` (32 bytes); false where there is none. */
bool arn_region(const char *text, char region[32]);

/* True for an ARN in keyhaul-sim's account. */
bool arn_is_rehearsal(const struct arn *arn);

/* True in aws-cn, where KMS has other rules (no RSA_AES_KEY_WRAP, 16-byte SYMMETRIC_DEFAULT). */
bool arn_is_china(const struct arn *arn);

#endif
