/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "target.h"

#include "compare.h"

#include <stdio.h>
#include <string.h>

int target_check(const struct session_opts *opts, const struct endpoint *endpoint, const struct bundle *b,
		 struct kh_error *err)
{
	const char *wanted = bundle_request(b)->endpoint;
	struct endpoint request;

	if (session_check_rehearsal(endpoint, &bundle_facts(b)->arn, err))
		return -1;
	if (bundle_request(b)->tls_verified == BUNDLE_TRUE && opts->no_verify_ssl) {
		kh_fail(err, KH_E_CHECK, 0, "the request came over verified TLS, and this would go over TLS that is not");
		return kh_hint(err, "leave out --no-verify-ssl; --ca-bundle names a private CA");
	}
	if (!wanted)
		return 0;
	if (endpoint_parse(wanted, &request, err)) {
		err->code = KH_E_INPUT;
		return kh_context(err, "the request's endpoint");
	}
	if (strcmp(request.url, endpoint->url) == 0)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "the request came from %s, and this would go to %s", request.url, endpoint->url);
	return kh_hint(err, "use the same endpoint (--endpoint-url, AWS_ENDPOINT_URL_KMS), or fetch again over this one");
}

int target_bundle(const struct session *s, const struct bundle *b, struct target *out, struct kh_error *err)
{
	(void)snprintf(out->arn, sizeof(out->arn), "%s", bundle_request(b)->kms_key_arn);
	if (session_connect(s, out->arn, &out->endpoint, &out->kms, err))
		return -1;
	return target_check(s->opts, &out->endpoint, b, err);
}

static int resolve(struct target *t, const char *key_id, struct kh_error *err)
{
	struct ops_key key;

	if (ops_describe(&t->kms, key_id, &key, err) ||
	    compare_asked("DescribeKey", key_id, t->endpoint.region, key.arn, false, err))
		return -1;
	(void)snprintf(t->arn, sizeof(t->arn), "%s", key.arn);
	return 0;
}

int target_key(const struct session *s, const char *key_id, struct target *out, struct kh_error *err)
{
	bool is_arn = arn_kind_of(key_id) == ARN_KEY_ARN;
	struct arn arn;

	if (arn_kind_of(key_id) == ARN_NONE) {
		kh_fail(err, KH_E_USAGE, 0, "--key-id '%.200s' is no key id, ARN or alias", key_id);
		return kh_hint(err, "a key id, its ARN, alias/NAME or an alias's ARN");
	}
	(void)snprintf(out->arn, sizeof(out->arn), "%s", is_arn ? key_id : "");
	if (session_connect(s, key_id, &out->endpoint, &out->kms, err) || (!is_arn && resolve(out, key_id, err)))
		return -1;
	if (arn_parse_key(out->arn, &arn, err))
		return -1;
	return session_check_rehearsal(&out->endpoint, &arn, err);
}
