/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fetch.h"

#include <stdio.h>

const char *fetch_token_serial(const struct fetch_want *w, char out[POLICY_SERIAL_MAX])
{
	if (w->token_serial || !w->policy || !w->key_uri)
		return w->token_serial;
	return policy_token_serial(w->policy, w->key_uri, out) ? out : NULL;
}

int fetch_check_policy(const struct fetch *f, const struct arn *arn, struct kh_error *err)
{
	const struct fetch_want *w = &f->want;
	struct bundle_facts facts = {.key_spec = f->spec ? f->spec : w->spec, .algorithm = f->algorithm ? f->algorithm : w->algorithm,
				     .wrapping_bits = w->bits};
	char serial[POLICY_SERIAL_MAX];
	struct bundle_request r = {.endpoint = f->endpoint.url, .key_uri = w->key_uri, .intent = w->intent};

	if (!w->policy)
		return 0;
	r.token_serial = fetch_token_serial(w, serial);
	(void)snprintf(facts.arn.region, sizeof(facts.arn.region), "%s", f->endpoint.region);
	if (arn)
		facts.arn = *arn;
	return policy_check_request(w->policy, &r, &facts, kms_now(&f->kms), err);
}
