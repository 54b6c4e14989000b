/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
/*
 * In place of pkcs11/proof.c in a program of the bench's own, never installed: the first plan, believed. It shows what
 * the wrap costs without its proof; nothing in keyhaul-token can be told to do this.
 */
#include "pkcs11/proof.h"

struct proof_run {
	struct proof proof;
};

static struct proof_run only;

int proof_run_new(const struct wrap_choice *choice, struct proof_run **out, struct kh_error *err)
{
	(void)choice;
	(void)err;
	*out = &only;
	return 0;
}

void proof_run_free(struct proof_run *run)
{
	(void)run;
}

int proof_get(struct proof_run *run, const struct token *t, enum keyspec spec, size_t secret_len, enum wrapalg alg,
	      const struct proof **out, struct kh_error *err)
{
	const struct keyspec_info *info = keyspec_info(spec);
	struct wrap_plan plans[WRAP_PLANS_MAX];

	if (wrap_plans(t, alg, NULL, plans) == 0 || secret_len == 0)
		return kh_fail(err, KH_E_CHECK, 0, "the bench is for secret keys");
	run->proof = (struct proof){
		.plan = plans[0],
		.oaep_hash = wrapalg_info(alg)->hash,
		.mgf_hash = wrapalg_info(alg)->hash,
		.wrapping_bits = 2048,
		.target_bits = info->bits,
		.same_by = "nothing",
	};
	*out = &run->proof;
	return 0;
}

int proof_check_real(struct proof_run *run, const struct spki *key, const struct wrap_blob *blob, struct kh_error *err)
{
	(void)run;
	(void)key;
	(void)blob;
	(void)err;
	return 0;
}

bool proof_is_first_real(struct proof_run *run, const struct proof *p, const struct token *t)
{
	(void)run;
	(void)p;
	(void)t;
	return false;
}

void proof_real_done(struct proof_run *run, const struct proof *p, const struct token *t)
{
	(void)run;
	(void)p;
	(void)t;
}
