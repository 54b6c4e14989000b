/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/clock.h"
#include "policy_field.h"

#include <stdio.h>
#include <string.h>

#define ALLOWS_MAX 320
#define SKEW 300 /* seconds that the clocks of two hosts may differ */

int policy_refuse(const struct policy *p, const struct yamldoc_node *at, const char *rule, const char *allows,
		  const char *what, const char *found, struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, 0, "policy rule '%s' allows %s, and %s is %.200s (%.200s:%zu)", rule, allows, what, found,
		p->path, at ? at->name_line : p->root->line);
	return kh_hint(err, "nothing was done; what the policy forbids only another policy allows, with another SHA-256 and "
			    "approvals of its own");
}

/* "a, b, c", cut where there are many. */
static const char *join(const struct yamldoc_node *list, char out[ALLOWS_MAX])
{
	size_t len = 0;

	out[0] = '\0';
	for (const struct yamldoc_node *one = list->first; one; one = one->next) {
		size_t n = strlen(one->text);

		if (len + n + 8 > ALLOWS_MAX) {
			(void)snprintf(out + len, ALLOWS_MAX - len, ", ...");
			break;
		}
		len += (size_t)snprintf(out + len, ALLOWS_MAX - len, "%s%s", len ? ", " : "", one->text);
	}
	return out;
}

static bool lists(const struct yamldoc_node *list, const char *text)
{
	for (const struct yamldoc_node *one = list->first; one; one = one->next)
		if (strcmp(one->text, text) == 0)
			return true;
	return false;
}

/* `text` NULL or "": not known. */
static int check_listed(const struct policy *p, const struct yamldoc_node *list, const char *what, const char *text,
			struct kh_error *err)
{
	char allows[ALLOWS_MAX];

	if (!list || !text || !*text || lists(list, text))
		return 0;
	return policy_refuse(p, list, list->name, join(list, allows), what, text, err);
}

static int check_endpoint(const struct policy *p, const struct bundle_request *r, const char *region, struct kh_error *err)
{
	const char *found = r->endpoint ? r->endpoint : "unstated";
	char allows[ALLOWS_MAX] = "", text[ALLOWS_MAX + 32];

	for (const struct yamldoc_node *one = p->endpoints ? p->endpoints->first : NULL; one; one = one->next)
		if (policy_same_endpoint(one->text, found))
			return 0;
	if (r->endpoint && policy_is_kms(found, region)) {
		if (r->tls_verified != BUNDLE_FALSE)
			return 0;
		return policy_refuse(p, p->endpoints, "endpoints", "KMS's own with verified TLS", "TLS there", "not verified", err);
	}
	(void)snprintf(text, sizeof(text), "KMS's own%s%s", p->endpoints ? ", " : "", p->endpoints ? join(p->endpoints, allows) : "");
	return policy_refuse(p, p->endpoints, "endpoints", text, "the endpoint that the request is from", found, err);
}

static int check_size(const struct policy *p, unsigned bits, struct kh_error *err)
{
	char allows[32];

	if (!bits || bits >= p->least_wrapping_bits)
		return 0;
	(void)snprintf(allows, sizeof(allows), "%s and larger", wrapalg_bits_name(p->least_wrapping_bits));
	return policy_refuse(p, p->least_wrapping_key_spec, "least_wrapping_key_spec", allows, "the wrapping key",
			     wrapalg_bits_name(bits), err);
}

static int check_age(const struct policy *p, int64_t fetched_at, int64_t now, struct kh_error *err)
{
	int64_t age = now - fetched_at;
	char found[96], at[CLOCK_TEXT], until[CLOCK_TEXT];

	if (!p->longest_age || !fetched_at || (age <= p->longest_age && age >= -SKEW))
		return 0;
	clock_format(fetched_at, at);
	clock_format(now, until);
	(void)snprintf(found, sizeof(found), "from %s, and the time %s%s", at, until, age < 0 ? ", which is before it" : "");
	return policy_refuse(p, p->longest_request_age, "longest_request_age", p->longest_request_age->text, "the request", found,
			     err);
}

static int check_expiry(const struct policy *p, const struct bundle_request *r, int64_t now, struct kh_error *err)
{
	const struct intent *i = &r->intent;
	int64_t from = r->fetched_at && r->fetched_at < now ? r->fetched_at : now; /* a fetch to come would add to it */
	int64_t life = i->valid_for ? i->valid_for : i->valid_to - from;
	char words[INTENT_WORDS_MAX];

	if (!i->expiration_model) {
		policy_refuse(p, p->largest_expiry, p->largest_expiry ? "largest_expiry" : "keyhaul_policy",
			      "requests that say the expiry", "the expiry in this one", "not stated", err);
		return kh_hint(err, "fetch with --valid-to or --expiration-model (expires in a plan), so that it can be approved");
	}
	if (!p->longest_life || (strcmp(i->expiration_model, INTENT_EXPIRES) == 0 && life <= p->longest_life))
		return 0;
	intent_words(i, words, sizeof(words));
	return policy_refuse(p, p->largest_expiry, "largest_expiry", p->largest_expiry->text, "what the import is to say", words,
			     err);
}

/* Every policy asks for it: who approves has to see which key of which token it is. */
static int check_stated(const struct policy *p, const struct bundle_request *r, struct kh_error *err)
{
	char id[256];

	if (!r->key_uri || !bundle_uri_value(r->key_uri, "id", id, sizeof(id))) {
		policy_refuse(p, NULL, "keyhaul_policy", "requests that name the key by its id", "the key in this one",
			      r->key_uri ? r->key_uri : "not stated", err);
		return kh_hint(err, "fetch with --key-uri (key_uri in a plan) with id=%%..., as 'keyhaul-token keys' prints it");
	}
	if (r->token_serial)
		return 0;
	policy_refuse(p, p->tokens_at, p->tokens_at ? "tokens" : "keyhaul_policy", "requests that name the token by its serial",
		      "the token in this one", "not stated", err);
	return kh_hint(err, "fetch with --token-serial, with serial= in --key-uri, or with one token (of that label) in the policy's "
			    "'tokens'");
}

static int check_serial(const struct policy *p, const char *serial, struct kh_error *err)
{
	char allows[ALLOWS_MAX] = "the serials";
	size_t len = strlen(allows);

	if (!p->n_tokens)
		return 0;
	for (size_t i = 0; i < p->n_tokens; i++) {
		if (strcmp(p->tokens[i].serial, serial) == 0)
			return 0;
		if (len + POLICY_SERIAL_MAX < sizeof(allows))
			len += (size_t)snprintf(allows + len, sizeof(allows) - len, "%s %s", i ? "," : "", p->tokens[i].serial);
	}
	return policy_refuse(p, p->tokens_at, "tokens", allows, "the serial of the request's token", serial, err);
}

int policy_check_digest(const struct policy *p, const char *sha256, const char *what, struct kh_error *err)
{
	char allows[BUNDLE_DIGEST_HEX + 32], found[32];
	bool none = !sha256 || strcmp(sha256, "none") == 0;

	if (p ? sha256 && strcmp(sha256, p->sha256) == 0 : none)
		return 0;
	if (!p) { /* what has been under a policy somewhere is not without one here */
		kh_fail(err, KH_E_CHECK, 0, "the %s is under the policy of SHA-256 %s, and none is in force here", what, sha256);
		return kh_hint(err, "give that policy with --policy; 'sha256sum FILE' tells which it is");
	}
	(void)snprintf(allows, sizeof(allows), "what is under it, SHA-256 %s", p->sha256);
	(void)snprintf(found, sizeof(found), "the %s's policy", what);
	return policy_refuse(p, NULL, "keyhaul_policy", allows, found, none ? "none" : sha256, err);
}

static int check_place(const struct policy *p, const struct arn *arn, struct kh_error *err)
{
	return check_listed(p, p->accounts, "the account of the KMS key", arn->account, err) ||
			       check_listed(p, p->regions, "the Region of the KMS key", arn->region, err)
		       ? -1
		       : 0;
}

static int check_spec(const struct policy *p, enum keyspec spec, struct kh_error *err)
{
	return check_listed(p, p->key_specs, "the key spec", spec ? keyspec_name(spec) : NULL, err);
}

int policy_check_key_made(const struct policy *p, const struct arn *arn, enum keyspec spec, struct kh_error *err)
{
	return p && (check_place(p, arn, err) || check_spec(p, spec, err)) ? -1 : 0;
}

int policy_check_request(const struct policy *p, const struct bundle_request *r, const struct bundle_facts *facts,
			 int64_t now, struct kh_error *err)
{
	if (r->policy_sha256 && policy_check_digest(p, r->policy_sha256, "request", err))
		return -1;
	if (!p)
		return 0;
	if (check_place(p, &facts->arn, err) || check_endpoint(p, r, facts->arn.region, err) || check_spec(p, facts->key_spec, err) ||
	    check_listed(p, p->wrapping_algorithms, "the wrapping algorithm",
			 facts->algorithm ? wrapalg_name(facts->algorithm) : NULL, err) ||
	    check_size(p, facts->wrapping_bits, err) || check_age(p, r->fetched_at, now, err) ||
	    check_expiry(p, r, now, err) || check_stated(p, r, err) || check_serial(p, r->token_serial, err))
		return -1;
	return 0;
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			return false;
	return true;
}

bool policy_token_serial(const struct policy *p, const char *key_uri, char out[POLICY_SERIAL_MAX])
{
	const struct policy_token *found = NULL;
	char label[POLICY_SERIAL_MAX];
	bool has_label;

	if (bundle_uri_value(key_uri, "serial", out, POLICY_SERIAL_MAX))
		return is_ascii(out); /* no other has a place in a bundle */
	has_label = bundle_uri_value(key_uri, "token", label, sizeof(label)) > 0;
	for (size_t i = 0; i < p->n_tokens; i++) {
		const struct policy_token *t = &p->tokens[i];

		if (has_label && t->label && strcmp(t->label, label) != 0)
			continue;
		if (found)
			return false;
		found = t;
	}
	if (found)
		(void)snprintf(out, POLICY_SERIAL_MAX, "%s", found->serial);
	return found != NULL;
}
