/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fake_wrap.h"

#include "base/log.h"
#include "pkcs11/key.h"
#include "pkcs11/probe_step.h"
#include "pkcs11/tmp.h"
#include "rsa_keys.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define PAD CKM_AES_KEY_WRAP_PAD
#define KWP KH_CKM_AES_KEY_WRAP_KWP

static struct probe_keys keys; /* each test's process makes its own, once */

static const struct probe_keys *host_keys(void)
{
	struct kh_error err = {0};

	if (keys.rsa_2048 == NULL)
		cr_assert_eq(probe_keys_make(&keys, &err), 0, "%s", err.msg);
	return &keys;
}

static struct probe *run_probe(struct token *t)
{
	struct probe *p = calloc(1, sizeof(*p));
	struct kh_error err = {0};

	cr_assert_not_null(p);
	cr_assert_eq(probe_run(t, host_keys(), p, &err), 0, "%s", err.msg);
	return p;
}

static void fake_up(enum fake_lie lie, struct token *t)
{
	memset(t, 0, sizeof(*t));
	t->fn = fake_wrap_reset();
	t->session = 77;
	t->info.flags = CKF_TOKEN_INITIALIZED;
	fake_wrap.lie = lie;
	fake_wrap.kwp[0] = PAD;
	fake_wrap.kwp[1] = KWP; /* this one does not lie */
}

static const struct probe_row *row_of(const struct probe *p, enum keyspec spec, enum wrapalg alg, CK_MECHANISM_TYPE kwp)
{
	for (size_t i = 0; i < p->n_rows; i++)
		if (p->rows[i].spec == spec && p->rows[i].plan.alg == alg && p->rows[i].plan.kwp == kwp &&
		    p->rows[i].plan.way != WRAP_NATIVE)
			return &p->rows[i];
	cr_assert_fail("no row of %s by 0x%lX", keyspec_name(spec), kwp);
	return NULL;
}

/* What each liar is called, and what was found inside: with SHA-256, AES straight and P-256 by 0x210A. */
static const struct liar {
	enum fake_lie lie;
	enum probe_verdict aes, ec;
	const char *aes_words, *ec_words, *key_wrap, *pkcs8;
} liars[] = {
	{FAKE_HONEST, PROBE_PROVEN, PROBE_PROVEN, "", "", "RFC 5649", "named-curve+public-key"},
	{FAKE_OTHER_HASH, PROBE_WRONG, PROBE_WRONG, "the hash is SHA1 and the MGF1 hash is SHA1", "the hash is SHA1", NULL, NULL},
	{FAKE_OTHER_MGF, PROBE_WRONG, PROBE_WRONG, "the hash is SHA256 and the MGF1 hash is SHA1", "MGF1 hash is SHA1", NULL,
	 NULL},
	{FAKE_OTHER_KEY, PROBE_WRONG, PROBE_WRONG, "not the key in the token", "not the key in the token (public key)",
	 "RFC 5649", "named-curve+public-key"},
	{FAKE_PKCS7, PROBE_PROVEN, PROBE_WRONG, "", "RFC 3394 after PKCS#7 padding", "RFC 3394 after PKCS#7 padding", NULL},
	{FAKE_ZERO, PROBE_PROVEN, PROBE_WRONG, "", "RFC 3394 after zero padding", "RFC 3394 after zero padding", NULL},
	{FAKE_IV, PROBE_PROVEN, PROBE_WRONG, "", "foreign initial value deadbeef", "AES key wrap with a foreign initial value",
	 NULL},
	{FAKE_ZEROS_BEHIND, PROBE_PROVEN, PROBE_PROVEN, "", "", "RFC 5649", "named-curve+public-key"},
	{FAKE_ONES_BEHIND, PROBE_PROVEN, PROBE_WRONG, "", "not zero are behind the PKCS#8", "RFC 5649",
	 "named-curve+public-key"},
	{FAKE_SHORT_KEK, PROBE_PROVEN, PROBE_WRONG, "", "key-encryption key is 16 bytes", NULL, NULL},
	{FAKE_SAYS_NOTHING, PROBE_WRONG, PROBE_WRONG, "0 bytes, which cannot be", "0 bytes, which cannot be", NULL, NULL},
	{FAKE_SAYS_MORE, PROBE_WRONG, PROBE_WRONG, "9000 bytes", "9000 bytes", NULL, NULL},
	{FAKE_NO_MEMORY, PROBE_UNTOLD, PROBE_UNTOLD, "CKR_DEVICE_MEMORY (0x31)", "CKR_DEVICE_MEMORY (0x31)", NULL, NULL},
	{FAKE_NO_MEMORY_ONCE, PROBE_PROVEN, PROBE_PROVEN, "", "", "RFC 5649", "named-curve+public-key"},
	{FAKE_REFUSES, PROBE_REFUSED, PROBE_REFUSED, "CKR_KEY_NOT_WRAPPABLE (0x69)", "CKR_KEY_NOT_WRAPPABLE (0x69)", NULL, NULL},
};
#define LIARS (sizeof(liars) / sizeof(liars[0]))

static void same_or_none(const char *got, const char *want, size_t i)
{
	cr_assert(want == NULL ? got == NULL : got != NULL && strcmp(got, want) == 0, "%zu: '%s'", i, got != NULL ? got : "");
}

Test(probe, calls_each_liar_by_its_name_and_leaves_nothing)
{
	for (size_t i = 0; i < LIARS; i += rsa_keys_stride()) {
		const struct liar *l = &liars[i];
		const struct probe_row *aes, *ec;
		struct probe *p;
		struct token t;

		fake_up(l->lie, &t);
		p = run_probe(&t);
		aes = row_of(p, KEYSPEC_SYMMETRIC_DEFAULT, WRAPALG_RSAES_OAEP_SHA_256, 0);
		ec = row_of(p, KEYSPEC_ECC_NIST_P256, WRAPALG_RSA_AES_KEY_WRAP_SHA_256, PAD);
		cr_assert_eq(aes->verdict, l->aes, "%zu: %s", i, aes->why);
		cr_assert_eq(ec->verdict, l->ec, "%zu: %s", i, ec->why);
		cr_assert_not_null(strstr(aes->why, l->aes_words), "%zu: %s", i, aes->why);
		cr_assert_not_null(strstr(ec->why, l->ec_words), "%zu: %s", i, ec->why);
		same_or_none(ec->found.key_wrap, l->key_wrap, i);
		same_or_none(ec->found.pkcs8, l->pkcs8, i);
		cr_assert_eq(ec->found.trailing_zeros > 0, l->lie == FAKE_ZEROS_BEHIND, "%zu", i);
		cr_assert_eq(ec->native, ec->verdict == PROBE_REFUSED  ? CKR_KEY_NOT_WRAPPABLE
					 : ec->verdict == PROBE_UNTOLD ? CKR_DEVICE_MEMORY : 0, "%zu", i);
		cr_assert(ec->listed && !row_of(p, KEYSPEC_ECC_NIST_P256, WRAPALG_RSA_AES_KEY_WRAP_SHA_256,
						KH_CKM_LUNA_AES_KWP)->listed);
		cr_assert_eq(fake_count(), 0, "%zu: %zu objects are left", i, fake_count());
		cr_assert(p->counted && p->objects_after == 0 && p->left == 0);
		free(p);
	}
	probe_keys_free(&keys);
}

/* The fake keeps no claim but the first: it wraps whatever it is given, and makes whatever key. */
Test(probe, tells_which_claims_about_keys_are_kept)
{
	struct token t;
	struct probe *p;

	fake_up(FAKE_HONEST, &t);
	p = run_probe(&t);
	cr_assert_eq(p->claims[0].honour, PROBE_HONOURED, "%s", p->claims[0].why);
	cr_assert_eq(p->claims[0].native, CKR_ATTRIBUTE_SENSITIVE);
	for (size_t i = 1; i < PROBE_CLAIMS; i++) {
		cr_assert_eq(p->claims[i].honour, PROBE_BROKEN, "%s: %s", p->claims[i].name, p->claims[i].why);
		cr_assert_eq(p->claims[i].stated, BUNDLE_TRUE, "%s", p->claims[i].name);
	}
	free(p);

	/* where nothing can be wrapped a refusal would say nothing */
	fake_up(FAKE_REFUSES, &t);
	p = run_probe(&t);
	cr_assert_eq(p->claims[1].honour, PROBE_NOT_KNOWN);
	cr_assert_eq(p->claims[2].honour, PROBE_NOT_KNOWN);
	free(p);
	probe_keys_free(&keys);
}

/* Each private value is asked for, one that is not given for trouble is no promise, and CKA_TRUSTED is tried both ways. */
Test(probe, tries_what_it_says_of_a_claim)
{
	static const struct {
		CK_ATTRIBUTE_TYPE gives;
		CK_RV value_rv, set;
		bool makes_trusted, no_login;
		enum probe_honour sensitive, trusted;
		CK_RV native; /* of user_trusted */
		const char *says;
	} cases[] = {
		{0, CKR_OK, CKR_ATTRIBUTE_READ_ONLY, false, false, PROBE_HONOURED, PROBE_HONOURED, CKR_ATTRIBUTE_READ_ONLY, ""},
		{CKA_PRIVATE_EXPONENT, CKR_OK, CKR_OK, true, false, PROBE_BROKEN, PROBE_BROKEN, CKR_OK, "gave CKA_PRIVATE_EXPONENT"},
		{CKA_PRIME_1, CKR_OK, CKR_OK, true, false, PROBE_BROKEN, PROBE_BROKEN, CKR_OK, "gave CKA_PRIME_1"},
		{CKA_PRIME_2, CKR_OK, CKR_OK, false, false, PROBE_BROKEN, PROBE_BROKEN, CKR_OK, "gave CKA_PRIME_2"},
		{CKA_EXPONENT_1, CKR_OK, CKR_DEVICE_ERROR, false, false, PROBE_BROKEN, PROBE_NOT_KNOWN, CKR_DEVICE_ERROR, "gave CKA_EXPONENT_1"},
		{CKA_EXPONENT_2, CKR_OK, CKR_FUNCTION_NOT_SUPPORTED, false, false, PROBE_BROKEN, PROBE_HONOURED,
		 CKR_FUNCTION_NOT_SUPPORTED, "gave CKA_EXPONENT_2"},
		{CKA_COEFFICIENT, CKR_OK, CKR_OK, false, true, PROBE_BROKEN, PROBE_NOT_KNOWN, CKR_OK, "gave CKA_COEFFICIENT"},
		{CKA_VALUE, CKR_OK, CKR_OK, true, false, PROBE_BROKEN, PROBE_BROKEN, CKR_OK, "gave CKA_VALUE of a sensitive HMAC_256 key"},
		{0, CKR_DEVICE_ERROR, CKR_OK, true, false, PROBE_NOT_KNOWN, PROBE_BROKEN, CKR_OK, "C_GetAttributeValue"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe *p = calloc(1, sizeof(*p));
		struct kh_error err = {0};
		struct token t;

		fake_up(FAKE_HONEST, &t);
		t.info.flags |= cases[i].no_login ? CKF_LOGIN_REQUIRED : 0;
		fake_wrap.rsa = true;
		fake_wrap.gives = cases[i].gives;
		fake_wrap.value_rv = cases[i].value_rv;
		fake_wrap.refuses_trusted = !cases[i].makes_trusted;
		fake.set = cases[i].set;
		cr_assert_eq(probe_claims(&t, host_keys()->rsa_2048, p, &err), 0, "%zu: %s", i, err.msg);
		cr_assert_eq(p->claims[0].honour, cases[i].sensitive, "%zu: %s", i, p->claims[0].why);
		cr_assert_not_null(strstr(p->claims[0].why, cases[i].says), "%zu: %s", i, p->claims[0].why);
		cr_assert_eq(p->claims[3].honour, cases[i].trusted, "%zu: %s", i, p->claims[3].why);
		cr_assert_eq(p->claims[3].native, cases[i].native, "%zu: %s", i, p->claims[3].why);
		cr_assert_eq(fake_count(), 0, "%zu", i);
		free(p);
	}
	probe_keys_free(&keys);
}

/* A refusal that speaks of the key, with each kind of key that is wrapped at all. */
Test(probe, a_refusal_of_one_kind_or_for_trouble_is_no_promise)
{
	static const struct {
		CK_RV rv;
		bool pairs;
		enum probe_honour honour;
		const char *says;
		CK_RV of_pairs;
	} cases[] = {
		{CKR_KEY_UNEXTRACTABLE, false, PROBE_HONOURED, "CKR_KEY_UNEXTRACTABLE", 0},
		{CKR_DEVICE_ERROR, false, PROBE_NOT_KNOWN, "CKR_DEVICE_ERROR", 0},
		{CKR_KEY_UNEXTRACTABLE, true, PROBE_BROKEN, "ECC_NIST_P256: C_WrapKey wrapped it all the same, and it opens", 0},
		{CKR_KEY_UNEXTRACTABLE, false, PROBE_HONOURED, "; ECC_NIST_P256: C_WrapKey", CKR_KEY_NOT_WRAPPABLE},
		{CKR_DEVICE_ERROR, false, PROBE_NOT_KNOWN, "CKR_DEVICE_ERROR", CKR_KEY_NOT_WRAPPABLE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe *p;
		struct token t;

		fake_up(FAKE_HONEST, &t);
		fake_wrap.unextractable = cases[i].rv;
		fake_wrap.wraps_pairs = cases[i].pairs;
		fake_wrap.pairs = cases[i].of_pairs;
		p = run_probe(&t);
		cr_assert_eq(p->claims[1].honour, cases[i].honour, "%zu: %s", i, p->claims[1].why);
		cr_assert_not_null(strstr(p->claims[1].why, cases[i].says), "%zu: %s", i, p->claims[1].why);
		cr_assert_eq(strstr(p->claims[1].why, "; ") != NULL, cases[i].says[0] == ';', "%zu: %s", i, p->claims[1].why);
		free(p);
	}
	probe_keys_free(&keys);
}

/* A token that goes ends it; an object that cannot be destroyed is counted. */
Test(probe, ends_with_the_token_and_counts_what_stays)
{
	struct probe *p = calloc(1, sizeof(*p));
	struct kh_error err = {0};
	struct token t;

	fake_up(FAKE_IS_GONE, &t);
	cr_assert_eq(probe_run(&t, host_keys(), p, &err), -1);
	cr_assert_eq(err.code, KH_E_TOKEN);
	cr_assert_not_null(strstr(err.msg, "CKR_DEVICE_REMOVED"), "%s", err.msg);
	cr_assert_eq(fake_count(), 0);
	free(p);

	fake_up(FAKE_HONEST, &t);
	fake_secret(CKK_AES, 32, "keyhaul-tmp-0123456789abcdef", 1);
	fake_set_bool(1, CKA_TOKEN, true);
	fake_secret(CKK_AES, 32, "keyhaul-tmp-0123456789abcdef", 2); /* a session's, of another program: it is not left */
	fake_set_bool(2, CKA_TOKEN, false);
	p = run_probe(&t);
	cr_assert_eq(p->objects_before, 2);
	cr_assert_eq(p->objects_after, 2);
	cr_assert_eq(p->was_left, 1);
	cr_assert_eq(p->left, 1);
	cr_assert(probe_left_nothing(p));
	p->left = 2; /* another program took one away meanwhile */
	cr_assert_not(probe_left_nothing(p));
	p->left = 0;
	p->objects_after = 3;
	cr_assert_not(probe_left_nothing(p));
	p->counted = false;
	p->objects_after = 0;
	cr_assert_not(probe_left_nothing(p));
	cr_assert_eq(row_of(p, KEYSPEC_ECC_NIST_P521, WRAPALG_RSAES_OAEP_SHA_256, 0)->found.wrapping_bits, 3072);
	cr_assert_eq(row_of(p, KEYSPEC_ECC_NIST_P256, WRAPALG_RSAES_OAEP_SHA_256, 0)->found.wrapping_bits, 2048);
	free(p);
	probe_keys_free(&keys);
}

/* Of several ways the one that a table and a profile stand for, whatever comes first. */
Test(probe, stands_for_its_best_row)
{
	static const struct {
		const char *rows; /* P, p: proven, listed and not; R: refused; W: wrong; U: not known */
		int best;
	} cases[] = {
		{"", -1}, {"R", 0}, {"RR", 0}, {"RW", 1}, {"WR", 0}, {"RpP", 2}, {"pP", 1}, {"Pp", 0}, {"pp", 0}, {"Wp", 1}, {"pW", 0},
		{"RWpRW", 2}, {"UW", 1}, {"UR", 0}, {"Up", 1}, {"WW", 0}, {"RpWR", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe *p = calloc(1, sizeof(*p));
		const struct probe_row *best;

		for (const char *c = cases[i].rows; *c; c++) {
			struct probe_row *row = &p->rows[p->n_rows++];

			row->spec = KEYSPEC_HMAC_256;
			row->plan.alg = WRAPALG_RSAES_OAEP_SHA_1;
			row->listed = *c == 'P';
			row->verdict = *c == 'P' || *c == 'p' ? PROBE_PROVEN : *c == 'R' ? PROBE_REFUSED
						      : *c == 'W' ? PROBE_WRONG : PROBE_UNTOLD;
		}
		best = probe_best(p, KEYSPEC_HMAC_256, WRAPALG_RSAES_OAEP_SHA_1);
		cr_assert(cases[i].best < 0 ? best == NULL : best == &p->rows[cases[i].best], "'%s': %td", cases[i].rows,
			  best != NULL ? best - p->rows : -1);
		cr_assert_null(probe_best(p, KEYSPEC_HMAC_384, WRAPALG_RSAES_OAEP_SHA_1));
		cr_assert_null(probe_best(p, KEYSPEC_HMAC_256, WRAPALG_RSAES_OAEP_SHA_256));
		free(p);
	}
}

Test(tmp, takes_away_what_is_labelled_so_and_no_more)
{
	char long_label[400] = "keyhaul-tmp-";
	const struct {
		const char *label;
		bool kept, ours, found;
	} rows[] = {
		{"keyhaul-tmp-0123456789abcdef", true, true, true},
		{"keyhaul-tmp-0123456789abcdef0123456789abcdef", true, true, true},
		{"keyhaul-tmp-0123456789abcdef", false, true, true},
		{"keyhaul-tmp-0123456789abcde", true, false, true},
		{"keyhaul-tmp-0123456789abcdef0", true, false, true},
		{"keyhaul-tmp-0123456789abcdef0123456789abcdef0", true, false, true},
		{long_label, true, false, true},
		{"keyhaul-tmp-0123456789ABCDEF", true, false, true},
		{"keyhaul-tmp-0123456789abcdef payroll", true, false, true},
		{"keyhaul-tmp-", true, false, true},
		{"xkeyhaul-tmp-0123456789abcdef", true, false, false},
		{"payroll", true, false, false},
	};

	memset(long_label + 12, 'a', sizeof(long_label) - 13);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tmp_object *found = NULL;
		struct kh_error err = {0};
		size_t objects = 0, n = 0;
		bool goes = rows[i].ours && rows[i].kept;
		struct token t;

		fake_up(FAKE_HONEST, &t);
		fake_secret(CKK_AES, 32, rows[i].label, 1);
		fake_set_bool(1, CKA_TOKEN, rows[i].kept);
		cr_assert_eq(tmp_find(&t, NULL, 0, &objects, &found, &n, &err), 0, "%s", err.msg);
		cr_assert_eq(objects, 1);
		cr_assert_eq(n, rows[i].found, "%s", rows[i].label);
		if (n == 1) {
			cr_assert_eq(found->ours, rows[i].ours, "%s", rows[i].label);
			cr_assert_eq(found->kept, rows[i].kept, "%s", rows[i].label);
			cr_assert_eq(tmp_destroy(&t, found, &err), goes ? 0 : -1, "%s", rows[i].label);
			cr_assert_eq(fake_count(), goes ? 0 : 1, "%s", rows[i].label);
		}
		free(found);
	}
}

/* A token may have many more objects than a name may have. */
Test(tmp, looks_through_all_that_there_is)
{
	struct tmp_object *found = NULL;
	struct kh_error err = {0};
	size_t objects = 0, n = 0;
	struct token t;

	fake_up(FAKE_HONEST, &t);
	fake_secret(CKK_AES, 32, "payroll", 1);
	fake_secret(CKK_AES, 32, "keyhaul-tmp-0123456789abcdef", 2);
	fake.find_times = KEY_OBJECTS_MAX / 64 + 10; /* the first object again and again, and then the rest */
	cr_assert_eq(tmp_find(&t, NULL, 0, &objects, &found, &n, &err), 0, "%s", err.msg);
	cr_assert(objects > KEY_OBJECTS_MAX && n == 1, "%zu %zu", objects, n);
	free(found);
	fake.find_times = 0;
	cr_assert_eq(tmp_find(&t, "keyhaul-tmp-0123456789abcdef", 28, &objects, &found, &n, &err), 0);
	cr_assert(objects == 1 && n == 1, "by its label: %zu %zu", objects, n);
	free(found);
}

/* Between the list and the deed another object has come to the handle. */
Test(tmp, looks_again_before_it_destroys)
{
	static const char *const others[] = {"payroll", "keyhaul-tmp-fedcba9876543210"};
	struct tmp_object *found = NULL;
	struct kh_error err = {0};
	size_t objects = 0, n = 0;
	struct token t;

	fake_up(FAKE_HONEST, &t);
	fake_secret(CKK_AES, 32, "keyhaul-tmp-0123456789abcdef", 1);
	fake_set_bool(1, CKA_TOKEN, true);
	cr_assert_eq(tmp_find(&t, NULL, 0, &objects, &found, &n, &err), 0);
	cr_assert_eq(n, 1);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		fake_set(1, CKA_LABEL, others[i], strlen(others[i]));
		cr_assert_eq(tmp_destroy(&t, found, &err), -1, "%s", others[i]);
		cr_assert_eq(err.code, KH_E_CHECK);
		cr_assert_eq(fake_count(), 1);
	}
	fake.get = CKR_DEVICE_ERROR; /* what cannot be looked at is not destroyed, and is no other object for that */
	cr_assert_eq(tmp_destroy(&t, found, &err), -1);
	cr_assert(err.code == KH_E_TOKEN && err.native == CKR_DEVICE_ERROR, "%s", err.msg);
	cr_assert_eq(fake_count(), 1);
	free(found);
	log_reset();
}
