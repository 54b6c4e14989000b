/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "proof_step.h"

#include <string.h>

int proof_try(const struct token *t, const struct proof_throwaway *w, const struct wrap_plan *plan, struct proof *out,
	      struct kh_error *err)
{
	struct wrap_plan careful = *plan;
	struct wrap_blob blob;

	memset(out, 0, sizeof(*out));
	out->plan = *plan;
	careful.careful = true;
	if (wrap_run(t, &careful, w->wrapping_key, w->rsa_bits, w->target.key, &blob, err) != 0)
		return -1;
	if (wrap_oaep_sha256(&blob, w->rsa_bits, out->oaep_sha256, err) != 0)
		return -1;
	return proof_inspect(t, w, &blob, out, err);
}

bool proof_is_finding(const struct kh_error *why)
{
	return why->code == KH_E_CHECK || (why->code == KH_E_TOKEN && !token_is_gone(why->native));
}

bool proof_code_is_lasting(CK_RV rv)
{
	static const CK_RV lasting[] = {
		CKR_OK, /* and then lengths or bytes that cannot be */
		CKR_ARGUMENTS_BAD, CKR_ACTION_PROHIBITED, CKR_FUNCTION_NOT_SUPPORTED, CKR_BUFFER_TOO_SMALL,
		CKR_ATTRIBUTE_READ_ONLY, CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_VALUE_INVALID,
		CKR_TEMPLATE_INCOMPLETE, CKR_TEMPLATE_INCONSISTENT, CKR_DATA_INVALID, CKR_DATA_LEN_RANGE,
		CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_DOMAIN_PARAMS_INVALID, CKR_CURVE_NOT_SUPPORTED,
		CKR_KEY_SIZE_RANGE, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_NOT_NEEDED, CKR_KEY_CHANGED, CKR_KEY_NEEDED,
		CKR_KEY_INDIGESTIBLE, CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_KEY_NOT_WRAPPABLE, CKR_KEY_UNEXTRACTABLE,
		CKR_WRAPPING_KEY_SIZE_RANGE, CKR_WRAPPING_KEY_TYPE_INCONSISTENT, CKR_PUBLIC_KEY_INVALID,
	};

	for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++)
		if (rv == lasting[i])
			return true;
	return false;
}

bool proof_is_lasting(const struct kh_error *why)
{
	return why->code == KH_E_CHECK || (why->code == KH_E_TOKEN && proof_code_is_lasting(why->native));
}
