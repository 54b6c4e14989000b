/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TESTS_FAKE_TOKEN_H
#define KEYHAUL_TESTS_FAKE_TOKEN_H

#include "pkcs11/token.h"

#define FAKE_SLOTS 8
#define FAKE_OBJECTS 64
#define FAKE_ATTRIBUTES 32
#define FAKE_VALUE 600

/* A token as odd as a test wants it, behind a function list: objects in a table, and answers that can be bent. */
struct fake_attribute {
	CK_ATTRIBUTE_TYPE type;
	unsigned char value[FAKE_VALUE];
	CK_ULONG len;
	CK_RV rv;	   /* CKR_OK, or what the token says of it: CKR_ATTRIBUTE_SENSITIVE */
	CK_ULONG said_len; /* when not 0: the length it claims */
	bool unwritten;	   /* CKR_OK, the whole buffer's length, and the buffer is left alone */
	bool told;	   /* CKR_OK and the right length, and no more than `told_bytes` of it are written */
	CK_ULONG told_bytes;
};

struct fake_object {
	bool used;
	struct fake_attribute v[FAKE_ATTRIBUTES];
	size_t n;
};

struct fake {
	size_t n_slots;
	CK_TOKEN_INFO infos[FAKE_SLOTS];
	CK_FLAGS slot_flags;
	CK_SLOT_ID failing_slot;    /* its C_GetTokenInfo fails; -1: none */
	CK_ULONG said_slots;	    /* when not 0: the number of slots it claims */
	CK_ULONG gave_slots;	    /* when not 0: what it says it put into the list */
	struct fake_object objects[FAKE_OBJECTS]; /* the handle is the index and 1 */
	CK_ULONG find_says;	    /* when not 0: what C_FindObjects says it gave */
	CK_ATTRIBUTE_TYPE passes_over; /* when not CK_UNAVAILABLE_INFORMATION: of this it takes no notice in a search */
	bool find_forever;	    /* C_FindObjects never comes to an end */
	unsigned find_times;	    /* so many times it gives the first object for all that there is room for, then the rest */
	CK_RV session_info;	    /* what C_GetSessionInfo answers */
	CK_STATE state;		    /* and gives */
	CK_RV set;		    /* what C_SetAttributeValue answers; CKR_OK: it sets */
	CK_RV login, open, get, find_init, generate, destroy; /* CKR_OK, or what they answer */
	CK_OBJECT_HANDLE stale;	    /* when not 0: the handle that a generation gives, of another object */
	CK_OBJECT_HANDLE stale_public; /* the same of a pair's public half */
	bool relabels, flips_token; /* makes keys with another label; with CKA_TOKEN the other way round */
	bool fails_late;	    /* `generate` is answered after the objects were made */
	bool keeps;		    /* C_DestroyObject says CKR_OK and destroys nothing */
	bool ignores_sensitive;	    /* makes keys that are not what was asked for */
	bool hides_sensitive;	    /* makes keys that do not tell CKA_SENSITIVE */
	bool stops_early;	    /* C_GetAttributeValue gives up at the first attribute that is not there */
	/* what was done to it */
	unsigned logins, logouts, opens, closes, finds_open, finds_closed, destroyed;
	bool login_pin_was_null;
	CK_FLAGS open_flags;
	char login_pin[64];
};

extern struct fake fake;

/* Starts over: one initialised token "T", login required, PIN set, no objects. Gives the function list. */
CK_FUNCTION_LIST *fake_reset(void);

/* Sets a slot's token. */
void fake_slot(size_t slot, const char *label, const char *serial, CK_FLAGS flags);

/* Puts an object there; gives its handle. */
CK_OBJECT_HANDLE fake_object(void);
void fake_set(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG len);
void fake_set_ulong(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void fake_set_bool(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool value);
struct fake_attribute *fake_get(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

/* A secret key that can be hauled: type, bytes, label, id of one byte. */
CK_OBJECT_HANDLE fake_secret(CK_KEY_TYPE type, CK_ULONG len, const char *label, unsigned char id);

/* Both halves of an EC pair of a label, with nothing in them. */
void fake_pair(const char *label);

/* What an RSA private key tells and does not tell, but for the value `gives` (0: none), which it does. */
void fake_rsa(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE gives);

/* How many objects there are. */
size_t fake_count(void);

#endif
