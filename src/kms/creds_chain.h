/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_CREDS_CHAIN_H
#define KEYHAUL_KMS_CREDS_CHAIN_H

#include "creds.h"
#include "profile.h"

#define CREDS_PROFILES_MAX 16 /* that one chain of source_profile goes through */

/* Secrets of the environment, taken out of it once. */
struct creds_env {
	struct secret *secret_key;
	struct secret *session_token;
	struct secret *container_token;
};

/* One look for credentials. */
struct creds_chain {
	const struct creds_opts *opts;
	const struct creds_env *env;
	const struct profile *top;     /* the user's: Region and endpoints are by it */
	const struct profile *profile; /* whose turn it is */
	const char *visited[CREDS_PROFILES_MAX];
	size_t n_visited;
	bool asked; /* a person typed an MFA code: not again in this run */
	int64_t now;
};

/*
 * A provider: 1 with `out` filled in, 0 where it is not configured, -1 where it is and fails. `out` is empty before;
 * the caller clears it, also after an error.
 */
int creds_from_env(struct creds_chain *c, struct creds *out, struct kh_error *err);
int creds_from_role(struct creds_chain *c, struct creds *out, struct kh_error *err);
int creds_from_web_identity(struct creds_chain *c, struct creds *out, struct kh_error *err);
int creds_from_sso(struct creds_chain *c, struct creds *out, struct kh_error *err);
int creds_from_credentials_file(struct creds_chain *c, struct creds *out, struct kh_error *err);
int creds_from_process(struct creds_chain *c, struct creds *out, struct kh_error *err);
int creds_from_config_file(struct creds_chain *c, struct creds *out, struct kh_error *err);
int creds_from_container(struct creds_chain *c, struct creds *out, struct kh_error *err);
int creds_from_metadata(struct creds_chain *c, struct creds *out, struct kh_error *err);

/* What a profile can say but for a role, in AWS's order: also a source_profile's. */
int creds_from_profile(struct creds_chain *c, struct creds *out, struct kh_error *err);

/* Keys as a provider found them; NULL for what it has not. */
struct creds_values {
	const char *id, *secret, *token;
	int64_t expires;
};

/*
 * Checks and takes them: both halves, printable ASCII without spaces. out->provider and out->where are set before; an
 * error begins with the latter. Gives 1. KH_E_INPUT; ended ones are KH_E_KMS.
 */
int creds_keep(const struct creds_chain *c, const struct creds_values *v, struct creds *out, struct kh_error *err);

#endif
