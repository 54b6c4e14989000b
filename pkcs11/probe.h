/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_PROBE_H
#define KEYHAUL_PKCS11_PROBE_H

#include "proof.h"

#include <openssl/evp.h>

#define PROBE_ROWS_MAX 96
#define PROBE_WHY_MAX 240
#define PROBE_CLAIMS 4

/* What a token was found to do with one plan. */
enum probe_verdict {
	PROBE_PROVEN,  /* what came out is what KMS opens to the same key */
	PROBE_REFUSED, /* the token said so itself */
	PROBE_WRONG,   /* CKR_OK, and not what was asked for */
	PROBE_UNTOLD,  /* twice a code of the moment, which says nothing of what it can do */
};

/* One key spec by one plan. */
struct probe_row {
	enum keyspec spec; /* RSA_2048 stands for every RSA key */
	struct wrap_plan plan;
	bool listed;	   /* the token lists the plan's mechanisms */
	bool unmade;	   /* there was no throwaway to try it with */
	enum probe_verdict verdict;
	unsigned long native; /* PROBE_REFUSED, PROBE_UNTOLD: the CKR */
	char name[64];	      /* its name */
	char why[PROBE_WHY_MAX];
	struct proof found; /* as far as it went; without warnings where it is wrong */
};

/* How a token keeps what it says of keys. */
enum probe_honour {
	PROBE_HONOURED,
	PROBE_BROKEN,	/* it states it, or answered CKR_OK to it, and does otherwise */
	PROBE_NOT_KNOWN, /* it has no such attribute, or nothing could be wrapped to try it with */
};

struct probe_claim {
	const char *name;	 /* "sensitive", "unextractable", "wrap_with_trusted", "user_trusted" */
	const char *words;	 /* for people */
	enum bundle_flag stated; /* the attribute as the token gives it back */
	enum probe_honour honour;
	unsigned long native; /* the CKR that shows it; 0: none */
	char native_name[64];
	char why[PROBE_WHY_MAX];
};

struct probe {
	CK_MECHANISM_TYPE *listed; /* by the token, for the time of the run; NULL where it does not say */
	size_t n_listed;
	struct probe_row rows[PROBE_ROWS_MAX];
	size_t n_rows;
	struct probe_claim claims[PROBE_CLAIMS];
	bool counted; /* the objects could be counted, before and after */
	char uncounted[PROBE_WHY_MAX];
	size_t objects_before, objects_after;
	size_t left;	/* keyhaul-tmp-* objects that are there afterwards */
	size_t was_left; /* those of them that were there before */
};

/* The host's throwaway RSA keys, one of each size that a probe needs. The caller frees them. KH_E_SYSTEM. */
struct probe_keys {
	EVP_PKEY *rsa_2048, *rsa_3072;
};
int probe_keys_make(struct probe_keys *keys, struct kh_error *err);
void probe_keys_free(struct probe_keys *keys);

/*
 * Tries every plan for every algorithm and key spec that KMS takes, whatever the token lists, with throwaway keys, and
 * then what it says of keys. Nothing is left on the token; `out` says what the count was. KH_E_TOKEN where the token
 * is gone, KH_E_INTERRUPTED; what it refuses is a row.
 */
int probe_run(const struct token *t, const struct probe_keys *keys, struct probe *out, struct kh_error *err);

/*
 * Single claims, as probe_run settles them: that only the security officer makes CKA_TRUSTED keys (`rsa`: any public key to try it
 * with), and with it that a CKA_WRAP_WITH_TRUSTED key of this spec is not wrapped by a plan that wraps others of it. KH_E_TOKEN
 * where the token is gone, KH_E_SYSTEM.
 */
int probe_user_trusted(const struct token *t, const struct spki *rsa, struct probe_claim *out, struct kh_error *err);
int probe_trust(const struct token *t, enum keyspec spec, const struct wrap_plan *plan, struct probe_claim *with_trusted,
		struct probe_claim *user_trusted, struct kh_error *err);

/* True where it was counted that nothing is on the token that was not there before. */
bool probe_left_nothing(const struct probe *p);

/* "proven", "refused", "wrong", "not-known"; "honoured", "broken", "not-known". */
const char *probe_verdict_name(enum probe_verdict verdict);
const char *probe_honour_name(enum probe_honour honour);

/* The best row of a key spec and algorithm: the first that is proven (one that the token lists before one that it does not), else the first wrong, else the first. NULL: none. */
const struct probe_row *probe_best(const struct probe *p, enum keyspec spec, enum wrapalg alg);

#endif
