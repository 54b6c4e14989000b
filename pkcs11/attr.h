/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_ATTR_H
#define KEYHAUL_PKCS11_ATTR_H

#include "bundle/bundle.h"
#include "token.h"

#define ATTR_TEMPLATE_MAX 32
#define ATTR_VALUE_MAX 16384 /* bytes; nothing that we read is longer */

/* A template under construction. It points into itself: build it where it is used, do not copy it. */
struct attr_template {
	CK_ATTRIBUTE v[ATTR_TEMPLATE_MAX];
	CK_ULONG n;
	CK_ULONG numbers[ATTR_TEMPLATE_MAX];
	CK_BBOOL bools[ATTR_TEMPLATE_MAX];
};

/* Adds an attribute; bytes stay the caller's and must outlive the template. More than ATTR_TEMPLATE_MAX aborts. */
void attr_add_bool(struct attr_template *t, CK_ATTRIBUTE_TYPE type, bool value);
void attr_add_ulong(struct attr_template *t, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void attr_add_bytes(struct attr_template *t, CK_ATTRIBUTE_TYPE type, const void *data, size_t len);

/* One attribute to read: where to, how much room, and what came of it. */
struct attr_read {
	CK_ATTRIBUTE_TYPE type;
	void *data;
	size_t room;
	size_t len;  /* out */
	bool there;  /* out: false where the token does not have it, does not say it, or it does not fit */
};

/*
 * Reads many attributes in one call (PKCS#11 v3.1 section 5.7.5). What the token does not have, calls sensitive or
 * has more of than `room`, or did not write to its end, is not there (one call more where that is in doubt); a length that
 * cannot be is KH_E_TOKEN, as are all other codes.
 */
int attr_read_all(const struct token *t, CK_OBJECT_HANDLE object, struct attr_read *reads, size_t n,
		  struct kh_error *err);

/* Rows for attr_read_all: `flag` is an enum bundle_flag's place, see attr_flag. */
#define ATTR_READ(kind, place) {.type = (kind), .data = &(place), .room = sizeof(place)}

/* A boolean that was read (a CK_BBOOL as data) as absent, false or true; a byte that is neither is absent. */
enum bundle_flag attr_flag(const struct attr_read *r);

/*
 * Reads one attribute of any length up to out->max in two calls, into the empty `out`. `*there` is false where the
 * token does not have it or does not say it. KH_E_TOKEN, also for a length over the maximum.
 */
int attr_read_bytes(const struct token *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, struct buf *out,
		    bool *there, struct kh_error *err);

#endif
