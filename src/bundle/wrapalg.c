/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "wrapalg.h"

#include "aws/limits.h"

#include <string.h>

static const struct wrapalg_info rows[] = {
	[WRAPALG_RSAES_OAEP_SHA_1] = {"RSAES_OAEP_SHA_1", "SHA1", 20, false},
	[WRAPALG_RSAES_OAEP_SHA_256] = {"RSAES_OAEP_SHA_256", "SHA256", 32, false},
	[WRAPALG_RSA_AES_KEY_WRAP_SHA_1] = {"RSA_AES_KEY_WRAP_SHA_1", "SHA1", 20, true},
	[WRAPALG_RSA_AES_KEY_WRAP_SHA_256] = {"RSA_AES_KEY_WRAP_SHA_256", "SHA256", 32, true},
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) == WRAPALGS, "a row an algorithm");

const char *const wrapalg_names[] = {
	"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256", NULL,
};
_Static_assert(sizeof(wrapalg_names) / sizeof(wrapalg_names[0]) == WRAPALGS, "a name an algorithm, and NULL");

const char *const wrapalg_bits_names[] = {"RSA_2048", "RSA_3072", "RSA_4096", NULL};
static const unsigned bits_of[] = {2048, 3072, 4096};

const struct wrapalg_info *wrapalg_info(enum wrapalg alg)
{
	return alg > WRAPALG_NONE && alg < WRAPALGS ? &rows[alg] : NULL;
}

const char *wrapalg_name(enum wrapalg alg)
{
	const struct wrapalg_info *info = wrapalg_info(alg);

	return info ? info->name : "?";
}

int wrapalg_parse(const char *name, enum wrapalg *out, struct kh_error *err)
{
	for (int i = WRAPALG_NONE + 1; i < WRAPALGS; i++)
		if (strcmp(rows[i].name, name) == 0) {
			*out = (enum wrapalg)i;
			return 0;
		}
	if (strcmp(name, "RSAES_PKCS1_V1_5") == 0)
		kh_fail(err, KH_E_USAGE, 0, "RSAES_PKCS1_V1_5: KMS refuses it since 2023-10-10");
	else if (strcmp(name, "SM2PKE") == 0)
		kh_fail(err, KH_E_USAGE, 0, "SM2PKE is in the China Regions only, and keyhaul does not do it");
	else
		kh_fail(err, KH_E_USAGE, 0, "'%.64s' is not a wrapping algorithm of KMS's", name);
	return kh_hint(err, "RSAES_OAEP_SHA_256 for AES and HMAC keys, RSA_AES_KEY_WRAP_SHA_256 for RSA and EC keys");
}

int wrapalg_bits_parse(const char *wrapping_key_spec, unsigned *bits, struct kh_error *err)
{
	for (size_t i = 0; wrapalg_bits_names[i]; i++)
		if (strcmp(wrapalg_bits_names[i], wrapping_key_spec) == 0) {
			*bits = bits_of[i];
			return 0;
		}
	kh_fail(err, KH_E_USAGE, 0, "'%.64s' is not a wrapping key spec", wrapping_key_spec);
	return kh_hint(err, "RSA_4096, RSA_3072 or RSA_2048");
}

const char *wrapalg_bits_name(unsigned bits)
{
	for (size_t i = 0; wrapalg_bits_names[i]; i++)
		if (bits_of[i] == bits)
			return wrapalg_bits_names[i];
	return "?";
}

size_t wrapalg_oaep_max(enum wrapalg alg, unsigned wrapping_bits)
{
	const struct wrapalg_info *info = wrapalg_info(alg);
	size_t overhead = info ? 2 * info->hash_len + 2 : 0; /* RFC 8017 section 7.1.1 */

	return info && wrapping_bits / 8 > overhead ? wrapping_bits / 8 - overhead : 0;
}

enum wrapalg wrapalg_best(enum keyspec spec)
{
	const struct keyspec_info *info = keyspec_info(spec);

	if (!info)
		return WRAPALG_NONE;
	return info->kind == KEYSPEC_RSA || info->kind == KEYSPEC_EC ? WRAPALG_RSA_AES_KEY_WRAP_SHA_256
								       : WRAPALG_RSAES_OAEP_SHA_256;
}

/* The two-layer algorithms: for private keys, and not in China. */
static int check_two_layer(const struct keyspec_info *key, const char *alg, bool china, struct kh_error *err)
{
	if (key->kind == KEYSPEC_AES || key->kind == KEYSPEC_HMAC) {
		kh_fail(err, KH_E_CHECK, 0, "KMS takes %s for RSA and EC private keys only, not for %s", alg, key->name);
		return kh_hint(err, "use RSAES_OAEP_SHA_256");
	}
	if (!china)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "%s is not available in the China Regions (aws-cn)", alg);
	if (key->kind == KEYSPEC_RSA)
		return kh_hint(err, "RSA keys cannot be imported there by keyhaul: use an EC key with RSAES_OAEP_SHA_256");
	return kh_hint(err, "use RSAES_OAEP_SHA_256%s", key->bits == 521 ? " with RSA_4096" : "");
}

/* OAEP alone: what does not fit one RSA block. */
static int check_oaep(const struct keyspec_info *key, enum wrapalg alg, unsigned wrapping_bits, bool china,
		      struct kh_error *err)
{
	if (key->kind == KEYSPEC_RSA) {
		kh_fail(err, KH_E_CHECK, 0, "%s: an RSA private key does not fit into one RSA block (%s takes %zu bytes "
			"under %s)", key->name, wrapalg_name(alg), wrapalg_oaep_max(alg, wrapping_bits),
			wrapalg_bits_name(wrapping_bits));
		return kh_hint(err, china ? "in aws-cn RSA_AES_KEY_WRAP is not available: RSA keys cannot be imported there"
					  : "use RSA_AES_KEY_WRAP_SHA_256");
	}
	if (key->kind == KEYSPEC_EC && key->bits == 521 && wrapping_bits < 3072) {
		kh_fail(err, KH_E_CHECK, 0, "ECC_NIST_P521: its 241 bytes do not fit %s under RSA_2048, which takes %zu",
			wrapalg_name(alg), wrapalg_oaep_max(alg, wrapping_bits));
		return kh_hint(err, china ? "use --wrapping-key-spec RSA_4096"
					  : "use --wrapping-key-spec RSA_4096, or RSA_AES_KEY_WRAP_SHA_256");
	}
	return 0;
}

int wrapalg_check(enum keyspec spec, enum wrapalg alg, unsigned wrapping_bits, const struct arn *arn,
		  struct kh_error *err)
{
	const struct keyspec_info *key = keyspec_info(spec);
	const struct wrapalg_info *info = wrapalg_info(alg);
	bool china = arn && arn_is_china(arn);

	if (!key || !info)
		return kh_fail(err, KH_E_CHECK, 0, "no key spec or no wrapping algorithm");
	if (wrapping_bits != 2048 && wrapping_bits != 3072 && wrapping_bits != 4096) {
		kh_fail(err, KH_E_CHECK, 0, "a wrapping key of %u bits: KMS has 2048, 3072 and 4096", wrapping_bits);
		return kh_hint(err, "use --wrapping-key-spec RSA_4096");
	}
	return info->two_layer ? check_two_layer(key, info->name, china, err)
			       : check_oaep(key, alg, wrapping_bits, china, err);
}

int wrapalg_check_secret(enum keyspec spec, size_t secret_len, const struct arn *arn, struct kh_error *err)
{
	const struct keyspec_info *key = keyspec_info(spec);
	bool china = arn && arn_is_china(arn);
	size_t want = keyspec_secret_len(spec, china);

	if (!key)
		return kh_fail(err, KH_E_CHECK, 0, "no key spec");
	if (want == 0 || secret_len == want)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "%s%s takes exactly %zu bytes, this key has %zu", key->name,
		china ? " in the China Regions (aws-cn)" : "", want, secret_len);
	return kh_hint(err, "generate a key of %zu bytes for it, or fetch for a KMS key whose key spec fits this key", want);
}

/* Least and most bytes of a PKCS#8 of this key spec, with room for what tokens put behind it. */
static void material_range(const struct keyspec_info *key, size_t *min, size_t *max)
{
	size_t n = (key->bits + 7) / 8;

	*min = key->kind == KEYSPEC_RSA ? 4 * n : n + 16;
	*max = key->kind == KEYSPEC_RSA ? 4 * n + n / 2 + 256 : 3 * n + 128;
}

int wrapalg_check_blob(enum keyspec spec, enum wrapalg alg, unsigned wrapping_bits, size_t len, struct kh_error *err)
{
	const struct keyspec_info *key = keyspec_info(spec);
	const struct wrapalg_info *info = wrapalg_info(alg);
	size_t block = wrapping_bits / 8, min, max;

	if (!key || !info)
		return kh_fail(err, KH_E_CHECK, 0, "no key spec or no wrapping algorithm");
	if (len > KMS_ENCRYPTED_KEY_MATERIAL_MAX)
		return kh_fail(err, KH_E_CHECK, 0, "a blob of %zu bytes: KMS takes at most %d", len,
			       KMS_ENCRYPTED_KEY_MATERIAL_MAX);
	if (!info->two_layer) {
		if (len == block)
			return 0;
		return kh_fail(err, KH_E_CHECK, 0, "a blob of %zu bytes: %s under %s gives %zu", len, info->name,
			       wrapalg_bits_name(wrapping_bits), block);
	}
	material_range(key, &min, &max);
	/* RFC 5649 section 3: padded to 8 bytes, and 8 more */
	if (len < block + min || len > block + max + 16 || (len - block) % 8)
		return kh_fail(err, KH_E_CHECK, 0, "a blob of %zu bytes is no %s key wrapped by %s under %s", len, key->name,
			       info->name, wrapalg_bits_name(wrapping_bits));
	return 0;
}
