/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "proof_step.h"

#include <string.h>

int proof_try(const struct token *t, const struct proof_throwaway *w, const struct wrap_plan *plan, struct proof *out,
	      struct kh_error *err)
{
	struct wrap_blob blob;

	memset(out, 0, sizeof(*out));
	out->plan = *plan;
	if (wrap_run(t, plan, w->wrapping_key, w->rsa_bits, w->target.key, &blob, err) != 0)
		return -1;
	return proof_inspect(t, w, &blob, out, err);
}

bool proof_is_finding(const struct kh_error *why)
{
	return why->code == KH_E_CHECK || (why->code == KH_E_TOKEN && !token_is_gone(why->native));
}
