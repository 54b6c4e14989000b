/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "sim_fixture.h"

#include <criterion/criterion.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OAEP "RSAES_OAEP_SHA_256"
#define BOTH "RSA_AES_KEY_WRAP_SHA_256"
#define NEW FIXTURE_FOREVER ",\"ImportType\":\"NEW_KEY_MATERIAL\""
#define EXISTING FIXTURE_FOREVER ",\"ImportType\":\"EXISTING_KEY_MATERIAL\""

static const unsigned char first[64] = "the first key material of the tests, long enough for all kinds";
static const unsigned char second[64] = "another key material of the tests, also long enough for each one";
static const unsigned char third[64] = "and a third key material of the tests, which is as long as these";

static void symmetric(struct fixture *f, char id[37])
{
	fixture_create(f, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "", id);
}

static const char *describe(struct fixture *f, const char *id, const char *path)
{
	cr_assert_str_eq(fixture_call(f, "DescribeKey", "{\"KeyId\":\"%s\"}", id), "");
	return fixture_text(f, path);
}

/* How many materials ListKeyRotations shows in that state. */
static size_t materials(struct fixture *f, const char *id, const char *member, const char *state)
{
	json_t *list, *entry;
	size_t i, n = 0;

	cr_assert_str_eq(fixture_call(f, "ListKeyRotations", "{\"KeyId\":\"%s\",\"IncludeKeyMaterial\":\"ALL_KEY_MATERIAL\"}", id),
			 "");
	list = json_object_get(f->r.body, "Rotations");
	json_array_foreach(list, i, entry) {
		const char *value = json_string_value(json_object_get(entry, member));

		n += value && strcmp(value, state) == 0;
	}
	return n;
}

Test(sim_import, of_symmetric_material_new_and_existing)
{
	char id[37], other[37], material[65], more[256];
	struct fixture f;

	fixture_open(&f, NULL);
	symmetric(&f, id);
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, EXISTING), "IncorrectKeyMaterialException");
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, ""), "");
	(void)snprintf(material, sizeof(material), "%s", fixture_text(&f, "KeyMaterialId"));
	cr_assert_eq(strlen(material), 64);
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.CurrentKeyMaterialId"), material);
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.ExpirationModel"), "KEY_MATERIAL_DOES_NOT_EXPIRE");

	/* again the same; by its id; not as new; not another one; not under another id */
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, ""), "");
	(void)snprintf(more, sizeof(more), "%s,\"KeyMaterialId\":\"%s\"", EXISTING, material);
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, more), "");
	cr_assert_str_eq(fixture_import(&f, id, OAEP, second, 32, more), "IncorrectKeyMaterialException");
	(void)snprintf(more, sizeof(more), "%s,\"KeyMaterialId\":\"%s\"", NEW, material);
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, more), "ValidationException");
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, NEW), "IncorrectKeyMaterialException");
	cr_assert_str_eq(fixture_import(&f, id, OAEP, second, 32, ""), "IncorrectKeyMaterialException");

	/* a new one is staged, and only one at a time; what is current stays so */
	cr_assert_str_eq(fixture_import(&f, id, OAEP, second, 32, NEW ",\"KeyMaterialDescription\":\"ceremony 2\""), "");
	cr_assert_eq(materials(&f, id, "KeyMaterialState", "PENDING_ROTATION"), 1);
	cr_assert_eq(materials(&f, id, "KeyMaterialDescription", "ceremony 2"), 1);
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.CurrentKeyMaterialId"), material);
	/* another material of the key's own under the first one's id */
	(void)snprintf(more, sizeof(more), "%s,\"KeyMaterialId\":\"%s\"", EXISTING, material);
	cr_assert_str_eq(fixture_import(&f, id, OAEP, second, 32, more), "IncorrectKeyMaterialException");
	cr_assert_not_null(strstr(f.r.message, "is not the one that KeyMaterialId names"), "%s", f.r.message);
	cr_assert_str_eq(fixture_import(&f, id, OAEP, third, 32, NEW), "KMSInvalidStateException");
	cr_assert_not_null(strstr(f.r.message, "is pending rotation."));

	/* the id is of key and material */
	symmetric(&f, other);
	cr_assert_str_eq(fixture_import(&f, other, OAEP, first, 32, ""), "");
	cr_assert_str_neq(fixture_text(&f, "KeyMaterialId"), material);
	fixture_close(&f);
}

Test(sim_import, deletes_and_takes_back)
{
	char id[37], material[65];
	struct fixture f;

	fixture_open(&f, NULL);
	symmetric(&f, id);
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, ""), "");
	(void)snprintf(material, sizeof(material), "%s", fixture_text(&f, "KeyMaterialId"));
	cr_assert_str_eq(fixture_import(&f, id, OAEP, second, 32, NEW), "");
	cr_assert_str_eq(fixture_call(&f, "DeleteImportedKeyMaterial", "{\"KeyId\":\"%s\"}", id), "");
	cr_assert_str_eq(fixture_text(&f, "KeyMaterialId"), material);
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.KeyState"), "PendingImport");
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.ExpirationModel"), "");
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.CurrentKeyMaterialId"), material);
	cr_assert_eq(materials(&f, id, "ImportState", "PENDING_IMPORT"), 1);
	cr_assert_eq(materials(&f, id, "ImportState", "IMPORTED"), 1);
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, ""), "");
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.KeyState"), "Enabled");
	/* a staged one that is deleted is gone, and another may take its place */
	cr_assert_str_eq(fixture_import(&f, id, OAEP, second, 32, EXISTING), "");
	(void)snprintf(material, sizeof(material), "%s", fixture_text(&f, "KeyMaterialId"));
	cr_assert_str_eq(fixture_call(&f, "DeleteImportedKeyMaterial", "{\"KeyId\":\"%s\",\"KeyMaterialId\":\"%s\"}", id, material),
			 "");
	cr_assert_str_eq(fixture_call(&f, "DeleteImportedKeyMaterial", "{\"KeyId\":\"%s\",\"KeyMaterialId\":\"%s\"}", id, material),
			 "NotFoundException");
	cr_assert_str_eq(fixture_import(&f, id, OAEP, third, 32, NEW), "");
	fixture_close(&f);
}

Test(sim_import, of_other_kinds_is_for_life)
{
	unsigned char ec[4096], other[4096];
	size_t len = fixture_private("P-256", ec), other_len = fixture_private("P-256", other);
	char id[37], hmac[37];
	struct fixture f;

	fixture_open(&f, NULL);
	fixture_create(&f, "ECC_NIST_P256", "SIGN_VERIFY", "", id);
	fixture_create(&f, "HMAC_256", "GENERATE_VERIFY_MAC", "", hmac);
	cr_assert_str_eq(fixture_import(&f, id, BOTH, ec, len, ""), "");
	cr_assert_str_eq(fixture_import(&f, hmac, OAEP, first, 32, ""), "");
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.CurrentKeyMaterialId"), "");
	cr_assert_str_eq(fixture_call(&f, "DeleteImportedKeyMaterial", "{\"KeyId\":\"%s\"}", id), "");
	cr_assert_str_eq(fixture_call(&f, "DeleteImportedKeyMaterial", "{\"KeyId\":\"%s\"}", hmac), "");
	cr_assert_str_eq(fixture_import(&f, id, BOTH, other, other_len, ""), "IncorrectKeyMaterialException");
	cr_assert_str_eq(fixture_import(&f, hmac, OAEP, second, 32, ""), "IncorrectKeyMaterialException");
	cr_assert_str_eq(fixture_import(&f, id, OAEP, ec, len, ""), "");
	cr_assert_str_eq(fixture_import(&f, hmac, OAEP, first, 32, ""), "");
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.KeyState"), "Enabled");
	fixture_close(&f);
}

/* What was wrapped right but is not this key's kind of material, and what was wrapped otherwise than the token says. */
Test(sim_import, opens_under_exactly_what_was_asked_for)
{
	static const char *const algorithms[] = {OAEP, "RSAES_OAEP_SHA_1", BOTH, "RSA_AES_KEY_WRAP_SHA_1"};
	unsigned char p256[4096], p384[4096];
	size_t len = fixture_private("P-256", p256), len384 = fixture_private("P-384", p384);
	char sym[37], ec[37];
	struct fixture f;

	fixture_open(&f, NULL);
	symmetric(&f, sym);
	fixture_create(&f, "ECC_NIST_P256", "SIGN_VERIFY", "", ec);
	cr_assert_str_eq(fixture_import(&f, sym, OAEP, first, 31, ""), "IncorrectKeyMaterialException");
	cr_assert_str_eq(fixture_import(&f, sym, OAEP, first, 16, ""), "IncorrectKeyMaterialException");
	cr_assert_str_eq(fixture_import(&f, ec, BOTH, p384, len384, ""), "IncorrectKeyMaterialException");
	cr_assert_str_eq(fixture_import(&f, ec, BOTH, first, 64, ""), "IncorrectKeyMaterialException");
	for (size_t asked = 0; asked < 4; asked++)
		for (size_t used = 0; used < 4; used++) {
			struct fixture_parameters p;

			fixture_parameters(&f, ec, algorithms[asked], &p);
			p.two_layer = used >= 2;
			p.sha1 = used % 2;
			(void)fixture_call(&f, "ImportKeyMaterial", "{\"KeyId\":\"%s\",\"ImportToken\":\"%s\","
					   "\"EncryptedKeyMaterial\":\"%s\"" FIXTURE_FOREVER "}", ec, p.token,
					   fixture_wrap(&p, p256, len));
			cr_assert_str_eq(f.r.code, asked == used ? "" : "InvalidCiphertextException", "%zu %zu", asked, used);
			cr_assert_str_eq(f.r.message, "");
			EVP_PKEY_free(p.key);
		}
	fixture_close(&f);
}

Test(sim_import, tokens_are_bound_and_live_a_day)
{
	struct fixture_parameters p;
	char id[37], other[37], blob[1024], was;
	struct fixture f;

	fixture_open(&f, NULL);
	symmetric(&f, id);
	symmetric(&f, other);
	fixture_parameters(&f, id, OAEP, &p);
	(void)snprintf(blob, sizeof(blob), "%s", fixture_wrap(&p, first, 32));
#define IMPORT(key, sealed) fixture_call(&f, "ImportKeyMaterial", "{\"KeyId\":\"%s\",\"ImportToken\":\"%s\"," \
					 "\"EncryptedKeyMaterial\":\"%s\"" FIXTURE_FOREVER "}", key, p.token, sealed)
	cr_assert_str_eq(IMPORT(other, blob), "InvalidImportTokenException");
	/* what failed does not use the token up */
	cr_assert_str_eq(IMPORT(id, "AAAA"), "InvalidCiphertextException");
	was = p.token[40];
	p.token[40] = was == 'A' ? 'B' : 'A';
	cr_assert_str_eq(IMPORT(id, blob), "InvalidImportTokenException");
	p.token[40] = was;
	f.now += FIXTURE_DAY;
	cr_assert_str_eq(IMPORT(id, blob), "ExpiredImportTokenException");
	f.now -= 1;
	cr_assert_str_eq(IMPORT(id, blob), "");
#undef IMPORT
	EVP_PKEY_free(p.key);
	fixture_close(&f);
}

Test(sim_import, expires_by_the_clock)
{
	static const char form[] = ",\"ExpirationModel\":\"KEY_MATERIAL_EXPIRES\",\"ValidTo\":%lld";
	struct fixture f;
	char id[37], more[256];
	json_t *meta;

	fixture_open(&f, NULL);
	symmetric(&f, id);
	(void)snprintf(more, sizeof(more), form, (long long)f.now);
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, more), "ValidationException");
	(void)snprintf(more, sizeof(more), form, (long long)f.now + 365 * FIXTURE_DAY + 1);
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, more), "ValidationException");
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, FIXTURE_FOREVER ",\"ValidTo\":1900000000"), "ValidationException");
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, ",\"ValidTo\":\"2027-01-16T08:00:00Z\""), "");
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.ExpirationModel"), "KEY_MATERIAL_EXPIRES");
	meta = json_object_get(f.r.body, "KeyMetadata");
	cr_assert_eq(json_integer_value(json_object_get(meta, "ValidTo")), 1800086400);
	f.now = 1800086399;
	cr_assert_str_eq(fixture_call(&f, "Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"AAAA\"}", id), "");
	f.now = 1800086400;
	cr_assert_str_eq(fixture_call(&f, "Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"AAAA\"}", id), "KMSInvalidStateException");
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.KeyState"), "PendingImport");
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.ExpirationModel"), "");
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, ""), "");
	cr_assert_str_eq(describe(&f, id, "KeyMetadata.ExpirationModel"), "KEY_MATERIAL_DOES_NOT_EXPIRE");
	fixture_close(&f);
}

Test(sim_import, by_partition_and_multi_region)
{
	char id[37], mrk[37];
	struct fixture f;

	fixture_open(&f, NULL);
	fixture_create(&f, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", ",\"MultiRegion\":true", mrk);
	cr_assert_eq(strncmp(mrk, "mrk-", 4), 0);
	cr_assert_str_eq(describe(&f, mrk, "KeyMetadata.MultiRegionConfiguration.PrimaryKey.Region"), "us-east-1");
	f.region = "cn-north-1";
	cr_assert_str_eq(fixture_call(&f, "DescribeKey", "{\"KeyId\":\"%s\"}", mrk), "NotFoundException");
	symmetric(&f, id);
	cr_assert_eq(strncmp(describe(&f, id, "KeyMetadata.Arn"), "arn:aws-cn:kms:cn-north-1:", 26), 0);
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 32, ""), "IncorrectKeyMaterialException");
	cr_assert_str_eq(fixture_import(&f, id, OAEP, first, 16, ""), "");
	cr_assert_str_eq(fixture_call(&f, "Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"AAAA\"}", id), "");
	fixture_create(&f, "ECC_NIST_P256", "SIGN_VERIFY", "", id);
	cr_assert_str_eq(fixture_call(&f, "GetParametersForImport", "{\"KeyId\":\"%s\",\"WrappingAlgorithm\":\"" BOTH
				      "\",\"WrappingKeySpec\":\"RSA_2048\"}", id), "UnsupportedOperationException");
	fixture_close(&f);
}

Test(sim_import, bytes_behind_and_late_sight)
{
	unsigned char ec[4096] = {0};
	size_t len = fixture_private("P-256", ec);
	char id[37], sym[37];
	struct fixture f;

	fixture_open(&f, NULL);
	fixture_create(&f, "ECC_NIST_P256", "SIGN_VERIFY", "", id);
	f.sim.strict_der = true;
	cr_assert_str_eq(fixture_import(&f, id, BOTH, ec, len + 6, ""), "IncorrectKeyMaterialException");
	f.sim.strict_der = false;
	ec[len + 5] = 1;
	cr_assert_str_eq(fixture_import(&f, id, BOTH, ec, len + 6, ""), "IncorrectKeyMaterialException");
	cr_assert_not_null(strstr(f.r.message, "6 bytes behind the PKCS#8, not all of them zero"), "%s", f.r.message);
	ec[len + 5] = 0;
	cr_assert_str_eq(fixture_import(&f, id, BOTH, ec, len + 6, ""), "");
	f.sim.visible_after = 2;
	symmetric(&f, sym);
	cr_assert_str_eq(fixture_import(&f, sym, OAEP, first, 32, ""), "");
	cr_assert_str_eq(fixture_call(&f, "Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"AAAA\"}", sym), "KMSInvalidStateException");
	cr_assert_str_eq(describe(&f, sym, "KeyMetadata.CurrentKeyMaterialId"), "");
	cr_assert_str_eq(describe(&f, sym, "KeyMetadata.KeyState"), "Enabled");
	fixture_close(&f);
}
