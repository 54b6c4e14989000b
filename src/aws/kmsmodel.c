/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "kmsmodel.h"

#include <string.h>

/* AWS's published model of KMS as of 2026-08, as far as the verbs need it; tests/unit/test_kmsmodel.c compares it. */

#define NONE KMSMODEL_NONE
#define SHAPE(n, ...) static const struct kmsmodel_shape shape_##n = {.name = #n, __VA_ARGS__};
#define PLAIN(n, k, lo, hi) SHAPE(n, .kind = KMSMODEL_##k, .min = (lo), .max = (hi))
#define TEXT(n, lo, hi, p) SHAPE(n, .kind = KMSMODEL_STRING, .min = (lo), .max = (hi), .pattern = (p))
#define VALUED(n) SHAPE(n, .kind = KMSMODEL_STRING, .min = NONE, .max = NONE, .values = kmsmodel_##n)
#define CHOICE(n, ...) const char *const kmsmodel_##n[] = {__VA_ARGS__, NULL}; VALUED(n)
#define ENUM(n, ...) static const char *const kmsmodel_##n[] = {__VA_ARGS__, NULL}; VALUED(n)
#define LIST(n, e, lo, hi) SHAPE(n, .kind = KMSMODEL_LIST, .min = (lo), .max = (hi), .element = &shape_##e)
#define HAS(n, s) {#n, &shape_##s, false}
#define NEEDS(n, s) {#n, &shape_##s, true}
#define STRUCTURE(n, ...)                                                                                              \
	static const struct kmsmodel_member members_##n[] = {__VA_ARGS__, {NULL, NULL, false}};                        \
	SHAPE(n, .kind = KMSMODEL_STRUCTURE, .min = NONE, .max = NONE, .members = members_##n)

TEXT(KeyIdType, 1, 2048, NULL)
CHOICE(AlgorithmSpec,
     "RSAES_PKCS1_V1_5", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1",
     "RSA_AES_KEY_WRAP_SHA_256", "SM2PKE")
CHOICE(WrappingKeySpec, "RSA_2048", "RSA_3072", "RSA_4096", "SM2")
STRUCTURE(GetParametersForImportRequest,
	  NEEDS(KeyId, KeyIdType), NEEDS(WrappingAlgorithm, AlgorithmSpec), NEEDS(WrappingKeySpec, WrappingKeySpec))
PLAIN(CiphertextType, BLOB, 1, 6144)
PLAIN(PlaintextType, BLOB, 1, 4096)
PLAIN(DateType, TIMESTAMP, NONE, NONE)
STRUCTURE(GetParametersForImportResponse,
	  HAS(KeyId, KeyIdType), HAS(ImportToken, CiphertextType), HAS(PublicKey, PlaintextType),
	  HAS(ParametersValidTo, DateType))
CHOICE(ExpirationModelType, "KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE")
CHOICE(ImportType, "NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL")
TEXT(KeyMaterialDescriptionType, 0, 256, "^[a-zA-Z0-9:/_\\s.-]+$")
TEXT(BackingKeyIdType, 64, 64, "^[a-f0-9]+$")
STRUCTURE(ImportKeyMaterialRequest,
	  NEEDS(KeyId, KeyIdType), NEEDS(ImportToken, CiphertextType), NEEDS(EncryptedKeyMaterial, CiphertextType),
	  HAS(ValidTo, DateType), HAS(ExpirationModel, ExpirationModelType), HAS(ImportType, ImportType),
	  HAS(KeyMaterialDescription, KeyMaterialDescriptionType), HAS(KeyMaterialId, BackingKeyIdType))
STRUCTURE(ImportKeyMaterialResponse,
	  HAS(KeyId, KeyIdType), HAS(KeyMaterialId, BackingKeyIdType))
STRUCTURE(DeleteImportedKeyMaterialRequest,
	  NEEDS(KeyId, KeyIdType), HAS(KeyMaterialId, BackingKeyIdType))
TEXT(BackingKeyIdResponseType, 0, 64, "^[a-f0-9]+$")
STRUCTURE(DeleteImportedKeyMaterialResponse,
	  HAS(KeyId, KeyIdType), HAS(KeyMaterialId, BackingKeyIdResponseType))
TEXT(GrantTokenType, 1, 8192, NULL)
LIST(GrantTokenList, GrantTokenType, 0, 10)
STRUCTURE(DescribeKeyRequest,
	  NEEDS(KeyId, KeyIdType), HAS(GrantTokens, GrantTokenList))
TEXT(AWSAccountIdType, NONE, NONE, NULL)
TEXT(ArnType, 20, 2048, NULL)
PLAIN(BooleanType, BOOLEAN, NONE, NONE)
TEXT(DescriptionType, 0, 8192, NULL)
CHOICE(KeyUsageType, "SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT")
ENUM(KeyState,
     "Creating", "Enabled", "Disabled", "PendingDeletion", "PendingImport", "PendingReplicaDeletion",
     "Unavailable", "Updating")
CHOICE(OriginType, "AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE")
TEXT(CustomKeyStoreIdType, 1, 64, NULL)
TEXT(CloudHsmClusterIdType, 19, 24, "cluster-[2-7a-zA-Z]{11,16}")
ENUM(KeyManagerType, "AWS", "CUSTOMER")
CHOICE(CustomerMasterKeySpec,
     "RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
     "SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2")
CHOICE(KeySpec,
     "RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
     "SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2", "ML_DSA_44", "ML_DSA_65",
     "ML_DSA_87", "ECC_NIST_EDWARDS25519")
ENUM(EncryptionAlgorithmSpec, "SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE")
LIST(EncryptionAlgorithmSpecList, EncryptionAlgorithmSpec, NONE, NONE)
ENUM(SigningAlgorithmSpec,
     "RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512", "RSASSA_PKCS1_V1_5_SHA_256",
     "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512", "ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512",
     "SM2DSA", "ML_DSA_SHAKE_256", "ED25519_SHA_512", "ED25519_PH_SHA_512")
LIST(SigningAlgorithmSpecList, SigningAlgorithmSpec, NONE, NONE)
ENUM(KeyAgreementAlgorithmSpec, "ECDH")
LIST(KeyAgreementAlgorithmSpecList, KeyAgreementAlgorithmSpec, NONE, NONE)
PLAIN(NullableBooleanType, BOOLEAN, NONE, NONE)
ENUM(MultiRegionKeyType, "PRIMARY", "REPLICA")
TEXT(RegionType, 1, 32, "^([a-z]+-){2,3}\\d+$")
STRUCTURE(MultiRegionKey,
	  HAS(Arn, ArnType), HAS(Region, RegionType))
LIST(MultiRegionKeyList, MultiRegionKey, NONE, NONE)
STRUCTURE(MultiRegionConfiguration,
	  HAS(MultiRegionKeyType, MultiRegionKeyType), HAS(PrimaryKey, MultiRegionKey),
	  HAS(ReplicaKeys, MultiRegionKeyList))
PLAIN(PendingWindowInDaysType, INTEGER, 1, 365)
ENUM(MacAlgorithmSpec, "HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512")
LIST(MacAlgorithmSpecList, MacAlgorithmSpec, NONE, NONE)
TEXT(XksKeyIdType, 1, 128, "^[a-zA-Z0-9-_.]+$")
STRUCTURE(XksKeyConfigurationType,
	  HAS(Id, XksKeyIdType))
STRUCTURE(KeyMetadata,
	  HAS(AWSAccountId, AWSAccountIdType), NEEDS(KeyId, KeyIdType), HAS(Arn, ArnType),
	  HAS(CreationDate, DateType), HAS(Enabled, BooleanType), HAS(Description, DescriptionType),
	  HAS(KeyUsage, KeyUsageType), HAS(KeyState, KeyState), HAS(DeletionDate, DateType),
	  HAS(ValidTo, DateType), HAS(Origin, OriginType), HAS(CustomKeyStoreId, CustomKeyStoreIdType),
	  HAS(CloudHsmClusterId, CloudHsmClusterIdType), HAS(ExpirationModel, ExpirationModelType),
	  HAS(KeyManager, KeyManagerType), HAS(CustomerMasterKeySpec, CustomerMasterKeySpec),
	  HAS(KeySpec, KeySpec), HAS(EncryptionAlgorithms, EncryptionAlgorithmSpecList),
	  HAS(SigningAlgorithms, SigningAlgorithmSpecList),
	  HAS(KeyAgreementAlgorithms, KeyAgreementAlgorithmSpecList), HAS(MultiRegion, NullableBooleanType),
	  HAS(MultiRegionConfiguration, MultiRegionConfiguration),
	  HAS(PendingDeletionWindowInDays, PendingWindowInDaysType), HAS(MacAlgorithms, MacAlgorithmSpecList),
	  HAS(XksKeyConfiguration, XksKeyConfigurationType), HAS(CurrentKeyMaterialId, BackingKeyIdType))
STRUCTURE(DescribeKeyResponse,
	  HAS(KeyMetadata, KeyMetadata))
TEXT(PolicyType, 1, 131072, "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+")
TEXT(TagKeyType, 1, 128, NULL)
TEXT(TagValueType, 0, 256, NULL)
STRUCTURE(Tag,
	  NEEDS(TagKey, TagKeyType), NEEDS(TagValue, TagValueType))
LIST(TagList, Tag, NONE, NONE)
STRUCTURE(CreateKeyRequest,
	  HAS(Policy, PolicyType), HAS(Description, DescriptionType), HAS(KeyUsage, KeyUsageType),
	  HAS(CustomerMasterKeySpec, CustomerMasterKeySpec), HAS(KeySpec, KeySpec), HAS(Origin, OriginType),
	  HAS(CustomKeyStoreId, CustomKeyStoreIdType), HAS(BypassPolicyLockoutSafetyCheck, BooleanType),
	  HAS(Tags, TagList), HAS(MultiRegion, NullableBooleanType), HAS(XksKeyId, XksKeyIdType))
STRUCTURE(CreateKeyResponse,
	  HAS(KeyMetadata, KeyMetadata))
STRUCTURE(GetPublicKeyRequest,
	  NEEDS(KeyId, KeyIdType), HAS(GrantTokens, GrantTokenList))
PLAIN(PublicKeyType, BLOB, 1, 8192)
STRUCTURE(GetPublicKeyResponse,
	  HAS(KeyId, KeyIdType), HAS(PublicKey, PublicKeyType), HAS(CustomerMasterKeySpec, CustomerMasterKeySpec),
	  HAS(KeySpec, KeySpec), HAS(KeyUsage, KeyUsageType),
	  HAS(EncryptionAlgorithms, EncryptionAlgorithmSpecList), HAS(SigningAlgorithms, SigningAlgorithmSpecList),
	  HAS(KeyAgreementAlgorithms, KeyAgreementAlgorithmSpecList))
CHOICE(IncludeKeyMaterial, "ALL_KEY_MATERIAL", "ROTATIONS_ONLY")
PLAIN(LimitType, INTEGER, 1, 1000)
TEXT(MarkerType, 1, 1024, "[\\u0020-\\u00FF]*")
STRUCTURE(ListKeyRotationsRequest,
	  NEEDS(KeyId, KeyIdType), HAS(IncludeKeyMaterial, IncludeKeyMaterial), HAS(Limit, LimitType),
	  HAS(Marker, MarkerType))
ENUM(ImportState, "IMPORTED", "PENDING_IMPORT")
ENUM(KeyMaterialState, "NON_CURRENT", "CURRENT", "PENDING_ROTATION", "PENDING_MULTI_REGION_IMPORT_AND_ROTATION")
ENUM(RotationType, "AUTOMATIC", "ON_DEMAND")
STRUCTURE(RotationsListEntry,
	  HAS(KeyId, KeyIdType), HAS(KeyMaterialId, BackingKeyIdType),
	  HAS(KeyMaterialDescription, KeyMaterialDescriptionType), HAS(ImportState, ImportState),
	  HAS(KeyMaterialState, KeyMaterialState), HAS(ExpirationModel, ExpirationModelType),
	  HAS(ValidTo, DateType), HAS(RotationDate, DateType), HAS(RotationType, RotationType))
LIST(RotationsList, RotationsListEntry, NONE, NONE)
STRUCTURE(ListKeyRotationsResponse,
	  HAS(Rotations, RotationsList), HAS(NextMarker, MarkerType), HAS(Truncated, BooleanType))
STRUCTURE(GetKeyRotationStatusRequest,
	  NEEDS(KeyId, KeyIdType))
PLAIN(RotationPeriodInDaysType, INTEGER, 90, 2560)
STRUCTURE(GetKeyRotationStatusResponse,
	  HAS(KeyRotationEnabled, BooleanType), HAS(KeyId, KeyIdType),
	  HAS(RotationPeriodInDays, RotationPeriodInDaysType), HAS(NextRotationDate, DateType),
	  HAS(OnDemandRotationStartDate, DateType))
STRUCTURE(RotateKeyOnDemandRequest,
	  NEEDS(KeyId, KeyIdType))
STRUCTURE(RotateKeyOnDemandResponse,
	  HAS(KeyId, KeyIdType))
STRUCTURE(ReplicateKeyRequest,
	  NEEDS(KeyId, KeyIdType), NEEDS(ReplicaRegion, RegionType), HAS(Policy, PolicyType),
	  HAS(BypassPolicyLockoutSafetyCheck, BooleanType), HAS(Description, DescriptionType), HAS(Tags, TagList))
STRUCTURE(ReplicateKeyResponse,
	  HAS(ReplicaKeyMetadata, KeyMetadata), HAS(ReplicaPolicy, PolicyType), HAS(ReplicaTags, TagList))

#define OPERATION(n, member) {#n, &shape_##n##Request, &shape_##n##Response, (member)}
static const struct kmsmodel_operation operations[] = {
	OPERATION(CreateKey, "KeyMetadata"), OPERATION(DeleteImportedKeyMaterial, NULL), OPERATION(DescribeKey, "KeyMetadata"),
	OPERATION(GetKeyRotationStatus, "KeyRotationEnabled"), OPERATION(GetParametersForImport, "ImportToken"),
	OPERATION(GetPublicKey, "PublicKey"), OPERATION(ImportKeyMaterial, NULL), OPERATION(ListKeyRotations, "Rotations"),
	OPERATION(ReplicateKey, "ReplicaKeyMetadata"), OPERATION(RotateKeyOnDemand, "KeyId"),
};

const struct kmsmodel_operation *kmsmodel_operation(size_t i)
{
	return i < sizeof(operations) / sizeof(operations[0]) ? &operations[i] : NULL;
}

const struct kmsmodel_operation *kmsmodel_find(const char *name)
{
	for (size_t i = 0; kmsmodel_operation(i); i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

const struct kmsmodel_member *kmsmodel_member(const struct kmsmodel_shape *structure, const char *name)
{
	for (const struct kmsmodel_member *m = structure->members; m->name; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

void kmsmodel_option(const char *member, char out[KMSMODEL_OPTION_MAX])
{
	size_t n = 0;

	for (const char *at = member; *at && n + 2 < KMSMODEL_OPTION_MAX; at++) {
		bool capital = *at >= 'A' && *at <= 'Z';

		if (capital && at > member)
			out[n++] = '-';
		out[n++] = (char)(capital ? *at - 'A' + 'a' : *at);
	}
	out[n] = '\0';
}
