/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_CREDS_ROLE_H
#define KEYHAUL_KMS_CREDS_ROLE_H

#include "creds_chain.h"
#include "sts.h"

/* What roles by keys and roles by web identity have in common. */

#define CREDS_SESSION_NAME 65

/* STS for the run's Region, or the role's partition where there is none. KH_E_USAGE. */
int creds_role_sts(const struct creds_chain *c, const char *role_arn, struct sts *out, struct kh_error *err);

/* The session's name as it is configured, or one of ours (NULL). KH_E_INPUT where STS would refuse it. */
int creds_role_session(const struct creds_chain *c, const char *configured, char out[CREDS_SESSION_NAME], struct kh_error *err);

/* Calls the action with the form and keeps the Credentials of its answer. Gives 1. Errors as sts_call and creds_keep. */
int creds_role_take(const struct creds_chain *c, const struct sts *sts, const char *action, const struct creds *sign,
		    const struct secret *form, struct creds *out, struct kh_error *err);

#endif
