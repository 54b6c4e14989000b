/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "unwrap_layer.h"

#include "aws/limits.h"

#include <string.h>

#define KEK_LEN 32  /* AES-256 */
#define KWP_LEAST 16 /* bytes: RFC 5649 section 4.2 */

static int check_length(const struct wrapalg_info *alg, size_t rsa, size_t len, struct kh_error *err)
{
	if (len > KMS_ENCRYPTED_KEY_MATERIAL_MAX)
		return kh_fail(err, KH_E_CHECK, 0, "the blob is %zu bytes, more than the %d that KMS takes", len,
			       KMS_ENCRYPTED_KEY_MATERIAL_MAX);
	if (!alg->two_layer && len != rsa)
		return kh_fail(err, KH_E_CHECK, 0, "the blob is %zu bytes, RSAES-OAEP under this key gives %zu", len,
			       rsa);
	if (alg->two_layer && (len < rsa + KWP_LEAST || (len - rsa) % 8 != 0))
		return kh_fail(err, KH_E_CHECK, 0,
			       "the blob is %zu bytes, not %zu of RSAES-OAEP and a multiple of 8 behind them", len,
			       rsa);
	return 0;
}

static int open_target(const struct secret *kek, const unsigned char *blob, size_t len, struct secret **plain,
		       struct unwrap_report *report, struct kh_error *err)
{
	report->kek_len = secret_len(kek);
	if (report->kek_len != KEK_LEN)
		return kh_fail(err, KH_E_CHECK, 0, "the key-encryption key is %zu bytes, not %d", report->kek_len,
			       KEK_LEN);
	return unwrap_kwp(kek, blob, len, plain, &report->key_wrap, err);
}

int unwrap_open(EVP_PKEY *key, enum wrapalg alg, const unsigned char *blob, size_t len, struct secret **plain,
		struct unwrap_report *report, struct kh_error *err)
{
	const struct wrapalg_info *info = wrapalg_info(alg);
	struct secret *outer = NULL;
	size_t rsa;
	int ret = -1;

	*plain = NULL;
	memset(report, 0, sizeof(*report));
	if (info == NULL || !EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_size(key) <= 0)
		return kh_fail(err, KH_E_CHECK, 0, "no such wrapping algorithm, or not an RSA key");
	rsa = (size_t)EVP_PKEY_get_size(key);
	if (check_length(info, rsa, len, err) != 0 || unwrap_oaep(key, info, blob, rsa, &outer, report, err) != 0)
		goto out;
	if (info->two_layer) {
		ret = open_target(outer, blob + rsa, len - rsa, plain, report, err);
	} else {
		*plain = outer;
		outer = NULL;
		ret = 0;
	}
out:
	secret_free(outer);
	return ret;
}

int unwrap_secret_check(const struct secret *plain, enum keyspec spec, bool china, struct kh_error *err)
{
	const struct keyspec_info *info = keyspec_info(spec);
	size_t want;

	if (info == NULL || info->secret_len == 0)
		return kh_fail(err, KH_E_CHECK, 0, "%s is no key spec of a secret key", keyspec_name(spec));
	want = china && spec == KEYSPEC_SYMMETRIC_DEFAULT ? 16 : info->secret_len;
	if (secret_len(plain) != want)
		return kh_fail(err, KH_E_CHECK, 0, "the opened key is %zu bytes, %s is %zu", secret_len(plain),
			       info->name, want);
	return 0;
}
