/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_PROOF_H
#define KEYHAUL_PKCS11_PROOF_H

#include "wrap.h"

#define PROOF_WARNINGS_MAX 4
#define PROOF_WARNING_MAX 96

/* What was found when a throwaway key of the token's was wrapped and OpenSSL opened the blob. */
struct proof {
	struct wrap_plan plan;	   /* the first that holds; the real wrap does exactly this */
	const char *oaep_hash;	   /* "SHA256" */
	const char *mgf_hash;
	unsigned kek_bits;	   /* 0: one layer */
	const char *key_wrap;	   /* "RFC 5649"; NULL: one layer */
	const char *pkcs8;	   /* as bundle_material's; NULL for secrets */
	size_t trailing_zeros;	   /* bytes behind the PKCS#8 */
	unsigned wrapping_bits;	   /* of the throwaway RSA key */
	unsigned target_bits;	   /* of the throwaway target */
	unsigned char oaep_sha256[32]; /* of the blob's RSA part, which no honest wrap gives twice; zeros: no blob */
	const char *same_by;	   /* what showed that it is the same key: "public key", "HMAC", "AES encryption", "check value" */
	char warnings[PROOF_WARNINGS_MAX][PROOF_WARNING_MAX];
	size_t n_warnings;
};

/* The proofs of one run on one token, each made once. Threads may share it, each with a session of its own. */
struct proof_run;

/* An empty one, in which plans are those that `choice` (copied; NULL: none) leaves; the caller frees it. KH_E_MEMORY. */
int proof_run_new(const struct wrap_choice *choice, struct proof_run **out, struct kh_error *err);
void proof_run_free(struct proof_run *run);

/*
 * The proof for keys of this spec (`secret_len` bytes of AES and HMAC keys; 0 for the others) by this algorithm,
 * from the run (waited for where another thread makes it) or made now: a throwaway key is generated in the token, wrapped by each plan in turn to a throwaway
 * RSA key of the host's, opened, and compared with the key in the token. All throwaways are destroyed. The run owns
 * `*out`. KH_E_CHECK where no plan holds, with what each was found to be; KH_E_TOKEN where the token cannot make the
 * throwaway or is gone.
 */
int proof_get(struct proof_run *run, const struct token *t, enum keyspec spec, size_t secret_len, enum wrapalg alg,
	      const struct proof **out, struct kh_error *err);

/*
 * What can be told from outside of a real key's blob, which nobody here can open: its RSA part is a number under the
 * wrapping key's modulus and was not in any blob of this run before, a throwaway's or a real key's. KH_E_TOKEN.
 */
int proof_check_real(struct proof_run *run, const struct spki *key, const struct wrap_blob *blob, struct kh_error *err);

/*
 * True until proof_real_done for this proof (of proof_get) and this session: the first real wrap of each combination in
 * each session is looked at more closely, for calls that the next ones are spared.
 */
bool proof_is_first_real(struct proof_run *run, const struct proof *p, const struct token *t);
void proof_real_done(struct proof_run *run, const struct proof *p, const struct token *t);

#endif
