/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TESTS_UNIT_FAKE_WRAP_H
#define KEYHAUL_TESTS_UNIT_FAKE_WRAP_H

#include "fake_token.h"

/* What C_WrapKey does against the standard while it answers CKR_OK. */
enum fake_lie {
	FAKE_HONEST,
	FAKE_OTHER_HASH,     /* OAEP with the other of SHA-1 and SHA-256 */
	FAKE_OTHER_MGF,
	FAKE_LABEL,	     /* an OAEP label */
	FAKE_OTHER_KEY,	     /* wraps another key of the same kind */
	FAKE_OTHER_RSA,	     /* OAEP under another RSA key */
	FAKE_SHORT_KEK,	     /* a key-encryption key of 16 bytes */
	FAKE_PKCS7,	     /* PKCS#7 padding, then RFC 3394 */
	FAKE_ZERO,	     /* zero padding, then RFC 3394 */
	FAKE_IV,	     /* RFC 5649 with an initial value of its own */
	FAKE_ZEROS_BEHIND,   /* zeros behind the PKCS#8, then RFC 5649: what SoftHSM does */
	FAKE_ONES_BEHIND,
	FAKE_TRUNCATED,	     /* the last byte of the key left out */
	FAKE_SAYS_MORE,	     /* a length over the buffer */
	FAKE_SAYS_LESS,
	FAKE_SAYS_NOTHING,   /* length 0 */
	FAKE_REFUSES,	     /* CKR_KEY_NOT_WRAPPABLE */
	FAKE_IS_GONE,	     /* CKR_DEVICE_REMOVED */
	FAKE_NO_MEMORY,	     /* CKR_DEVICE_MEMORY */
	FAKE_NO_MEMORY_ONCE, /* the first time */
	FAKE_UNWRITTEN,	     /* CKR_OK and the right length, and writes nothing */
	FAKE_ZEROS,	     /* writes zeros */
	FAKE_TAIL_16,	     /* writes all but the last 16 bytes, which are zeros */
	FAKE_TAIL_15,
	FAKE_STUMP,	     /* wraps the key's first 8 bytes */
	FAKE_AGAIN,	     /* the blob that it gave first */
	FAKE_OVER_MODULUS,   /* an RSA part over the modulus */
	/* what the other calls do from that C_WrapKey on */
	FAKE_OTHER_MODULUS,  /* C_CreateObject puts another modulus in */
	FAKE_ZERO_BEFORE,    /* and gives it back with a zero before it, which is honest */
	FAKE_OTHER_CLASS,    /* gives the handle of a private key */
	FAKE_OTHER_LABEL,    /* gives the handle of an object with another label */
	FAKE_OLD_KEK,	     /* C_GenerateKey gives the handle `old` */
	FAKE_RIVAL,	     /* another program makes an object of the same label beside C_GenerateKey's */
	FAKE_SLOW,	     /* a generation takes for years: test_haul's clock goes by it */
	FAKE_SLOW_WRAP,	     /* C_WrapKey does */
	FAKE_STAYS,	     /* C_DestroyObject refuses to destroy AES keys that wrap */
};

/* The fake token of fake_token.h with keys that are real, and C_WrapKey done by OpenSSL. */
struct fake_wrap {
	enum fake_lie lie;
	unsigned honest_calls;	  /* C_WrapKey calls before the lie begins */
	bool native;		  /* has CKM_RSA_AES_KEY_WRAP */
	CK_MECHANISM_TYPE kwp[2]; /* lists these for RFC 5649; the first one lies, the second does not; 0: none */
	CK_OBJECT_HANDLE old;	  /* FAKE_OLD_KEK's */
	bool no_crypto;		  /* neither signs nor encrypts */
	bool short_answer;	  /* C_Sign and C_Encrypt write all of it and say that it is a byte less */
	bool no_check_value, short_check_value;
	CK_RV value_rv;		  /* what it says in place of a value; CKR_OK: CKR_ATTRIBUTE_SENSITIVE */
	CK_ATTRIBUTE_TYPE gives;  /* a private value that sensitive RSA keys and generic secrets give out; 0: none */
	bool rsa;		  /* makes RSA pairs, which it cannot wrap */
	bool refuses_trusted;	  /* C_CreateObject answers CKR_ATTRIBUTE_READ_ONLY to CKA_TRUSTED */
	bool wraps_pairs;	  /* `unextractable` is for secrets alone */
	CK_RV pairs;		  /* what it answers for pairs, where that is another; CKR_OK: the same */
	CK_RV unextractable;	  /* what C_WrapKey answers where CKA_EXTRACTABLE is false; CKR_OK: it wraps */
	/* what was done */
	unsigned wraps, ephemeral_wraps_most; /* C_WrapKey calls; the most that one AES key did */
	bool was_slow;
	unsigned char first[2 * FAKE_VALUE]; /* the blob that it gave first */
	unsigned reads;			      /* C_GetAttributeValue calls */
	CK_BBOOL wrapping_key_uses;	      /* CK_TRUE when it could do anything but wrap */
	bool wrapping_key_is_token_object;
};

extern struct fake_wrap fake_wrap;

/* Starts over, on fake_reset. */
CK_FUNCTION_LIST *fake_wrap_reset(void);

#endif
