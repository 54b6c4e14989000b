/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "probe_step.h"

#include "base/cmd.h"
#include "base/log.h"
#include "proof_step.h"
#include "tmp.h"

#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One of each kind that differs for a token, in the order of the table. */
static const enum keyspec specs[] = {
	KEYSPEC_SYMMETRIC_DEFAULT, KEYSPEC_HMAC_224,	  KEYSPEC_HMAC_256,	 KEYSPEC_HMAC_384,	KEYSPEC_HMAC_512,
	KEYSPEC_RSA_2048,	   KEYSPEC_ECC_NIST_P256, KEYSPEC_ECC_NIST_P384, KEYSPEC_ECC_NIST_P521,
	KEYSPEC_ECC_SECG_P256K1,
};
#define SPECS (sizeof(specs) / sizeof(specs[0]))

const char *probe_verdict_name(enum probe_verdict verdict)
{
	static const char *const names[] = {
		[PROBE_PROVEN] = "proven", [PROBE_REFUSED] = "refused", [PROBE_WRONG] = "wrong",
		[PROBE_UNTOLD] = "not-known"};

	return names[verdict];
}

const char *probe_honour_name(enum probe_honour honour)
{
	static const char *const names[] = {
		[PROBE_HONOURED] = "honoured", [PROBE_BROKEN] = "broken", [PROBE_NOT_KNOWN] = "not-known"};

	return names[honour];
}

bool probe_left_nothing(const struct probe *p)
{
	return p->counted && p->left <= p->was_left && p->objects_after <= p->objects_before;
}

const struct probe_row *probe_best(const struct probe *p, enum keyspec spec, enum wrapalg alg)
{
	const struct probe_row *best = NULL;

	for (size_t i = 0; i < p->n_rows; i++) {
		const struct probe_row *row = &p->rows[i];

		if (row->spec != spec || row->plan.alg != alg)
			continue;
		if (row->verdict == PROBE_PROVEN && row->listed)
			return row;
		if (best == NULL || (row->verdict == PROBE_PROVEN && best->verdict != PROBE_PROVEN) ||
		    (row->verdict == PROBE_WRONG && best->verdict != PROBE_PROVEN && best->verdict != PROBE_WRONG))
			best = row;
	}
	return best;
}

/* A code of the token's own is a refusal, where it will be the same tomorrow; CKR_OK with what cannot be is not. */
static void set_finding(struct probe_row *row, const struct kh_error *why)
{
	row->verdict = !proof_is_lasting(why) ? PROBE_UNTOLD
		       : why->code == KH_E_TOKEN && why->native != 0 ? PROBE_REFUSED : PROBE_WRONG;
	row->native = row->verdict != PROBE_WRONG ? why->native : 0;
	snprintf(row->name, sizeof(row->name), "%s", row->native != 0 ? why->name : "");
	snprintf(row->why, sizeof(row->why), "%.*s", PROBE_WHY_MAX - 1, why->msg);
	row->found.n_warnings = 0;
}

/* A code of the moment is not the last word; where nobody is logged in it is the same the second time. */
static bool is_tried_again(const struct kh_error *why)
{
	return proof_is_finding(why) && !proof_is_lasting(why) && why->native != CKR_USER_NOT_LOGGED_IN;
}

static int warn_passed(const struct kh_error *first)
{
	log_warning("%s: it passed, and what it stood in the way of was tried again", first->msg);
	return 0;
}

static int try_row(const struct token *t, const struct proof_throwaway *w, struct probe_row *row, struct kh_error *err)
{
	struct kh_error first;

	if (proof_try(t, w, &row->plan, &row->found, err) == 0)
		return 0;
	first = *err;
	if (is_tried_again(err)) {
		if (proof_try(t, w, &row->plan, &row->found, err) == 0)
			return warn_passed(&first);
		if (proof_is_lasting(err))
			(void)warn_passed(&first);
		else if (proof_is_finding(err)) /* what came first may be why */
			*err = first;
	}
	if (!proof_is_finding(err))
		return -1;
	set_finding(row, err);
	return 0;
}

/* `unmade` is why there is no throwaway, NULL where there is. */
static int add_row(const struct token *t, const struct proof_throwaway *w, const struct wrap_plan *plan,
		   const struct kh_error *unmade, struct probe *out, struct kh_error *err)
{
	struct probe_row *row = &out->rows[out->n_rows];

	if (out->n_rows == PROBE_ROWS_MAX)
		return kh_fail(err, KH_E_SYSTEM, 0, "more than %d ways to try", PROBE_ROWS_MAX);
	memset(row, 0, sizeof(*row));
	row->spec = w->spec;
	row->plan = *plan;
	row->listed = out->listed == NULL || wrap_plan_is_listed(out->listed, out->n_listed, plan);
	row->unmade = unmade != NULL;
	if (unmade != NULL)
		set_finding(row, unmade);
	else if (try_row(t, w, row, err) != 0)
		return -1;
	out->n_rows++;
	return 0;
}

static int try_spec(const struct token *t, const struct proof_throwaway *w, const struct kh_error *unmade,
		    struct probe *out, struct kh_error *err)
{
	struct wrap_plan plans[WRAP_PLANS_MAX];
	struct kh_error ignored;

	for (int alg = WRAPALG_NONE + 1; alg < WRAPALGS; alg++) {
		size_t n = wrap_plans_all((enum wrapalg)alg, plans);

		if (wrapalg_check(w->spec, (enum wrapalg)alg, w->rsa_bits, NULL, &ignored) != 0)
			continue; /* KMS does not take it */
		for (size_t i = 0; i < n; i++)
			if (add_row(t, w, &plans[i], unmade, out, err) != 0)
				return -1;
	}
	return 0;
}

/* One throwaway for all algorithms: under the larger RSA key where one of them needs it. */
static int probe_spec(const struct token *t, enum keyspec spec, const struct probe_keys *keys, struct probe *out,
		      struct kh_error *err)
{
	EVP_PKEY *rsa = proof_rsa_bits(spec, WRAPALG_RSAES_OAEP_SHA_256) == 3072 ? keys->rsa_3072 : keys->rsa_2048;
	size_t len = keyspec_info(spec)->secret_len;
	struct proof_throwaway w;
	struct kh_error unmade, first;
	int ret = -1, made;

	log_progress("probing with a throwaway %s key...", keyspec_name(spec));
	made = proof_throwaway_make(t, spec, len, rsa, &w, &unmade);
	if (made != 0 && is_tried_again(&unmade)) {
		first = unmade;
		proof_throwaway_destroy(t, &w);
		made = proof_throwaway_make(t, spec, len, rsa, &w, &unmade);
		if (made == 0 || proof_is_lasting(&unmade))
			(void)warn_passed(&first);
		else if (proof_is_finding(&unmade))
			unmade = first;
	}
	if (made == 0)
		ret = try_spec(t, &w, NULL, out, err);
	else if (proof_is_finding(&unmade))
		ret = try_spec(t, &w, &unmade, out, err);
	else
		*err = unmade;
	proof_throwaway_destroy(t, &w);
	return ret;
}

/* Once for all rows. Of a token that does not say it is taken that it lists everything: each is tried all the same. */
static int ask_for_list(const struct token *t, struct probe *out, struct kh_error *err)
{
	if (token_mechanisms(t, &out->listed, &out->n_listed, err) == 0)
		return 0;
	if (!proof_is_finding(err))
		return -1;
	log_warning("which mechanisms the token lists is not known: %s", err->msg);
	return 0;
}

/* A token that cannot be counted is probed all the same, and the profile says so. */
static int count(const struct token *t, size_t *objects, size_t *left, struct probe *out, struct kh_error *err)
{
	struct tmp_object *found = NULL;
	size_t n = 0;

	if (tmp_find(t, NULL, 0, objects, &found, left, err) == 0) {
		for (size_t i = 0; i < *left; i++)
			n += found[i].kept;
		*left = n;
		free(found);
		return 0;
	}
	if (!proof_is_finding(err))
		return -1;
	if (out->counted) /* the first failure is what the second may come from */
		snprintf(out->uncounted, sizeof(out->uncounted), "%.*s", PROBE_WHY_MAX - 1, err->msg);
	out->counted = false;
	return 0;
}

int probe_keys_make(struct probe_keys *keys, struct kh_error *err)
{
	log_progress("making the host's throwaway RSA keys...");
	keys->rsa_2048 = EVP_RSA_gen(2048);
	keys->rsa_3072 = EVP_RSA_gen(3072);
	if (keys->rsa_2048 != NULL && keys->rsa_3072 != NULL)
		return 0;
	probe_keys_free(keys);
	return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot make an RSA key for the probe");
}

void probe_keys_free(struct probe_keys *keys)
{
	EVP_PKEY_free(keys->rsa_2048);
	EVP_PKEY_free(keys->rsa_3072);
	keys->rsa_2048 = NULL;
	keys->rsa_3072 = NULL;
}

static int probe_all(const struct token *t, const struct probe_keys *keys, struct probe *out, struct kh_error *err)
{
	for (size_t i = 0; i < SPECS; i++) {
		if (cmd_interrupted()) {
			kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted before %s", keyspec_name(specs[i]));
			return kh_hint(err, "nothing was written: run it again, it begins anew");
		}
		if (probe_spec(t, specs[i], keys, out, err) != 0)
			return kh_context(err, "probing with %s", keyspec_name(specs[i]));
	}
	return probe_claims(t, keys->rsa_2048, out, err);
}

int probe_run(const struct token *t, const struct probe_keys *keys, struct probe *out, struct kh_error *err)
{
	int ret = -1;

	memset(out, 0, sizeof(*out));
	out->counted = true;
	if (ask_for_list(t, out, err) == 0 && count(t, &out->objects_before, &out->was_left, out, err) == 0 &&
	    probe_all(t, keys, out, err) == 0)
		ret = count(t, &out->objects_after, &out->left, out, err);
	free(out->listed);
	out->listed = NULL;
	return ret;
}
