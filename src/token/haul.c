/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "haul.h"

#include "alone.h"
#include "aws/limits.h"
#include "base/clock.h"
#include "base/log.h"
#include "haul_sign.h"
#include "pkcs11/trust.h"
#include "policy/approvers.h"

#include <stdio.h>
#include <string.h>

/* What time it is now: prompts, proofs and other bundles take theirs. */
static int64_t now_of(const struct haul_opts *o)
{
	return o->told != NULL ? clock_told_now(o->told) : clock_now();
}

/* The request's wrapping key is on the token for this one wrap. What costs a call is looked at for the first key only. */
static int wrap_key_under(const struct haul_item *item, const struct token *t, struct proof_run *proofs,
			  struct haul_result *r, struct kh_error *err)
{
	const struct bundle_facts *facts = bundle_facts(item->bundle);
	bool trusted = r->key.wrap_with_trusted == BUNDLE_TRUE;
	CK_OBJECT_HANDLE wrapping_key = CK_INVALID_HANDLE;
	struct wrap_plan plan = r->proof->plan;
	int ret;

	plan.careful = proof_is_first_real(proofs, r->proof, t);
	if (trusted ? trust_wrapping_key(t, &facts->wrapping_key, &wrapping_key, err)
		    : wrap_key_create(t, &facts->wrapping_key, plan.careful, &wrapping_key, err))
		return -1;
	ret = wrap_run(t, &plan, wrapping_key, facts->wrapping_bits, r->key.handle, &r->blob, err);
	if (!trusted) /* that one is the security officer's */
		wrap_key_destroy(t, &wrapping_key);
	if (ret != 0 || proof_check_real(proofs, &facts->wrapping_key, &r->blob, err) != 0)
		return -1;
	proof_real_done(proofs, r->proof, t);
	return wrapalg_check_blob(facts->key_spec, facts->algorithm, facts->wrapping_bits, r->blob.len, err);
}

/* The token's part, with the proof made and the key found. */
static int wrap_key(struct haul_item *item, const struct haul_opts *o, const struct token *t, struct proof_run *proofs,
		    struct haul_result *r, struct kh_error *err)
{
	enum keyspec_kind kind = keyspec_info(bundle_facts(item->bundle)->key_spec)->kind;

	if (bundle_check_here(item->bundle, now_of(o), err) != 0)
		return -1;
	if ((kind == KEYSPEC_RSA || kind == KEYSPEC_EC) && key_public(t, &r->key, &r->public_key, err) != 0)
		return -1;
	return wrap_key_under(item, t, proofs, r, err);
}

int haul_write(struct haul_item *item, const struct haul_opts *o, const struct token *t, const struct haul_result *r,
	       struct kh_error *err)
{
	int64_t now = now_of(o);

	if (haul_material_set(item, o, t, r, now, err) != 0 || haul_sign_material(o, item->bundle, now, err) != 0)
		return -1;
	return o->out != NULL ? bundle_create(item->bundle, o->out, err) : bundle_save(item->bundle, item->file, err);
}

/* Before it is written whether the key was kept: that is what the token did, whatever was asked for. */
static void destroy_made(const struct haul_opts *o, const struct token *t, struct keygen_key *made, struct haul_result *r)
{
	CK_RV rv = keygen_destroy(t, made);

	r->kept = made->kept && rv != CKR_OK && rv != CKR_OBJECT_HANDLE_INVALID;
	if (r->kept) /* under the label that `clean` finds it by */
		return;
	r->key.label_len = (size_t)snprintf(r->key.label, sizeof(r->key.label), "%s", o->generate);
}

/* The key is made after the proof, so that a token that cannot wrap it is not given one. */
static int haul_generated(struct haul_item *item, const struct haul_opts *o, const struct session *s,
			  struct proof_run *proofs, struct haul_result *r, struct kh_error *err)
{
	const struct token *t = &s->token;
	const struct keygen_request request = {
		.spec = bundle_facts(item->bundle)->key_spec,
		.secret_len = haul_secret_len(item),
		.label = o->no_keep && t->token_objects ? NULL : o->generate, /* so that `clean` finds what a power cut leaves */
		.token_object = !o->no_keep || t->token_objects,
	};
	struct keygen_key made;
	int ret = -1;

	if (o->no_keep ? keygen_generate(t, &request, &made, err) : alone_generate(s, &request, &made, err))
		return -1;
	r->generated = true;
	r->kept = !o->no_keep;
	if (key_read(t, made.key, &r->key, err) == 0 && haul_key_check(item, o, &r->key, err) == 0)
		ret = wrap_key(item, o, t, proofs, r, err);
	if (o->no_keep)
		destroy_made(o, t, &made, r);
	if (ret == 0)
		ret = haul_write(item, o, t, r, err);
	if (ret == 0 && !r->kept) {
		log_warning("the key '%s' was not kept: this material can never be imported again", o->generate);
	} else if (ret != 0 && !o->no_keep) {
		kh_context(err, "the key '%s' was generated and stays on the token, but", o->generate);
	}
	return ret;
}

/* Of a wrap in two steps the trusted key wraps only the AES key between, which is itself no trusted one. */
static int check_trusted(const struct haul_result *r, struct kh_error *err)
{
	if (r->key.wrap_with_trusted != BUNDLE_TRUE || r->proof->plan.way != WRAP_TWO_STEP)
		return 0;
	return trust_no_native("the key", err);
}

static int make_ready(struct haul_item *item, const struct haul_opts *o, const struct session *s,
		      struct proof_run *proofs, struct haul_result *r, struct kh_error *err)
{
	const struct bundle_facts *facts = bundle_facts(item->bundle);
	const struct token *t = &s->token;
	int64_t now;

	r->public_key.max = KMS_PUBLIC_KEY_MAX;
	if (haul_check_token(item, o, s, err) != 0 ||
	    (o->generate != NULL ? keygen_check_label(t, o->generate, err) : haul_key_find(item, o, s, &r->key, err)) ||
	    proof_get(proofs, t, facts->key_spec, haul_secret_len(item), facts->algorithm, &r->proof, err) != 0 ||
	    check_trusted(r, err) != 0)
		return -1;
	now = now_of(o); /* not c->now: between lie the PIN's prompt, the proof, other bundles */
	if (bundle_check_here(item->bundle, now, err) != 0 ||
	    policy_check_request(o->policy, bundle_request(item->bundle), facts, now, err) != 0 ||
	    (o->policy != NULL && approvers_check(o->policy, item->bundle, now, err) != 0))
		return -1;
	if (!cmd_interrupted())
		return 0;
	/* the key in hand is finished; this one is not in hand yet */
	kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted before the key was wrapped");
	return kh_hint(err, "nothing was written: run the same command again");
}

int haul_wrap(struct haul_item *item, const struct haul_opts *o, const struct session *s, struct proof_run *proofs,
	      struct haul_result *r, struct kh_error *err)
{
	if (make_ready(item, o, s, proofs, r, err) != 0)
		return -1;
	r->kept = r->key.token_object != BUNDLE_FALSE;
	return wrap_key(item, o, &s->token, proofs, r, err);
}

int haul_one(struct haul_item *item, const struct haul_opts *o, const struct session *s, struct proof_run *proofs,
	     struct haul_result *r, struct kh_error *err)
{
	if (o->generate != NULL)
		return make_ready(item, o, s, proofs, r, err) == 0 ? haul_generated(item, o, s, proofs, r, err) : -1;
	if (haul_wrap(item, o, s, proofs, r, err) != 0)
		return -1;
	return haul_write(item, o, &s->token, r, err);
}

void haul_result_clear(struct haul_result *r)
{
	buf_free(&r->public_key);
	memset(r, 0, sizeof(*r));
}
