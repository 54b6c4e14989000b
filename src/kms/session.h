/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_SESSION_H
#define KEYHAUL_KMS_SESSION_H

#include "aws/arn.h"
#include "base/opt.h"
#include "endpoint.h"
#include "http.h"
#include "profile.h"

/* The options that every verb has; the AWS CLI's names. */
struct session_opts {
	const char *profile;
	const char *region;
	const char *endpoint_url;
	const char *ca_bundle;
	bool no_verify_ssl;
	long connect_timeout;
	long read_timeout;
	long max_attempts; /* 0: not said */
	const char *rate;
	bool no_sign; /* no credentials are looked for, and requests are not signed */
};

#define SESSION_ROWS 9
extern const struct opt_row session_rows[SESSION_ROWS];

/* What a run has once: the user's profile and credentials, and libcurl. */
struct session {
	const struct session_opts *opts;
	struct profile profile;
	struct creds_source *source;
	struct http_opts http_opts;
	struct http *http;
	struct flight *flight; /* NULL: one call at a time */
	struct pace *limits;
	int max_attempts;
};

/* Reads the files and starts libcurl. The caller closes it, also after an error. Errors as the parts'. */
int session_open(const struct session_opts *opts, struct session *out, struct kh_error *err);
void session_close(struct session *s);

/*
 * Does job(ctx, i) for each i under `n`, up to `jobs` of them at a time; clients that session_connect gives within a job
 * are that job's. After SIGINT no further one is begun. `*begun` is how many were. KH_E_SYSTEM, KH_E_MEMORY.
 */
int session_run(struct session *s, size_t n, size_t jobs, void (*job)(void *ctx, size_t i), void *ctx, size_t *begun,
		struct kh_error *err);

/* flight_aside within a job of session_run; elsewhere, and for a NULL session, nothing. */
void session_aside(const struct session *s, bool aside);

/*
 * A client for the key (`key_id`: anything that --key-id takes, NULL for none yet); it points into `endpoint` and the
 * session. It goes over verified TLS or to this machine, nowhere else, and to this machine through no proxy. KH_E_USAGE;
 * KH_E_CHECK where an AWS host would be asked without verified TLS.
 */
int session_connect(const struct session *s, const char *key_id, struct endpoint *endpoint, struct kms *out,
		    struct kh_error *err);

/* The same for a Region that no ARN says ("" or NULL: the command's). KH_E_USAGE where --region is another. */
int session_connect_region(const struct session *s, const char *region, struct endpoint *endpoint, struct kms *out,
			   struct kh_error *err);

/* KH_E_CHECK where a key of the rehearsals' account and a host of AWS's own come together. */
int session_check_rehearsal(const struct endpoint *endpoint, const struct arn *arn, struct kh_error *err);

#endif
