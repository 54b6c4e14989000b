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

/* What no rule of the file asks for, but every policy: told as what to type. */
static int hint_stated(const struct fetch_want *w, const char *serial, struct kh_error *err)
{
	char id[256];

	if (!w->key_uri || !bundle_uri_value(w->key_uri, "id", id, sizeof(id)))
		return kh_hint(err, "under a policy the request names the key by its id: --key-uri (key_uri in a plan) with id=%%..., as "
				    "'keyhaul-token keys' prints it");
	if (!serial)
		return kh_hint(err, "under a policy the request names the token by its serial: --token-serial, serial= in --key-uri, or "
				    "one token in the policy's 'tokens'");
	if (!w->intent.expiration_model)
		return kh_hint(err, "under a policy the request says the expiry, so that it can be approved: --valid-to or "
				    "--expiration-model");
	return -1;
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
	return policy_check_request(w->policy, &r, &facts, kms_now(&f->kms), err) ? hint_stated(w, r.token_serial, err) : 0;
}
