/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "kms/settle.h"

#include <criterion/criterion.h>
#include <string.h>

#define KEY "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"
#define ID "abababababababababababababababababababababababababababababababab"
#define OTHER "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
#define NAMES(more) "{\"KeyId\":\"" KEY "\"," more "}"

struct fake {
	long status;
	const char *reply;
	char sent[1024];
};

static int fake_post(void *ctx, const struct kms_request *r, struct kms_answer *answer, struct kh_error *err)
{
	struct fake *f = ctx;

	(void)snprintf(f->sent, sizeof(f->sent), "%s", r->body);
	answer->status = f->status;
	return buf_add(&answer->body, f->reply, strlen(f->reply), err);
}

static int64_t fake_now(void *ctx)
{
	(void)ctx;
	return 1700000000000;
}

static bool fake_stop(void *ctx)
{
	(void)ctx;
	return true;
}

static struct kms client(struct fake *f)
{
	return (struct kms){.post = fake_post, .post_ctx = f, .url = "http://fake", .region = "eu-west-1", .max_attempts = 1,
			    .pace = {.now_ms = fake_now, .stop = fake_stop}};
}

static const struct bundle_request request = {.kms_key_arn = KEY, .import_token = {(const unsigned char *)"t", 1}};

/* The promise itself: KMS has this very key. One bit makes another. */
Test(settle, another_public_key_is_told)
{
	static const struct {
		const char *ours, *reply;
		enum kh_code code;
	} rows[] = {
		{"abc", "{\"KeyId\":\"" KEY "\",\"PublicKey\":\"YWJj\"}", KH_OK},
		{"abb", "{\"KeyId\":\"" KEY "\",\"PublicKey\":\"YWJj\"}", KH_E_CHECK},
		{"Abc", "{\"KeyId\":\"" KEY "\",\"PublicKey\":\"YWJj\"}", KH_E_CHECK},
		{"abcd", "{\"KeyId\":\"" KEY "\",\"PublicKey\":\"YWJj\"}", KH_E_CHECK},
		{"abc", "{\"KeyId\":\"" KEY "9\",\"PublicKey\":\"YWJj\"}", KH_E_KMS}, /* of another KMS key */
	};
	const struct bundle_facts facts = {.key_spec = KEYSPEC_ECC_NIST_P256};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bundle_material m = {.public_key = {(const unsigned char *)rows[i].ours, strlen(rows[i].ours)}};
		struct fake f = {200, rows[i].reply, ""};
		struct kms k = client(&f);
		const struct settle s = {.kms = &k, .request = &request, .facts = &facts, .material = &m};
		struct kh_error err = {0};
		bool compared;

		cr_assert_eq(settle_public_key(&s, &compared, &err) == 0, rows[i].code == KH_OK, "row %zu", i);
		cr_assert_eq(err.code, rows[i].code, "row %zu: %s", i, err.msg);
	}
}

/* What proves an import whose answer got lost: the public key, or the same again, which KMS takes for the same bytes only. */
#define PUBLIC(key) NAMES("\"PublicKey\":\"" key "\"")
Test(settle, confirms_by_the_public_key_or_by_importing_again)
{
	static const struct {
		enum keyspec spec;
		const char *id, *has, *has_not, *reply;
		int rc;
		const char *wanted; /* the id that the intent says */
	} rows[] = {
		{KEYSPEC_ECC_NIST_P256, "", "KeyId", "EncryptedKeyMaterial", PUBLIC("YWJj"), 0, NULL},
		{KEYSPEC_RSA_2048, "", "KeyId", "EncryptedKeyMaterial", PUBLIC("YWJk"), -1, NULL},
		{KEYSPEC_RSA_2048, "", "EncryptedKeyMaterial", "ImportType", "{\"KeyId\":\"" KEY "\"}", 0, NULL}, /* no PublicKey */
		{KEYSPEC_SYMMETRIC_DEFAULT, OTHER, "\"KeyMaterialId\":\"" ID, OTHER, NAMES("\"KeyMaterialId\":\"" ID "\""), 0, ID},
		{KEYSPEC_SYMMETRIC_DEFAULT, ID, "\"KeyMaterialId\":\"" ID, "NEW_KEY", NAMES("\"KeyMaterialId\":\"" ID "\""), 0, NULL},
		{KEYSPEC_SYMMETRIC_DEFAULT, "", "EXISTING_KEY_MATERIAL", "KeyMaterialId",
		 NAMES("\"KeyMaterialId\":\"" OTHER "\""), 0, NULL},
		{KEYSPEC_HMAC_256, "", "EncryptedKeyMaterial", "ImportType", "{\"KeyId\":\"" KEY "\"}", 0, NULL},
		{KEYSPEC_HMAC_256, "", "EncryptedKeyMaterial", "ImportType", "{}", -1, NULL},
		{KEYSPEC_HMAC_256, "", "EncryptedKeyMaterial", "ImportType", NAMES("\"__type\":\"InternalFailure\""), -1, NULL},
		{KEYSPEC_SYMMETRIC_DEFAULT, ID, ID, "NEW_KEY", "{}", -1, NULL},
		{KEYSPEC_SYMMETRIC_DEFAULT, ID, ID, "NEW_KEY", "{\"KeyId\":\"" KEY "\"}", -1, NULL},
		{KEYSPEC_SYMMETRIC_DEFAULT, ID, ID, "NEW_KEY", NAMES("\"KeyMaterialId\":\"" OTHER "\""), -1, NULL},
		{KEYSPEC_SYMMETRIC_DEFAULT, "", "EXISTING", "NEW_KEY", "{\"KeyId\":\"" KEY "\"}", -1, NULL},
		{KEYSPEC_SYMMETRIC_DEFAULT, "", "EXISTING", "NEW_KEY", "{\"KeyMaterialId\":\"" ID "\"}", -1, NULL},
	};
	const struct bundle_material m = {.encrypted_key_material = {(const unsigned char *)"blob", 4},
					  .public_key = {(const unsigned char *)"abc", 3}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bundle_facts facts = {.key_spec = rows[i].spec};
		const struct intent intent = {.expiration_model = INTENT_DOES_NOT_EXPIRE,
					      .import_type = !keyspec_is_symmetric(rows[i].spec) ? NULL
							     : rows[i].wanted ? INTENT_EXISTING : INTENT_NEW,
					      .key_material_id = rows[i].wanted};
		struct fake f = {200, rows[i].reply, ""};
		struct kms k = client(&f);
		const struct settle s = {.kms = &k, .request = &request, .facts = &facts, .material = &m, .intent = &intent};
		struct ops_imported done;
		struct kh_error err = {0};

		cr_assert_eq(settle_confirm(&s, rows[i].id, &done, &err), rows[i].rc, "row %zu: %s", i, err.msg);
		cr_assert_eq(done.outcome, rows[i].rc ? KMS_UNKNOWN : KMS_DONE, "row %zu", i);
		cr_assert(rows[i].rc == 0 || (err.code == (keyspec_is_symmetric(rows[i].spec) || rows[i].spec == KEYSPEC_HMAC_256 ? KH_E_KMS : KH_E_CHECK) &&
					 err.hint[0]), "row %zu: %s", i, err.msg);
		cr_assert(strstr(f.sent, rows[i].has) && !strstr(f.sent, rows[i].has_not), "row %zu: %s", i, f.sent);
	}
}

/* A material that was not there, and that somebody else may have imported meanwhile: ours is what says what we said. */
Test(settle, an_answer_lost_is_found_by_what_was_said)
{
#define ROW(id, more) "{\"Rotations\":[{\"KeyMaterialId\":\"" id "\"," more "}],\"Truncated\":false}"
#define STAYS "\"ImportState\":\"IMPORTED\",\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""
#define ENDS(at) "\"ImportState\":\"IMPORTED\",\"ExpirationModel\":\"KEY_MATERIAL_EXPIRES\",\"ValidTo\":" at
#define SAYS(text) ",\"KeyMaterialDescription\":\"" text "\""
	static const struct {
		const char *reply;
		int64_t valid_to; /* 0: does not expire */
		bool had;
		enum settle_seen seen;
	} rows[] = {
		{ROW(ID, STAYS SAYS("ours")), 0, false, SETTLE_THERE},
		{ROW(ID, STAYS), 0, false, SETTLE_THERE},
		{ROW(ID, STAYS SAYS("theirs")), 0, false, SETTLE_NOT_YET},
		{ROW(ID, STAYS SAYS("ours")), 0, true, SETTLE_NOT_YET},
		{ROW(ID, ENDS("1800000000") SAYS("ours")), 0, false, SETTLE_NOT_YET},
		{ROW(ID, ENDS("1800000000") SAYS("ours")), 1800000000, false, SETTLE_THERE},
		{ROW(ID, ENDS("1800000001") SAYS("ours")), 1800000000, false, SETTLE_NOT_YET},
		{ROW(ID, STAYS SAYS("ours")), 1800000000, false, SETTLE_NOT_YET},
		{ROW(ID, "\"ImportState\":\"PENDING_IMPORT\",\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""), 0, false,
		 SETTLE_NOT_YET},
	};
	const struct bundle_facts facts = {.key_spec = KEYSPEC_SYMMETRIC_DEFAULT};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct intent intent = {.expiration_model = rows[i].valid_to ? INTENT_EXPIRES : INTENT_DOES_NOT_EXPIRE,
					      .valid_to = rows[i].valid_to, .import_type = INTENT_NEW,
					      .key_material_description = "ours"};
		struct fake f = {200, rows[i].reply, ""};
		struct kms k = client(&f);
		struct settle s = {.kms = &k, .request = &request, .facts = &facts, .intent = &intent, .listed = true};
		char id[OPS_MATERIAL_ID_MAX];
		enum settle_seen seen;
		struct kh_error err = {0};

		s.before_materials = (struct ops_materials){.v = {{.id = ID, .imported = rows[i].had}}, .n = 1};
		cr_assert_eq(settle_unknown(&s, &seen, id, &err), 0, "row %zu: %s", i, err.msg);
		cr_assert_eq(seen, rows[i].seen, "row %zu: %d", i, (int)seen);
		cr_assert_str_eq(id, seen == SETTLE_THERE ? ID : "", "row %zu", i);
	}
}

/* A key that has material shows nothing of another one: without its id it is not seen. */
Test(settle, no_id_is_no_sight_of_a_further_material)
{
	static const struct {
		const char *type, *id;
		enum settle_seen seen;
	} rows[] = {
		{NULL, "", SETTLE_THERE}, {INTENT_NEW, "", SETTLE_NOT_YET}, {INTENT_EXISTING, "", SETTLE_NOT_YET},
		{INTENT_EXISTING, ID, SETTLE_THERE},
	};
	const struct bundle_facts facts = {.key_spec = KEYSPEC_SYMMETRIC_DEFAULT};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct intent intent = {.expiration_model = INTENT_DOES_NOT_EXPIRE, .import_type = rows[i].type};
		struct fake f = {200, "{\"KeyMetadata\":{\"Arn\":\"" KEY "\",\"KeySpec\":\"SYMMETRIC_DEFAULT\",\"KeyState\":"
				      "\"Enabled\",\"Origin\":\"EXTERNAL\",\"CurrentKeyMaterialId\":\"" ID "\"}}", ""};
		struct kms k = client(&f);
		const struct settle s = {.kms = &k, .request = &request, .facts = &facts, .intent = &intent};
		enum settle_seen seen;
		struct kh_error err = {0};

		cr_assert_eq(settle_visible(&s, rows[i].id, &seen, &err), 0, "row %zu: %s", i, err.msg);
		cr_assert_eq(seen, rows[i].seen, "row %zu: %d", i, (int)seen);
	}
}

Test(settle, a_list_that_is_none_is_no_denial)
{
	static const struct {
		long status;
		const char *reply;
		int rc;
	} rows[] = {
		{400, "{\"__type\":\"AccessDeniedException\"}", 0}, {400, "{\"__type\":\"UnknownOperationException\"}", 0},
		{200, "{}", -1}, {200, "<html>", -1},
		{200, "{\"Rotations\":[],\"Truncated\":true,\"NextMarker\":\"m\"}", -1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake f = {rows[i].status, rows[i].reply, ""};
		struct kms k = client(&f);
		struct ops_materials materials;
		struct kh_error err = {0};
		bool listed = true;

		cr_assert_eq(settle_list(&k, KEY, &materials, &listed, &err), rows[i].rc, "row %zu: %s", i, err.msg);
		cr_assert(!listed);
	}
}
