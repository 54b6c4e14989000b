/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_SSO_TOKEN_H
#define KEYHAUL_KMS_SSO_TOKEN_H

#include "creds_chain.h"

/* What there is of a login by 'aws sso login'. */
enum sso_token {
	SSO_TOKEN_FAILED = -1, /* with an error */
	SSO_TOKEN_GOOD,
	SSO_TOKEN_NONE,
	SSO_TOKEN_ENDED,
};

/*
 * The access token out of ~/.aws/sso/cache/SHA1.json, SHA1 being that of the session's name, or of the start URL where
 * `session` is NULL. One with a session that ends soon is renewed by its refresh token (CreateToken) and written back, as
 * the AWS CLI does. The caller frees `*out`.
 */
enum sso_token sso_token_find(const struct creds_chain *c, const char *session, const char *start_url, const char *region,
			      struct secret **out, struct kh_error *err);

#endif
