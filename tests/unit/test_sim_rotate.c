/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sim_fixture.h"

#include "sim/quota.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define OAEP "RSAES_OAEP_SHA_256"
#define NEW ",\"ImportType\":\"NEW_KEY_MATERIAL\"" FIXTURE_FOREVER

static const unsigned char keys[32][33] = {"material number 0 of 32 bytes...", "material number 1 of 32 bytes...",
					   "material number 2 of 32 bytes...", "material number 3 of 32 bytes..."};

/* "STATE IMPORTSTATE ROTATED" of each row of ListKeyRotations, joined. */
static const char *rows_of(struct fixture *f, const char *id, const char *include)
{
	static char out[4096];
	const json_t *row;
	size_t i, n = 0;

	out[0] = '\0';
	cr_assert_str_eq(fixture_call(f, "ListKeyRotations", "{\"KeyId\":\"%s\",\"IncludeKeyMaterial\":\"%s\"}", id, include), "",
			 "%s", f->r.message);
	json_array_foreach(json_object_get(f->r.body, "Rotations"), i, row) {
		const char *state = json_string_value(json_object_get(row, "KeyMaterialState"));
		const char *import = json_string_value(json_object_get(row, "ImportState"));
		const char *type = json_string_value(json_object_get(row, "RotationType"));

		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s %s%s%s", n ? ", " : "", state ? state : "-",
				      import ? import : "-", type ? " " : "", type ? type : "");
	}
	return out;
}

static const char *all_of(struct fixture *f, const char *id)
{
	return rows_of(f, id, "ALL_KEY_MATERIAL");
}

static bool is_rotating(struct fixture *f, const char *id)
{
	cr_assert_str_eq(fixture_call(f, "GetKeyRotationStatus", "{\"KeyId\":\"%s\"}", id), "", "%s", f->r.message);
	return json_object_get(f->r.body, "OnDemandRotationStartDate") != NULL;
}

static const char *state_of(struct fixture *f, const char *id)
{
	cr_assert_str_eq(fixture_call(f, "DescribeKey", "{\"KeyId\":\"%s\"}", id), "", "%s", f->r.message);
	return fixture_text(f, "KeyMetadata.KeyState");
}

static void import_new(struct fixture *f, const char *id, unsigned number)
{
	unsigned char key[32];

	memcpy(key, keys[0], sizeof(key));
	key[0] = (unsigned char)number;
	cr_assert_str_eq(fixture_import(f, id, OAEP, key, sizeof(key), NEW), "", "%s", f->r.message);
}

Test(sim_rotate, takes_its_time_and_ends_at_25)
{
	struct fixture f;
	char id[37];

	fixture_open(&f, NULL);
	f.sim.rotation_delay = 60;
	fixture_create(&f, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "", id);
	cr_assert_str_eq(fixture_call(&f, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", id), "KMSInvalidStateException");
	import_new(&f, id, 0);
	cr_assert_str_eq(fixture_call(&f, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", id), "KMSInvalidStateException");
	cr_assert_not_null(strstr(f.r.message, "No available key material pending rotation"));
	for (unsigned i = 1; i <= 25; i++) {
		import_new(&f, id, i);
		cr_assert_str_eq(fixture_call(&f, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", id), "", "%s", f.r.message);
		cr_assert_str_eq(fixture_call(&f, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", id), "ConflictException");
		f.now += 59;
		cr_assert(is_rotating(&f, id));
		cr_assert_not_null(strstr(all_of(&f, id), "PENDING_ROTATION"));
		f.now += 1;
		cr_assert(!is_rotating(&f, id));
		cr_assert_null(strstr(all_of(&f, id), "PENDING_ROTATION"));
		cr_assert_str_eq(state_of(&f, id), "Enabled");
	}
	import_new(&f, id, 26);
	cr_assert_str_eq(fixture_call(&f, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", id), "LimitExceededException");
	cr_assert_str_eq(fixture_call(&f, "ListKeyRotations", "{\"KeyId\":\"%s\"}", id), "");
	cr_assert_eq(json_array_size(json_object_get(f.r.body, "Rotations")), 25, "the first is none of the rotations");
	fixture_close(&f);
}

/* A primary and two replicas: what one Region shows of the others, and when it can be rotated. */
Test(sim_rotate, waits_for_each_replica)
{
	static const char *const regions[] = {"eu-west-1", "ap-south-1"};
	struct fixture f;
	char id[37];

	fixture_open(&f, NULL);
	f.sim.rotation_delay = 10;
	f.sim.replica_delay = 5;
	fixture_create(&f, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", ",\"MultiRegion\":true", id);
	import_new(&f, id, 0);
	for (size_t i = 0; i < 2; i++) {
		cr_assert_str_eq(fixture_call(&f, "ReplicateKey", "{\"KeyId\":\"%s\",\"ReplicaRegion\":\"%s\"}", id, regions[i]), "",
				 "%s", f.r.message);
		cr_assert_str_eq(fixture_text(&f, "ReplicaKeyMetadata.KeyState"), "Creating");
		cr_assert_str_eq(fixture_call(&f, "ReplicateKey", "{\"KeyId\":\"%s\",\"ReplicaRegion\":\"%s\"}", id, regions[i]),
				 "AlreadyExistsException");
		f.region = regions[i];
		cr_assert_str_eq(state_of(&f, id), "Creating");
		cr_assert_str_eq(fixture_call(&f, "GetParametersForImport", "{\"KeyId\":\"%s\",\"WrappingAlgorithm\":\"" OAEP
					      "\",\"WrappingKeySpec\":\"RSA_2048\"}", id), "KMSInvalidStateException");
		f.now += 5;
		cr_assert_str_eq(state_of(&f, id), "PendingImport");
		cr_assert_str_eq(fixture_text(&f, "KeyMetadata.MultiRegionConfiguration.PrimaryKey.Region"), "us-east-1");
		cr_assert_str_eq(fixture_import(&f, id, OAEP, keys[1], 32, ""), "IncorrectKeyMaterialException", "another's");
		cr_assert_str_eq(fixture_import(&f, id, OAEP, keys[1], 32, NEW), "UnsupportedOperationException", "not new here");
		cr_assert_str_eq(fixture_call(&f, "ReplicateKey", "{\"KeyId\":\"%s\",\"ReplicaRegion\":\"us-west-2\"}", id),
				 "UnsupportedOperationException");
		f.region = "us-east-1";
	}
	cr_assert_str_eq(all_of(&f, id), "CURRENT IMPORTED");
	import_new(&f, id, 1);
	cr_assert_str_eq(all_of(&f, id), "CURRENT IMPORTED, PENDING_MULTI_REGION_IMPORT_AND_ROTATION IMPORTED");
	cr_assert_str_eq(fixture_call(&f, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", id), "KMSInvalidStateException");
	for (size_t i = 0; i < 2; i++) {
		unsigned char key[32];

		memcpy(key, keys[0], sizeof(key));
		f.region = regions[i];
		cr_assert_str_eq(all_of(&f, id), "CURRENT PENDING_IMPORT, PENDING_MULTI_REGION_IMPORT_AND_ROTATION PENDING_IMPORT");
		for (unsigned char k = 0; k < 2; k++) {
			key[0] = k;
			cr_assert_str_eq(fixture_import(&f, id, OAEP, key, 32, ""), "", "%s", f.r.message);
		}
		f.region = "us-east-1";
	}
	cr_assert_str_eq(all_of(&f, id), "CURRENT IMPORTED, PENDING_ROTATION IMPORTED");
	cr_assert_str_eq(fixture_call(&f, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", id), "");
	f.now += 10;
	f.region = regions[1];
	cr_assert_str_eq(fixture_call(&f, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", id), "UnsupportedOperationException");
	cr_assert_str_eq(all_of(&f, id), "NON_CURRENT IMPORTED, CURRENT IMPORTED ON_DEMAND", "asked in a Region alone");
	cr_assert_str_eq(state_of(&f, id), "Enabled");
	f.region = "us-east-1";
	import_new(&f, id, 2);
	cr_assert_str_eq(fixture_call(&f, "DeleteImportedKeyMaterial", "{\"KeyId\":\"%s\",\"KeyMaterialId\":\"%s\"}", id,
				      fixture_text(&f, "KeyMaterialId")), "");
	f.region = regions[0];
	cr_assert_str_eq(all_of(&f, id), "NON_CURRENT IMPORTED, CURRENT IMPORTED ON_DEMAND", "the pending one is gone here too");
	fixture_close(&f);
}

/* --lag: reading shows a key as it was before its last change, and none that is too new. */
Test(sim_rotate, reading_lags_behind)
{
	struct fixture f;
	char id[37];

	fixture_open(&f, NULL);
	f.sim.lag = 3;
	fixture_create(&f, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "", id);
	cr_assert_str_eq(fixture_call(&f, "DescribeKey", "{\"KeyId\":\"%s\"}", id), "NotFoundException");
	f.now += 3;
	cr_assert_str_eq(state_of(&f, id), "PendingImport");
	import_new(&f, id, 0);
	cr_assert_str_eq(state_of(&f, id), "PendingImport");
	cr_assert_str_eq(all_of(&f, id), "");
	f.now += 3;
	cr_assert_str_eq(state_of(&f, id), "Enabled");
	cr_assert_str_eq(all_of(&f, id), "CURRENT IMPORTED");
	fixture_close(&f);
}

/* Aliases move and go; tags are replaced, taken away and listed by pages. */
Test(sim_rotate, aliases_and_tags_change)
{
	struct fixture f;
	char id[37], other[37], mac[37];

	fixture_open(&f, NULL);
	fixture_create(&f, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", ",\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"1\"}]", id);
	fixture_create(&f, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "", other);
	fixture_create(&f, "HMAC_256", "GENERATE_VERIFY_MAC", "", mac);
	cr_assert_str_eq(fixture_call(&f, "CreateAlias", "{\"AliasName\":\"alias/x\",\"TargetKeyId\":\"%s\"}", id), "");
	cr_assert_str_eq(fixture_call(&f, "UpdateAlias", "{\"AliasName\":\"alias/x\",\"TargetKeyId\":\"%s\"}", mac),
			 "ValidationException");
	cr_assert_str_eq(fixture_call(&f, "UpdateAlias", "{\"AliasName\":\"alias/y\",\"TargetKeyId\":\"%s\"}", id),
			 "NotFoundException");
	cr_assert_str_eq(fixture_call(&f, "UpdateAlias", "{\"AliasName\":\"alias/x\",\"TargetKeyId\":\"%s\"}", other), "");
	cr_assert_str_eq(fixture_call(&f, "DescribeKey", "{\"KeyId\":\"alias/x\"}"), "");
	cr_assert_str_eq(fixture_text(&f, "KeyMetadata.KeyId"), other);
	cr_assert_str_eq(fixture_call(&f, "DeleteAlias", "{\"AliasName\":\"alias/x\"}"), "");
	cr_assert_str_eq(fixture_call(&f, "DescribeKey", "{\"KeyId\":\"alias/x\"}"), "NotFoundException");
	cr_assert_str_eq(fixture_call(&f, "TagResource", "{\"KeyId\":\"%s\",\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"2\"},"
				      "{\"TagKey\":\"b\",\"TagValue\":\"3\"}]}", id), "");
	cr_assert_str_eq(fixture_call(&f, "ListResourceTags", "{\"KeyId\":\"%s\",\"Limit\":1}", id), "");
	cr_assert_eq(json_array_size(json_object_get(f.r.body, "Tags")), 1);
	cr_assert(json_is_true(json_object_get(f.r.body, "Truncated")));
	cr_assert_str_eq(json_string_value(json_object_get(json_array_get(json_object_get(f.r.body, "Tags"), 0), "TagValue")), "2");
	cr_assert_str_eq(fixture_call(&f, "UntagResource", "{\"KeyId\":\"%s\",\"TagKeys\":[\"a\",\"none\"]}", id), "");
	cr_assert_str_eq(fixture_call(&f, "ListResourceTags", "{\"KeyId\":\"%s\"}", id), "");
	cr_assert_eq(json_array_size(json_object_get(f.r.body, "Tags")), 1);
	cr_assert_str_eq(fixture_call(&f, "TagResource", "{\"KeyId\":\"%s\",\"Tags\":[{\"TagKey\":\"aws:b\",\"TagValue\":\"\"}]}",
				      id), "TagException");
	fixture_close(&f);
}

Test(sim_rotate, quotas_are_by_operation_and_region)
{
	struct quotas *q = NULL;
	struct kh_error err;
	int taken = 0;

	cr_assert_eq(quotas_new(2, &q, &err), 0);
	for (int i = 0; i < 50; i++)
		taken += quotas_take(q, "ImportKeyMaterial", "us-east-1", 1000);
	cr_assert_eq(taken, 30);
	cr_assert(quotas_take(q, "ImportKeyMaterial", "eu-west-1", 1000));
	cr_assert(!quotas_take(q, "ImportKeyMaterial", "us-east-1", 1033));
	cr_assert(quotas_take(q, "ImportKeyMaterial", "us-east-1", 1034));
	for (int i = 0; i < 1000; i++)
		cr_assert(quotas_take(q, "Encrypt", "us-east-1", 1000) && quotas_take(NULL, "ImportKeyMaterial", "us-east-1", 0));
	quotas_free(q);
}
