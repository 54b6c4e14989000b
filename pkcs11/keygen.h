/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_KEYGEN_H
#define KEYHAUL_PKCS11_KEYGEN_H

#include "key.h"

#define KEYGEN_ID 16 /* bytes of the random CKA_ID */

/* A key to make: kept on the token, or a session object that is gone with the session (--no-keep, throwaways). */
struct keygen_request {
	enum keyspec spec;
	size_t secret_len;	/* bytes, AES and HMAC; 0: the spec's own (aws-cn's SYMMETRIC_DEFAULT is 16) */
	const char *label;	/* NULL: "keyhaul-tmp-" and hex */
	bool token_object;	/* CKA_TOKEN */
	CK_ATTRIBUTE_TYPE use;	/* the one use it gets beside HMAC's signing: CKA_ENCRYPT, CKA_WRAP, CKA_SIGN; 0: none */
	bool stays;		/* CKA_EXTRACTABLE false, for the probe; whether the token took it is not checked */
	bool trusted_only;	/* CKA_WRAP_WITH_TRUSTED, likewise */
	bool unread;		/* what the token made is not read back: for a key that a proof already stands for */
};

/* What was made: the secret or private key and, for pairs, the public half; CK_INVALID_HANDLE where there is none. */
struct keygen_key {
	CK_OBJECT_HANDLE key;
	CK_OBJECT_HANDLE public_key;
	unsigned char id[KEYGEN_ID];
	bool kept; /* CKA_TOKEN was asked for */
};

/*
 * Generates the key in the token: CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_PRIVATE, no use but the request's, one random
 * CKA_ID on both halves; never anything on the host. The handles are given only where the token says that they are of
 * the objects asked for, by that CKA_ID. When it fails, what has the CKA_ID is destroyed, and nothing else ever is; the
 * hint says what could not be. KH_E_TOKEN.
 */
int keygen_generate(const struct token *t, const struct keygen_request *r, struct keygen_key *out,
		    struct kh_error *err);

/* The generation mechanism of a key spec. */
CK_MECHANISM_TYPE keygen_mechanism(enum keyspec spec);

#define KEYGEN_STAYS CK_UNAVAILABLE_INFORMATION

/*
 * Destroys both halves and forgets the handles. Gives CKR_OK, what the token said, or KEYGEN_STAYS where it said CKR_OK
 * and has the key still (looked for on the token alone: a session's goes with it); a failure is a warning as well, and on
 * the token it is counted (token_note_left).
 */
CK_RV keygen_destroy(const struct token *t, struct keygen_key *k);

/* That a key may have this label at all: its length, no controls, no temporary object's. Asks no token. KH_E_USAGE. */
int keygen_check_name(const char *label, struct kh_error *err);

/* The same, and KH_E_INPUT where an object of any class has this label already. */
int keygen_check_label(const struct token *t, const char *label, struct kh_error *err);

/*
 * The same again when the key was made, which another program may have done at the same moment: KH_E_INPUT where an object
 * that is not of this key has its label. Of two that look, at most one keeps its key; the caller destroys the other.
 */
int keygen_check_alone(const struct token *t, const char *label, const struct keygen_key *made, struct kh_error *err);

#endif
