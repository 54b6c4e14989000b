/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keyspec.h"

#include <string.h>

/* DER of the named curves' OIDs, as CKA_EC_PARAMS has them (PKCS#11 v3.1 section 6.3.3) */
static const unsigned char p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const unsigned char p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
static const unsigned char p521[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};
static const unsigned char p256k1[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a};

#define SECRET(k, n, u) .kind = (k), .bits = (n), .secret_len = (n) / 8, .usage = (u)
#define CURVE(n, g, oid, u) .kind = KEYSPEC_EC, .bits = (n), .group = (g), .params = (oid), .params_len = sizeof(oid), \
	.usage = (u)

static const struct keyspec_info rows[] = {
	[KEYSPEC_SYMMETRIC_DEFAULT] = {.name = "SYMMETRIC_DEFAULT", SECRET(KEYSPEC_AES, 256, "ENCRYPT_DECRYPT")},
	[KEYSPEC_HMAC_224] = {.name = "HMAC_224", SECRET(KEYSPEC_HMAC, 224, "GENERATE_VERIFY_MAC")},
	[KEYSPEC_HMAC_256] = {.name = "HMAC_256", SECRET(KEYSPEC_HMAC, 256, "GENERATE_VERIFY_MAC")},
	[KEYSPEC_HMAC_384] = {.name = "HMAC_384", SECRET(KEYSPEC_HMAC, 384, "GENERATE_VERIFY_MAC")},
	[KEYSPEC_HMAC_512] = {.name = "HMAC_512", SECRET(KEYSPEC_HMAC, 512, "GENERATE_VERIFY_MAC")},
	[KEYSPEC_RSA_2048] = {.name = "RSA_2048", .kind = KEYSPEC_RSA, .bits = 2048},
	[KEYSPEC_RSA_3072] = {.name = "RSA_3072", .kind = KEYSPEC_RSA, .bits = 3072},
	[KEYSPEC_RSA_4096] = {.name = "RSA_4096", .kind = KEYSPEC_RSA, .bits = 4096},
	[KEYSPEC_ECC_NIST_P256] = {.name = "ECC_NIST_P256", CURVE(256, "prime256v1", p256, NULL)},
	[KEYSPEC_ECC_NIST_P384] = {.name = "ECC_NIST_P384", CURVE(384, "secp384r1", p384, NULL)},
	[KEYSPEC_ECC_NIST_P521] = {.name = "ECC_NIST_P521", CURVE(521, "secp521r1", p521, NULL)},
	[KEYSPEC_ECC_SECG_P256K1] = {.name = "ECC_SECG_P256K1", CURVE(256, "secp256k1", p256k1, "SIGN_VERIFY")},
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) == KEYSPECS, "a row a key spec");

const char *const keyspec_names[] = {
	"SYMMETRIC_DEFAULT", "HMAC_224",      "HMAC_256",      "HMAC_384",	"HMAC_512",	   "RSA_2048", "RSA_3072",
	"RSA_4096",	     "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", NULL,
};
_Static_assert(sizeof(keyspec_names) / sizeof(keyspec_names[0]) == KEYSPECS, "a name a key spec, and NULL");

/* Key specs that KMS has but does not import, and what to do instead. */
static const struct {
	const char *prefix, *why, *hint;
} refused[] = {
	{"ML_DSA_", "KMS does not import ML-DSA keys", "make it in KMS: 'aws kms create-key --key-spec ML_DSA_65'"},
	{"ECC_NIST_EDWARDS25519", "KMS does not list Ed25519 among the keys that it imports",
	 "import ECC_NIST_P256, or make the Ed25519 key in KMS"},
	{"SM2", "SM2 is in the China Regions only and is wrapped with SM2PKE, which keyhaul does not do",
	 "import ECC_NIST_P256, or use the AWS CLI for SM2"},
};

const struct keyspec_info *keyspec_info(enum keyspec spec)
{
	return spec > KEYSPEC_NONE && spec < KEYSPECS ? &rows[spec] : NULL;
}

int keyspec_parse(const char *name, enum keyspec *out, struct kh_error *err)
{
	for (int i = KEYSPEC_NONE + 1; i < KEYSPECS; i++)
		if (strcmp(rows[i].name, name) == 0) {
			*out = (enum keyspec)i;
			return 0;
		}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (strncmp(name, refused[i].prefix, strlen(refused[i].prefix)) == 0) {
			kh_fail(err, KH_E_USAGE, 0, "key spec %.64s: %s", name, refused[i].why);
			return kh_hint(err, "%s", refused[i].hint);
		}
	kh_fail(err, KH_E_USAGE, 0, "'%.64s' is not a key spec that KMS imports", name);
	return kh_hint(err, "SYMMETRIC_DEFAULT, HMAC_224/256/384/512, RSA_2048/3072/4096, ECC_NIST_P256/P384/P521 or "
			    "ECC_SECG_P256K1");
}

const char *keyspec_name(enum keyspec spec)
{
	const struct keyspec_info *info = keyspec_info(spec);

	return info ? info->name : "?";
}

bool keyspec_is_symmetric(enum keyspec spec)
{
	return spec == KEYSPEC_SYMMETRIC_DEFAULT;
}

size_t keyspec_secret_len(enum keyspec spec, bool china)
{
	const struct keyspec_info *info = keyspec_info(spec);

	return !info ? 0 : china && info->kind == KEYSPEC_AES ? 16 : info->secret_len;
}
