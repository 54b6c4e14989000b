/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_CREDS_H
#define KEYHAUL_KMS_CREDS_H

#include "base/secret.h"

#include <stdbool.h>
#include <stdint.h>

#define CREDS_ID_MAX 129
#define CREDS_WHERE_MAX 400
#define CREDS_TOKEN_MAX 16384 /* bytes of a secret key or session token */
#define CREDS_RENEW 900	      /* seconds before the end, from which on new ones are asked for */

struct profile;
struct http_opts;

/* What a request is signed with. */
struct creds {
	char access_key_id[CREDS_ID_MAX];
	struct secret *secret_key;
	struct secret *session_token; /* NULL for none */
	const char *provider;	      /* AWS's name of what they came from, such as "assume-role"; static */
	char where[CREDS_WHERE_MAX];  /* the same in words, with the profile, role or file */
	int64_t expires;	      /* seconds since 1970; 0 where nothing says so */
	bool renewable;		      /* asked again, the provider gives others */
};

/* Credentials, and how they are renewed. */
struct creds_source;

/* How they are looked for. What it points to outlives the source. */
struct creds_opts {
	const char *profile; /* --profile; NULL for none */
	const char *region;  /* --region, for STS; NULL for none */
	const struct http_opts *http;
	int attempts;	     /* tries of a call */
};

/*
 * Finds the credentials as the AWS CLI does: the environment (passed over where --profile named one), a role of the profile,
 * web identity, IAM Identity Center, the credentials file, credential_process, keys in the config file, the container's,
 * the machine's. What is configured and fails is not passed over. Secrets in the environment are wiped there. The caller
 * closes it. KH_E_INPUT where there are none, half ones or settings that do not fit; otherwise as the provider.
 */
int creds_open(const struct creds_opts *opts, const struct profile *profile, struct creds_source **out,
	       struct kh_error *err);

/* The credentials as they are now: good until creds_close, also when others came after them. */
const struct creds *creds_current(const struct creds_source *s);

/*
 * Asks the provider again where they end within CREDS_RENEW; as long as they have not ended a failure is a warning. `now`
 * in seconds since 1970. KH_E_CHECK where what comes is another provider's than at first.
 */
int creds_renew(struct creds_source *s, int64_t now, struct kh_error *err);

/* Wipes and frees; NULL is fine. */
void creds_close(struct creds_source *s);

/* Wipes and frees what it holds. */
void creds_clear(struct creds *c);

#endif
