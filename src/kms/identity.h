/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_IDENTITY_H
#define KEYHAUL_KMS_IDENTITY_H

#include "policy/policy.h"
#include "session.h"
#include "sts.h"

/* GetCallerIdentity's answer. */
enum { IDENTITY_ACCOUNT, IDENTITY_ARN, IDENTITY_USER_ID, IDENTITY_FIELDS };

/*
 * Asks STS whose the session's credentials are, over the endpoint that it leaves in `sts`. The caller clears the fields in any
 * case (sts_fields_clear). As sts_call; KH_E_KMS where the answer lacks one.
 */
int identity_ask(const struct session *s, const struct endpoint_wish *wish, struct sts *sts, struct sts_field f[IDENTITY_FIELDS],
		 struct kh_error *err);

/*
 * That the policy (NULL: none) lets a key of this spec be made over `endpoint` by these credentials, before it is: Region, spec,
 * and, where it has accounts, the one that STS says. STS is not asked where only one of the two endpoints is this machine: what
 * answers there is not of one account with the other. KH_E_CHECK, and as identity_ask.
 */
int identity_may_create(const struct session *s, const struct endpoint *endpoint, enum keyspec spec, const struct policy *p,
			struct kh_error *err);

#endif
