/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_CONFIRM_H
#define KEYHAUL_KMS_CONFIRM_H

#include "bundle/bundle.h"
#include "session.h"

#define CONFIRM_ANSWER_MAX 128

enum confirm_verdict {
	CONFIRM_UNKNOWN, /* KMS's answers do not tell */
	CONFIRM_YES,	 /* KMS opened what was wrapped under the bundle's wrapping key */
	CONFIRM_NO,	 /* it did not, or the import token is none of its for this key */
};

/* What KMS answered, an exception's name each. */
struct confirm {
	enum confirm_verdict verdict;
	char own[CONFIRM_ANSWER_MAX];	 /* to the canary under a fresh wrapping key of its own */
	char noise[CONFIRM_ANSWER_MAX];	 /* to what no key opens */
	char bundle[CONFIRM_ANSWER_MAX]; /* to the canary under the bundle's */
};

/*
 * Whether the request's wrapping key and import token are KMS's own for its KMS key, asked over this session with its
 * credentials and endpoint: GetParametersForImport for a pair of our own, then three imports (ImportKeyMaterial) that KMS
 * can never take, the same canary under each of the two keys and one that nobody can open; what it answers to the bundle's
 * is like one or the other. Nothing is sent to a key that could take a canary, which DescribeKey must show. KH_E_CHECK
 * where the request is past its time or the key is not the request's; KH_E_KMS, KH_E_AGAIN as KMS's answers.
 */
int confirm_request(const struct session *s, const struct bundle *b, int64_t now, struct confirm *out,
		    struct kh_error *err);

#endif
