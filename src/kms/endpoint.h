/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_ENDPOINT_H
#define KEYHAUL_KMS_ENDPOINT_H

#include "aws/partition.h"
#include "base/error.h"

#include <stdbool.h>

#define ENDPOINT_MAX 320
#define ENDPOINT_REGION_MAX 32
#define ENDPOINT_REHEARSAL "KEYHAUL_REHEARSAL" /* set: none but this machine */

struct profile;

/* Where requests go. */
struct endpoint {
	char url[ENDPOINT_MAX]; /* in one form: scheme://host[:port], small letters, no usual port, no slash */
	char host[PARTITION_HOST_MAX]; /* without port and brackets */
	bool tls;
	char region[ENDPOINT_REGION_MAX];
};

/* What the command line says of it; NULL for nothing. */
struct endpoint_wish {
	const char *endpoint_url;
	const char *region;
};

/* The Region that is said, in the order of endpoint_region; NULL for none. Its form is not checked. */
const char *endpoint_region_said(const struct endpoint_wish *wish, const struct profile *profile);

/*
 * The Region: an ARN's own where `key_id` has one (KH_E_USAGE where --region differs), else the option, AWS_REGION,
 * AWS_DEFAULT_REGION, the profile. KH_E_USAGE where there is none or its form is bad.
 */
int endpoint_region(const struct endpoint_wish *wish, const struct profile *profile, const char *key_id,
		    char out[ENDPOINT_REGION_MAX], struct kh_error *err);

/*
 * The endpoint and its Region: the option, AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL, the profile's services section, its
 * endpoint_url (all but the option unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS), else AWS's own host of the Region,
 * FIPS or dual-stack where AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT or the profile say so. KH_E_USAGE; KH_E_CHECK
 * for one that is not this machine in a rehearsal (ENDPOINT_REHEARSAL).
 */
int endpoint_resolve(const struct endpoint_wish *wish, const struct profile *profile, const char *key_id,
		     struct endpoint *out, struct kh_error *err);

/*
 * The same for another service in a Region: `service` as AWS's settings call it ("sts", "sso_oidc" in
 * AWS_ENDPOINT_URL_SSO_OIDC and services sections), `host` as its hosts begin ("portal.sso"). KH_E_USAGE.
 */
int endpoint_of_service(const char *service, const char *host, const char *endpoint_url, const char *region,
			const struct profile *profile, struct endpoint *out, struct kh_error *err);

/* Takes a URL apart: http or https, host or [IPv6], port, no user, path, query or fragment. KH_E_USAGE. */
int endpoint_parse(const char *url, struct endpoint *out, struct kh_error *err);

/* True for a host that is this machine by its name or address (localhost, 127.0.0.0/8, ::1). */
bool endpoint_is_loopback(const struct endpoint *e);

#endif
