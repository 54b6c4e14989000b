/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/base64.h"
#include "base/text.h"
#include "policy_field.h"

#include <stdio.h>
#include <string.h>

/* The policy's text as a bundle has it: the token's is percent-encoded there. */
static int same_text(const char *ours, const char *encoded, bool *out, struct kh_error *err)
{
	struct buf text = BUF_INIT(3 * POLICY_SERIAL_MAX);
	int rc = text_percent(ours, strlen(ours), &text, err);

	*out = !rc && encoded && strcmp(buf_text(&text), encoded) == 0;
	buf_free(&text);
	return rc;
}

static int check_listed_token(const struct policy *p, const struct bundle_material *m, struct kh_error *err)
{
	const char *serial = m->token.serial ? m->token.serial : "not stated";
	char found[256];

	for (size_t i = 0; i < p->n_tokens; i++) {
		const struct policy_token *t = &p->tokens[i];
		bool same = false, label = true;

		if (same_text(t->serial, m->token.serial, &same, err) ||
		    (t->label && same_text(t->label, m->token.label, &label, err)))
			return -1;
		if (same && label)
			return 0;
	}
	if (!p->n_tokens)
		return 0;
	(void)snprintf(found, sizeof(found), "'%s' with serial %s", m->token.label ? m->token.label : "", serial);
	return policy_refuse(p, p->tokens_at, "tokens", "those that it lists", "the token", found, err);
}

int policy_check_token(const struct policy *p, const struct bundle_material *m, struct kh_error *err)
{
	if (check_listed_token(p, m, err))
		return -1;
	if (!p->hardware || m->token.hardware == BUNDLE_TRUE)
		return 0;
	return policy_refuse(p, p->hardware, "hardware", "tokens in a slot that says it is hardware (CKF_HW_SLOT)", "this slot",
			     "one that does not say so", err);
}

static int check_flag(const struct policy *p, const struct yamldoc_node *at, const char *rule, enum bundle_flag is,
		      struct kh_error *err)
{
	return !at || is != BUNDLE_FALSE ? 0 : policy_refuse(p, at, rule, "true or not stated", "it of this key", "false", err);
}

int policy_check_key(const struct policy *p, const struct bundle_material *m, struct kh_error *err)
{
	const char *mechanism = m->key.key_gen_mechanism;

	if (check_flag(p, p->sensitive, "key.sensitive", m->key.sensitive, err) ||
	    check_flag(p, p->always_sensitive, "key.always_sensitive", m->key.always_sensitive, err) ||
	    check_flag(p, p->extractable, "key.extractable", m->key.extractable, err) ||
	    check_flag(p, p->local, "key.local", m->key.local, err) || check_flag(p, p->kept, "key.kept", m->key.kept, err))
		return -1;
	if (!p->key_gen_mechanisms || !mechanism)
		return 0;
	for (const struct yamldoc_node *one = p->key_gen_mechanisms->first; one; one = one->next)
		if (strcmp(one->text, mechanism) == 0)
			return 0;
	return policy_refuse(p, p->key_gen_mechanisms, "key.key_gen_mechanisms", "those that it lists",
			     "the mechanism that made this key", mechanism, err);
}

int policy_check_asked(const struct policy *p, const struct bundle_request *r, const struct bundle_material *m,
		       struct kh_error *err)
{
	char id[256], hex[2 * sizeof(id) + 1];
	bool same = false;

	if (!r->key_uri || !r->token_serial)
		return policy_refuse(p, NULL, "keyhaul_policy", "requests that name the token and the key", "one of them in this request",
				     "not stated", err);
	if (same_text(r->token_serial, m->token.serial, &same, err))
		return -1;
	if (!same)
		return policy_refuse(p, NULL, "keyhaul_policy", "the request's token alone", "the serial of the material's token",
				     m->token.serial ? m->token.serial : "not stated", err);
	hex_encode((const unsigned char *)id, bundle_uri_value(r->key_uri, "id", id, sizeof(id)), hex);
	if (m->key.id && strcmp(hex, m->key.id) == 0)
		return 0;
	return policy_refuse(p, NULL, "keyhaul_policy", "the request's key alone", "the id of the material's key",
			     m->key.id ? m->key.id : "not stated", err);
}

int policy_check_material(const struct policy *p, const struct bundle *b, struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);
	const struct bundle_material *m = bundle_material(b);

	if (policy_check_digest(p, m->policy_sha256, "material", err) ||
	    policy_check_request(p, r, bundle_facts(b), m->wrapped_at, err))
		return -1;
	if (!p)
		return 0;
	return policy_check_asked(p, r, m, err) || policy_check_token(p, m, err) ? -1 : policy_check_key(p, m, err);
}
