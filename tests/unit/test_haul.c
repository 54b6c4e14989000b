/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fake_wrap.h"

#include "base/log.h"
#include "pkcs11/proof.h"
#include "token/haul.h"
#include "rsa_keys.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAD CKM_AES_KEY_WRAP_PAD
#define KWP KH_CKM_AES_KEY_WRAP_KWP
#define VALID_TO INT64_C(4102444800)
#define ARN "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

struct row {
	const char *spec, *alg;
	enum fake_lie lie;
	bool native;
	CK_MECHANISM_TYPE kwp[2];
	enum kh_code code;
	const char *words; /* of the error, or of the plan that holds */
};

#define AES_1 "SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1"
#define AES_256 "SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_256"
#define HMAC_256 "HMAC_512", "RSAES_OAEP_SHA_256"
#define EC_OAEP "ECC_NIST_P256", "RSAES_OAEP_SHA_256"
#define EC_WRAP "ECC_NIST_P256", "RSA_AES_KEY_WRAP_SHA_256"

static const struct row rows[] = {
	/* right */
	{AES_1, FAKE_HONEST, false, {0}, KH_OK, "CKM_RSA_PKCS_OAEP"},
	{AES_1, FAKE_ZERO_BEFORE, false, {0}, KH_OK, "CKM_RSA_PKCS_OAEP"},
	{AES_256, FAKE_HONEST, false, {0}, KH_OK, "CKM_RSA_PKCS_OAEP"},
	{HMAC_256, FAKE_HONEST, false, {0}, KH_OK, "CKM_RSA_PKCS_OAEP"},
	{EC_OAEP, FAKE_HONEST, false, {0}, KH_OK, "CKM_RSA_PKCS_OAEP"},
	{EC_WRAP, FAKE_HONEST, true, {0}, KH_OK, "CKM_RSA_AES_KEY_WRAP"},
	{EC_WRAP, FAKE_HONEST, false, {KWP}, KH_OK, "0x210B"},
	{EC_WRAP, FAKE_HONEST, false, {KH_CKM_LUNA_AES_KWP}, KH_OK, "0x80000171"},
	{EC_WRAP, FAKE_HONEST, false, {KH_CKM_CLOUDHSM_AES_KEY_WRAP_ZERO}, KH_OK, "0x8000216F"},
	{EC_WRAP, FAKE_ZEROS_BEHIND, false, {PAD}, KH_OK, "0x210A"},
	/* a wrong candidate leads to the next one */
	{EC_WRAP, FAKE_PKCS7, false, {KWP, PAD}, KH_OK, "0x210A"},
	{EC_WRAP, FAKE_PKCS7, true, {0, PAD}, KH_OK, "0x210A"},
	/* CKR_OK and wrong */
	{AES_1, FAKE_OTHER_HASH, false, {0}, KH_E_CHECK, "the hash is SHA256 and the MGF1 hash is SHA256"},
	{AES_256, FAKE_OTHER_HASH, false, {0}, KH_E_CHECK, "the hash is SHA1 and the MGF1 hash is SHA1"},
	{AES_256, FAKE_OTHER_MGF, false, {0}, KH_E_CHECK, "the hash is SHA256 and the MGF1 hash is SHA1"},
	{AES_256, FAKE_LABEL, false, {0}, KH_E_CHECK, "does not open with any hash"},
	{AES_256, FAKE_OTHER_RSA, false, {0}, KH_E_CHECK, "does not open with any hash"},
	{AES_256, FAKE_OTHER_KEY, false, {0}, KH_E_CHECK, "not the key in the token (AES encryption)"},
	{HMAC_256, FAKE_OTHER_KEY, false, {0}, KH_E_CHECK, "not the key in the token (HMAC)"},
	{EC_OAEP, FAKE_OTHER_KEY, false, {0}, KH_E_CHECK, "not the key in the token (public key)"},
	{AES_256, FAKE_TRUNCATED, false, {0}, KH_E_CHECK, "the opened key is 31 bytes"},
	{EC_OAEP, FAKE_TRUNCATED, false, {0}, KH_E_CHECK, "no PKCS#8"},
	{EC_WRAP, FAKE_OTHER_KEY, true, {0}, KH_E_CHECK, "not the key in the token (public key)"},
	{EC_WRAP, FAKE_OTHER_HASH, true, {0}, KH_E_CHECK, "the hash is SHA1"},
	{EC_WRAP, FAKE_SHORT_KEK, true, {0}, KH_E_CHECK, "the key-encryption key is 16 bytes, not 32"},
	{EC_WRAP, FAKE_SHORT_KEK, false, {KWP}, KH_E_CHECK, "the key-encryption key is 16 bytes, not 32"},
	{EC_WRAP, FAKE_PKCS7, false, {PAD}, KH_E_CHECK, "RFC 3394 after PKCS#7 padding"},
	{EC_WRAP, FAKE_PKCS7, true, {0}, KH_E_CHECK, "RFC 3394 after PKCS#7 padding"},
	{EC_WRAP, FAKE_ZERO, false, {PAD}, KH_E_CHECK, "RFC 3394 after zero padding"},
	{EC_WRAP, FAKE_IV, false, {KH_CKM_LUNA_AES_KWP}, KH_E_CHECK, "foreign initial value deadbeef"},
	{EC_WRAP, FAKE_ONES_BEHIND, false, {KWP}, KH_E_CHECK, "not zero are behind the PKCS#8"},
	/* lengths, refusals */
	{AES_256, FAKE_SAYS_MORE, false, {0}, KH_E_CHECK, "9000 bytes, which cannot be"},
	{AES_256, FAKE_SAYS_LESS, false, {0}, KH_E_CHECK, "5 bytes, which cannot be"},
	{EC_WRAP, FAKE_SAYS_NOTHING, true, {0}, KH_E_CHECK, "0 bytes, which cannot be"},
	{EC_WRAP, FAKE_SAYS_LESS, false, {KWP}, KH_E_CHECK, "5 bytes, which cannot be (at least 16)"},
	{EC_WRAP, FAKE_SAYS_MORE, false, {KWP}, KH_E_CHECK, "9000 bytes, which cannot be"},
	{EC_OAEP, FAKE_REFUSES, false, {0}, KH_E_CHECK, "CKR_KEY_NOT_WRAPPABLE (0x69)"},
	{EC_WRAP, FAKE_HONEST, false, {0}, KH_E_CHECK, "no mechanism that could be RFC 5649"},
	{EC_WRAP, FAKE_IS_GONE, true, {0}, KH_E_TOKEN, "CKR_DEVICE_REMOVED"},
	{EC_WRAP, FAKE_NO_MEMORY, true, {0}, KH_E_TOKEN, "CKR_DEVICE_MEMORY"},
	{EC_WRAP, FAKE_UNWRITTEN, false, {KWP}, KH_E_CHECK, "no ciphertext"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static EVP_PKEY *kms_key; /* of the request */

/* In front of base/clock.c's. */
int64_t __wrap_clock_now(void);

int64_t __wrap_clock_now(void)
{
	return fake_wrap.was_slow ? VALID_TO + 1 : VALID_TO - 3600;
}

static void fake_up(const struct row *row, struct token *t)
{
	memset(t, 0, sizeof(*t));
	t->fn = fake_wrap_reset();
	t->session = 77;
	memcpy(t->name.label, "T", 2);
	fake_wrap.lie = row->lie;
	fake_wrap.native = row->native;
	memcpy(fake_wrap.kwp, row->kwp, sizeof(row->kwp));
}

static void make_bundle(const struct row *row, const char *path)
{
	unsigned char *der = NULL;
	int len;
	struct bundle *b = NULL;
	struct kh_error err = {0};
	struct bundle_request r = {
		.kms_key_arn = ARN, .key_spec = row->spec, .wrapping_algorithm = row->alg, .wrapping_key_spec = "RSA_2048",
		.import_token = {(const unsigned char *)"token", 5}, .fetched_at = VALID_TO - 86400, .parameters_valid_to = VALID_TO,
		.generator = "test", .key_uri = "pkcs11:object=payroll"};

	if (kms_key == NULL)
		kms_key = rsa_key(2048);
	len = i2d_PUBKEY(kms_key, &der);
	r.public_key = (struct bundle_blob){der, (size_t)len};
	unlink(path);
	cr_assert_eq(bundle_new(&r, &b, &err), 0, "%s", err.msg);
	cr_assert_eq(bundle_create(b, path, &err), 0, "%s", err.msg);
	bundle_free(b);
	OPENSSL_free(der);
}

static void end(const char *path)
{
	unlink(path);
	EVP_PKEY_free(kms_key);
	kms_key = NULL;
}

static void read_whole(const char *path, struct buf *out)
{
	struct kh_error err;

	cr_assert_eq(file_read(path, out, &err), 0);
}

static bool keeps; /* without --no-keep */

/* One wrap --generate payroll --no-keep of a bundle on the fake token. */
static int haul_in(struct proof_run *proofs, const struct token *t, const char *path, struct kh_error *err)
{
	const struct haul_opts o = {.token = "pkcs11:token=T", .generate = "payroll", .no_keep = !keeps};
	struct haul_result result = {.proof = NULL};
	struct session s = {.token = *t};
	struct haul_item item = {0};
	int ret;

	cr_assert_eq(haul_item_open(path, &o, &item, err), 0, "%s", err->msg);
	cr_assert_eq(haul_check_request(&item, &o, NULL, clock_now(), err), 0, "%s", err->msg);
	ret = haul_one(&item, &o, &s, proofs, &result, err);
	haul_result_clear(&result);
	haul_item_close(&item);
	return ret;
}

static int haul(const struct token *t, const char *path, struct kh_error *err)
{
	struct proof_run *proofs = NULL;
	int ret;

	cr_assert_eq(proof_run_new(NULL, &proofs, err), 0);
	ret = haul_in(proofs, t, path, err);
	proof_run_free(proofs);
	return ret;
}

static void check_bundle(const struct row *row, const char *path)
{
	struct bundle *b = NULL;
	struct kh_error err = {0};
	const struct bundle_material *m;
	char number[96];

	cr_assert_eq(bundle_read(path, &b, &err), 0, "%s", err.msg);
	m = bundle_material(b);
	cr_assert_not_null(m);
	snprintf(number, sizeof(number), "%s (0x%lX)", m->mechanisms[m->n_mechanisms - 1].name,
		 m->mechanisms[m->n_mechanisms - 1].number);
	cr_assert_not_null(strstr(number, row->words), "%s", number);
	cr_assert_eq(m->proof.trailing_zeros > 0, row->lie == FAKE_ZEROS_BEHIND);
	cr_assert_eq(m->proof.n_warnings, row->lie == FAKE_ZEROS_BEHIND);
	bundle_free(b);
}

Test(haul, tells_what_each_token_does_and_writes_nothing_wrong)
{
	const char *path = "haul.bundle";

	cr_assert_eq(chdir(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp"), 0);
	for (size_t i = 0; i < ROWS; i++) {
		struct buf before = BUF_INIT(BUNDLE_MAX), after = BUF_INIT(BUNDLE_MAX);
		struct kh_error err = {0};
		struct token t;
		int r;

		fake_up(&rows[i], &t);
		make_bundle(&rows[i], path);
		read_whole(path, &before);
		r = haul(&t, path, &err);
		read_whole(path, &after);
		cr_assert_eq(r == 0 ? KH_OK : err.code, rows[i].code, "%zu: %s", i, err.msg);
		if (rows[i].code == KH_OK) {
			cr_assert_eq(r, 0, "%zu", i);
			check_bundle(&rows[i], path);
		} else {
			cr_assert_not_null(strstr(err.msg, rows[i].words), "%zu: %s", i, err.msg);
			cr_assert(before.len == after.len && memcmp(before.data, after.data, after.len) == 0, "%zu", i);
		}
		cr_assert_eq(fake_count(), 0, "%zu: %zu objects are left", i, fake_count());
		cr_assert_leq(fake_wrap.ephemeral_wraps_most, 1, "%zu", i);
		cr_assert_not(fake_wrap.wrapping_key_uses || fake_wrap.wrapping_key_is_token_object, "%zu", i);
		buf_free(&before);
		buf_free(&after);
	}
	end(path);
}

/* The proof passed and the token changes its mind: what can be seen from outside is still refused. */
Test(haul, refuses_lengths_that_change_after_it)
{
	static const struct row late[] = {
		{AES_256, FAKE_SAYS_MORE, false, {0}, KH_E_TOKEN, "9000 bytes"},
		{AES_256, FAKE_SAYS_LESS, false, {0}, KH_E_TOKEN, "5 bytes"},
		{AES_256, FAKE_REFUSES, false, {0}, KH_E_TOKEN, "CKR_KEY_NOT_WRAPPABLE"},
		{EC_WRAP, FAKE_SAYS_NOTHING, true, {0}, KH_E_TOKEN, "0 bytes"},
		{EC_WRAP, FAKE_STUMP, true, {0}, KH_E_CHECK, "272 bytes is no ECC_NIST_P256 key"},
		{AES_256, FAKE_UNWRITTEN, false, {0}, KH_E_TOKEN, "no ciphertext"},
		{EC_WRAP, FAKE_UNWRITTEN, true, {0}, KH_E_TOKEN, "no ciphertext"},
		{AES_256, FAKE_ZEROS, false, {0}, KH_E_TOKEN, "no ciphertext"},
		{AES_256, FAKE_TAIL_16, false, {0}, KH_E_TOKEN, "256 bytes that are no ciphertext (16 equal in a row)"},
		{AES_256, FAKE_TAIL_15, false, {0}, KH_OK, ""}, /* which cannot be told from one */
		{AES_256, FAKE_AGAIN, false, {0}, KH_E_TOKEN, /* or over this modulus */ "blob that"},
		{AES_256, FAKE_OVER_MODULUS, false, {0}, KH_E_TOKEN, "not under the request's wrapping key"},
	};

	cr_assert_eq(chdir(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp"), 0);
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
		struct bundle *b = NULL;
		struct kh_error err = {0};
		struct token t;

		fake_up(&late[i], &t);
		fake_wrap.honest_calls = 1;
		make_bundle(&late[i], "late.bundle");
		cr_assert_eq(haul(&t, "late.bundle", &err), late[i].code == KH_OK ? 0 : -1, "%zu: %s", i, err.msg);
		cr_assert(err.code == late[i].code && strstr(err.msg, late[i].words), "%zu: %s", i, err.msg);
		cr_assert_eq(fake_count(), 0, "%zu", i);
		cr_assert_eq(bundle_read("late.bundle", &b, &err), 0);
		cr_assert_eq(bundle_material(b) != NULL, late[i].code == KH_OK, "%zu", i);
		bundle_free(b);
	}
	end("late.bundle");
}

/* What is wrong when a real key is made or wrapped the first time: what it is wrapped under is read back before it is used. */
Test(haul, what_the_first_key_is_wrapped_under_is_read_back)
{
	static const struct {
		struct row row;
		size_t left; /* objects: the old key, what cannot be destroyed, what has another label */
	} late[] = {
		{{AES_256, FAKE_OTHER_MODULUS, false, {0}, KH_E_TOKEN, "another object than the wrapping key"}, 1},
		{{AES_256, FAKE_OTHER_CLASS, false, {0}, KH_E_TOKEN, "another object than the wrapping key"}, 1},
		{{AES_256, FAKE_OTHER_LABEL, false, {0}, KH_E_TOKEN, "another object than the wrapping key"}, 2},
		{{EC_WRAP, FAKE_OLD_KEK, false, {KWP}, KH_E_TOKEN, "ephemeral key: C_GenerateKey: CKR_OK with the handle"}, 1},
		{{AES_256, FAKE_RIVAL, false, {0}, KH_E_INPUT, "destroyed again: 1 object is labelled 'payroll' as well"}, 2},
		{{AES_256, FAKE_SLOW, false, {0}, KH_E_CHECK, "parameters"}, 1},
		{{AES_256, FAKE_SLOW_WRAP, false, {0}, KH_E_CHECK, "parameters"}, 1},
		{{EC_WRAP, FAKE_STAYS, false, {KWP}, KH_E_TOKEN, "C_DestroyObject on the ephemeral key: CKR_ACTION_PROHIBITED"}, 2},
	};

	cr_assert_eq(chdir(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp"), 0);
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
		struct bundle *b = NULL;
		struct kh_error err = {0};
		struct token t;

		fake_up(&late[i].row, &t);
		fake_wrap.honest_calls = late[i].row.lie == FAKE_STAYS ? 2 : late[i].row.kwp[0] ? 1 : 0; /* the throwaway's */
		fake_wrap.old = fake_secret(CKK_AES, 32, "old", 1);
		fake_set(fake_wrap.old, CKA_VALUE, "0123456789abcdef0123456789abcdef", 32);
		make_bundle(&late[i].row, "first.bundle");
		keeps = late[i].row.lie == FAKE_RIVAL || late[i].row.lie == FAKE_SLOW_WRAP;
		cr_assert_eq(haul(&t, "first.bundle", &err), -1, "%zu", i);
		cr_assert(err.code == late[i].row.code && strstr(err.msg, late[i].row.words), "%zu: %s", i, err.msg);
		cr_assert_eq(fake_count(), late[i].left, "%zu: %zu", i, fake_count());
		cr_assert(fake.objects[fake_wrap.old - 1].used, "%zu", i);
		cr_assert_eq(bundle_read("first.bundle", &b, &err), 0);
		cr_assert_null(bundle_material(b), "%zu", i);
		bundle_free(b);
		log_reset();
	}
	end("first.bundle");
}

/* Each combination in each session is looked at once, which costs two reads; from then on none. */
Test(haul, the_first_key_of_each_session_is_looked_at)
{
	static const struct row row = {EC_WRAP, FAKE_HONEST, false, {KWP}, KH_OK, ""};
	struct proof_run *run = NULL;
	struct kh_error err = {0};
	struct token t;
	unsigned before, reads[4];

	cr_assert_eq(chdir(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp"), 0);
	fake_up(&row, &t);
	cr_assert_eq(proof_run_new(NULL, &run, &err), 0);
	for (size_t i = 0; i < 4; i++) {
		make_bundle(&row, "each.bundle");
		t.session = i < 3 ? 77 : 78;
		before = fake_wrap.reads;
		cr_assert_eq(haul_in(run, &t, "each.bundle", &err), 0, "%zu: %s", i, err.msg);
		reads[i] = fake_wrap.reads - before;
	}
	cr_assert(reads[0] > reads[1] && reads[1] == reads[2] && reads[3] == reads[1] + 2, "%u %u %u %u", reads[0],
		  reads[1], reads[2], reads[3]);
	/* and what costs no call is looked at always: handles 2 and 3 are the target and the wrapping key */
	make_bundle(&row, "each.bundle");
	fake_wrap.lie = FAKE_OLD_KEK;
	for (fake_wrap.old = 2; fake_wrap.old <= 3; fake_wrap.old++) {
		cr_assert_eq(haul_in(run, &t, "each.bundle", &err), -1, "%lu", fake_wrap.old);
		cr_assert_not_null(strstr(err.msg, "a key that is there already"), "%lu: %s", fake_wrap.old, err.msg);
	}
	proof_run_free(run);
	/* one that was refused is no first key: the next is looked at as it was */
	fake_up(&row, &t);
	fake_wrap.lie = FAKE_OVER_MODULUS;
	fake_wrap.honest_calls = 2;
	cr_assert_eq(proof_run_new(NULL, &run, &err), 0);
	make_bundle(&row, "each.bundle");
	cr_assert_eq(haul_in(run, &t, "each.bundle", &err), -1);
	fake_wrap.lie = FAKE_HONEST;
	before = fake_wrap.reads;
	cr_assert_eq(haul_in(run, &t, "each.bundle", &err), 0, "%s", err.msg);
	cr_assert_eq(fake_wrap.reads - before, reads[1] + 2);
	proof_run_free(run);
	end("each.bundle");
}

static int find_key(const struct token *t, const char *path, bool allow, struct key *k, struct kh_error *err)
{
	const struct haul_opts o = {.token = "pkcs11:token=T", .allow_non_sensitive = allow};
	struct session s = {.token = *t};
	struct haul_item item = {0};
	int ret;

	cr_assert_eq(haul_item_open(path, &o, &item, err), 0, "%s", err->msg);
	ret = haul_key_find(&item, &o, &s, k, err);
	haul_item_close(&item);
	return ret;
}

/* A key is hauled where the token says that it is sensitive; and the request's kind tells which of a label is meant. */
Test(haul, the_key_is_the_one_that_is_meant_and_is_sensitive)
{
	static const struct {
		enum bundle_flag sensitive;
		bool allow;
		const char *says; /* NULL: taken */
	} cases[] = {
		{BUNDLE_TRUE, false, NULL},
		{BUNDLE_FALSE, false, "CKA_SENSITIVE is false"},
		{BUNDLE_ABSENT, false, "CKA_SENSITIVE is not told"},
		{BUNDLE_ABSENT, true, NULL},
	};
	static const struct row row = {AES_256, FAKE_HONEST, false, {0}, KH_OK, ""};
	struct kh_error err = {0};
	struct token t;
	struct key k;

	cr_assert_eq(chdir(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp"), 0);
	make_bundle(&row, "key.bundle");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CK_OBJECT_HANDLE key;

		fake_up(&row, &t);
		fake_pair("payroll");
		key = fake_secret(CKK_AES, 32, "payroll", 1);
		fake_set_bool(key, CKA_SENSITIVE, cases[i].sensitive == BUNDLE_TRUE);
		if (cases[i].sensitive == BUNDLE_ABSENT)
			fake_get(key, CKA_SENSITIVE)->rv = CKR_ATTRIBUTE_TYPE_INVALID;
		cr_assert_eq(find_key(&t, "key.bundle", cases[i].allow, &k, &err), cases[i].says ? -1 : 0, "%zu: %s", i, err.msg);
		cr_assert(cases[i].says ? err.code == KH_E_CHECK && strstr(err.msg, cases[i].says) != NULL : k.handle == key,
			  "%zu: %s", i, err.msg);
		cr_assert_eq(fake_wrap.reads, 1, "%zu: no other is read", i);
		fake.objects[key - 1].used = false; /* then it is the pair that is spoken of */
		cr_assert_eq(find_key(&t, "key.bundle", false, &k, &err), -1);
		cr_assert_not_null(strstr(err.msg, "the request is for SYMMETRIC_DEFAULT"), "%s", err.msg);
	}
	log_reset();
	end("key.bundle");
}
