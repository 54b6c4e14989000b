/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "proof_step.h"

#include "unwrap/unwrap.h"

#include <stdarg.h>
#include <stdio.h>

void proof_warn(struct proof *p, const char *fmt, ...)
{
	va_list ap;

	if (p->n_warnings == PROOF_WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(p->warnings[p->n_warnings++], PROOF_WARNING_MAX, fmt, ap);
	va_end(ap);
}

static const char *shape_name(enum keyspec spec, const struct unwrap_pkcs8 *p)
{
	if (keyspec_info(spec)->kind == KEYSPEC_RSA)
		return "rsa-two-prime";
	return p->has_public ? "named-curve+public-key" : "named-curve";
}

static int inspect_pkcs8(const struct token *t, const struct proof_throwaway *w, const struct secret *plain,
			 struct proof *out, struct kh_error *err)
{
	struct unwrap_pkcs8 p;
	int ret = -1;

	if (unwrap_pkcs8(plain, w->spec, &p, err) != 0) {
		out->pkcs8 = p.explicit_curve ? "explicit-parameters" : NULL;
		return -1;
	}
	out->pkcs8 = shape_name(w->spec, &p);
	if (p.trailing > 0 && !p.trailing_is_zero) {
		kh_fail(err, KH_E_CHECK, 0, "%zu bytes that are not zero are behind the PKCS#8", p.trailing);
		goto out;
	}
	out->trailing_zeros = p.trailing;
	if (p.trailing > 0)
		proof_warn(out, "%zu zero bytes behind the PKCS#8: go on; KMS may refuse them, which leaves its key as it was", p.trailing);
	ret = proof_same_public(t, w, p.key, out, err);
out:
	unwrap_pkcs8_clear(&p);
	return ret;
}

static int inspect_secret(const struct token *t, const struct proof_throwaway *w, const struct secret *plain,
			  struct proof *out, struct kh_error *err)
{
	bool short_aes = w->spec == KEYSPEC_SYMMETRIC_DEFAULT && w->secret_len == 16;

	if (unwrap_secret_check(plain, w->spec, short_aes, err) != 0)
		return -1;
	return proof_same_secret(t, w, plain, out, err);
}

int proof_inspect(const struct token *t, const struct proof_throwaway *w, const struct wrap_blob *blob,
		  struct proof *out, struct kh_error *err)
{
	const struct keyspec_info *info = keyspec_info(w->spec);
	struct unwrap_report report;
	struct secret *plain = NULL;
	int ret = -1;

	ret = unwrap_open(w->rsa, out->plan.alg, blob->data, blob->len, &plain, &report, err);
	out->oaep_hash = report.oaep_hash;
	out->mgf_hash = report.mgf_hash;
	out->kek_bits = (unsigned)(8 * report.kek_len);
	out->key_wrap = report.key_wrap;
	out->wrapping_bits = w->rsa_bits;
	out->target_bits = w->secret_len > 0 ? (unsigned)(8 * w->secret_len) : info->bits;
	if (ret != 0)
		return -1;
	ret = info->secret_len > 0 ? inspect_secret(t, w, plain, out, err) : inspect_pkcs8(t, w, plain, out, err);
	secret_free(plain);
	return ret;
}
