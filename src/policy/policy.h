/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_POLICY_POLICY_H
#define KEYHAUL_POLICY_POLICY_H

#include "bundle/bundle.h"
#include "yaml/yamldoc.h"

#define POLICY_MAX YAMLDOC_MAX /* bytes of the file */
#define POLICY_HOST_PATH "/etc/keyhaul/policy.yaml" /* counts whenever it exists */
#define POLICY_OPT_TEXT "the policy that counts, keyhaul-policy(5); " POLICY_HOST_PATH " does whenever it is there"
#define POLICY_FINGERPRINT 65 /* SHA-256 of a certificate's DER in lower-case hex, and a NUL */
#define POLICY_LIST_MAX 1000 /* elements of one list */
#define POLICY_PEOPLE_MAX 64
#define POLICY_CERTIFICATES_MAX 16 /* of one person, pinned; and as many issuers */
#define POLICY_THRESHOLD_MAX 8 /* a bundle holds no more approvals */
#define POLICY_NAME_MAX 64
#define POLICY_SUBJECT_MAX 256
#define POLICY_SERIAL_MAX 49 /* as a bundle has it, with its NUL */

/*
 * A policy (keyhaul-policy(5)): what may be hauled, from where to where, and who has to agree. Strings and nodes belong to
 * the policy; `at` and the nodes are where a rule stands in the file, NULL where the policy has no such rule. Lists of
 * texts are nodes: each child's `text` is one that is allowed, and of its own form.
 */
struct policy_certificate {
	const struct yamldoc_node *at;
	char sha256[POLICY_FINGERPRINT];
};

/* Any certificate of this subject that this issuer signed. */
struct policy_issued {
	const struct yamldoc_node *at;
	char issuer_sha256[POLICY_FINGERPRINT]; /* of the issuer's own certificate */
	const char *file; /* that certificate, PEM or DER, from the policy's folder (policy_beside) */
	const char *subject; /* RFC 2253 text, as 'openssl x509 -noout -subject -nameopt RFC2253' prints it behind "subject=" */
};

/* A person (or, of material's signers, a token): one, with however many certificates. */
struct policy_person {
	const struct yamldoc_node *at;
	const char *name; /* differs from all others in its list, printable ASCII */
	struct policy_certificate *certificates; /* pinned */
	size_t n_certificates;
	struct policy_issued *issued;
	size_t n_issued;
};

struct policy_people {
	const struct yamldoc_node *at; /* the list, or the word "none" */
	struct policy_person *v;
	size_t n; /* 0: "none" */
};

struct policy_token {
	const struct yamldoc_node *at;
	const char *serial;
	const char *label; /* NULL: any */
};

struct policy {
	char *path; /* as it was named */
	struct yamldoc_node *root;
	char sha256[BUNDLE_DIGEST_HEX]; /* of the file's bytes: what sha256sum prints */
	/* the request */
	const struct yamldoc_node *accounts, *regions, *endpoints, *key_specs, *wrapping_algorithms;
	const struct yamldoc_node *least_wrapping_key_spec;
	unsigned least_wrapping_bits;
	const struct yamldoc_node *longest_request_age;
	int64_t longest_age; /* seconds */
	const struct yamldoc_node *largest_expiry;
	int64_t longest_life; /* seconds; 0: it need not expire */
	/* the token and the key */
	const struct yamldoc_node *tokens_at;
	struct policy_token *tokens;
	size_t n_tokens;
	const struct yamldoc_node *hardware;
	const struct yamldoc_node *sensitive, *always_sensitive, *extractable, *local, *kept, *key_gen_mechanisms;
	/* who has to agree */
	const struct yamldoc_node *approvals; /* the map, or the word "none" */
	const struct yamldoc_node *threshold_at;
	unsigned threshold; /* 0: "none" */
	struct policy_people approvers;
	struct policy_people material_signers;
	const struct yamldoc_node *revoked_at;
	struct policy_certificate *revoked;
	size_t n_revoked;
};

/*
 * Reads a policy from the text of the file `path`, whole: every entry is known, of its own form, and contradicts no
 * other. KH_E_INPUT with line and column; the caller frees `*out`.
 */
int policy_parse(const char *path, const char *data, size_t len, struct policy **out, struct kh_error *err);

/*
 * Reads the file and parses it, and sees that the issuers' files beside it are theirs; warns of approvals where nobody signs
 * the material. The error names it too.
 */
int policy_read(const char *path, struct policy **out, struct kh_error *err);
void policy_free(struct policy *p);

/*
 * The policy in force: the host's (`host`, POLICY_HOST_PATH) whenever there is one, otherwise that of --policy (`option`,
 * NULL: not given); `*out` NULL where there is neither. KH_E_CHECK where both are there and not the same bytes, or where
 * the host's cannot be read or is no policy; KH_E_INPUT of the option's. The caller frees `*out`.
 */
int policy_in_force(const char *host, const char *option, struct policy **out, struct kh_error *err);

/* What a bundle's material.policy_sha256 says of it: its digest, or "none" for NULL. */
const char *policy_word(const struct policy *p);

/* The path of a file that the policy names, into a buffer of the caller's. KH_E_INPUT: too long. */
int policy_beside(const struct policy *p, const char *file, struct buf *out, struct kh_error *err);

/* True where the certificate of this fingerprint is listed as revoked. */
bool policy_is_revoked(const struct policy *p, const char *sha256);

/*
 * KH_E_CHECK in one line: "policy rule 'RULE' allows ALLOWS, and WHAT is FOUND (PATH:LINE)". `at` is the rule's node, NULL
 * for what every policy asks for. Text that comes from outside must be fit for a terminal. Gives -1.
 */
int policy_refuse(const struct policy *p, const struct yamldoc_node *at, const char *rule, const char *allows,
		  const char *what, const char *found, struct kh_error *err);

/*
 * That the policy allows the request: account, Region, endpoint, key spec, algorithm, size of the wrapping key, age at
 * `now` (seconds; of a wrapped one material.wrapped_at), expiry, the token by its serial, the key by its id, and that a
 * policy that it was fetched under is this one. Facts that are not known yet (0, "", NONE) are passed over. `p` NULL: none
 * is in force, which is refused where the request was fetched under one. KH_E_CHECK.
 */
int policy_check_request(const struct policy *p, const struct bundle_request *r, const struct bundle_facts *facts,
			 int64_t now, struct kh_error *err);

/* That the policy (NULL: none) allows a KMS key that is to be made: account and Region ("": not known yet), key spec. KH_E_CHECK. */
int policy_check_key_made(const struct policy *p, const struct arn *arn, enum keyspec spec, struct kh_error *err);

/*
 * The serial of the token that a request for this key goes to: the URI's own, else that of the policy's one token (of the
 * URI's label, where it has one). False where there is none, or more than one.
 */
bool policy_token_serial(const struct policy *p, const char *key_uri, char out[POLICY_SERIAL_MAX]);

/* That the policy allows the token (m->token), and the key by what the token states of it (m->key). KH_E_CHECK. */
int policy_check_token(const struct policy *p, const struct bundle_material *m, struct kh_error *err);
int policy_check_key(const struct policy *p, const struct bundle_material *m, struct kh_error *err);

/* That the material is of the very token and key that the request names, and not of others that the policy allows. KH_E_CHECK. */
int policy_check_asked(const struct policy *p, const struct bundle_request *r, const struct bundle_material *m,
		       struct kh_error *err);

/*
 * For import: that the material says it was wrapped under this very policy, by what it allows, and with the key and token
 * that the request names; `p` NULL: that none was in force at fetch and wrap either. Who signed it is judged elsewhere.
 * KH_E_CHECK.
 */
int policy_check_material(const struct policy *p, const struct bundle *b, struct kh_error *err);

#endif
