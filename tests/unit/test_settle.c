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

/* What proves an import whose answer got lost: the same again, which KMS takes for the same bytes only. */
Test(settle, confirms_by_importing_again)
{
	static const struct {
		enum keyspec spec;
		const char *id, *has, *has_not, *reply;
		int rc;
	} rows[] = {
		{KEYSPEC_SYMMETRIC_DEFAULT, ID, "\"KeyMaterialId\":\"" ID, "NEW_KEY", NAMES("\"KeyMaterialId\":\"" ID "\""), 0},
		{KEYSPEC_SYMMETRIC_DEFAULT, "", "EXISTING_KEY_MATERIAL", "KeyMaterialId",
		 NAMES("\"KeyMaterialId\":\"" OTHER "\""), 0},
		{KEYSPEC_HMAC_256, "", "EncryptedKeyMaterial", "ImportType", "{\"KeyId\":\"" KEY "\"}", 0},
		{KEYSPEC_HMAC_256, "", "EncryptedKeyMaterial", "ImportType", "{}", -1},
		{KEYSPEC_HMAC_256, "", "EncryptedKeyMaterial", "ImportType", NAMES("\"__type\":\"InternalFailure\""), -1},
		{KEYSPEC_SYMMETRIC_DEFAULT, ID, ID, "NEW_KEY", "{}", -1},
		{KEYSPEC_SYMMETRIC_DEFAULT, ID, ID, "NEW_KEY", "{\"KeyId\":\"" KEY "\"}", -1},
		{KEYSPEC_SYMMETRIC_DEFAULT, ID, ID, "NEW_KEY", NAMES("\"KeyMaterialId\":\"" OTHER "\""), -1},
		{KEYSPEC_SYMMETRIC_DEFAULT, "", "EXISTING", "NEW_KEY", "{\"KeyId\":\"" KEY "\"}", -1},
		{KEYSPEC_SYMMETRIC_DEFAULT, "", "EXISTING", "NEW_KEY", "{\"KeyMaterialId\":\"" ID "\"}", -1},
	};
	const struct bundle_material m = {.encrypted_key_material = {(const unsigned char *)"blob", 4}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bundle_facts facts = {.key_spec = rows[i].spec};
		const struct intent intent = {.expiration_model = INTENT_DOES_NOT_EXPIRE,
					      .import_type = rows[i].spec == KEYSPEC_HMAC_256 ? NULL : INTENT_NEW};
		struct fake f = {200, rows[i].reply, ""};
		struct kms k = client(&f);
		const struct settle s = {.kms = &k, .request = &request, .facts = &facts, .material = &m, .intent = &intent};
		struct ops_imported done;
		struct kh_error err = {0};

		cr_assert_eq(settle_confirm(&s, rows[i].id, &done, &err), rows[i].rc, "row %zu: %s", i, err.msg);
		cr_assert_eq(done.outcome, rows[i].rc ? KMS_UNKNOWN : KMS_DONE, "row %zu", i);
		cr_assert(rows[i].rc == 0 || (err.code == KH_E_KMS && err.hint[0]), "row %zu: %s", i, err.msg);
		cr_assert(strstr(f.sent, rows[i].has) && !strstr(f.sent, rows[i].has_not), "row %zu: %s", i, f.sent);
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
