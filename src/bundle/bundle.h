/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BUNDLE_BUNDLE_H
#define KEYHAUL_BUNDLE_BUNDLE_H

#include "aws/arn.h"
#include "base/file.h"
#include "intent.h"
#include "spki.h"
#include "wrapalg.h"

#include <stdbool.h>
#include <stdint.h>

#define BUNDLE_MAX 65536 /* bytes of the file */
#define BUNDLE_DIGEST_HEX 65 /* SHA-256 in hex and a NUL */
#define BUNDLE_MECHANISMS_MAX 8
#define BUNDLE_WARNINGS_MAX 8
#define BUNDLE_PROOFS_MAX 8
#define BUNDLE_APPROVALS_MAX 8
#define BUNDLE_SIGNATURE_MAX 6144 /* bytes of a CMS signature with its certificate */
#define BUNDLE_TMP_PREFIX "keyhaul-tmp-" /* labels of temporary objects, which are no key's to haul */

/* A value that may be absent: a token need not state it. */
enum bundle_flag {
	BUNDLE_ABSENT,
	BUNDLE_FALSE,
	BUNDLE_TRUE,
};

struct bundle_blob {
	const unsigned char *data; /* NULL: absent */
	size_t len;
};

/*
 * The sections as C (keyhaul-bundle(5) has their meaning). Strings and blobs
 * belong to the bundle they were read from or, for writing, to the caller.
 * Absent is NULL, 0 for times, BUNDLE_ABSENT.
 */
struct bundle_request {
	const char *kms_key_arn;
	const char *key_spec;
	const char *wrapping_algorithm;
	const char *wrapping_key_spec;
	struct bundle_blob public_key;	 /* SPKI DER */
	struct bundle_blob import_token;
	int64_t parameters_valid_to;
	int64_t fetched_at;
	const char *generator;
	const char *key_usage;
	enum bundle_flag multi_region;
	enum bundle_flag described; /* DescribeKey was allowed */
	const char *endpoint;
	enum bundle_flag tls_verified;
	const char *request_id;
	const char *key_uri;	  /* only token, manufacturer, model, serial, object, id, type */
	const char *token_serial;
	const char *policy_sha256;
	const char *plan_sha256;
	struct intent intent;
};

/* The same as parsed facts; filled by bundle_parse and never out of step with the strings. */
struct bundle_facts {
	struct arn arn;
	enum keyspec key_spec;
	enum wrapalg algorithm;
	unsigned wrapping_bits;
	struct spki wrapping_key; /* request.public_key */
};

/* That the time was told, on a host without a clock (--now), and what that host's clock said; both absent where it was not. */
struct bundle_told {
	const char *said, *host_clock; /* "2026-11-22T10:00:00Z" */
};

/* That somebody agreed to the request under a policy: what he signed, and his CMS detached signature of it. */
struct bundle_approval {
	const char *request_sha256, *policy_sha256;
	const char *approver; /* the name that the policy has for him */
	struct bundle_told told_now;
	struct bundle_blob signature;
};

struct bundle_mechanism {
	const char *name;    /* "CKM_RSA_PKCS_OAEP" */
	unsigned long number;
	const char *role;    /* "wrap", "wrap-kek", "wrap-target" */
};

struct bundle_material {
	struct bundle_blob encrypted_key_material;
	const char *request_sha256;
	struct {
		const char *label, *model, *manufacturer, *serial, *firmware;
		enum bundle_flag hardware;
	} token;
	struct {
		const char *label, *id, *type; /* id: hex; type: "AES", "GENERIC_SECRET", "RSA", "EC" */
		int64_t size;		       /* bits */
		enum bundle_flag kept, sensitive, always_sensitive, extractable, local;
		const char *key_gen_mechanism; /* "CKM_AES_KEY_GEN" or hex */
		const char *check_value;       /* hex */
	} key;
	struct bundle_blob public_key; /* SPKI DER; RSA and EC where the token gives it */
	struct bundle_mechanism mechanisms[BUNDLE_MECHANISMS_MAX];
	size_t n_mechanisms;
	struct {
		const char *oaep_hash, *mgf_hash;  /* "SHA256" */
		int64_t kek_bits;		   /* 0: absent, one layer */
		const char *pkcs8;		   /* "named-curve", "named-curve+public-key", "rsa-two-prime"; NULL: secret */
		int64_t trailing_zeros;		   /* bytes behind the PKCS#8 */
		int64_t wrapping_bits;		   /* of the throwaway RSA key */
		int64_t target_bits;		   /* of the throwaway target */
		const char *warnings[BUNDLE_WARNINGS_MAX];
		size_t n_warnings;
	} proof;
	const char *policy_sha256; /* or "none" */
	int64_t wrapped_at;
	struct bundle_told told_now;
	const char *generator;
};

struct bundle_receipt {
	const char *key_material_id;
	const char *expiration_model;
	int64_t valid_to;
	const char *import_type;
	const char *endpoint;
	const char *request_id;
	const char *caller;
	int64_t imported_at;
	const char *material_sha256;
};

/* That KMS has this very material, or not: how it was asked, and what came. */
struct bundle_proof {
	const char *method;	      /* "public-key", "signature", "hmac", "reimport" */
	struct bundle_blob challenge; /* what was signed or made a MAC of; absent otherwise */
	struct bundle_blob answer;    /* KMS's: its public key, signature or MAC */
	const char *verdict;	      /* "yes" or "no"; NULL: the token has yet to answer */
	int64_t at;
	struct bundle_told told_now;  /* where the token answered */
	const char *by;		      /* program and version */
	const char *material_sha256;
};

/* A parsed bundle: what it says, and who it belongs to (itself). */
struct bundle;

/*
 * Parses a bundle: JSON with no duplicate or unknown name, the types and the
 * ASCII that the format allows, every value of its own form, the request's
 * parts fitting each other (SPKI, algorithm, key spec, ARN, URI), and the
 * sections fitting by digest: material.request_sha256 and that of each approval
 * is this request's, receipt.material_sha256 this material's; signatures are not looked into. KH_E_INPUT for a bad file, KH_E_CHECK
 * for sections that are not each other's. The caller frees `*out`.
 */
int bundle_parse(const char *data, size_t len, struct bundle **out, struct kh_error *err);

/* Reads one from a file without locking it; for commands that write nothing. */
int bundle_read(const char *path, struct bundle **out, struct kh_error *err);

/* Locks the file and parses it, for commands that write it again. The caller frees both. */
int bundle_open(const char *path, struct file **file, struct bundle **out, struct kh_error *err);

void bundle_free(struct bundle *b);

/* The sections; material and receipt NULL where there is none. The bundle owns them. */
const struct bundle_request *bundle_request(const struct bundle *b);
const struct bundle_facts *bundle_facts(const struct bundle *b);
const struct bundle_material *bundle_material(const struct bundle *b);
const struct bundle_receipt *bundle_receipt(const struct bundle *b);

/* The proofs, oldest first, and how many; the bundle owns them. */
const struct bundle_proof *bundle_proofs(const struct bundle *b, size_t *n);

/* The approvals, oldest first, and how many; the bundle owns them. */
const struct bundle_approval *bundle_approvals(const struct bundle *b, size_t *n);

/* The CMS detached signature of the canonical material; NULL where there is none. The bundle owns it. */
const struct bundle_blob *bundle_material_signature(const struct bundle *b);

/* A new bundle of a request alone; checked as bundle_parse does. The caller frees it. */
int bundle_new(const struct bundle_request *request, struct bundle **out, struct kh_error *err);

/* Puts a section into the bundle in place of what it had; a new material drops its signature, receipt and proofs. Checked likewise. */
int bundle_set_material(struct bundle *b, const struct bundle_material *m, struct kh_error *err);
int bundle_set_receipt(struct bundle *b, const struct bundle_receipt *r, struct kh_error *err);

/*
 * Adds a proof (`at_index` BUNDLE_PROOFS_MAX; where there are that many the oldest goes), or puts it in place of one.
 * Checked likewise; pointers to the proofs of before stay good.
 */
int bundle_set_proof(struct bundle *b, size_t at_index, const struct bundle_proof *p, struct kh_error *err);

/* Adds an approval of its request; KH_E_INPUT where there are BUNDLE_APPROVALS_MAX. Checked likewise. */
int bundle_add_approval(struct bundle *b, const struct bundle_approval *a, struct kh_error *err);

/* What an approver signs: {approver, policy_sha256, request_sha256}, and told_now where his time was told, in canonical form, added to `out`. */
int bundle_approval_text(const struct bundle_approval *a, struct buf *out, struct kh_error *err);

/* Puts the signature of the material in place. KH_E_INPUT where there is no material. */
int bundle_set_material_signature(struct bundle *b, struct bundle_blob signature, struct kh_error *err);

/* SHA-256 of the canonical section in hex; the bundle owns it. "" where there is no such section. */
const char *bundle_request_sha256(const struct bundle *b);
const char *bundle_material_sha256(const struct bundle *b);

/* The file's text (indented JSON, keys sorted, line end at the end) into `out` (at most BUNDLE_MAX). */
int bundle_write(const struct bundle *b, struct buf *out, struct kh_error *err);

/* bundle_write into the locked file. */
int bundle_save(const struct bundle *b, struct file *file, struct kh_error *err);

/* bundle_write into a new file that must not exist. */
int bundle_create(const struct bundle *b, const char *path, struct kh_error *err);

/* The canonical JSON of a section ("request", "material") as export writes it. KH_E_INPUT where there is none. */
int bundle_canonical(const struct bundle *b, const char *section, struct buf *out, struct kh_error *err);

/*
 * That a URI may stand in a bundle: RFC 7512 path attributes only, see DESIGN, and no temporary object's label. KH_E_INPUT.
 */
int bundle_check_uri(const char *uri, struct kh_error *err);

/*
 * The decoded value of an attribute ("id", "serial") of a URI that bundle_check_uri took, into `out` of `size` bytes, a NUL
 * behind it: its length; 0 where the URI has none (or it does not fit).
 */
size_t bundle_uri_value(const char *uri, const char *name, char *out, size_t size);

/*
 * Whether what a command line says of the import agrees with what the bundle says, and where there is a receipt with what
 * was sent: a span with the one that the receipt's times tell, give or take what two clocks differ. KH_E_USAGE.
 */
int bundle_check_intent(const struct bundle *b, const struct intent *said, struct kh_error *err);

/* KH_E_CHECK where the parameters are past their time, or are good for longer than the 24 hours that KMS gives them. */
int bundle_check_time(const struct bundle *b, int64_t now, struct kh_error *err);

/*
 * KH_E_CHECK where it was fetched more than five minutes after now, by KMS's clock: spans of a policy are counted from the fetch.
 */
int bundle_check_fetched(const struct bundle *b, int64_t now, struct kh_error *err);

/* Both by this host's clock; but a rehearsal may have been fetched later, from a keyhaul-sim whose time is ahead. KH_E_CHECK. */
int bundle_check_here(const struct bundle *b, int64_t now, struct kh_error *err);

#endif
