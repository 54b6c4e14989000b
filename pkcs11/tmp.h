/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_PKCS11_TMP_H
#define KEYHAUL_PKCS11_TMP_H

#include "bundle/bundle.h"
#include "token.h"

/* The objects that are on a token for the time of one command: how they are labelled, and which ones were left. */

#define TMP_PREFIX BUNDLE_TMP_PREFIX
#define TMP_RANDOM 8 /* bytes */
#define TMP_LABEL (sizeof(TMP_PREFIX) + 2 * TMP_RANDOM)
#define TMP_SHOWN 64 /* characters of a label that are kept */
#define TMP_LABEL_READ 4096 /* bytes of one that are looked at */
#define TMP_OBJECTS_MAX 1000000 /* that are looked through, one call each */

/* A label that tells whoever finds it later what it was and that it can go. KH_E_SYSTEM. */
int tmp_label(char out[TMP_LABEL], struct kh_error *err);

/* True for a label as keyhaul makes them: the prefix, then 16 (tmp_label) or 32 (a key's CKA_ID) digits of lower-case hex. */
bool tmp_is_ours(const char *label, size_t len);

/* One object whose label begins as theirs do. */
struct tmp_object {
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS object_class; /* CK_UNAVAILABLE_INFORMATION: not told */
	char label[TMP_SHOWN + 1];
	bool kept; /* CKA_TOKEN: it stays when the session ends */
	bool ours; /* tmp_is_ours: safe to take away */
};

/*
 * All objects that the session sees, or those of a label (NULL: any), into `*objects`, and those of them whose label begins
 * with TMP_PREFIX, into `*found` (NULL: only counts, one search), which the caller frees. KH_E_TOKEN, also over
 * TMP_OBJECTS_MAX; KH_E_INTERRUPTED between two objects.
 */
int tmp_find(const struct token *t, const char *label, size_t label_len, size_t *objects, struct tmp_object **found, size_t *n, struct kh_error *err);

/* Destroys one that is ours, kept and still labelled so. KH_E_CHECK for any other, KH_E_TOKEN. */
int tmp_destroy(const struct token *t, const struct tmp_object *o, struct kh_error *err);

#endif
