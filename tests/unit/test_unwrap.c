/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "unwrap/unwrap.h"
#include "unwrap_vectors.h"

#include <criterion/criterion.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <string.h>

#define BLOB_MAX 8192

struct bytes {
	unsigned char data[BLOB_MAX];
	size_t len;
};

static void from_hex(const char *hex, struct bytes *out)
{
	cr_assert_eq(OPENSSL_hexstr2buf_ex(out->data, sizeof(out->data), &out->len, hex, '\0'), 1);
}

static struct secret *secret_from(const char *hex)
{
	struct kh_error err;
	struct bytes b;

	from_hex(hex, &b);
	return secret_copy(b.data, b.len, &err);
}

static EVP_PKEY *wrapping_key(void)
{
	struct bytes b;
	const unsigned char *p = b.data;
	EVP_PKEY *key;

	from_hex(vec_rsa_key, &b);
	key = d2i_AutoPrivateKey(NULL, &p, (long)b.len);
	cr_assert_not_null(key);
	return key;
}

static int open_vector(EVP_PKEY *key, enum wrapalg alg, const char *hex, struct secret **plain,
		       struct unwrap_report *report, struct kh_error *err)
{
	struct bytes b;

	from_hex(hex, &b);
	return unwrap_open(key, alg, b.data, b.len, plain, report, err);
}

static const struct {
	const char *blob, *plain;
	enum wrapalg alg;
	const char *hash;
	size_t kek_len;
} opened[] = {
	{vec_oaep_sha1, vec_secret, WRAPALG_RSAES_OAEP_SHA_1, "SHA1", 0},
	{vec_oaep_sha256, vec_secret, WRAPALG_RSAES_OAEP_SHA_256, "SHA256", 0},
	{vec_two_layer, vec_p256, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, "SHA256", 32},
	{vec_two_layer_rsa, vec_rsa_2048, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, "SHA256", 32},
	{vec_two_layer_zero, vec_p256_zero, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, "SHA256", 32},
};

Test(unwrap, opens_what_openssl_wrapped)
{
	EVP_PKEY *key = wrapping_key();

	for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++) {
		struct secret *plain = NULL;
		struct unwrap_report report;
		struct kh_error err;
		struct bytes want;

		from_hex(opened[i].plain, &want);
		cr_assert_eq(open_vector(key, opened[i].alg, opened[i].blob, &plain, &report, &err), 0, "%zu: %s", i,
			     err.msg);
		cr_assert_eq(secret_len(plain), want.len, "%zu", i);
		cr_assert_eq(memcmp(secret_bytes(plain), want.data, want.len), 0, "%zu", i);
		cr_assert_str_eq(report.oaep_hash, opened[i].hash);
		cr_assert_str_eq(report.mgf_hash, opened[i].hash);
		cr_assert_eq(report.kek_len, opened[i].kek_len);
		secret_free(plain);
	}
	EVP_PKEY_free(key);
}

static const struct {
	const char *blob;
	enum wrapalg alg;
	const char *words;
} refused[] = {
	{vec_oaep_sha1, WRAPALG_RSAES_OAEP_SHA_256, "the hash is SHA1 and the MGF1 hash is SHA1"},
	{vec_oaep_sha256, WRAPALG_RSAES_OAEP_SHA_1, "the hash is SHA256 and the MGF1 hash is SHA256"},
	{vec_oaep_sha256_mgf_sha1, WRAPALG_RSAES_OAEP_SHA_256, "the hash is SHA256 and the MGF1 hash is SHA1"},
	{vec_pkcs1, WRAPALG_RSAES_OAEP_SHA_256, "does not open with any hash"},
	{vec_two_layer, WRAPALG_RSA_AES_KEY_WRAP_SHA_1, "the hash is SHA256 and the MGF1 hash is SHA256"},
	{vec_two_layer, WRAPALG_RSAES_OAEP_SHA_256, "bytes, RSAES-OAEP under this key gives 256"},
	{vec_oaep_sha256, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, "the blob is 256 bytes"},
	{vec_kek_16, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, "the key-encryption key is 16 bytes, not 32"},
	{vec_inner_pkcs7, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, "RFC 3394 after PKCS#7 padding"},
	{vec_inner_zero, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, "RFC 3394 after zero padding"},
	{vec_inner_3394, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, "RFC 3394 without padding"},
	{vec_inner_foreign, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, "foreign initial value deadbeef"},
	{vec_inner_other_key, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, "another key"},
	{"00", WRAPALG_RSAES_OAEP_SHA_1, "the blob is 1 bytes"},
};

/* The vectors named inner_* are whole blobs whose RFC 5649 part is what the name says. */
Test(unwrap, tells_what_it_is_instead)
{
	EVP_PKEY *key = wrapping_key();

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct secret *plain = NULL;
		struct unwrap_report report;
		struct kh_error err;

		cr_assert_eq(open_vector(key, refused[i].alg, refused[i].blob, &plain, &report, &err), -1, "%zu", i);
		cr_assert_eq(err.code, KH_E_CHECK, "%zu", i);
		cr_assert_not_null(strstr(err.msg, refused[i].words), "%zu: %s", i, err.msg);
		cr_assert_null(plain);
	}
	EVP_PKEY_free(key);
}

Test(unwrap, refuses_every_changed_byte)
{
	EVP_PKEY *key = wrapping_key();
	struct bytes b;

	from_hex(vec_two_layer, &b);
	for (size_t i = 250; i < b.len; i += 7) {
		struct secret *plain = NULL;
		struct unwrap_report report;
		struct kh_error err;

		b.data[i] ^= 0x10;
		cr_assert_eq(unwrap_open(key, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, b.data, b.len, &plain, &report, &err),
			     -1);
		b.data[i] ^= 0x10;
	}
	EVP_PKEY_free(key);
}

static const struct {
	const char *der;
	enum keyspec spec;
	const char *words; /* NULL: it is read */
	bool has_public;
	size_t trailing;
} shapes[] = {
	{vec_p256, KEYSPEC_ECC_NIST_P256, NULL, true, 0},
	{vec_p256_no_public, KEYSPEC_ECC_NIST_P256, NULL, false, 0},
	{vec_p256_zero, KEYSPEC_ECC_NIST_P256, NULL, true, 6},
	{vec_k256, KEYSPEC_ECC_SECG_P256K1, NULL, true, 0},
	{vec_rsa_2048, KEYSPEC_RSA_2048, NULL, false, 0},
	{vec_p256_explicit, KEYSPEC_ECC_NIST_P256, "explicit parameters", false, 0},
	{vec_p256, KEYSPEC_ECC_NIST_P384, "not on the curve of ECC_NIST_P384", false, 0},
	{vec_k256, KEYSPEC_ECC_NIST_P256, "not on the curve", false, 0},
	{vec_p256, KEYSPEC_RSA_2048, "does not hold an RSA key", false, 0},
	{vec_rsa_2048, KEYSPEC_ECC_NIST_P256, "does not hold an EC key", false, 0},
	{vec_rsa_2048, KEYSPEC_RSA_3072, "2048 bits, RSA_3072 has 3072", false, 0},
	{vec_rsa_1024, KEYSPEC_RSA_2048, "1024 bits", false, 0},
	{vec_rsa_three_primes, KEYSPEC_RSA_2048, "more than two primes", false, 0},
	{vec_rsa_pss, KEYSPEC_RSA_2048, "does not hold an RSA key", false, 0},
	{vec_secret, KEYSPEC_RSA_2048, "no PKCS#8", false, 0},
	{"30", KEYSPEC_RSA_2048, "no PKCS#8", false, 0},
	{"308000000000", KEYSPEC_RSA_2048, "no PKCS#8", false, 0},
	{vec_p256, KEYSPEC_HMAC_256, "no key spec of a private key", false, 0},
};

Test(unwrap, reads_pkcs8_as_kms_does)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct secret *plain = secret_from(shapes[i].der);
		struct unwrap_pkcs8 p;
		struct kh_error err;
		int r = unwrap_pkcs8(plain, shapes[i].spec, &p, &err);

		if (shapes[i].words != NULL) {
			cr_assert_eq(r, -1, "%zu", i);
			cr_assert_eq(err.code, KH_E_CHECK, "%zu", i);
			cr_assert_not_null(strstr(err.msg, shapes[i].words), "%zu: %s", i, err.msg);
			cr_assert_null(p.key);
		} else {
			cr_assert_eq(r, 0, "%zu: %s", i, err.msg);
			cr_assert_not_null(p.key);
			cr_assert_eq(p.has_public, shapes[i].has_public, "%zu", i);
			cr_assert_eq(p.named_curve, shapes[i].spec >= KEYSPEC_ECC_NIST_P256, "%zu", i);
			cr_assert_eq(p.trailing, shapes[i].trailing, "%zu", i);
			cr_assert_eq(p.trailing_is_zero, shapes[i].trailing > 0, "%zu", i);
		}
		unwrap_pkcs8_clear(&p);
		secret_free(plain);
	}
}

/* The private number or a prime changed: the parts no longer fit, whatever the outer shape says. */
Test(unwrap, refuses_keys_that_do_not_fit_themselves)
{
	static const struct {
		const char *der;
		enum keyspec spec;
		size_t at;
	} broken[] = {{vec_p256, KEYSPEC_ECC_NIST_P256, 40}, {vec_rsa_2048, KEYSPEC_RSA_2048, 700}};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct secret *plain = secret_from(broken[i].der);
		struct unwrap_pkcs8 p;
		struct kh_error err;

		secret_data(plain)[broken[i].at] ^= 1;
		cr_assert_eq(unwrap_pkcs8(plain, broken[i].spec, &p, &err), -1, "%zu", i);
		unwrap_pkcs8_clear(&p);
		secret_free(plain);
	}
}

Test(unwrap, holds_secrets_to_their_length)
{
	struct secret *s = secret_from(vec_secret);
	struct kh_error err;

	cr_assert_eq(unwrap_secret_check(s, KEYSPEC_SYMMETRIC_DEFAULT, false, &err), 0);
	cr_assert_eq(unwrap_secret_check(s, KEYSPEC_HMAC_256, true, &err), 0);
	cr_assert_eq(unwrap_secret_check(s, KEYSPEC_SYMMETRIC_DEFAULT, true, &err), -1);
	cr_assert_not_null(strstr(err.msg, "32 bytes"), "%s", err.msg);
	cr_assert_eq(unwrap_secret_check(s, KEYSPEC_HMAC_384, false, &err), -1);
	cr_assert_eq(unwrap_secret_check(s, KEYSPEC_RSA_2048, false, &err), -1);
	secret_set_len(s, 16);
	cr_assert_eq(unwrap_secret_check(s, KEYSPEC_SYMMETRIC_DEFAULT, true, &err), 0);
	cr_assert_eq(unwrap_secret_check(s, KEYSPEC_SYMMETRIC_DEFAULT, false, &err), -1);
	secret_free(s);
}
