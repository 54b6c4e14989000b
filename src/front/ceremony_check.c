/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ceremony.h"

#include "aws/limits.h"
#include "aws/partition.h"

#include <stdio.h>

/* The request as fetch would make it now, from KMS's own endpoint; an account that only KMS knows is passed over. */
static int facts_of(const struct ceremony_bundle *b, struct bundle_facts *out, struct kh_error *err)
{
	const struct plan_key *k = b->key;

	*out = (struct bundle_facts){.key_spec = k->key_spec, .wrapping_bits = k->wrapping_bits};
	out->algorithm = k->algorithm ? k->algorithm : k->key_spec ? wrapalg_best(k->key_spec) : WRAPALG_NONE;
	if (k->key_id && arn_kind_of(k->key_id) == ARN_KEY_ARN && arn_parse_key(k->key_id, &out->arn, err))
		return -1;
	(void)snprintf(out->arn.region, sizeof(out->arn.region), "%s", b->replica ? k->create.replicas[b->replica - 1].region : k->region);
	return 0;
}

static int check_bundle(const struct ceremony *c, const struct ceremony_bundle *b, int64_t now, struct kh_error *err)
{
	char host[PARTITION_HOST_MAX], endpoint[PARTITION_HOST_MAX + 16];
	struct bundle_request r = {.endpoint = endpoint, .tls_verified = BUNDLE_TRUE, .fetched_at = now};
	struct bundle_facts facts;

	if (facts_of(b, &facts, err) || partition_host("kms", facts.arn.region, false, false, host, err))
		return -1;
	(void)snprintf(endpoint, sizeof(endpoint), "https://%s", host);
	r.parameters_valid_to = now + KMS_PARAMETERS_LIFETIME;
	r.key_uri = b->key->materials[b->material].key_uri;
	r.token_serial = c->tokens[b->token].rule->serial;
	plan_intent(b->key, b->material, b->replica > 0, &r.intent);
	return policy_check_request(c->policy, &r, &facts, now, err);
}

int ceremony_check(const struct ceremony *c, int64_t now, struct kh_error *err)
{
	if (plan_check_times(c->plan, now, err))
		return kh_context(err, "%s", c->plan_path);
	for (size_t i = 0; i < c->n_bundles; i++)
		if (check_bundle(c, &c->bundles[i], now, err))
			return kh_context(err, "%s: line %zu: the key '%s'", c->plan_path, c->bundles[i].key->at->line, c->bundles[i].key->name);
	return 0;
}
