/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ckm.h"
#include "wrap.h"

#include <stdio.h>
#include <string.h>

/* The numbers that RFC 5649 has on some token, those that name it for certain first. The proof decides. */
static const CK_MECHANISM_TYPE kwp_candidates[] = {
	KH_CKM_AES_KEY_WRAP_KWP,
	CKM_AES_KEY_WRAP_PAD,
	KH_CKM_LUNA_AES_KWP,
	KH_CKM_CLOUDHSM_AES_KEY_WRAP_ZERO,
};
#define KWP_CANDIDATES (sizeof(kwp_candidates) / sizeof(kwp_candidates[0]))
_Static_assert(KWP_CANDIDATES + 1 <= WRAP_PLANS_MAX, "room for the native plan and each candidate");

size_t wrap_plans_all(enum wrapalg alg, struct wrap_plan out[WRAP_PLANS_MAX])
{
	const struct wrapalg_info *info = wrapalg_info(alg);
	size_t n = 0;

	if (info == NULL)
		return 0;
	if (!info->two_layer) {
		out[0] = (struct wrap_plan){.alg = alg, .way = WRAP_OAEP};
		return 1;
	}
	out[n++] = (struct wrap_plan){.alg = alg, .way = WRAP_NATIVE};
	for (size_t i = 0; i < KWP_CANDIDATES; i++)
		out[n++] = (struct wrap_plan){.alg = alg, .way = WRAP_TWO_STEP, .kwp = kwp_candidates[i]};
	return n;
}

/* What a plan needs beside OAEP, which tokens are asked to do without a look at their list. */
static CK_MECHANISM_TYPE particular(const struct wrap_plan *plan)
{
	return plan->way == WRAP_NATIVE ? CKM_RSA_AES_KEY_WRAP : plan->kwp;
}

static bool is_left(const struct wrap_plan *plan, const struct wrap_choice *choice)
{
	if (plan->way == WRAP_NATIVE)
		return choice->rsa_aes != WRAP_ONLY_TWO_STEP;
	return choice->rsa_aes != WRAP_ONLY_NATIVE && choice->kwp == 0;
}

size_t wrap_plans(const struct token *t, enum wrapalg alg, const struct wrap_choice *choice,
		  struct wrap_plan out[WRAP_PLANS_MAX])
{
	static const struct wrap_choice automatic = {.rsa_aes = WRAP_AUTO};
	const struct wrap_choice *c = choice != NULL ? choice : &automatic;
	struct wrap_plan all[WRAP_PLANS_MAX];
	size_t n_all = wrap_plans_all(alg, all), n = 0;

	if (n_all > 0 && all[0].way == WRAP_OAEP) {
		out[0] = all[0];
		return 1;
	}
	for (size_t i = 0; i < n_all; i++)
		if (is_left(&all[i], c) &&
		    ((all[i].way == WRAP_NATIVE && c->rsa_aes == WRAP_ONLY_NATIVE) ||
		     token_has_mechanism(t, particular(&all[i]), 0)))
			out[n++] = all[i];
	if (n_all > 0 && c->kwp != 0 && c->rsa_aes != WRAP_ONLY_NATIVE)
		out[n++] = (struct wrap_plan){.alg = alg, .way = WRAP_TWO_STEP, .kwp = c->kwp};
	return n;
}

static bool lists(const CK_MECHANISM_TYPE *list, size_t n, CK_MECHANISM_TYPE mechanism)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == mechanism)
			return true;
	return false;
}

bool wrap_plan_is_listed(const CK_MECHANISM_TYPE *list, size_t n, const struct wrap_plan *plan)
{
	if (plan->way != WRAP_NATIVE && !lists(list, n, CKM_RSA_PKCS_OAEP))
		return false;
	return plan->way == WRAP_OAEP || lists(list, n, particular(plan));
}

const char *wrap_plan_words(const struct wrap_plan *plan, char out[WRAP_WORDS_MAX])
{
	char name[CKM_NAME_MAX];

	switch (plan->way) {
	case WRAP_OAEP:
		return "CKM_RSA_PKCS_OAEP";
	case WRAP_NATIVE:
		return "CKM_RSA_AES_KEY_WRAP";
	case WRAP_TWO_STEP:
		break;
	}
	snprintf(out, WRAP_WORDS_MAX, "%s (0x%lX) with CKM_RSA_PKCS_OAEP", ckm_name(plan->kwp, name), plan->kwp);
	return out;
}

static struct bundle_mechanism row(CK_MECHANISM_TYPE number, const char *role, char name[CKM_NAME_MAX])
{
	return (struct bundle_mechanism){.name = ckm_name(number, name), .number = number, .role = role};
}

size_t wrap_plan_mechanisms(const struct wrap_plan *plan, struct bundle_mechanism out[2],
			    char names[2][CKM_NAME_MAX])
{
	switch (plan->way) {
	case WRAP_OAEP:
		out[0] = row(CKM_RSA_PKCS_OAEP, "wrap", names[0]);
		return 1;
	case WRAP_NATIVE:
		out[0] = row(CKM_RSA_AES_KEY_WRAP, "wrap", names[0]);
		return 1;
	case WRAP_TWO_STEP:
		break;
	}
	out[0] = row(CKM_RSA_PKCS_OAEP, "wrap-kek", names[0]);
	out[1] = row(plan->kwp, "wrap-target", names[1]);
	return 2;
}

bool wrap_plan_spoke_of_target(const struct wrap_plan *plan, const struct kh_error *why)
{
	CK_MECHANISM_TYPE mechanism = plan->way == WRAP_OAEP	 ? CKM_RSA_PKCS_OAEP
				      : plan->way == WRAP_NATIVE ? CKM_RSA_AES_KEY_WRAP
								 : plan->kwp;
	char call[CKM_NAME_MAX + 32], name[CKM_NAME_MAX];
	int n = snprintf(call, sizeof(call), "C_WrapKey on %s: ", ckm_name(mechanism, name));

	return strncmp(why->msg, call, (size_t)n) == 0;
}
