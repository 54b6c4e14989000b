/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "base/log.h"
#include "fake_token.h"
#include "pkcs11/keygen.h"

#include <criterion/criterion.h>
#include <string.h>

static struct kh_error err;

static struct token open_token(void)
{
	struct token t;

	cr_assert_eq(token_of_slot(fake_reset(), 0, &t, &err), 0, "%s", err.msg);
	cr_assert_eq(token_open(&t, false, &err), 0, "%s", err.msg);
	return t;
}

/* The template of every key spec: what guards the key is true, and of the uses only the one that is needed. */
Test(keygen, generated_keys_have_no_use)
{
	static const CK_ATTRIBUTE_TYPE uses[] = {CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN,   CKA_SIGN_RECOVER, CKA_VERIFY,
						 CKA_WRAP,    CKA_UNWRAP,  CKA_DERIVE, CKA_VERIFY_RECOVER};

	for (int spec = KEYSPEC_NONE + 1; spec < KEYSPECS; spec++) {
		const struct keyspec_info *info = keyspec_info((enum keyspec)spec);
		struct keygen_request r = {.spec = (enum keyspec)spec, .label = "L", .token_object = true};
		struct token t = open_token();
		struct keygen_key made;

		if (info->kind == KEYSPEC_RSA) /* the fake has no modulus to give */
			continue;
		cr_assert_eq(keygen_generate(&t, &r, &made, &err), 0, "%s: %s", info->name, err.msg);
		for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
			const struct fake_attribute *a = fake_get(made.key, uses[i]);
			bool wanted = info->kind == KEYSPEC_HMAC && uses[i] == CKA_SIGN;

			cr_assert((a && a->value[0]) == wanted, "%s: use 0x%lX", info->name, uses[i]);
			a = made.public_key ? fake_get(made.public_key, uses[i]) : NULL;
			cr_assert(!a || !a->value[0], "%s: use 0x%lX", info->name, uses[i]);
		}
		cr_assert(fake_get(made.key, CKA_TOKEN)->value[0] && fake_get(made.key, CKA_PRIVATE)->value[0] &&
			  fake_get(made.key, CKA_SENSITIVE)->value[0] && fake_get(made.key, CKA_EXTRACTABLE)->value[0]);
		cr_assert(memcmp(fake_get(made.key, CKA_ID)->value, made.id, KEYGEN_ID) == 0);
		cr_assert(!made.public_key || memcmp(fake_get(made.public_key, CKA_ID)->value, made.id, KEYGEN_ID) == 0);
		cr_assert_eq(keygen_check_label(&t, "L", &err), -1);
		cr_assert_eq(keygen_check_label(&t, "M", &err), 0);
		keygen_destroy(&t, &made);
		cr_assert(fake_count() == 0 && fake.destroyed == (info->secret_len ? 1 : 2));
		token_close(&t);
	}
}

Test(keygen, a_key_that_is_not_as_asked_is_destroyed)
{
	static const enum keyspec specs[] = {KEYSPEC_SYMMETRIC_DEFAULT, KEYSPEC_ECC_NIST_P256, KEYSPEC_RSA_2048};

	for (size_t i = 0; i < 3; i++) {
		struct keygen_request r = {.spec = specs[i]};
		struct token t = open_token();
		struct keygen_key made;

		fake.ignores_sensitive = true;
		cr_assert_eq(keygen_generate(&t, &r, &made, &err), -1);
		cr_assert(err.code == KH_E_TOKEN && fake_count() == 0 && made.key == CK_INVALID_HANDLE, "%s", err.msg);
		fake.ignores_sensitive = false;
		fake.hides_sensitive = true; /* what is not told is not so */
		cr_assert_eq(keygen_generate(&t, &r, &made, &err), -1);
		cr_assert(err.code == KH_E_TOKEN && fake_count() == 0 && (i == 2 || strstr(err.msg, "is not CKA_SENSITIVE")), "%s",
			  err.msg);
		fake.ignores_sensitive = true;
		fake.generate = CKR_DEVICE_MEMORY;
		cr_assert_eq(keygen_generate(&t, &r, &made, &err), -1);
		cr_assert(err.native == CKR_DEVICE_MEMORY && made.key == CK_INVALID_HANDLE);
		fake.generate = CKR_OK;
		fake.destroy = CKR_ACTION_PROHIBITED;
		cr_assert_eq(keygen_generate(&t, &r, &made, &err), -1);
		cr_assert(strstr(log_warnings(), "CKR_ACTION_PROHIBITED"));
		log_reset();
		token_close(&t);
	}
}

/* Each thing that is asked for and read back, one at a time; and what a broken search finds is not destroyed with it. */
Test(keygen, what_is_read_back_is_compared)
{
	for (int kept = 0; kept < 2; kept++) {
		const struct {
			bool relabels, flips, stale_public, passes_over;
			const char *says;
		} cases[] = {
			{true, false, false, false, "has another label"},
			{false, true, false, false, kept ? "is not kept" : "is kept on the token"},
			{false, false, true, false, "C_GenerateKeyPair: CKR_OK with the handle of another object"},
			{true, false, false, true, "has another label"},
		};

		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct keygen_request r = {.spec = KEYSPEC_ECC_NIST_P256, .label = "L", .token_object = kept};
			struct token t = open_token();
			CK_OBJECT_HANDLE victim = fake_secret(CKK_AES, 32, "victim", 1);
			struct keygen_key made;

			fake.relabels = cases[i].relabels;
			fake.flips_token = cases[i].flips;
			fake.stale_public = cases[i].stale_public ? victim : CK_INVALID_HANDLE;
			fake.passes_over = cases[i].passes_over ? CKA_ID : CK_UNAVAILABLE_INFORMATION;
			cr_assert_eq(keygen_generate(&t, &r, &made, &err), -1, "%zu", i);
			cr_assert(strstr(err.msg, cases[i].says), "%zu: %s", i, err.msg);
			cr_assert(fake_count() == 1 && fake.objects[victim - 1].used, "%zu: %zu objects", i, fake_count());
			token_close(&t);
		}
	}
}

/* A handle is no proof of whose an object is: the key that it names by mistake is neither used nor destroyed. */
Test(keygen, a_wrong_handle_destroys_nothing)
{
	static const enum keyspec specs[] = {KEYSPEC_SYMMETRIC_DEFAULT, KEYSPEC_ECC_NIST_P256};

	for (size_t i = 0; i < 2; i++) {
		struct keygen_request r = {.spec = specs[i], .token_object = true};
		struct token t = open_token();
		CK_OBJECT_HANDLE victim = fake_secret(CKK_AES, 32, "victim", 1);
		struct keygen_key made;

		fake.stale = victim;
		cr_assert_eq(keygen_generate(&t, &r, &made, &err), -1);
		cr_assert(strstr(err.msg, "handle of another object"), "%s", err.msg);
		cr_assert(fake_count() == 1 && fake.objects[victim - 1].used && made.key == CK_INVALID_HANDLE);
		fake.stale = CK_INVALID_HANDLE;
		fake.generate = CKR_DEVICE_MEMORY;
		fake.fails_late = true; /* what was made before it failed goes too */
		cr_assert_eq(keygen_generate(&t, &r, &made, &err), -1);
		cr_assert(err.native == CKR_DEVICE_MEMORY && fake_count() == 1 && fake.objects[victim - 1].used);
		token_close(&t);
	}
}

/* Whoever used the label while the key was made is seen, of any class; both halves of the key itself are not. */
Test(keygen, a_label_is_one_keys)
{
	static const enum keyspec specs[] = {KEYSPEC_SYMMETRIC_DEFAULT, KEYSPEC_ECC_NIST_P256};
	static const char *const none[] = {"", "keyhaul-tmp-", "keyhaul-tmp-payroll", "a\nb", "a\x7f"};

	for (size_t i = 0; i < 2; i++) {
		struct keygen_request r = {.spec = specs[i], .label = "L", .token_object = true};
		struct token t = open_token();
		CK_OBJECT_HANDLE rival;
		struct keygen_key made;

		cr_assert_eq(keygen_generate(&t, &r, &made, &err), 0);
		cr_assert_eq(keygen_check_alone(&t, "L", &made, &err), 0, "%s", err.msg);
		rival = fake_object();
		fake_set_ulong(rival, CKA_CLASS, CKO_CERTIFICATE);
		fake_set(rival, CKA_LABEL, "L", 1);
		cr_assert_eq(keygen_check_alone(&t, "L", &made, &err), -1);
		cr_assert(err.code == KH_E_INPUT && strstr(err.msg, "1 object is labelled 'L' as well"), "%s", err.msg);
		fake.get = CKR_DEVICE_ERROR;
		cr_assert(keygen_check_alone(&t, "L", &made, &err) == -1 && err.native == CKR_DEVICE_ERROR);
		token_close(&t);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		cr_assert(keygen_check_name(none[i], &err) == -1 && err.code == KH_E_USAGE, "%zu", i);
	cr_assert_eq(keygen_check_name("payroll keyhaul-tmp-", &err), 0);
}

/* C_DestroyObject that says CKR_OK and does nothing is seen where the object would stay, and counted. */
Test(keygen, what_stays_on_the_token_is_counted)
{
	for (int kept = 0; kept < 2; kept++) {
		struct keygen_request r = {.spec = KEYSPEC_SYMMETRIC_DEFAULT, .token_object = kept};
		struct token t = open_token();
		struct keygen_key made;
		size_t left = 0;

		t.left = &left;
		cr_assert_eq(keygen_generate(&t, &r, &made, &err), 0);
		fake.keeps = true;
		cr_assert_eq(keygen_destroy(&t, &made), kept ? KEYGEN_STAYS : CKR_OK);
		cr_assert_eq(left, (size_t)kept);
		cr_assert_eq(keygen_generate(&t, &r, &made, &err), 0);
		fake.destroy = CKR_DEVICE_ERROR; /* and nobody can look whether it is there */
		fake.find_init = CKR_DEVICE_ERROR;
		cr_assert_eq(keygen_destroy(&t, &made), CKR_DEVICE_ERROR);
		cr_assert_eq(left, 2 * (size_t)kept);
		fake.destroy = fake.find_init = CKR_OK;
		cr_assert_eq(strstr(log_warnings(), "there still") != NULL, kept);
		log_reset();
		fake.ignores_sensitive = true;
		cr_assert_eq(keygen_generate(&t, &r, &made, &err), -1);
		cr_assert(strstr(err.hint, "could not be destroyed") && !strstr(err.hint, "it was destroyed"), "%s", err.hint);
		log_reset();
		token_close(&t);
	}
}
