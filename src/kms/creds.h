/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_CREDS_H
#define KEYHAUL_KMS_CREDS_H

#include "base/secret.h"

#include <stdbool.h>

#define CREDS_ID_MAX 129

struct profile;

/* What a request is signed with. */
struct creds {
	char access_key_id[CREDS_ID_MAX];
	struct secret *secret_key;
	struct secret *session_token; /* NULL for none */
	const char *source;	      /* in words, for --debug; static */
};

/*
 * Finds the credentials as AWS's tools do: the environment (passed over where --profile named one), then what the
 * profile says in its order. What this version cannot do (roles, SSO, processes, containers) is refused by its name
 * and not passed over. The caller clears them. KH_E_INPUT where there are none, half ones, or with a control in them.
 */
int creds_load(const struct profile *profile, struct creds *out, struct kh_error *err);

/* Wipes and frees what it holds. */
void creds_clear(struct creds *c);

#endif
