/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "proof_step.h"

#include "base/log.h"
#include "ckr.h"
#include "proof_seen.h"

#include <openssl/rsa.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSIONS_MAX 64 /* threads */
#define FOUND_MAX 880 /* of an error's message: what each plan was found to be */

/* A proof that is being made, was made, or failed: none is made twice. */
struct proof_row {
	struct proof_row *next;
	enum keyspec spec;
	size_t secret_len;
	enum wrapalg alg;
	enum { IN_THE_MAKING, HOLDS, FAILED } state; /* under the run's lock; the rest stays as it is then */
	struct proof proof;
	struct kh_error why;
	CK_SESSION_HANDLE looked[SESSIONS_MAX]; /* that have wrapped a real key by it, under the lock */
	size_t n_looked;
};

struct proof_run {
	struct wrap_choice choice;
	pthread_mutex_t lock; /* of seen, rows, each row's state and its sessions */
	pthread_cond_t made;  /* a row left IN_THE_MAKING, or the list */
	struct proof_seen seen;
	struct proof_row *rows;
	pthread_mutex_t rsa_lock;
	EVP_PKEY *rsa_2048, *rsa_3072; /* NULL until one is needed */
};

int proof_run_new(const struct wrap_choice *choice, struct proof_run **out, struct kh_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return kh_fail_memory(err);
	if (choice != NULL)
		(*out)->choice = *choice;
	(void)pthread_mutex_init(&(*out)->lock, NULL);
	(void)pthread_mutex_init(&(*out)->rsa_lock, NULL);
	(void)pthread_cond_init(&(*out)->made, NULL);
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
	proof_seen_free(&run->seen);
	EVP_PKEY_free(run->rsa_2048);
	EVP_PKEY_free(run->rsa_3072);
	(void)pthread_cond_destroy(&run->made);
	(void)pthread_mutex_destroy(&run->rsa_lock);
	(void)pthread_mutex_destroy(&run->lock);
	free(run);
}

static int see(struct proof_run *run, const unsigned char sha256[32], bool *again, struct kh_error *err)
{
	int ret;

	(void)pthread_mutex_lock(&run->lock);
	ret = proof_seen_add(&run->seen, sha256, again, err);
	(void)pthread_mutex_unlock(&run->lock);
	return ret;
}

int proof_check_real(struct proof_run *run, const struct spki *key, const struct wrap_blob *blob, struct kh_error *err)
{
	unsigned char sha256[32];
	bool again = false;

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

/* Under the lock. */
static struct proof_row *row_with(const struct proof_run *run, const struct proof *p)
{
	struct proof_row *row = run->rows;

	while (&row->proof != p)
		row = row->next;
	return row;
}

static bool has_looked(const struct proof_row *row, CK_SESSION_HANDLE session)
{
	for (size_t i = 0; i < row->n_looked; i++)
		if (row->looked[i] == session)
			return true;
	return false;
}

bool proof_is_first_real(struct proof_run *run, const struct proof *p, const struct token *t)
{
	bool first;

	(void)pthread_mutex_lock(&run->lock);
	first = !has_looked(row_with(run, p), t->session);
	(void)pthread_mutex_unlock(&run->lock);
	return first;
}

void proof_real_done(struct proof_run *run, const struct proof *p, const struct token *t)
{
	struct proof_row *row;

	(void)pthread_mutex_lock(&run->lock);
	row = row_with(run, p);
	if (!has_looked(row, t->session) && row->n_looked < SESSIONS_MAX) /* for one more it is looked each time */
		row->looked[row->n_looked++] = t->session;
	(void)pthread_mutex_unlock(&run->lock);
}

static EVP_PKEY *throwaway_rsa(struct proof_run *run, unsigned bits, struct kh_error *err)
{
	EVP_PKEY **place = bits == 3072 ? &run->rsa_3072 : &run->rsa_2048, *key;

	(void)pthread_mutex_lock(&run->rsa_lock);
	if (*place == NULL)
		*place = EVP_RSA_gen(bits);
	key = *place; /* OpenSSL lets many threads use one key */
	(void)pthread_mutex_unlock(&run->rsa_lock);
	if (key == NULL)
		kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot make an RSA key for the proof");
	return key;
}

static void note(char found[FOUND_MAX], const struct wrap_plan *plan, const struct kh_error *why)
{
	char room_for_words[WRAP_WORDS_MAX];
	const char *words = wrap_plan_words(plan, room_for_words);
	size_t len = strlen(found), room = FOUND_MAX - len;
	bool named = strstr(why->msg, words) != NULL; /* by the call, and not twice */
	int n = snprintf(found + len, room, "; %s%s%s", named ? "" : words, named ? "" : ": ", why->msg);

	/* what does not fit is in --debug */
	if (n < 0 || (size_t)n >= room)
		found[len] = '\0';
	log_debug("proof: %s does not hold: %s", words, why->msg);
}

/* A way that was chosen by hand is the first suspect, then a token that answers CKR_OK with what it was not asked for. */
static int hint_all(const struct proof_run *run, const struct wrapalg_info *info, bool wrong, struct kh_error *err)
{
	const char *other = strcmp(info->hash, "SHA256") != 0 ? NULL
			    : info->two_layer		      ? "RSA_AES_KEY_WRAP_SHA_1"
							      : "RSAES_OAEP_SHA_1";

	if (info->two_layer && run->choice.rsa_aes != WRAP_AUTO)
		return kh_hint(err, "nothing was wrapped; leave out %s: 'keyhaul-token probe' shows what this token does",
			       run->choice.kwp != 0 ? "--kwp-mechanism" : "--rsa-aes");
	if (other != NULL)
		return kh_hint(err, "nothing was wrapped; %sfetch again with --wrapping-algorithm %s, if this token does that",
			       wrong ? "the token's answer was wrong, which its vendor should know; " : "", other);
	return kh_hint(err, wrong ? "nothing was wrapped; the token's answer was wrong: do not haul from it, and tell its vendor "
				    "('keyhaul-token probe' shows all that it does)"
				  : "nothing was wrapped; this token cannot haul such a key: 'keyhaul-token probe' shows what it does");
}

/* `found` begins with "; "; `last` is the last finding: its code is what --json shows. */
static int fail_all(const struct proof_run *run, const struct token *t, enum wrapalg alg, bool wrong, const char *found,
		    const struct kh_error *last, struct kh_error *err)
{
	const struct wrapalg_info *info = wrapalg_info(alg);
	char words[TOKEN_WORDS_MAX];
	struct kh_error why = *last;

	kh_fail(err, KH_E_CHECK, why.native, "the proof failed: %s cannot do %s as KMS opens it: %s",
		token_words(t, words), info->name, found + 2);
	kh_name(err, why.name);
	return hint_all(run, info, wrong, err);
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
	bool again, wrong = false;
	struct wrap_plan plans[WRAP_PLANS_MAX];
	size_t n = wrap_plans(t, alg, &run->choice, plans);
	char found[FOUND_MAX] = "";
	char words[WRAP_WORDS_MAX];

	if (n == 0) {
		kh_fail(err, KH_E_CHECK, 0, "no mechanism is listed that could be RFC 5649");
		fail_all(run, t, alg, false, "; it lists no mechanism that could be RFC 5649", err, err);
		return kh_hint(err, "nothing was wrapped; where 'keyhaul-token probe' proved a mechanism that is not listed, say it with "
				    "--kwp-mechanism, or --rsa-aes native");
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
		wrong |= err->code == KH_E_CHECK || err->native == CKR_OK;
		note(found, &plans[i], err);
	}
	if (passing.code != KH_OK)
		return fail_for_now(&passing, err);
	return fail_all(run, t, alg, wrong, found, err, err);
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

/* Under the lock. */
static struct proof_row *find(const struct proof_run *run, const struct proof_row *like)
{
	struct proof_row *row = run->rows;

	while (row != NULL && (row->spec != like->spec || row->secret_len != like->secret_len || row->alg != like->alg))
		row = row->next;
	return row;
}

static void drop(struct proof_run *run, struct proof_row *row)
{
	struct proof_row **at = &run->rows;

	while (*at != row)
		at = &(*at)->next;
	*at = row->next;
	free(row);
}

/*
 * Under the lock, which is open while the proof is made. A failure that says something of the token is kept; one of the
 * moment (gone, no memory) is not, and who waited for it tries for himself.
 */
static int make(struct proof_run *run, const struct token *t, const struct proof_row *like,
		const struct proof_row **out, struct kh_error *err)
{
	struct proof_row *row = malloc(sizeof(*row));
	int ret;

	if (row == NULL)
		return kh_fail_memory(err);
	*row = *like;
	row->state = IN_THE_MAKING;
	row->next = run->rows;
	run->rows = row;
	(void)pthread_mutex_unlock(&run->lock);
	ret = prove(run, t, like, &row->proof, err);
	(void)pthread_mutex_lock(&run->lock);
	(void)pthread_cond_broadcast(&run->made);
	if (ret != 0 && err->code != KH_E_CHECK) {
		drop(run, row);
		return -1;
	}
	row->state = ret == 0 ? HOLDS : FAILED;
	if (ret != 0)
		row->why = *err;
	*out = row;
	return 0;
}

/* Under the lock: the row, made here or by another thread. */
static int row_of(struct proof_run *run, const struct token *t, const struct proof_row *like,
		  const struct proof_row **out, struct kh_error *err)
{
	*out = find(run, like);
	while (*out != NULL && (*out)->state == IN_THE_MAKING) {
		(void)pthread_cond_wait(&run->made, &run->lock);
		*out = find(run, like);
	}
	return *out != NULL ? 0 : make(run, t, like, out, err);
}

int proof_get(struct proof_run *run, const struct token *t, enum keyspec spec, size_t secret_len, enum wrapalg alg,
	      const struct proof **out, struct kh_error *err)
{
	const struct keyspec_info *info = keyspec_info(spec);
	struct proof_row like = {.spec = spec, .secret_len = secret_len, .alg = alg};
	const struct proof_row *row = NULL;
	int ret;

	if (info != NULL && info->kind == KEYSPEC_RSA)
		like.spec = KEYSPEC_RSA_2048; /* one throwaway for all sizes */
	(void)pthread_mutex_lock(&run->lock);
	ret = row_of(run, t, &like, &row, err);
	(void)pthread_mutex_unlock(&run->lock);
	if (ret != 0)
		return -1;
	if (row->state == FAILED) {
		*err = row->why;
		return -1;
	}
	*out = &row->proof;
	return 0;
}
