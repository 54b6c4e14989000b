/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "keymeta.h"

#include "related.h"

#include <string.h>

static const char *const state_names[] = {
	[KEY_ENABLED] = "Enabled",
	[KEY_DISABLED] = "Disabled",
	[KEY_PENDING_IMPORT] = "PendingImport",
	[KEY_PENDING_DELETION] = "PendingDeletion",
	[KEY_CREATING] = "Creating",
};
_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == KEY_STATES, "a name for each state");

static const char *const symmetric[] = {"SYMMETRIC_DEFAULT", NULL};
static const char *const oaep[] = {"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", NULL};
static const char *const rsassa[] = {"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384",
				     "RSASSA_PKCS1_V1_5_SHA_512", "RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384",
				     "RSASSA_PSS_SHA_512", NULL};
static const char *const ecdsa_256[] = {"ECDSA_SHA_256", NULL};
static const char *const ecdsa_384[] = {"ECDSA_SHA_384", NULL};
static const char *const ecdsa_512[] = {"ECDSA_SHA_512", NULL};
static const char *const hmac_224[] = {"HMAC_SHA_224", NULL};
static const char *const hmac_256[] = {"HMAC_SHA_256", NULL};
static const char *const hmac_384[] = {"HMAC_SHA_384", NULL};
static const char *const hmac_512[] = {"HMAC_SHA_512", NULL};
static const char *const ecdh[] = {"ECDH", NULL};

const char *const *keymeta_encryption(enum keyspec spec, const char *usage)
{
	if (strcmp(usage, "ENCRYPT_DECRYPT") != 0)
		return NULL;
	return spec == KEYSPEC_SYMMETRIC_DEFAULT ? symmetric : oaep;
}

const char *const *keymeta_signing(enum keyspec spec, const char *usage)
{
	if (strcmp(usage, "SIGN_VERIFY") != 0)
		return NULL;
	switch (spec) {
	case KEYSPEC_ECC_NIST_P256:
	case KEYSPEC_ECC_SECG_P256K1:
		return ecdsa_256;
	case KEYSPEC_ECC_NIST_P384:
		return ecdsa_384;
	case KEYSPEC_ECC_NIST_P521:
		return ecdsa_512;
	default:
		return rsassa;
	}
}

const char *const *keymeta_mac(enum keyspec spec)
{
	switch (spec) {
	case KEYSPEC_HMAC_224:
		return hmac_224;
	case KEYSPEC_HMAC_256:
		return hmac_256;
	case KEYSPEC_HMAC_384:
		return hmac_384;
	case KEYSPEC_HMAC_512:
		return hmac_512;
	default:
		return NULL;
	}
}

const char *const *keymeta_agreement(enum keyspec spec, const char *usage)
{
	return keyspec_info(spec)->kind == KEYSPEC_EC && strcmp(usage, "KEY_AGREEMENT") == 0 ? ecdh : NULL;
}

bool keymeta_has(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

const char *keymeta_usage(enum keyspec spec, const char *usage)
{
	static const char *const any_rsa[] = {"ENCRYPT_DECRYPT", "SIGN_VERIFY", NULL};
	static const char *const any_nist[] = {"SIGN_VERIFY", "KEY_AGREEMENT", NULL};
	static const char *const only_sign[] = {"SIGN_VERIFY", NULL};
	static const char *const only_mac[] = {"GENERATE_VERIFY_MAC", NULL};
	static const char *const only_encrypt[] = {"ENCRYPT_DECRYPT", NULL};
	static const char *const *const lists[] = {[KEYSPEC_AES] = only_encrypt, [KEYSPEC_HMAC] = only_mac,
						   [KEYSPEC_RSA] = any_rsa, [KEYSPEC_EC] = any_nist};
	const char *const *list = spec == KEYSPEC_ECC_SECG_P256K1 ? only_sign : lists[keyspec_info(spec)->kind];

	if (!usage) /* ENCRYPT_DECRYPT is the default, and good for symmetric keys only */
		return spec == KEYSPEC_SYMMETRIC_DEFAULT ? only_encrypt[0] : NULL;
	return keymeta_has(list, usage) ? usage : NULL;
}

static int add_list(json_t *out, const char *name, const char *const *list)
{
	json_t *array;

	if (!list)
		return 0;
	array = json_array();
	for (; array && *list; list++)
		if (json_array_append_new(array, json_string(*list)))
			break;
	return json_object_set_new(out, name, array);
}

int keymeta_add_algorithms(json_t *out, const struct simkey *key)
{
	if (add_list(out, "EncryptionAlgorithms", keymeta_encryption(key->spec, key->usage)) ||
	    add_list(out, "SigningAlgorithms", keymeta_signing(key->spec, key->usage)))
		return -1;
	return add_list(out, "KeyAgreementAlgorithms", keymeta_agreement(key->spec, key->usage));
}

/* ExpirationModel, and the earliest ValidTo of what is bound to the key for good. */
static int add_expiry(json_t *out, const struct simkey *key)
{
	int64_t earliest = 0;
	bool any = false;

	for (size_t i = 0; i < key->n_materials; i++) {
		const struct material *m = &key->materials[i];

		if (m->state == MATERIAL_PENDING_ROTATION || !simkey_sees(key, m))
			continue;
		any = true;
		if (m->expires && (!earliest || m->valid_to < earliest))
			earliest = m->valid_to;
	}
	if (!key->external || !any)
		return 0;
	if (earliest && json_object_set_new(out, "ValidTo", json_integer(earliest)))
		return -1;
	return json_object_set_new(out, "ExpirationModel",
				   json_string(earliest ? "KEY_MATERIAL_EXPIRES" : "KEY_MATERIAL_DOES_NOT_EXPIRE"));
}

static json_t *related_json(const struct simkey *key)
{
	return json_pack("{s:s, s:s}", "Arn", key->arn, "Region", key->region);
}

static int add_multi_region(json_t *out, const struct keystore *ks, const struct simkey *key)
{
	json_t *replicas = key->multi_region ? json_array() : NULL;
	const struct simkey *replica;

	if (!key->multi_region)
		return 0;
	for (size_t i = 0; (replica = related_replica(ks, key, i)) != NULL; i++)
		(void)json_array_append_new(replicas, related_json(replica));
	return json_object_set_new(out, "MultiRegionConfiguration",
				   json_pack("{s:s, s:o, s:o}", "MultiRegionKeyType",
					     simkey_is_replica(key) ? "REPLICA" : "PRIMARY", "PrimaryKey",
					     related_json(related_primary(ks, key)), "ReplicaKeys", replicas));
}

static int add_current(json_t *out, const struct simkey *key)
{
	const struct material *m = simkey_material(key, NULL);

	/* the id stays when the material is deleted, and is not there yet while the first import is unseen */
	if (!m || !keyspec_is_symmetric(key->spec) || (m->plain && !simkey_sees(key, m)))
		return 0;
	return json_object_set_new(out, "CurrentKeyMaterialId", json_string(m->id));
}

json_t *keymeta_json(const struct keystore *ks, const struct simkey *key)
{
	enum key_state state = simkey_state(key);
	json_t *out = json_pack("{s:s, s:s, s:s, s:I, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "AWSAccountId",
				ARN_REHEARSAL_ACCOUNT, "KeyId", key->id, "Arn", key->arn, "CreationDate",
				(json_int_t)key->created, "Enabled", state == KEY_ENABLED, "Description",
				key->description ? key->description : "", "KeyUsage", key->usage, "KeyState",
				state_names[state], "Origin", key->external ? "EXTERNAL" : "AWS_KMS", "KeyManager",
				"CUSTOMER", "CustomerMasterKeySpec", keyspec_name(key->spec), "KeySpec",
				keyspec_name(key->spec), "MultiRegion", key->multi_region);

	if (out && (keymeta_add_algorithms(out, key) || add_list(out, "MacAlgorithms", keymeta_mac(key->spec)) ||
		    add_expiry(out, key) || add_multi_region(out, ks, key) || add_current(out, key) ||
		    (key->deletion && json_object_set_new(out, "DeletionDate", json_integer(key->deletion))))) {
		json_decref(out);
		out = NULL;
	}
	return out;
}
