/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "proof_step.h"

#include "base/log.h"
#include "ckr.h"

#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_MAX 880 /* of an error's message: what each plan was found to be */

/* A proof that was made, or that failed: neither is made again. */
struct proof_row {
	struct proof_row *next;
	enum keyspec spec;
	size_t secret_len;
	enum wrapalg alg;
	bool failed;
	struct proof proof;
	struct kh_error why;
};

/* The RSA part of a blob that the token gave. */
struct seen {
	struct seen *next;
	unsigned char sha256[32];
};

struct proof_run {
	struct wrap_choice choice;
	struct seen *seen;
	bool real; /* a real key was wrapped */
	struct proof_row *rows;
	EVP_PKEY *rsa_2048, *rsa_3072; /* NULL until one is needed */
};

int proof_run_new(const struct wrap_choice *choice, struct proof_run **out, struct kh_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return kh_fail_memory(err);
	if (choice != NULL)
		(*out)->choice = *choice;
	return 0;
}

void proof_run_free(struct proof_run *run)
{
	if (run == NULL)
		return;
	while (run->rows != NULL) {
		struct proof_row *row = run->rows;

		run->rows = row->next;
		free(row);
	}
	while (run->seen != NULL) {
		struct seen *s = run->seen;

		run->seen = s->next;
		free(s);
	}
	EVP_PKEY_free(run->rsa_2048);
	EVP_PKEY_free(run->rsa_3072);
	free(run);
}

/* Remembers it, and tells in `*again` whether it is known. All zeros is no blob. */
static int see(struct proof_run *run, const unsigned char sha256[32], bool *again, struct kh_error *err)
{
	static const unsigned char none[32];
	struct seen *s = run->seen;

	while (s != NULL && memcmp(s->sha256, sha256, sizeof(none)) != 0)
		s = s->next;
	*again = s != NULL;
	if (s != NULL || memcmp(sha256, none, sizeof(none)) == 0)
		return 0;
	s = malloc(sizeof(*s));
	if (s == NULL)
		return kh_fail_memory(err);
	memcpy(s->sha256, sha256, sizeof(none));
	s->next = run->seen;
	run->seen = s;
	return 0;
}

int proof_check_real(struct proof_run *run, const struct spki *key, const struct wrap_blob *blob, struct kh_error *err)
{
	unsigned char sha256[32];
	bool again = false;

	run->real = true;
	if (blob->len < key->modulus_len || memcmp(blob->data, key->modulus, key->modulus_len) >= 0) {
		kh_fail(err, KH_E_TOKEN, 0, "C_WrapKey: CKR_OK with a blob that is not under the request's wrapping key");
		return kh_hint(err, "%s", CKR_HINT_BROKEN);
	}
	if (wrap_oaep_sha256(blob, key->bits, sha256, err) != 0 || see(run, sha256, &again, err) != 0)
		return -1;
	if (!again)
		return 0;
	kh_fail(err, KH_E_TOKEN, 0, "C_WrapKey: CKR_OK with the blob that it gave for another key");
	return kh_hint(err, "%s", CKR_HINT_BROKEN);
}

bool proof_is_first_real(const struct proof_run *run)
{
	return !run->real;
}

static EVP_PKEY *throwaway_rsa(struct proof_run *run, unsigned bits, struct kh_error *err)
{
	EVP_PKEY **key = bits == 3072 ? &run->rsa_3072 : &run->rsa_2048;

	if (*key == NULL)
		*key = EVP_RSA_gen(bits);
	if (*key == NULL)
		kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot make an RSA key for the proof");
	return *key;
}

static void note(char found[FOUND_MAX], const struct wrap_plan *plan, const struct kh_error *why)
{
	char words[WRAP_WORDS_MAX];
	size_t len = strlen(found), room = FOUND_MAX - len;
	int n = snprintf(found + len, room, "; %s: %s", wrap_plan_words(plan, words), why->msg);

	/* what does not fit is in --debug */
	if (n < 0 || (size_t)n >= room)
		found[len] = '\0';
	log_debug("proof: %s does not hold: %s", wrap_plan_words(plan, words), why->msg);
}

/* `found` begins with "; "; `last` is the last finding: its code is what --json shows. */
static int fail_all(const struct token *t, enum wrapalg alg, const char *found, const struct kh_error *last,
		    struct kh_error *err)
{
	const struct wrapalg_info *info = wrapalg_info(alg);
	char words[TOKEN_WORDS_MAX];
	struct kh_error why = *last;

	kh_fail(err, KH_E_CHECK, why.native, "the proof failed: %s cannot do %s as KMS opens it: %s",
		token_words(t, words), info->name, found + 2);
	kh_name(err, why.name);
	if (strcmp(info->hash, "SHA256") == 0)
		return kh_hint(err, "nothing was wrapped; fetch again with --wrapping-algorithm %s, if this token does that",
			       info->two_layer ? "RSA_AES_KEY_WRAP_SHA_1" : "RSAES_OAEP_SHA_1");
	return kh_hint(err, "nothing was wrapped; this token cannot haul such a key: 'keyhaul-token slots' lists its "
			    "mechanisms");
}

/* Nothing is said of the token by a code of the moment, and nothing is remembered: the next bundle tries again. */
static int fail_for_now(const struct kh_error *passing, struct kh_error *err)
{
	*err = *passing;
	kh_context(err, "the proof");
	return kh_hint(err, "it may pass: run it again; nothing was wrapped");
}

static int try_plans(struct proof_run *run, const struct token *t, const struct proof_throwaway *w, enum wrapalg alg,
		     struct proof *out, struct kh_error *err)
{
	struct kh_error passing = {.code = KH_OK}, full;
	bool again;
	struct wrap_plan plans[WRAP_PLANS_MAX];
	size_t n = wrap_plans(t, alg, &run->choice, plans);
	char found[FOUND_MAX] = "";
	char words[WRAP_WORDS_MAX];

	if (n == 0) {
		kh_fail(err, KH_E_CHECK, 0, "no mechanism is listed that could be RFC 5649");
		return fail_all(t, alg, "; it lists no mechanism that could be RFC 5649", err, err);
	}
	for (size_t i = 0; i < n; i++) {
		int tried = proof_try(t, w, &plans[i], out, err);

		if (see(run, out->oaep_sha256, &again, &full) != 0) {
			*err = full;
			return -1;
		}
		if (tried == 0) {
			log_debug("proof: %s holds for %s", wrap_plan_words(&plans[i], words), keyspec_name(w->spec));
			return 0;
		}
		if (!proof_is_finding(err))
			return kh_context(err, "the proof");
		if (!proof_is_lasting(err))
			passing = *err;
		note(found, &plans[i], err);
	}
	if (passing.code != KH_OK)
		return fail_for_now(&passing, err);
	return fail_all(t, alg, found, err, err);
}

static int prove(struct proof_run *run, const struct token *t, const struct proof_row *row, struct proof *out,
		 struct kh_error *err)
{
	struct proof_throwaway w;
	EVP_PKEY *rsa = throwaway_rsa(run, proof_rsa_bits(row->spec, row->alg), err);
	int ret = -1;

	if (rsa == NULL)
		return -1;
	log_progress("proving what the token does with a throwaway key...");
	if (proof_throwaway_make(t, row->spec, row->secret_len, rsa, &w, err) == 0)
		ret = try_plans(run, t, &w, row->alg, out, err);
	else
		kh_context(err, "a throwaway key for the proof");
	proof_throwaway_destroy(t, &w);
	return ret;
}

static const struct proof_row *find(const struct proof_run *run, const struct proof_row *like)
{
	const struct proof_row *row = run->rows;

	while (row != NULL && (row->spec != like->spec || row->secret_len != like->secret_len || row->alg != like->alg))
		row = row->next;
	return row;
}

/* A failure that says something of the token is kept; one of the moment (gone, no memory) is not. */
static int make(struct proof_run *run, const struct token *t, const struct proof_row *like,
		const struct proof_row **out, struct kh_error *err)
{
	struct proof_row *row = malloc(sizeof(*row));

	if (row == NULL)
		return kh_fail_memory(err);
	*row = *like;
	if (prove(run, t, like, &row->proof, err) != 0) {
		if (err->code != KH_E_CHECK) {
			free(row);
			return -1;
		}
		row->failed = true;
		row->why = *err;
	}
	row->next = run->rows;
	run->rows = row;
	*out = row;
	return 0;
}

int proof_get(struct proof_run *run, const struct token *t, enum keyspec spec, size_t secret_len, enum wrapalg alg,
	      const struct proof **out, struct kh_error *err)
{
	const struct keyspec_info *info = keyspec_info(spec);
	struct proof_row like = {.spec = spec, .secret_len = secret_len, .alg = alg};
	const struct proof_row *row;

	if (info != NULL && info->kind == KEYSPEC_RSA)
		like.spec = KEYSPEC_RSA_2048; /* one throwaway for all sizes */
	row = find(run, &like);
	if (row == NULL && make(run, t, &like, &row, err) != 0)
		return -1;
	if (row->failed) {
		*err = row->why;
		return -1;
	}
	*out = &row->proof;
	return 0;
}
