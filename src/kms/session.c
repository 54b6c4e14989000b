/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "session.h"

#include "base/cmd.h"
#include "base/log.h"
#include "flight.h"
#include "pace.h"
#include "retry.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define AT(field) .offset = offsetof(struct session_opts, field)

const struct opt_row session_rows[SESSION_ROWS] = {
	{.name = "profile", .kind = OPT_TEXT, AT(profile), .arg = "NAME",
	 .text = "profile in AWS's config and credentials files (also AWS_PROFILE)"},
	{.name = "region", .kind = OPT_TEXT, AT(region), .arg = "REGION",
	 .text = "Region (also AWS_REGION); an ARN's own Region wins"},
	{.name = "endpoint-url", .kind = OPT_TEXT, AT(endpoint_url), .arg = "URL",
	 .text = "another endpoint than AWS's own (also AWS_ENDPOINT_URL_KMS)"},
	{.name = "ca-bundle", .kind = OPT_INPUT, AT(ca_bundle), .arg = "FILE",
	 .text = "certificates of the CAs to trust (also AWS_CA_BUNDLE)"},
	{.name = "no-verify-ssl", .kind = OPT_FLAG, AT(no_verify_ssl),
	 .text = "take any certificate; on this machine only"},
	{.name = "cli-connect-timeout", .kind = OPT_NUMBER, AT(connect_timeout), .arg = "SECONDS",
	 .text = "to connect (60; 0: no limit)", .min = 0, .max = 86400, .preset = 60},
	{.name = "cli-read-timeout", .kind = OPT_NUMBER, AT(read_timeout), .arg = "SECONDS",
	 .text = "to wait for a reply (60; 0: no limit)", .min = 0, .max = 86400, .preset = 60},
	{.name = "max-attempts", .kind = OPT_NUMBER, AT(max_attempts), .arg = "N",
	 .text = "tries of a call (3; also AWS_MAX_ATTEMPTS)", .min = 1, .max = RETRY_ATTEMPTS_MAX},
	{.name = "rate", .kind = OPT_TEXT, AT(rate), .arg = "OP=N,...",
	 .text = "calls of an operation a second, in place of KMS's published quotas"},
};

static int64_t now_ms(void *ctx)
{
	struct timespec t = {0, 0};

	(void)ctx;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A signal ends it early: then the user wants to stop. */
static void wait_ms(void *ctx, unsigned ms)
{
	const struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	(void)ctx;
	(void)nanosleep(&t, NULL);
}

static double chance(void *ctx)
{
	unsigned n = 0;

	(void)ctx;
	if (getrandom(&n, sizeof(n), 0) != (ssize_t)sizeof(n))
		n = 0x80000000u; /* only spreads retries: any value will do */
	return (double)n / 4294967296.0;
}

static bool stop(void *ctx)
{
	(void)ctx;
	return cmd_interrupted();
}

/* And the files they may come from are let go of. */
static int find_credentials(struct session *s, struct kh_error *err)
{
	const char *ca = profile_get(&s->profile, "ca_bundle");
	const struct creds_opts opts = {.profile = s->opts->profile, .region = s->opts->region, .http = &s->http_opts,
					.attempts = s->max_attempts};

	/* for what hands out credentials, too; it points into the file until the file is dropped */
	if (!s->http_opts.ca_bundle)
		s->http_opts.ca_bundle = ca;
	if ((!s->opts->no_sign && creds_open(&opts, &s->profile, &s->source, err)) || profile_drop_files(&s->profile, err))
		return -1;
	if (s->http_opts.ca_bundle == ca)
		s->http_opts.ca_bundle = profile_get(&s->profile, "ca_bundle");
	return 0;
}

int session_open(const struct session_opts *opts, struct session *out, struct kh_error *err)
{
	const char *ca = getenv("AWS_CA_BUNDLE");

	memset(out, 0, sizeof(*out));
	out->opts = opts;
	out->http_opts = (struct http_opts){.no_verify = opts->no_verify_ssl, .connect_timeout = opts->connect_timeout,
					    .read_timeout = opts->read_timeout, .ca_bundle = opts->ca_bundle};
	if (pace_open(opts->rate, &out->limits, err) || profile_load(opts->profile, &out->profile, err) ||
	    retry_attempts(getenv("AWS_MAX_ATTEMPTS"), profile_get(&out->profile, "max_attempts"), &out->max_attempts,
			   err))
		return -1;
	if (opts->max_attempts)
		out->max_attempts = (int)opts->max_attempts;
	if (!out->http_opts.ca_bundle && ca && *ca)
		out->http_opts.ca_bundle = ca;
	if (find_credentials(out, err))
		return -1;
	if (opts->no_verify_ssl)
		log_warning("--no-verify-ssl: nothing proves that it is KMS that answers");
	return http_open(&out->http_opts, &out->http, err);
}

void session_close(struct session *s)
{
	flight_close(s->flight);
	if (s->http)
		http_close(s->http);
	pace_free(s->limits);
	creds_close(s->source);
	profile_clear(&s->profile);
	s->http = NULL;
	s->source = NULL;
	s->flight = NULL;
	s->limits = NULL;
}

int session_run(struct session *s, size_t n, size_t jobs, void (*job)(void *ctx, size_t i), void *ctx, size_t *begun,
		struct kh_error *err)
{
	*begun = 0;
	if (n < 2 || jobs < 2) {
		while (*begun < n && !cmd_interrupted())
			job(ctx, (*begun)++);
		return 0;
	}
	if (flight_open(&s->http_opts, n < jobs ? n : jobs, &s->flight, err))
		return -1;
	*begun = flight_run(s->flight, n, job, ctx);
	flight_close(s->flight);
	s->flight = NULL;
	return *begun || cmd_interrupted() ? 0 : kh_fail(err, KH_E_SYSTEM, 0, "no thread could be started");
}

void session_aside(const struct session *s, bool aside)
{
	if (s && s->flight)
		flight_aside(s->flight, aside);
}

/* A Region with a slip in its name is a host that is not found, or somebody else's; one that is new is AWS's all the same. */
static void doubt_region(const char *region)
{
	const char *nearest;

	if (!partition_region_published(region, &nearest))
		log_warning_once("'%s' is none of the Regions that AWS had published when this was made%s%s%s", region,
				 nearest ? ": was " : "", nearest ? nearest : "", nearest ? " meant?" : "");
}

static int connect(const struct session *s, const struct endpoint_wish *wish, const char *key_id,
		   struct endpoint *endpoint, struct kms *out, struct kh_error *err)
{
	bool local_only;
	struct arn arn;

	if (endpoint_resolve(wish, &s->profile, key_id, endpoint, err))
		return -1;
	doubt_region(endpoint->region);
	/* by the name as far as it tells; the address itself is judged before it is connected to (http.c) */
	local_only = !endpoint->tls || s->opts->no_verify_ssl;
	if (local_only && partition_is_aws_host(endpoint->host)) {
		kh_fail(err, KH_E_CHECK, 0, "%s is not this machine, and nothing would prove who answers there", endpoint->url);
		return kh_hint(err, "leave out --no-verify-ssl, and use https: --ca-bundle names a private CA");
	}
	log_debug("endpoint %s, Region %s, at most %d tries", endpoint->url, endpoint->region, s->max_attempts);
	*out = (struct kms){.post = s->flight ? flight_post : http_post,
			    .post_ctx = s->flight ? (void *)s->flight : (void *)s->http, .limits = s->limits, .url = endpoint->url, .region = endpoint->region,
			    .source = s->source, .creds = s->source ? creds_current(s->source) : NULL, .max_attempts = s->max_attempts, .local_only = local_only,
			    .no_proxy = local_only || endpoint_is_loopback(endpoint),
			    .pace = {.now_ms = now_ms, .wait_ms = s->flight ? flight_wait : wait_ms, .random = chance,
				     .stop = stop, .ctx = s->flight}};
	if (key_id && arn_kind_of(key_id) == ARN_KEY_ARN && arn_parse_key(key_id, &arn, err) == 0)
		memcpy(out->account, arn.account, sizeof(out->account));
	return 0;
}

int session_connect(const struct session *s, const char *key_id, struct endpoint *endpoint, struct kms *out,
		    struct kh_error *err)
{
	const struct endpoint_wish wish = {s->opts->endpoint_url, s->opts->region};

	return connect(s, &wish, key_id, endpoint, out, err);
}

int session_connect_region(const struct session *s, const char *region, struct endpoint *endpoint, struct kms *out,
			   struct kh_error *err)
{
	struct endpoint_wish wish = {s->opts->endpoint_url, s->opts->region};

	if (region && *region && wish.region && strcmp(region, wish.region) != 0) {
		kh_fail(err, KH_E_USAGE, 0, "--region %s, and the key's Region is %s", wish.region, region);
		return kh_hint(err, "leave --region out");
	}
	if (region && *region)
		wish.region = region;
	return connect(s, &wish, NULL, endpoint, out, err);
}

int session_check_rehearsal(const struct endpoint *endpoint, const struct arn *arn, struct kh_error *err)
{
	if (!arn_is_rehearsal(arn) || !partition_is_aws_host(endpoint->host))
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "a key of the rehearsals' account %s and AWS's host %s", ARN_REHEARSAL_ACCOUNT,
		endpoint->host);
	return kh_hint(err, "rehearsals stay with keyhaul-sim: give its --endpoint-url, or start over with the real key");
}
