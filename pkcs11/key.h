/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_KEY_H
#define KEYHAUL_PKCS11_KEY_H

#include "attr.h"
#include "bundle/keyspec.h"

#define KEY_OBJECTS_MAX 10000 /* objects of one search */
#define KEY_LABEL_MAX 256
#define KEY_ID_MAX 255 /* what a bundle's URI can name */
#define KEY_CHECK_VALUE_MAX 16
#define KEY_WHY_MAX 160
#define KEY_MODULUS_MAX 2048	 /* bytes: RSA keys up to 16384 bits are told their size */
#define KEY_EXPONENT_MAX 16
#define KEY_PUBLIC_INFO_MAX 1024 /* an RSA-4096 key's SubjectPublicKeyInfo has 550 */

/* What the token says of a key. Flags that it does not state are BUNDLE_ABSENT. */
struct key {
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS object_class; /* CKO_SECRET_KEY or CKO_PRIVATE_KEY */
	CK_KEY_TYPE type;
	unsigned bits;		      /* secret, RSA modulus, EC field; 0: not told */
	enum keyspec spec;	      /* what KMS imports it as; KEYSPEC_NONE: nothing (AES-128 is SYMMETRIC_DEFAULT) */
	char label[KEY_LABEL_MAX + 1];
	size_t label_len;
	bool label_is_long; /* it has one of over KEY_LABEL_MAX, which is not here */
	unsigned char id[KEY_ID_MAX];
	size_t id_len;
	enum bundle_flag token_object, is_private, modifiable, local;
	enum bundle_flag sensitive, always_sensitive, extractable, never_extractable, wrap_with_trusted;
	bool has_key_gen_mechanism;
	CK_MECHANISM_TYPE key_gen_mechanism;
	unsigned char check_value[KEY_CHECK_VALUE_MAX];
	size_t check_value_len; /* 0: absent */
	/* what a private key tells of its public half; lengths 0: nothing */
	unsigned char modulus[KEY_MODULUS_MAX], exponent[KEY_EXPONENT_MAX], public_info[KEY_PUBLIC_INFO_MAX];
	size_t modulus_len, exponent_len, public_info_len;
};

/* What a key is looked for by; NULL and 0: any. */
struct key_query {
	const char *label;
	size_t label_len;
	const unsigned char *id;
	size_t id_len;
	bool has_class;
	CK_OBJECT_CLASS object_class; /* without has_class: secret and private keys */
};

/* The query of a URI's object, id and type. KH_E_INPUT for a type that is no secret or private key. */
int key_query_from_uri(const struct uri *uri, struct key_query *out, struct kh_error *err);

/* One object of key_each. Stops with -1. */
typedef int key_each_fn(const struct token *t, const struct key *k, void *arg, struct kh_error *err);

/*
 * Calls `each` for every key that fits, at most KEY_OBJECTS_MAX (KH_E_TOKEN over it). No search is left open while it
 * runs. KH_E_INTERRUPTED between two keys. What the search gives and the token does not say to be what was asked for is passed over with a warning.
 */
int key_each(const struct token *t, const struct key_query *q, key_each_fn *each, void *arg, struct kh_error *err);

/*
 * Finds exactly one secret or private key and reads its facts. KH_E_INPUT for none (with what may be the reason: not
 * logged in, another label) or several ("3 keys match", and what tells them apart).
 */
int key_find(const struct token *t, const struct key_query *q, struct key *out, struct kh_error *err);

/* Reads the facts of one key by its handle. KH_E_TOKEN. */
int key_read(const struct token *t, CK_OBJECT_HANDLE handle, struct key *out, struct kh_error *err);

/* The handles of the objects that fit a template; the caller frees `*out`. KH_E_TOKEN over KEY_OBJECTS_MAX. */
int key_search(const struct token *t, const struct attr_template *match, CK_OBJECT_HANDLE **out, size_t *n,
	       struct kh_error *err);

/* The same with another limit, for who only looks at each. */
int key_search_up_to(const struct token *t, const struct attr_template *match, size_t max, CK_OBJECT_HANDLE **out, size_t *n,
		     struct kh_error *err);

/* True where the URI's object, id and type (each where it has one) are the key's, and its token attributes the token's. */
bool key_matches_uri(const struct token *t, const struct key *k, const struct uri *uri);

/* True where the key can be hauled as its spec; otherwise `why` says in a few words why not. */
bool key_is_haulable(const struct key *k, char why[KEY_WHY_MAX]);

/* The type's word, as in the bundle: "AES", "GENERIC_SECRET", "RSA", "EC"; "0x..." into `out` for others. */
const char *key_type_name(CK_KEY_TYPE type, char out[24]);

/* The key's URI into `out`. KH_E_MEMORY. */
int key_uri(const struct token *t, const struct key *k, struct buf *out, struct kh_error *err);

/*
 * The public half as SubjectPublicKeyInfo DER into the empty `out`: from CKA_PUBLIC_KEY_INFO, an RSA private key's modulus
 * and exponent, or the public object of the same CKA_ID (the label where there is no id). Left empty where the token has none of them;
 * KH_E_TOKEN where it gives one that is no key of this spec.
 */
int key_public(const struct token *t, const struct key *k, struct buf *out, struct kh_error *err);

#endif
