/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sim_fixture.h"

#include "aws/errname.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OAEP "RSAES_OAEP_SHA_256"
#define BOTH "RSA_AES_KEY_WRAP_SHA_256"
#define ENCRYPT "ENCRYPT_DECRYPT"
#define SIGN "SIGN_VERIFY"
#define MAC "GENERATE_VERIFY_MAC"

static const unsigned char first[64] = "the first key material of the tests, long enough for all kinds";

static const char *state_of(struct fixture *f, const char *id)
{
	cr_assert_str_eq(fixture_call(f, "DescribeKey", "{\"KeyId\":\"%s\"}", id), "");
	return fixture_text(f, "KeyMetadata.KeyState");
}

/* Imports every kind of key under every algorithm that KMS takes for it, and uses it. */
Test(sim, imports_each_key_spec)
{
	static const struct {
		const char *spec, *usage, *kind;
		size_t len;
		const char *op, *more;
	} rows[] = {
		{"SYMMETRIC_DEFAULT", ENCRYPT, NULL, 32, "Encrypt", "\"Plaintext\":\"aGVsbG8=\""},
		{"HMAC_224", MAC, NULL, 28, "GenerateMac", "\"Message\":\"aGVsbG8=\",\"MacAlgorithm\":\"HMAC_SHA_224\""},
		{"HMAC_256", MAC, NULL, 32, "GenerateMac", "\"Message\":\"aGVsbG8=\",\"MacAlgorithm\":\"HMAC_SHA_256\""},
		{"HMAC_384", MAC, NULL, 48, "GenerateMac", "\"Message\":\"aGVsbG8=\",\"MacAlgorithm\":\"HMAC_SHA_384\""},
		{"HMAC_512", MAC, NULL, 64, "GenerateMac", "\"Message\":\"aGVsbG8=\",\"MacAlgorithm\":\"HMAC_SHA_512\""},
		{"RSA_2048", ENCRYPT, "RSA:2048", 0, "Encrypt",
		 "\"Plaintext\":\"aGVsbG8=\",\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\""},
		{"RSA_2048", SIGN, "RSA:2048", 0, "Sign",
		 "\"Message\":\"aGVsbG8=\",\"SigningAlgorithm\":\"RSASSA_PSS_SHA_384\""},
		{"ECC_NIST_P256", SIGN, "P-256", 0, "Sign", "\"Message\":\"aGVsbG8=\",\"SigningAlgorithm\":\"ECDSA_SHA_256\""},
		{"ECC_NIST_P384", SIGN, "P-384", 0, "Sign", "\"Message\":\"aGVsbG8=\",\"SigningAlgorithm\":\"ECDSA_SHA_384\""},
		{"ECC_NIST_P521", SIGN, "P-521", 0, "Sign", "\"Message\":\"aGVsbG8=\",\"SigningAlgorithm\":\"ECDSA_SHA_512\""},
		{"ECC_SECG_P256K1", SIGN, "secp256k1", 0, "Sign",
		 "\"Message\":\"aGVsbG8=\",\"SigningAlgorithm\":\"ECDSA_SHA_256\""},
	};
	static const char *const algorithms[] = {OAEP, "RSAES_OAEP_SHA_1", BOTH, "RSA_AES_KEY_WRAP_SHA_1"};
	struct fixture f;
	size_t imported = 0, refused = 0;

	fixture_open(&f, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char plain[4096];
		size_t len = rows[i].len;
		char id[37];

		memcpy(plain, first, sizeof(first));
		if (rows[i].kind)
			len = fixture_private(rows[i].kind, plain);
		fixture_create(&f, rows[i].spec, rows[i].usage, "", id);
		cr_assert_str_eq(state_of(&f, id), "PendingImport");
		for (size_t a = 0; a < 4; a++) {
			bool two = a >= 2;

			if ((two && !rows[i].kind) || (!two && strcmp(rows[i].spec, "RSA_2048") == 0) ||
			    (!two && strcmp(rows[i].spec, "ECC_NIST_P521") == 0)) {
				cr_assert_str_eq(fixture_call(&f, "GetParametersForImport", "{\"KeyId\":\"%s\",\"WrappingAlgorithm\":"
							      "\"%s\",\"WrappingKeySpec\":\"RSA_2048\"}", id, algorithms[a]),
						 "UnsupportedOperationException", "%s %s", rows[i].spec, algorithms[a]);
				refused++;
				continue;
			}
			cr_assert_str_eq(fixture_import(&f, id, algorithms[a], plain, len, ""), "", "%s %s: %s", rows[i].spec,
					 algorithms[a], f.r.message);
			imported++;
		}
		cr_assert_str_eq(state_of(&f, id), "Enabled");
		cr_assert_str_eq(fixture_call(&f, rows[i].op, "{\"KeyId\":\"%s\",%s}", id, rows[i].more), "", "%s %s: %s",
				 rows[i].spec, rows[i].op, f.r.message);
	}
	cr_assert_eq(imported, 28);
	cr_assert_eq(refused, 16);
	fixture_close(&f);
}

/* One call of the table below: $E enabled, $P pending import, $K made by KMS, $D disabled, $X to be deleted, $H HMAC, $S signing. */
struct refusal {
	const char *op, *body, *code, *message;
};

static const struct refusal refusals[] = {
	{"DescribeKey", "{}", "ValidationException", "Value null at 'keyId' failed to satisfy constraint: Member must not be null"},
	{"DescribeKey", "{\"KeyId\":\"\"}", "ValidationException", "length greater than or equal to 1"},
	{"DescribeKey", "{\"KeyId\":7}", "SerializationException", "KeyId"},
	/* what is no member is ignored, what is one has to be right all the same */
	{"DescribeKey", "{\"KeyId\":\"$E\",\"Extra\":1,\"keyId\":[]}", "", ""},
	{"DescribeKey", "{\"Extra\":1}", "ValidationException", "Member must not be null"},
	{"DescribeKey", "{\"Extra\":1,\"KeyId\":7}", "SerializationException", "KeyId"},
	{"CreateKey", "{\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"1\",\"Extra\":1}]}", "", ""},
	{"DescribeKey", "{\"KeyId\":\"$E\",\"KeyId\":\"$E\"}", "SerializationException", "duplicate"},
	{"DescribeKey", "[1]", "SerializationException", "object"},
	{"DescribeKey", "{\"KeyId\":", "SerializationException", ""},
	{"DescribeKey", "{\"KeyId\":\"x\"}", "NotFoundException", "Invalid keyId 'x'"},
	{"DescribeKey", "{\"KeyId\":\"12345678-1234-1234-1234-123456789012\"}", "NotFoundException",
	 "Key 'arn:aws:kms:us-east-1:000000000000:key/12345678-1234-1234-1234-123456789012' does not exist"},
	{"DescribeKey", "{\"KeyId\":\"alias/none\"}", "NotFoundException", "Alias arn:aws:kms:us-east-1:000000000000:alias/none"},
	{"DescribeKey", "{\"KeyId\":\"arn:aws:kms:us-west-2:000000000000:key/$E\"}", "NotFoundException", "Invalid arn us-west-2"},
	{"DescribeKey", "{\"KeyId\":\"arn:aws:kms\"}", "InvalidArnException", "arn:aws:kms"},
	{"DescribeKey", "{\"KeyId\":\"arn:aws:kms:us-east-1:111122223333:key/$E\"}", "AccessDeniedException", "another account"},
	{"CreateKey", "{\"KeySpec\":\"RSA_2048\"}", "ValidationException", "KeyUsage"},
	{"CreateKey", "{\"KeySpec\":\"HMAC_256\",\"KeyUsage\":\"SIGN_VERIFY\"}", "ValidationException", "not compatible"},
	{"CreateKey", "{\"KeySpec\":\"ECC_SECG_P256K1\",\"KeyUsage\":\"KEY_AGREEMENT\"}", "ValidationException", "not compatible"},
	{"CreateKey", "{\"KeySpec\":\"ML_DSA_44\",\"KeyUsage\":\"SIGN_VERIFY\"}", "UnsupportedOperationException", "ML_DSA_44"},
	{"CreateKey", "{\"KeySpec\":\"AES\"}", "ValidationException", "enum value set: [RSA_2048, RSA_3072"},
	{"CreateKey", "{\"KeySpec\":\"RSA_2048\",\"CustomerMasterKeySpec\":\"RSA_2048\"}", "ValidationException", "deprecated"},
	{"CreateKey", "{\"Policy\":\"{\"}", "MalformedPolicyDocumentException", ""},
	{"CreateKey", "{\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"1\"},{\"TagKey\":\"a\",\"TagValue\":\"2\"}]}", "TagException",
	 "Duplicate"},
	{"CreateKey", "{\"Tags\":[{\"TagKey\":\"aws:a\",\"TagValue\":\"1\"}]}", "TagException", ""},
	{"CreateKey", "{\"Tags\":[{\"TagKey\":\"a\"}]}", "SerializationException", "Tags"},
	{"CreateKey", "{\"Origin\":\"AWS_CLOUDHSM\"}", "ValidationException", "CustomKeyStoreId"},
	{"CreateKey", "{\"Origin\":\"AWS_CLOUDHSM\",\"CustomKeyStoreId\":\"cks-1\"}", "CustomKeyStoreNotFoundException", "cks-1"},
	{"ListKeys", "{\"Limit\":0}", "ValidationException", "value greater than or equal to 1"},
	{"ListKeys", "{\"Marker\":\"what\"}", "InvalidMarkerException", ""},
	{"ListKeys", "{\"Limit\":\"7\"}", "SerializationException", "Limit"},
	{"CreateAlias", "{\"AliasName\":\"name\",\"TargetKeyId\":\"$E\"}", "ValidationException", "alias/"},
	{"CreateAlias", "{\"AliasName\":\"alias/a:b\",\"TargetKeyId\":\"$E\"}", "InvalidAliasNameException", "a:b"},
	{"CreateAlias", "{\"AliasName\":\"alias/there\",\"TargetKeyId\":\"$P\"}", "AlreadyExistsException", "alias/there"},
	{"GetParametersForImport", "{\"KeyId\":\"alias/there\",\"WrappingAlgorithm\":\"" OAEP "\",\"WrappingKeySpec\":\"RSA_2048\"}",
	 "NotFoundException", "Invalid keyId 'alias/there'"},
	{"GetParametersForImport", "{\"KeyId\":\"$K\",\"WrappingAlgorithm\":\"" OAEP "\",\"WrappingKeySpec\":\"RSA_2048\"}",
	 "UnsupportedOperationException", " origin is AWS_KMS which is not valid for this operation."},
	{"GetParametersForImport", "{\"KeyId\":\"$X\",\"WrappingAlgorithm\":\"" OAEP "\",\"WrappingKeySpec\":\"RSA_2048\"}",
	 "KMSInvalidStateException", "pending deletion"},
	{"GetParametersForImport", "{\"KeyId\":\"$P\",\"WrappingAlgorithm\":\"RSAES_PKCS1_V1_5\",\"WrappingKeySpec\":\"RSA_2048\"}",
	 "UnsupportedOperationException", "RSAES_PKCS1_V1_5"},
	{"GetParametersForImport", "{\"KeyId\":\"$P\",\"WrappingAlgorithm\":\"SM2PKE\",\"WrappingKeySpec\":\"SM2\"}",
	 "UnsupportedOperationException", "not supported in this Region"},
	{"GetParametersForImport", "{\"KeyId\":\"$P\",\"WrappingAlgorithm\":\"" OAEP "\",\"WrappingKeySpec\":\"RSA_1024\"}",
	 "ValidationException", "enum value set: [RSA_2048, RSA_3072, RSA_4096, SM2]"},
	{"ImportKeyMaterial", "{\"KeyId\":\"$P\",\"ImportToken\":\"AAAA\",\"EncryptedKeyMaterial\":\"AAAA\"}", "ValidationException",
	 "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"},
	{"ImportKeyMaterial", "{\"KeyId\":\"$P\",\"ImportToken\":\"AAAA\",\"EncryptedKeyMaterial\":\"AAAA\"" FIXTURE_FOREVER "}",
	 "InvalidImportTokenException", ""},
	{"ImportKeyMaterial", "{\"KeyId\":\"$P\",\"ImportToken\":\"\",\"EncryptedKeyMaterial\":\"AA=A\"" FIXTURE_FOREVER "}",
	 "SerializationException", "EncryptedKeyMaterial"},
	{"ImportKeyMaterial", "{\"KeyId\":\"$P\",\"ImportToken\":\"\",\"EncryptedKeyMaterial\":\"AAAA\"" FIXTURE_FOREVER "}",
	 "ValidationException", "importToken"},
	{"ImportKeyMaterial", "{\"KeyId\":\"$H\",\"ImportToken\":\"AAAA\",\"EncryptedKeyMaterial\":\"AAAA\",\"ImportType\":"
	 "\"NEW_KEY_MATERIAL\"" FIXTURE_FOREVER "}", "UnsupportedOperationException", "symmetric encryption keys only"},
	{"ImportKeyMaterial", "{\"KeyId\":\"$P\",\"ImportToken\":\"AAAA\",\"EncryptedKeyMaterial\":\"AAAA\","
	 "\"KeyMaterialDescription\":\"a<b\"" FIXTURE_FOREVER "}", "ValidationException", "regular expression"},
	{"DeleteImportedKeyMaterial", "{\"KeyId\":\"$K\"}", "UnsupportedOperationException", "AWS_KMS"},
	{"ListKeyRotations", "{\"KeyId\":\"$H\"}", "UnsupportedOperationException", "symmetric"},
	{"GetPublicKey", "{\"KeyId\":\"$E\"}", "UnsupportedOperationException", "asymmetric"},
	{"GetPublicKey", "{\"KeyId\":\"$P\"}", "KMSInvalidStateException", " is pending import."},
	{"Encrypt", "{\"KeyId\":\"$P\",\"Plaintext\":\"AAAA\"}", "KMSInvalidStateException", " is pending import."},
	{"Encrypt", "{\"KeyId\":\"$D\",\"Plaintext\":\"AAAA\"}", "DisabledException", " is disabled."},
	{"Encrypt", "{\"KeyId\":\"$X\",\"Plaintext\":\"AAAA\"}", "KMSInvalidStateException", " is pending deletion."},
	{"Encrypt", "{\"KeyId\":\"$S\",\"Plaintext\":\"AAAA\"}", "InvalidKeyUsageException", "SIGN_VERIFY"},
	{"Encrypt", "{\"KeyId\":\"$E\",\"Plaintext\":\"AAAA\",\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_1\"}",
	 "InvalidKeyUsageException", "incompatible with key spec SYMMETRIC_DEFAULT"},
	{"Encrypt", "{\"KeyId\":\"$E\",\"Plaintext\":\"AAAA\",\"DryRun\":true}", "DryRunOperationException", ""},
	{"Decrypt", "{\"CiphertextBlob\":\"AAAA\"}", "InvalidCiphertextException", ""},
	{"Decrypt", "{\"KeyId\":\"$D\",\"CiphertextBlob\":\"$C\"}", "IncorrectKeyException", ""},
	{"Decrypt", "{\"CiphertextBlob\":\"$C\",\"EncryptionContext\":{\"a\":\"b\"}}", "InvalidCiphertextException", ""},
	{"Decrypt", "{\"CiphertextBlob\":\"$C\",\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_1\"}", "ValidationException", "KeyId"},
	{"GenerateMac", "{\"KeyId\":\"$H\",\"Message\":\"AAAA\",\"MacAlgorithm\":\"HMAC_SHA_512\"}", "InvalidKeyUsageException",
	 "incompatible"},
	{"GenerateMac", "{\"KeyId\":\"$E\",\"Message\":\"AAAA\",\"MacAlgorithm\":\"HMAC_SHA_256\"}", "InvalidKeyUsageException", ""},
	{"VerifyMac", "{\"KeyId\":\"$H\",\"Message\":\"AAAA\",\"Mac\":\"AAAA\",\"MacAlgorithm\":\"HMAC_SHA_256\"}",
	 "KMSInvalidMacException", ""},
	{"Sign", "{\"KeyId\":\"$S\",\"Message\":\"AAAA\",\"MessageType\":\"DIGEST\",\"SigningAlgorithm\":\"ECDSA_SHA_256\"}",
	 "ValidationException", "Digest is invalid length for algorithm ECDSA_SHA_256."},
	{"Sign", "{\"KeyId\":\"$S\",\"Message\":\"AAAA\",\"SigningAlgorithm\":\"RSASSA_PSS_SHA_256\"}", "InvalidKeyUsageException", ""},
	{"Verify", "{\"KeyId\":\"$S\",\"Message\":\"AAAA\",\"Signature\":\"AAAA\",\"SigningAlgorithm\":\"ECDSA_SHA_256\"}",
	 "KMSInvalidSignatureException", ""},
	{"EnableKey", "{\"KeyId\":\"$P\"}", "KMSInvalidStateException", "import"},
	{"CancelKeyDeletion", "{\"KeyId\":\"$E\"}", "KMSInvalidStateException", "not pending deletion"},
	{"ScheduleKeyDeletion", "{\"KeyId\":\"$P\",\"PendingWindowInDays\":5}", "ValidationException", "7"},
};

/* The keys of the table by their letters, and $C, a ciphertext of $E's. */
struct names {
	char E[37], P[37], K[37], D[37], X[37], H[37], S[37], C[512];
};

static void make_names(struct fixture *f, struct names *n)
{
	unsigned char ec[4096];
	size_t len = fixture_private("P-256", ec);

	fixture_create(f, "SYMMETRIC_DEFAULT", ENCRYPT, "", n->E);
	fixture_create(f, "SYMMETRIC_DEFAULT", ENCRYPT, "", n->P);
	fixture_create(f, "SYMMETRIC_DEFAULT", ENCRYPT, "", n->D);
	fixture_create(f, "SYMMETRIC_DEFAULT", ENCRYPT, "", n->X);
	fixture_create(f, "HMAC_256", MAC, "", n->H);
	fixture_create(f, "ECC_NIST_P256", SIGN, "", n->S);
	cr_assert_str_eq(fixture_call(f, "CreateKey", "{}"), "");
	(void)snprintf(n->K, sizeof(n->K), "%s", fixture_text(f, "KeyMetadata.KeyId"));
	cr_assert_str_eq(fixture_import(f, n->E, OAEP, first, 32, ""), "");
	cr_assert_str_eq(fixture_import(f, n->D, OAEP, first, 32, ""), "");
	cr_assert_str_eq(fixture_import(f, n->H, OAEP, first, 32, ""), "");
	cr_assert_str_eq(fixture_import(f, n->S, BOTH, ec, len, ""), "");
	cr_assert_str_eq(fixture_call(f, "DisableKey", "{\"KeyId\":\"%s\"}", n->D), "");
	cr_assert_str_eq(fixture_call(f, "ScheduleKeyDeletion", "{\"KeyId\":\"%s\"}", n->X), "");
	cr_assert_str_eq(fixture_call(f, "CreateAlias", "{\"AliasName\":\"alias/there\",\"TargetKeyId\":\"%s\"}", n->E), "");
	cr_assert_str_eq(fixture_call(f, "Encrypt", "{\"KeyId\":\"alias/there\",\"Plaintext\":\"aGVsbG8=\"}"), "");
	(void)snprintf(n->C, sizeof(n->C), "%s", fixture_text(f, "CiphertextBlob"));
}

static void expand(const char *body, const struct names *n, char *out, size_t size)
{
	const char *const values[] = {n->E, n->P, n->K, n->D, n->X, n->H, n->S, n->C};
	static const char letters[] = "EPKDXHSC";
	size_t at = 0;

	for (; *body; body++) {
		const char *letter = *body == '$' ? strchr(letters, body[1]) : NULL;

		if (letter)
			at += (size_t)snprintf(out + at, size - at, "%s", values[letter - letters]);
		else
			out[at++] = *body;
		body += letter != NULL;
	}
	out[at] = '\0';
}

Test(sim, refuses_with_the_codes_of_kms)
{
	struct fixture f;
	struct names n;

	fixture_open(&f, NULL);
	make_names(&f, &n);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *row = &refusals[i];
		char body[4096];

		expand(row->body, &n, body, sizeof(body));
		cr_assert_str_eq(fixture_call(&f, row->op, "%s", body), row->code, "%s %s: %s %s", row->op, body, f.r.code,
				 f.r.message);
		cr_assert_not_null(strstr(f.r.message, row->message), "%s %s: '%s'", row->op, body, f.r.message);
		if (!*row->code)
			continue;
		cr_assert_not_null(errname_find(row->code), "%s", row->code);
		cr_assert_eq(f.r.http, errname_find(row->code)->http);
	}
	f.sim.keys_max = keystore_count(f.sim.keys);
	cr_assert_str_eq(fixture_call(&f, "CreateKey", "{}"), "LimitExceededException");
	fixture_close(&f);
}
