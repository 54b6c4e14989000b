/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_RELAY_H
#define KEYHAUL_RELAY_H

/*
 * The relay: relay.so is a PKCS#11 module for tests. It has nothing of a token in itself: it starts relay_host, which
 * loads the real module, and passes each call on to it over a socket. What is behind C_Login and C_WrapKey is then in
 * another process, and what comes back can be delayed, refused, falsified and counted. Calls of several threads are made
 * beside each other, where the real module can lock. Environment:
 *
 *	KEYHAUL_RELAY_MODULE	the real module
 *	KEYHAUL_RELAY_HOST	the host program; relay_host beside relay.so when unset
 *	KEYHAUL_RELAY_DELAY_US	each call takes so many microseconds more, threads beside each other: a round trip
 *	KEYHAUL_RELAY_TRACE	a file to which each call adds a line, "NUMBER FUNCTION NTH-OF-THE-FUNCTION 0xCODE";
 *				C_WrapKey and C_CopyObject add "token=0|1 object=LABEL" of the key, C_Login "pin=given|none".
 *				The last line is "left N": objects that were made and not destroyed
 *	KEYHAUL_RELAY_KEYPAD	a file whose first line is what is typed at the token's keypad: the PIN of a C_Login without one
 *	KEYHAUL_RELAY_LOGGED_IN	a file with the PIN by which somebody else is logged in in the real module already
 *	KEYHAUL_RELAY_NATIVE	yes: the token has CKM_RSA_AES_KEY_WRAP, which the relay does in its place
 *	KEYHAUL_RELAY_KEK	a file with the value, in hex, of the AES key "relay kek" that is on the token and trusted there: by it
 *				the relay does that for keys which only a trusted key may wrap, too
 *	KEYHAUL_RELAY_RULES	what goes wrong, as POINT=WHAT, several with blanks between
 *
 * POINT is a call's number (17), a function (C_Sign: every call of it), or the Nth of a function (C_Sign.2); a + behind a
 * number holds from that call on (17+, C_Sign.2+). C_WrapKey can have behind it which keys it is for, by kind or kind and
 * size: C_WrapKey:secret, C_WrapKey:rsa4096, C_WrapKey.3+:ec256. WHAT is one of
 *
 *	0xCODE			the call is not made and gives this CKR
 *	hang			the call never comes back
 *	delay-MS		it is made so many milliseconds later
 *	length-zero, length-huge, length-less, length-more
 *				the call is made; the lengths it gives are 0, 2^62, one less or one more than they are
 *	flags+0xSET-0xCLEAR	C_GetTokenInfo: these flags set and those clear, either or both
 *	session-0xCODE		makes no session objects: this CKR where the template has no CKA_TOKEN that is true
 *	undo			C_CopyObject, C_SetAttributeValue: CKA_EXTRACTABLE is true again, of the copy or of the key itself,
 *				of a key that was locked through the relay before
 *	deaf			C_CopyObject: the copy is made as if it had been asked to be the same
 *	same			C_OpenSession: opens none, and gives the handle of the one that was opened last
 *	drop-0xTYPE		C_CreateObject: the object is made without this attribute
 *	oaep-sha1		C_WrapKey, by whichever mechanism: OAEP with SHA-1 whatever hash was asked for
 *	oaep-mgf		... with the MGF1 hash that was not asked for
 *	kwp-iv			... RFC 5649 with another initial value
 *	zero-padding		... zeros behind the key, then RFC 3394
 *	other-key		... a key that the relay made, of the same kind and length
 *	explicit-curve		... an EC key with its curve's parameters in place of its name
 *	bytes-behind		... eight bytes, which are not zero, behind the PKCS#8
 *	short-kek		... a key-encryption key of 128 bits
 *	noise			... the right length of random bytes
 *	empty			... CKR_OK and nothing
 */

#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>

#define RELAY_MESSAGE_MAX 65536 /* bytes of a call or its answer; within the kernel's limit for one datagram */
#define RELAY_ARGS_MAX 8
#define RELAY_SOCKET 3 /* the host's: each message is a connection for one call at a time (SCM_RIGHTS) */

/*
 * The functions that are passed on, and their arguments in PKCS#11's order, pointer and length as one:
 *
 *	u number in		b bytes in		A attributes in		M mechanism in
 *	h handle out		o fixed bytes out	G attributes in and out
 *	B bytes out, *length	L numbers out, *count	F numbers out, maximum, *count
 */
#define RELAY_FUNCTIONS(X) \
	X(C_Initialize, "b") \
	X(C_Finalize, "") \
	X(C_GetInfo, "o") \
	X(C_GetSlotList, "uL") \
	X(C_GetSlotInfo, "uo") \
	X(C_GetTokenInfo, "uo") \
	X(C_GetMechanismList, "uL") \
	X(C_GetMechanismInfo, "uuo") \
	X(C_OpenSession, "uuh") \
	X(C_CloseSession, "u") \
	X(C_CloseAllSessions, "u") \
	X(C_GetSessionInfo, "uo") \
	X(C_Login, "uub") \
	X(C_Logout, "u") \
	X(C_CreateObject, "uAh") \
	X(C_CopyObject, "uuAh") \
	X(C_DestroyObject, "uu") \
	X(C_GetAttributeValue, "uuG") \
	X(C_SetAttributeValue, "uuA") \
	X(C_FindObjectsInit, "uA") \
	X(C_FindObjects, "uF") \
	X(C_FindObjectsFinal, "u") \
	X(C_EncryptInit, "uMu") \
	X(C_Encrypt, "ubB") \
	X(C_DecryptInit, "uMu") \
	X(C_Decrypt, "ubB") \
	X(C_SignInit, "uMu") \
	X(C_Sign, "ubB") \
	X(C_GenerateKey, "uMAh") \
	X(C_GenerateKeyPair, "uMAAhh") \
	X(C_WrapKey, "uMuuB") \
	X(C_UnwrapKey, "uMubAh") \
	X(C_GenerateRandom, "uo")

/* CKM_RSA_AES_KEY_WRAP's parameters (PKCS#11 v3.1 section 6.1.22); libp11-kit's header has the mechanism alone. */
struct relay_rsa_aes {
	CK_ULONG aes_bits;
	CK_RSA_PKCS_OAEP_PARAMS *oaep;
};

#define RELAY_NUMBER(name, args) RELAY_##name,
enum relay_function { RELAY_FUNCTIONS(RELAY_NUMBER) RELAY_FUNCTIONS_END };
#undef RELAY_NUMBER

struct relay_function_info {
	const char *name, *args;
};
extern const struct relay_function_info relay_functions[RELAY_FUNCTIONS_END];

/* One argument. `data` points to the caller's memory in the module and to the arena in the host; NULL is passed on as NULL. */
struct relay_arg {
	char kind;
	CK_ULONG number; /* u; host's side of h, and of B, L and F: the length */
	void *data;
	CK_ULONG n;	 /* what there is room for at `data`: bytes, attributes or numbers */
	CK_ULONG filled; /* host, B L F: how much of it is an answer, whatever the length says */
	CK_ULONG *rooms; /* host, G: the buffers' sizes */
	CK_ULONG *out;	 /* module: where the caller has the handle or length */
};

struct relay_call {
	enum relay_function function;
	CK_RV rv;
	size_t n;
	struct relay_arg args[RELAY_ARGS_MAX];
};

struct relay_message {
	size_t len, at;
	bool bad; /* did not fit, or ends too soon */
	_Alignas(8) unsigned char data[RELAY_MESSAGE_MAX];
};

/* The host's memory for what a call points to; all of it is wiped after the call. */
struct relay_arena {
	size_t used;
	_Alignas(8) unsigned char data[2 * RELAY_MESSAGE_MAX];
};

/* The call as a message, and back: data goes into the arena. -1 where it does not fit. */
int relay_put_call(struct relay_message *m, const struct relay_call *c);
int relay_take_call(struct relay_message *m, struct relay_call *c, struct relay_arena *arena);

/* The answer as a message; and back into the caller's memory, never past the room that it said it has. */
int relay_put_answer(struct relay_message *m, const struct relay_call *c);
int relay_take_answer(struct relay_message *m, struct relay_call *c);

#endif
