/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fake_wrap.h"

#include "pkcs11/proof_step.h"

#include <criterion/criterion.h>
#include <string.h>

#define KWP KH_CKM_AES_KEY_WRAP_KWP

struct row {
	const char *spec, *alg;
	enum fake_lie lie;
	CK_MECHANISM_TYPE kwp;
};

#define AES_256 "SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_256"
#define HMAC_256 "HMAC_512", "RSAES_OAEP_SHA_256"
#define EC_WRAP "ECC_NIST_P256", "RSA_AES_KEY_WRAP_SHA_256"

static void fake_up(const struct row *row, struct token *t)
{
	memset(t, 0, sizeof(*t));
	t->fn = fake_wrap_reset();
	t->session = 77;
	memcpy(t->name.label, "T", 2);
	fake_wrap.lie = row->lie;
	fake_wrap.kwp[0] = row->kwp;
}

static int prove(struct proof_run *run, const struct token *t, const struct row *row, const struct proof **out,
		 struct kh_error *err)
{
	enum keyspec spec;
	enum wrapalg alg;

	cr_assert_eq(keyspec_parse(row->spec, &spec, err), 0);
	cr_assert_eq(wrapalg_parse(row->alg, &alg, err), 0);
	return proof_get(run, t, spec, keyspec_info(spec)->secret_len, alg, out, err);
}

/* A token that neither signs nor encrypts shows its key by the check value; one without that shows nothing. */
Test(proof, says_how_it_knows_the_key)
{
	static const struct row plain[] = {{AES_256, FAKE_HONEST, 0}, {HMAC_256, FAKE_HONEST, 0}};

	for (size_t i = 0; i < 2; i++) {
		const struct proof *p = NULL;
		struct proof_run *run = NULL;
		struct kh_error err = {0};
		struct token t;

		fake_up(&plain[i], &t);
		fake_wrap.no_crypto = true;
		cr_assert_eq(proof_run_new(NULL, &run, &err), 0);
		cr_assert_eq(prove(run, &t, &plain[i], &p, &err), 0, "%s", err.msg);
		cr_assert_str_eq(p->same_by, "check value");
		cr_assert_eq(p->n_warnings, 1);
		proof_run_free(run);
		fake_wrap.no_crypto = false; /* an answer that is right as far as it goes is none */
		fake_wrap.short_answer = true;
		cr_assert_eq(proof_run_new(NULL, &run, &err), 0);
		cr_assert_eq(prove(run, &t, &plain[i], &p, &err), -1);
		cr_assert_not_null(strstr(err.msg, "is not the key in the token"), "%s", err.msg);
		proof_run_free(run);
		fake_wrap.no_crypto = true;
		fake_wrap.short_check_value = true; /* the right first byte is nothing either */
		cr_assert_eq(proof_run_new(NULL, &run, &err), 0);
		cr_assert_eq(prove(run, &t, &plain[i], &p, &err), -1);
		cr_assert_not_null(strstr(err.msg, "nothing to compare"), "%s", err.msg);
		proof_run_free(run);
		fake_wrap.no_check_value = true;
		cr_assert_eq(proof_run_new(NULL, &run, &err), 0);
		cr_assert_eq(prove(run, &t, &plain[i], &p, &err), -1);
		cr_assert_eq(err.code, KH_E_CHECK);
		cr_assert_not_null(strstr(err.msg, "nothing to compare"), "%s", err.msg);
		cr_assert_eq(fake_count(), 0);
		proof_run_free(run);
	}
}

/* A real blob that the throwaway had, or that is no number under the modulus, is refused whatever it is under. */
Test(proof, remembers_the_throwaways_blob)
{
	static const struct row row = {AES_256, FAKE_HONEST, 0};
	struct spki kms = {.bits = 2048, .modulus_len = 256};
	const struct proof *p = NULL;
	struct proof_run *run = NULL;
	struct wrap_blob blob = {.len = 256};
	struct kh_error err = {0};
	struct token t;

	fake_up(&row, &t);
	cr_assert_eq(proof_run_new(NULL, &run, &err), 0);
	cr_assert_eq(prove(run, &t, &row, &p, &err), 0, "%s", err.msg);
	memcpy(blob.data, fake_wrap.first, 256);
	memset(kms.modulus, 0xff, 256);
	cr_assert_eq(proof_check_real(run, &kms, &blob, &err), -1);
	cr_assert_not_null(strstr(err.msg, "that it gave for another key"), "%s", err.msg);
	blob.data[255] ^= 1;
	memcpy(kms.modulus, blob.data, 256);
	cr_assert_eq(proof_check_real(run, &kms, &blob, &err), -1);
	cr_assert_not_null(strstr(err.msg, "not under the request's wrapping key"), "%s", err.msg);
	memset(kms.modulus, 0xff, 256);
	cr_assert_eq(proof_check_real(run, &kms, &blob, &err), 0, "%s", err.msg);
	proof_run_free(run);
}

/* Once a combination in a run, failed ones too; the temporary objects follow --token-objects. */
Test(proof, is_made_once)
{
	static const struct row row = {EC_WRAP, FAKE_HONEST, KWP};
	const struct proof *p = NULL, *q = NULL;
	struct proof_run *run = NULL;
	struct kh_error err = {0};
	struct token t;
	size_t left = 0;
	unsigned wraps;

	fake_up(&row, &t);
	t.token_objects = true;
	cr_assert_eq(proof_run_new(NULL, &run, &err), 0);
	cr_assert_eq(prove(run, &t, &row, &p, &err), 0, "%s", err.msg);
	wraps = fake_wrap.wraps;
	cr_assert_eq(prove(run, &t, &row, &q, &err), 0);
	cr_assert_eq(p, q);
	cr_assert_eq(fake_wrap.wraps, wraps);
	cr_assert(fake_wrap.wrapping_key_is_token_object);
	cr_assert_eq(p->kek_bits, 256);
	cr_assert_str_eq(p->pkcs8, "named-curve+public-key");
	proof_run_free(run);

	/* what says that it is destroyed and stays: both halves and the wrapping key; the ephemeral key ends the proof */
	t.left = &left;
	fake.keeps = true;
	cr_assert_eq(proof_run_new(NULL, &run, &err), 0);
	cr_assert_eq(prove(run, &t, &row, &q, &err), -1);
	cr_assert_not_null(strstr(err.msg, "on the ephemeral key: CKR_OK, and it is on the token still"), "%s", err.msg);
	cr_assert_eq(left, 4, "%zu", left);
	proof_run_free(run);
	fake_up(&row, &t);

	fake_wrap.lie = FAKE_PKCS7;
	cr_assert_eq(proof_run_new(NULL, &run, &err), 0);
	cr_assert_eq(prove(run, &t, &row, &p, &err), -1);
	wraps = fake_wrap.wraps;
	cr_assert_eq(prove(run, &t, &row, &p, &err), -1);
	cr_assert_eq(fake_wrap.wraps, wraps);
	cr_assert_eq(fake_count(), 0);
	proof_run_free(run);
}

/* The throwaway RSA key's size is the least that there is room in, which is what a proof costs. */
static void check_rsa_bits(void)
{
	for (int alg = WRAPALG_NONE; alg < WRAPALGS; alg++)
		for (int spec = KEYSPEC_NONE + 1; spec < KEYSPECS; spec++) {
			bool straight = alg == WRAPALG_RSAES_OAEP_SHA_1 || alg == WRAPALG_RSAES_OAEP_SHA_256;

			cr_assert_eq(proof_rsa_bits((enum keyspec)spec, (enum wrapalg)alg),
				     spec == KEYSPEC_ECC_NIST_P521 && straight ? 3072 : 2048, "%d by %d", spec, alg);
		}
}

/* A code of the moment is no finding: nothing is remembered, and the next proof holds. Lengths of a secret are proven apart. */
Test(proof, is_of_its_length_and_not_of_the_moment)
{
	static const struct row row = {AES_256, FAKE_NO_MEMORY, 0};
	const struct proof *p = NULL, *q = NULL;
	struct proof_run *run = NULL;
	struct kh_error err = {0};
	struct token t;

	check_rsa_bits();
	fake_up(&row, &t);
	fake_wrap.no_crypto = true;
	cr_assert_eq(proof_run_new(NULL, &run, &err), 0);
	cr_assert_eq(prove(run, &t, &row, &p, &err), -1);
	cr_assert(err.code == KH_E_TOKEN && !strstr(err.hint, "cannot haul"), "%s / %s", err.msg, err.hint);
	fake_wrap.lie = FAKE_HONEST;
	cr_assert_eq(prove(run, &t, &row, &p, &err), 0, "%s", err.msg);
	cr_assert_eq(proof_get(run, &t, KEYSPEC_SYMMETRIC_DEFAULT, 16, WRAPALG_RSAES_OAEP_SHA_256, &q, &err), 0, "%s",
		     err.msg);
	cr_assert(p != q && p->target_bits == 256 && q->target_bits == 128);
	proof_run_free(run);
}
