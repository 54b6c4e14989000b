/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TOKEN_HAUL_H
#define KEYHAUL_TOKEN_HAUL_H

#include "base/cmd.h"
#include "bundle/bundle.h"
#include "bundle/told.h"
#include "pkcs11/key.h"
#include "pkcs11/proof.h"
#include "policy/policy.h"
#include "session.h"

#include <jansson.h>

/* The steps of `wrap`, for cmd_wrap.c: from a bundle with a request to a bundle with material. */

#define HAUL_HINT_TOKEN "--key names a key to wrap; with --token each bundle names its own, or --generate makes one"

struct haul_signing;

struct haul_opts {
	const char *key;      /* URI of the one key */
	const char *token;    /* URI of the token; each bundle names its key */
	const char *generate; /* label of a key to make */
	const char *out;
	bool no_keep;
	bool again;
	bool allow_non_sensitive;
	const char *kwp_mechanism; /* a number; NULL: the token's */
	const char *rsa_aes;	   /* "native", "two-step", "auto" or NULL */
	long jobs;		   /* threads */
	const char *policy_file;
	const char *signer, *cert, *signer_pin_file;
	const char *now;	   /* what time it is, where that is told */
	const struct clock_told *told; /* cmd_wrap.c's; NULL: the host's clock */
	struct haul_signing *signing; /* cmd_wrap.c's; see haul_sign.h */
	const struct policy *policy; /* the one in force, which cmd_wrap.c reads; NULL: none */
	struct token_opts token_opts;
};

/* One bundle in work. */
struct haul_item {
	const char *path;
	struct file *file; /* NULL with --out: nothing is locked that is only read */
	struct bundle *bundle;
	struct uri *key_uri; /* the request's; NULL where it names none */
	bool is_of_many;     /* --key and --generate are not for it */
	bool done;	     /* has material already and is not to be wrapped again */
};

/* Reads the bundle (locked unless --out) and takes its URI apart. The caller closes it, also after a failure. */
int haul_item_open(const char *path, const struct haul_opts *o, struct haul_item *item, struct kh_error *err);
void haul_item_close(struct haul_item *item);

/*
 * All that can be refused before the token is touched: by `uri` (of --key or --token), the options and `now` in
 * seconds. KH_E_CHECK, KH_E_USAGE, KH_E_INPUT.
 */
int haul_check_request(struct haul_item *item, const struct haul_opts *o, const struct uri *uri, int64_t now,
		       struct kh_error *err);

/* That the token is the one that the request may be wrapped on. KH_E_CHECK. */
int haul_check_token(const struct haul_item *item, const struct haul_opts *o, const struct session *s,
		     struct kh_error *err);

/* Finds the key that options and request name, exactly once, and refuses one that may not be hauled. KH_E_INPUT, KH_E_CHECK. */
int haul_key_find(const struct haul_item *item, const struct haul_opts *o, const struct session *s, struct key *out,
		  struct kh_error *err);

/* That a key is of the request's key spec and may be hauled. KH_E_CHECK. */
int haul_key_check(const struct haul_item *item, const struct haul_opts *o, const struct key *k, struct kh_error *err);

/* Bytes of the secret that the request is for; 0 for RSA and EC. */
size_t haul_secret_len(const struct haul_item *item);

/* What was wrapped, from which key, as proven. Begins as zeros. */
struct haul_result {
	const struct proof *proof; /* the proof run's */
	struct key key;
	bool generated, kept;
	struct wrap_blob blob;
	struct buf public_key; /* SPKI DER; empty where there is none */
};

/* Frees what it holds and makes it zeros again. */
void haul_result_clear(struct haul_result *r);

/*
 * Finds or generates the key, proves, wraps and writes the bundle; says nothing. The caller clears `r`, also after a
 * failure. KH_E_*; the bundle is then as it was. KH_E_INTERRUPTED before the key is generated or wrapped, not after.
 */
int haul_one(struct haul_item *item, const struct haul_opts *o, const struct session *s, struct proof_run *proofs,
	     struct haul_result *r, struct kh_error *err);

/*
 * The two halves of haul_one for a key that is there: the token's, which needs the session, and the file's, which does
 * not and may be another thread's.
 */
int haul_wrap(struct haul_item *item, const struct haul_opts *o, const struct session *s, struct proof_run *proofs,
	      struct haul_result *r, struct kh_error *err);
int haul_write(struct haul_item *item, const struct haul_opts *o, const struct token *t, const struct haul_result *r,
	       struct kh_error *err);

/* Puts the material section into the bundle. */
int haul_material_set(struct haul_item *item, const struct haul_opts *o, const struct token *t, const struct haul_result *r,
		      int64_t now, struct kh_error *err);

/* That the policy (NULL: none) allows the token, and the key by what the token states of it, as the material would say it. KH_E_CHECK. */
int haul_policy_token(const struct policy *p, const struct token *t, struct kh_error *err);
int haul_policy_key(const struct policy *p, const struct key *k, struct kh_error *err);

/* The result of one bundle in words, line by line, and as JSON. */
int haul_show(struct cmd *c, const struct haul_item *item, const struct haul_opts *o, const struct token *t,
	      const struct haul_result *r, struct kh_error *err);

/* The result as a JSON object, and that of a bundle that was passed over. The caller owns it; NULL without memory. */
json_t *haul_json(const struct haul_item *item, const struct haul_opts *o, const struct token *t,
		  const struct haul_result *r);
json_t *haul_skipped_json(const struct haul_item *item);

/*
 * For the end of a command that has done all that it was asked for: KH_E_INTERRUPTED where it was interrupted meanwhile,
 * the result printed, so that what would come next in a script does not.
 */
int haul_end(struct cmd *c, struct kh_error *err);

/* Why a bundle is passed over: it has what it wants. */
const char *haul_skipped_why(const struct haul_item *item);

/* Warns of what the proof for keys of this spec warns of. */
void haul_warn(enum keyspec spec, const struct proof *p);

#endif
