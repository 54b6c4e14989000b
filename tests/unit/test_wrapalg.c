/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle/keyspec.h"
#include "bundle/spki.h"
#include "bundle/wrapalg.h"
#include "rsa_keys.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define CHINA "arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define WORLD "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

static const unsigned sizes[] = {2048, 3072, 4096};

static struct arn arn_of(const char *text)
{
	struct kh_error err;
	struct arn arn;

	cr_assert_eq(arn_parse_key(text, &arn, &err), 0);
	return arn;
}

/* The table of what KMS takes, said anew. */
static bool kms_takes(enum keyspec spec, enum wrapalg alg, unsigned bits, bool china)
{
	bool two_layer = alg == WRAPALG_RSA_AES_KEY_WRAP_SHA_1 || alg == WRAPALG_RSA_AES_KEY_WRAP_SHA_256;
	const char *name = keyspec_name(spec);

	if (two_layer)
		return !china && (strncmp(name, "RSA", 3) == 0 || strncmp(name, "ECC", 3) == 0);
	if (strncmp(name, "RSA", 3) == 0)
		return false;
	return strcmp(name, "ECC_NIST_P521") != 0 || bits > 2048;
}

Test(wrapalg, the_whole_matrix)
{
	const struct arn arns[] = {arn_of(WORLD), arn_of(CHINA)};
	size_t taken = 0, refused = 0;
	struct kh_error err;

	for (int spec = 1; spec < KEYSPECS; spec++)
		for (int alg = 1; alg < WRAPALGS; alg++)
			for (size_t b = 0; b < N(sizes); b++)
				for (int a = 0; a < 2; a++) {
					bool good = kms_takes((enum keyspec)spec, (enum wrapalg)alg, sizes[b], a == 1);
					int rc = wrapalg_check((enum keyspec)spec, (enum wrapalg)alg, sizes[b], &arns[a], &err);

					cr_assert_eq(rc, good ? 0 : -1, "%s %s %u %s", keyspec_name((enum keyspec)spec),
						     wrapalg_name((enum wrapalg)alg), sizes[b], arns[a].partition);
					taken += good;
					refused += !good;
					if (!good)
						cr_assert(err.code == KH_E_CHECK && err.msg[0] && err.hint[0]);
				}
	cr_assert(taken == 94 + 52 && refused == 12 * 4 * 3 * 2 - 146, "%zu taken, %zu refused", taken, refused);
}

static const struct {
	enum keyspec spec;
	enum wrapalg alg;
	unsigned bits;
	const char *arn, *says, *instead;
} reasons[] = {
	{KEYSPEC_ECC_NIST_P521, WRAPALG_RSAES_OAEP_SHA_256, 2048, WORLD, "do not fit", "RSA_4096"},
	{KEYSPEC_RSA_2048, WRAPALG_RSAES_OAEP_SHA_256, 4096, WORLD, "does not fit", "RSA_AES_KEY_WRAP_SHA_256"},
	{KEYSPEC_SYMMETRIC_DEFAULT, WRAPALG_RSA_AES_KEY_WRAP_SHA_1, 4096, WORLD, "RSA and EC private keys only", "RSAES_OAEP_SHA_256"},
	{KEYSPEC_HMAC_224, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 4096, WORLD, "HMAC_224", "RSAES_OAEP_SHA_256"},
	{KEYSPEC_RSA_2048, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 4096, CHINA, "China", "EC key"},
	{KEYSPEC_RSA_2048, WRAPALG_RSAES_OAEP_SHA_1, 4096, CHINA, "does not fit", "cannot be imported there"},
	{KEYSPEC_ECC_NIST_P521, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 4096, CHINA, "China", "RSA_4096"},
	{KEYSPEC_ECC_NIST_P256, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 1024, WORLD, "1024 bits", "RSA_4096"},
};

Test(wrapalg, refusals_give_reason_and_alternative)
{
	struct kh_error err;

	for (size_t i = 0; i < N(reasons); i++) {
		struct arn arn = arn_of(reasons[i].arn);

		cr_assert_eq(wrapalg_check(reasons[i].spec, reasons[i].alg, reasons[i].bits, &arn, &err), -1, "%zu", i);
		cr_assert(strstr(err.msg, reasons[i].says), "%zu: %s", i, err.msg);
		cr_assert(strstr(err.hint, reasons[i].instead), "%zu: %s", i, err.hint);
	}
	cr_assert_eq(wrapalg_check(KEYSPEC_ECC_NIST_P256, WRAPALG_RSA_AES_KEY_WRAP_SHA_1, 4096, NULL, &err), 0, "no ARN yet");
	cr_assert_eq(wrapalg_check(KEYSPEC_NONE, WRAPALG_RSAES_OAEP_SHA_1, 4096, NULL, &err), -1);
	cr_assert_eq(wrapalg_check(KEYSPEC_HMAC_224, WRAPALG_NONE, 4096, NULL, &err), -1);
}

Test(wrapalg, secrets_have_their_length)
{
	struct arn world = arn_of(WORLD), china = arn_of(CHINA);
	struct kh_error err;

	for (size_t len = 0; len < 80; len++) {
		cr_assert_eq(wrapalg_check_secret(KEYSPEC_SYMMETRIC_DEFAULT, len, &world, &err) == 0, len == 32);
		cr_assert_eq(wrapalg_check_secret(KEYSPEC_SYMMETRIC_DEFAULT, len, &china, &err) == 0, len == 16);
		cr_assert_eq(wrapalg_check_secret(KEYSPEC_HMAC_224, len, &world, &err) == 0, len == 28);
		cr_assert_eq(wrapalg_check_secret(KEYSPEC_HMAC_256, len, NULL, &err) == 0, len == 32);
		cr_assert_eq(wrapalg_check_secret(KEYSPEC_HMAC_384, len, &china, &err) == 0, len == 48);
		cr_assert_eq(wrapalg_check_secret(KEYSPEC_HMAC_512, len, &world, &err) == 0, len == 64);
		cr_assert_eq(wrapalg_check_secret(KEYSPEC_RSA_2048, len, &world, &err), 0);
	}
}

static const struct {
	enum keyspec spec;
	enum wrapalg alg;
	unsigned bits;
	size_t len;
	bool good;
} blobs[] = {
	{KEYSPEC_HMAC_256, WRAPALG_RSAES_OAEP_SHA_256, 2048, 256, true},
	{KEYSPEC_HMAC_256, WRAPALG_RSAES_OAEP_SHA_256, 2048, 255, false},
	{KEYSPEC_HMAC_256, WRAPALG_RSAES_OAEP_SHA_256, 2048, 257, false},
	{KEYSPEC_HMAC_256, WRAPALG_RSAES_OAEP_SHA_256, 2048, 0, false},
	{KEYSPEC_HMAC_256, WRAPALG_RSAES_OAEP_SHA_256, 2048, 512, false}, /* under another wrapping key */
	{KEYSPEC_ECC_NIST_P256, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 2048, 256 + 80, true},  /* SoftHSM's */
	{KEYSPEC_ECC_NIST_P256, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 2048, 256 + 152, true}, /* NSS's */
	{KEYSPEC_ECC_NIST_P521, WRAPALG_RSA_AES_KEY_WRAP_SHA_1, 4096, 512 + 112, true},
	{KEYSPEC_ECC_NIST_P521, WRAPALG_RSA_AES_KEY_WRAP_SHA_1, 4096, 512 + 256, true},
	{KEYSPEC_RSA_2048, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 4096, 512 + 1232, true},
	{KEYSPEC_RSA_4096, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 4096, 512 + 2384, true},
	{KEYSPEC_RSA_4096, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 4096, 512 + 1232, false}, /* an RSA_2048 key */
	{KEYSPEC_RSA_2048, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 4096, 512 + 2384, false},
	{KEYSPEC_ECC_NIST_P256, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 2048, 256 + 81, false}, /* no multiple of 8 */
	{KEYSPEC_ECC_NIST_P256, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 2048, 256, false},	  /* one layer */
	{KEYSPEC_ECC_NIST_P256, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 2048, 8, false},
	{KEYSPEC_RSA_4096, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, 4096, 6152, false},
};

Test(wrapalg, blobs_have_their_length)
{
	struct kh_error err;

	for (size_t i = 0; i < N(blobs); i++) {
		cr_assert_eq(wrapalg_check_blob(blobs[i].spec, blobs[i].alg, blobs[i].bits, blobs[i].len, &err),
			     blobs[i].good ? 0 : -1, "%zu", i);
		if (!blobs[i].good)
			cr_assert_eq(err.code, KH_E_CHECK);
	}
	/* facts: OAEP's limits, SHA-1 and SHA-256 */
	cr_assert(wrapalg_oaep_max(WRAPALG_RSAES_OAEP_SHA_1, 2048) == 214 && wrapalg_oaep_max(WRAPALG_RSAES_OAEP_SHA_256, 2048) == 190);
	cr_assert(wrapalg_oaep_max(WRAPALG_RSAES_OAEP_SHA_1, 3072) == 342 && wrapalg_oaep_max(WRAPALG_RSAES_OAEP_SHA_256, 3072) == 318);
	cr_assert(wrapalg_oaep_max(WRAPALG_RSAES_OAEP_SHA_1, 4096) == 470 && wrapalg_oaep_max(WRAPALG_RSAES_OAEP_SHA_256, 4096) == 446);
}

static const struct {
	const char *name, *says;
} no_specs[] = {
	{"ML_DSA_44", "ML-DSA"}, {"ML_DSA_65", "ML-DSA"}, {"ML_DSA_87", "ML-DSA"}, {"ECC_NIST_EDWARDS25519", "Ed25519"}, {"SM2", "SM2"},
	{"RSA_1024", "not a key spec"}, {"", "not a key spec"}, {"hmac_256", "not a key spec"},
};

Test(wrapalg, names_are_awss)
{
	static const char *const no_algs[] = {"RSAES_PKCS1_V1_5", "SM2PKE", "RSAES_OAEP_SHA_512", "", "rsaes_oaep_sha_1"};
	struct kh_error err;
	enum keyspec spec;
	enum wrapalg alg;
	unsigned bits = 0;

	for (int i = 1; i < KEYSPECS; i++) {
		cr_assert_eq(keyspec_parse(keyspec_names[i - 1], &spec, &err), 0);
		cr_assert_eq((int)spec, i);
		cr_assert_str_eq(keyspec_name(spec), keyspec_names[i - 1]);
		cr_assert_eq(wrapalg_check(spec, wrapalg_best(spec), 2048, NULL, &err), 0, "the best is taken: %s", err.msg);
	}
	cr_assert_null(keyspec_names[KEYSPECS - 1]);
	for (size_t i = 0; i < N(no_specs); i++) {
		cr_assert_eq(keyspec_parse(no_specs[i].name, &spec, &err), -1);
		cr_assert(err.code == KH_E_USAGE && err.hint[0] && strstr(err.msg, no_specs[i].says), "%s", err.msg);
	}
	for (int i = 1; i < WRAPALGS; i++) {
		cr_assert_eq(wrapalg_parse(wrapalg_names[i - 1], &alg, &err), 0);
		cr_assert_eq((int)alg, i);
	}
	for (size_t i = 0; i < N(no_algs); i++)
		cr_assert(wrapalg_parse(no_algs[i], &alg, &err) == -1 && err.code == KH_E_USAGE && err.hint[0]);
	for (size_t i = 0; i < N(sizes); i++) {
		cr_assert_eq(wrapalg_bits_parse(wrapalg_bits_names[i], &bits, &err), 0);
		cr_assert_eq(bits, sizes[i]);
		cr_assert_str_eq(wrapalg_bits_name(bits), wrapalg_bits_names[i]);
	}
	cr_assert_eq(wrapalg_bits_parse("RSA_1024", &bits, &err), -1);
	cr_assert_null(keyspec_info(KEYSPECS));
	cr_assert_str_eq(keyspec_name(KEYSPEC_NONE), "?");
}

static void make(EVP_PKEY *key, unsigned char out[1024], size_t *len)
{
	unsigned char *at = out;
	int n;

	cr_assert_not_null(key);
	n = i2d_PUBKEY(key, NULL);
	cr_assert(n > 0 && n < 1024);
	*len = (size_t)i2d_PUBKEY(key, &at);
	EVP_PKEY_free(key);
}

Test(spki, wrapping_keys_and_what_is_none)
{
	unsigned char der[1024], bad[1024];
	struct kh_error err;
	struct spki s;
	size_t len;

	make(rsa_key(2048), der, &len);
	cr_assert_eq(spki_parse(der, len, 2048, &s, &err), 0, "%s", err.msg);
	cr_assert(s.bits == 2048 && s.modulus_len == 256 && s.exponent_len == 3 && memcmp(s.exponent, "\1\0\1", 3) == 0);
	cr_assert_eq(memcmp(s.modulus, der + len - 5 - 256, 256), 0);
	spki_clear(&s);
	cr_assert_eq(spki_parse(der, len, 0, &s, &err), 0);
	spki_clear(&s);
	cr_assert(spki_parse(der, len, 4096, &s, &err) == -1 && strstr(err.msg, "2048 bits instead of 4096"), "%s", err.msg);
	for (size_t n = 0; n < len; n++)
		cr_assert_eq(spki_parse(der, n, 0, &s, &err), -1, "cut at %zu", n);
	memcpy(bad, der, len);
	bad[len] = 0;
	cr_assert(spki_parse(bad, len + 1, 0, &s, &err) == -1 && strstr(err.msg, "behind"), "%s", err.msg);
	/* e = 1, as long as 65537: not DER; and e = 65539 */
	memcpy(bad + len - 3, "\0\0\1", 3);
	cr_assert_eq(spki_parse(bad, len, 0, &s, &err), -1);
	memcpy(bad + len - 3, "\1\0\3", 3);
	cr_assert(spki_parse(bad, len, 0, &s, &err) == -1 && strstr(err.msg, "65539"), "%s", err.msg);
	memcpy(bad, der, len);
	bad[len - 6] ^= 1; /* the modulus's last bit */
	cr_assert(spki_parse(bad, len, 0, &s, &err) == -1 && strstr(err.msg, "even"), "%s", err.msg);
	make(EVP_RSA_gen(1024), der, &len);
	cr_assert(spki_parse(der, len, 0, &s, &err) == -1 && strstr(err.msg, "1024 bits"), "%s", err.msg);
	make(EVP_EC_gen("P-256"), der, &len);
	cr_assert(spki_parse(der, len, 2048, &s, &err) == -1 && strstr(err.msg, "EC"), "%s", err.msg);
	cr_assert_eq(err.code, KH_E_INPUT);
}

Test(spki, public_keys_of_material)
{
	static const struct {
		const char *group, *spec;
	} curves[] = {{"P-256", "ECC_NIST_P256"}, {"P-384", "ECC_NIST_P384"}, {"P-521", "ECC_NIST_P521"},
		      {"secp256k1", "ECC_SECG_P256K1"}};
	unsigned char der[1024];
	struct kh_error err;
	size_t len;

	for (size_t i = 0; i < N(curves); i++) {
		make(EVP_EC_gen(curves[i].group), der, &len);
		for (size_t k = 0; k < N(curves); k++)
			cr_assert_eq(spki_check_material(der, len, curves[k].spec, &err), i == k ? 0 : -1, "%zu %zu", i, k);
		der[len - 1] ^= 1; /* off the curve */
		cr_assert_eq(spki_check_material(der, len, curves[i].spec, &err), -1);
	}
	make(rsa_key(2048), der, &len);
	cr_assert_eq(spki_check_material(der, len, "RSA_2048", &err), 0);
	cr_assert_eq(spki_check_material(der, len, "RSA_3072", &err), -1);
	cr_assert_eq(spki_check_material(der, len, "ECC_NIST_P256", &err), -1);
	cr_assert_eq(spki_check_material(der, len, "HMAC_256", &err), -1);
	cr_assert_eq(spki_check_material(der, len, "nothing", &err), -1);
}
