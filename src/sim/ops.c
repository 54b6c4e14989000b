/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ops.h"

#include "aws/limits.h"

/* The members of each operation and their limits, from AWS's published API model. */

#define KEY_ID {.name = "KeyId", .kind = MEMBER_TEXT, .required = true, .min = 1, .max = 2048}
#define GRANT_TOKENS {.name = "GrantTokens", .kind = MEMBER_TEXTS, .min = 0, .max = 10}
#define DRY_RUN {.name = "DryRun", .kind = MEMBER_BOOL}
#define LIMIT {.name = "Limit", .kind = MEMBER_NUMBER, .min = 1, .max = 1000}
#define MARKER {.name = "Marker", .kind = MEMBER_TEXT, .min = 1, .max = 1024}
#define BLOB(text, needed, most) {.name = (text), .kind = MEMBER_BLOB, .required = (needed), .min = 1, .max = (most)}
#define CHOICE(text, needed, table) {.name = (text), .kind = MEMBER_TEXT, .required = (needed), .values = (table)}
#define MATERIAL_ID {.name = "KeyMaterialId", .kind = MEMBER_TEXT, .min = 64, .max = 64, \
		     .pattern = "^[a-f0-9]+$", .regex = "^[a-f0-9]+$"}

static const char *const key_usages[] = {"SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", NULL};
static const char *const key_specs[] = {
	"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
	"SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87",
	"ECC_NIST_EDWARDS25519", NULL};
static const char *const origins[] = {"AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE", NULL};
static const char *const wrapping_algorithms[] = {"RSAES_PKCS1_V1_5", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256",
						  "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256", "SM2PKE", NULL};
static const char *const wrapping_key_specs[] = {"RSA_2048", "RSA_3072", "RSA_4096", "SM2", NULL};
static const char *const expiration_models[] = {"KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE", NULL};
static const char *const import_types[] = {"NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL", NULL};
static const char *const include_materials[] = {"ALL_KEY_MATERIAL", "ROTATIONS_ONLY", NULL};
static const char *const encryption_algorithms[] = {"SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256",
						    "SM2PKE", NULL};
static const char *const mac_algorithms[] = {"HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512", NULL};
static const char *const signing_algorithms[] = {
	"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512", "RSASSA_PKCS1_V1_5_SHA_256",
	"RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512", "ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512",
	"SM2DSA", "ML_DSA_SHAKE_256", "ED25519_SHA_512", "ED25519_PH_SHA_512", NULL};
static const char *const message_types[] = {"RAW", "DIGEST", "EXTERNAL_MU", NULL};

static const struct member create_key[] = {
	{.name = "Policy", .kind = MEMBER_TEXT, .min = 1, .max = KMS_POLICY_MAX},
	{.name = "Description", .kind = MEMBER_TEXT, .min = 0, .max = KMS_DESCRIPTION_MAX},
	CHOICE("KeyUsage", false, key_usages),
	CHOICE("CustomerMasterKeySpec", false, key_specs),
	CHOICE("KeySpec", false, key_specs),
	CHOICE("Origin", false, origins),
	{.name = "CustomKeyStoreId", .kind = MEMBER_TEXT, .min = 1, .max = 64},
	{.name = "BypassPolicyLockoutSafetyCheck", .kind = MEMBER_BOOL},
	{.name = "Tags", .kind = MEMBER_TAGS},
	{.name = "MultiRegion", .kind = MEMBER_BOOL},
	{.name = "XksKeyId", .kind = MEMBER_TEXT, .min = 1, .max = 128},
};
static const struct member describe_key[] = {KEY_ID, GRANT_TOKENS};
static const struct member only_key_id[] = {KEY_ID};
static const struct member list_keys[] = {LIMIT, MARKER};
static const struct member schedule_key_deletion[] = {
	KEY_ID, {.name = "PendingWindowInDays", .kind = MEMBER_NUMBER, .min = 1, .max = 365}};
static const struct member create_alias[] = {
	{.name = "AliasName", .kind = MEMBER_TEXT, .required = true, .min = 1, .max = 256,
	 .pattern = "^[a-zA-Z0-9:/_-]+$", .regex = "^[a-zA-Z0-9:/_-]+$"},
	{.name = "TargetKeyId", .kind = MEMBER_TEXT, .required = true, .min = 1, .max = 2048},
};
static const struct member delete_alias[] = {
	{.name = "AliasName", .kind = MEMBER_TEXT, .required = true, .min = 1, .max = 256,
	 .pattern = "^[a-zA-Z0-9:/_-]+$", .regex = "^[a-zA-Z0-9:/_-]+$"},
};
static const struct member list_aliases[] = {
	{.name = "KeyId", .kind = MEMBER_TEXT, .min = 1, .max = 2048}, LIMIT, MARKER};
static const struct member get_parameters[] = {
	KEY_ID,
	CHOICE("WrappingAlgorithm", true, wrapping_algorithms),
	CHOICE("WrappingKeySpec", true, wrapping_key_specs),
};
static const struct member import_material[] = {
	KEY_ID,
	BLOB("ImportToken", true, KMS_IMPORT_TOKEN_MAX),
	BLOB("EncryptedKeyMaterial", true, KMS_ENCRYPTED_KEY_MATERIAL_MAX),
	{.name = "ValidTo", .kind = MEMBER_TIME},
	CHOICE("ExpirationModel", false, expiration_models),
	CHOICE("ImportType", false, import_types),
	{.name = "KeyMaterialDescription", .kind = MEMBER_TEXT, .min = 0, .max = KMS_KEY_MATERIAL_DESCRIPTION_MAX,
	 .pattern = "^[a-zA-Z0-9:/_\\s.-]+$", .regex = "^[a-zA-Z0-9:/_[:space:].-]+$"},
	MATERIAL_ID,
};
static const struct member delete_material[] = {KEY_ID, MATERIAL_ID};
static const struct member list_rotations[] = {
	KEY_ID, CHOICE("IncludeKeyMaterial", false, include_materials), LIMIT, MARKER};
static const struct member replicate_key[] = {
	KEY_ID,
	{.name = "ReplicaRegion", .kind = MEMBER_TEXT, .required = true, .min = 1, .max = 32,
	 .pattern = "^([a-z]+-){2,3}\\d+$", .regex = "^([a-z]+-){2,3}[0-9]+$"},
	{.name = "Policy", .kind = MEMBER_TEXT, .min = 1, .max = KMS_POLICY_MAX},
	{.name = "BypassPolicyLockoutSafetyCheck", .kind = MEMBER_BOOL},
	{.name = "Description", .kind = MEMBER_TEXT, .min = 0, .max = KMS_DESCRIPTION_MAX},
	{.name = "Tags", .kind = MEMBER_TAGS},
};
static const struct member tag_resource[] = {KEY_ID, {.name = "Tags", .kind = MEMBER_TAGS, .required = true}};
static const struct member untag_resource[] = {KEY_ID, {.name = "TagKeys", .kind = MEMBER_TEXTS, .required = true}};
static const struct member list_tags[] = {KEY_ID, LIMIT, MARKER};
static const struct member encrypt[] = {
	KEY_ID, BLOB("Plaintext", true, 4096), {.name = "EncryptionContext", .kind = MEMBER_CONTEXT}, GRANT_TOKENS,
	CHOICE("EncryptionAlgorithm", false, encryption_algorithms), DRY_RUN};
static const struct member decrypt[] = {
	BLOB("CiphertextBlob", true, 6144), {.name = "EncryptionContext", .kind = MEMBER_CONTEXT}, GRANT_TOKENS,
	{.name = "KeyId", .kind = MEMBER_TEXT, .min = 1, .max = 2048},
	CHOICE("EncryptionAlgorithm", false, encryption_algorithms), {.name = "Recipient", .kind = MEMBER_OBJECT}, DRY_RUN,
	{.name = "DryRunModifiers", .kind = MEMBER_TEXTS}};
static const struct member generate_mac[] = {
	BLOB("Message", true, 4096), KEY_ID, CHOICE("MacAlgorithm", true, mac_algorithms), GRANT_TOKENS, DRY_RUN};
static const struct member verify_mac[] = {
	BLOB("Message", true, 4096), KEY_ID, CHOICE("MacAlgorithm", true, mac_algorithms), BLOB("Mac", true, 6144),
	GRANT_TOKENS, DRY_RUN};
static const struct member sign[] = {
	KEY_ID, BLOB("Message", true, 4096), CHOICE("MessageType", false, message_types), GRANT_TOKENS,
	CHOICE("SigningAlgorithm", true, signing_algorithms), DRY_RUN};
static const struct member verify[] = {
	KEY_ID, BLOB("Message", true, 4096), CHOICE("MessageType", false, message_types), BLOB("Signature", true, 6144),
	CHOICE("SigningAlgorithm", true, signing_algorithms), GRANT_TOKENS, DRY_RUN};

static const struct op ops[] = {
	{"CreateKey", op_create_key, OP_MEMBERS(create_key), true},
	{"DescribeKey", op_describe_key, OP_MEMBERS(describe_key), false},
	{"ListKeys", op_list_keys, OP_MEMBERS(list_keys), false},
	{"DisableKey", op_disable_key, OP_MEMBERS(only_key_id), false},
	{"EnableKey", op_enable_key, OP_MEMBERS(only_key_id), false},
	{"ScheduleKeyDeletion", op_schedule_key_deletion, OP_MEMBERS(schedule_key_deletion), false},
	{"CancelKeyDeletion", op_cancel_key_deletion, OP_MEMBERS(only_key_id), false},
	{"CreateAlias", op_create_alias, OP_MEMBERS(create_alias), false},
	{"UpdateAlias", op_update_alias, OP_MEMBERS(create_alias), false},
	{"DeleteAlias", op_delete_alias, OP_MEMBERS(delete_alias), false},
	{"ListAliases", op_list_aliases, OP_MEMBERS(list_aliases), false},
	{"GetParametersForImport", op_get_parameters_for_import, OP_MEMBERS(get_parameters), true},
	{"ImportKeyMaterial", op_import_key_material, OP_MEMBERS(import_material), false},
	{"DeleteImportedKeyMaterial", op_delete_imported_key_material, OP_MEMBERS(delete_material), false},
	{"ListKeyRotations", op_list_key_rotations, OP_MEMBERS(list_rotations), false},
	{"RotateKeyOnDemand", op_rotate_key_on_demand, OP_MEMBERS(only_key_id), false},
	{"GetKeyRotationStatus", op_get_key_rotation_status, OP_MEMBERS(only_key_id), false},
	{"ReplicateKey", op_replicate_key, OP_MEMBERS(replicate_key), false},
	{"TagResource", op_tag_resource, OP_MEMBERS(tag_resource), false},
	{"UntagResource", op_untag_resource, OP_MEMBERS(untag_resource), false},
	{"ListResourceTags", op_list_resource_tags, OP_MEMBERS(list_tags), false},
	{"GetPublicKey", op_get_public_key, OP_MEMBERS(describe_key), false},
	{"Encrypt", op_encrypt, OP_MEMBERS(encrypt), false},
	{"Decrypt", op_decrypt, OP_MEMBERS(decrypt), false},
	{"GenerateMac", op_generate_mac, OP_MEMBERS(generate_mac), false},
	{"VerifyMac", op_verify_mac, OP_MEMBERS(verify_mac), false},
	{"Sign", op_sign, OP_MEMBERS(sign), false},
	{"Verify", op_verify, OP_MEMBERS(verify), false},
};

const struct op *api_ops(size_t *n)
{
	*n = sizeof(ops) / sizeof(ops[0]);
	return ops;
}
