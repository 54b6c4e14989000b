/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "attr.h"
#include "base/log.h"
#include "call.h"
#include "ckr.h"
#include "own.h"
#include "tmp.h"
#include "wrap.h"

#include <string.h>

/* That the handle is of this key, where the token says. One call. */
static int check(const struct token *t, const struct spki *key, const char *label, CK_OBJECT_HANDLE object,
		 struct kh_error *err)
{
	unsigned char modulus[SPKI_MODULUS_MAX + 1] = {0};
	char name[OWN_MARK_MAX] = {0};
	CK_OBJECT_CLASS object_class = CKO_PUBLIC_KEY;
	struct attr_read reads[] = {
		ATTR_READ(CKA_CLASS, object_class),
		{.type = CKA_LABEL, .data = name, .room = sizeof(name)},
		{.type = CKA_MODULUS, .data = modulus, .room = sizeof(modulus)},
	};
	size_t zeros = 0;

	if (attr_read_all(t, object, reads, sizeof(reads) / sizeof(reads[0]), err) != 0)
		return kh_context(err, "the wrapping key");
	while (zeros < reads[2].len && modulus[zeros] == 0)
		zeros++;
	if ((!reads[0].there || object_class == CKO_PUBLIC_KEY) &&
	    (!reads[1].there || (reads[1].len == strlen(label) && memcmp(name, label, reads[1].len) == 0)) &&
	    (!reads[2].there ||
	     (reads[2].len - zeros == key->modulus_len && memcmp(modulus + zeros, key->modulus, key->modulus_len) == 0)))
		return 0;
	kh_fail(err, KH_E_TOKEN, 0, "C_CreateObject: CKR_OK with the handle of another object than the wrapping key");
	return kh_hint(err, "that object was left as it is, and nothing was wrapped under it: " CKR_HINT_BROKEN);
}

/* The object that was made, if not the one that the handle names, goes by its label. */
static int check_made(const struct token *t, const struct spki *key, const char *label, CK_OBJECT_HANDLE *object,
		      struct kh_error *err)
{
	const struct own_mark mark = {CKA_LABEL, label, strlen(label)};
	size_t n;

	if (check(t, key, label, *object, err) == 0)
		return 0;
	*object = CK_INVALID_HANDLE;
	n = own_sweep(t, &mark);
	if (t->token_objects)
		token_note_left(t, n);
	return -1;
}

int wrap_key_create(const struct token *t, const struct spki *key, bool careful, CK_OBJECT_HANDLE *out,
		    struct kh_error *err)
{
	static const CK_ATTRIBUTE_TYPE no_use[] = {CKA_ENCRYPT, CKA_VERIFY, CKA_VERIFY_RECOVER};
	struct attr_template tmpl = {.n = 0};
	char label[TMP_LABEL];
	CK_RV rv;

	*out = CK_INVALID_HANDLE;
	if (tmp_label(label, err) != 0)
		return -1;
	attr_add_ulong(&tmpl, CKA_CLASS, CKO_PUBLIC_KEY);
	attr_add_ulong(&tmpl, CKA_KEY_TYPE, CKK_RSA);
	attr_add_bool(&tmpl, CKA_TOKEN, t->token_objects);
	attr_add_bool(&tmpl, CKA_PRIVATE, false);
	attr_add_bytes(&tmpl, CKA_LABEL, label, strlen(label));
	attr_add_bool(&tmpl, CKA_WRAP, true);
	for (size_t i = 0; i < sizeof(no_use) / sizeof(no_use[0]); i++)
		attr_add_bool(&tmpl, no_use[i], false);
	attr_add_bytes(&tmpl, CKA_MODULUS, key->modulus, key->modulus_len);
	attr_add_bytes(&tmpl, CKA_PUBLIC_EXPONENT, key->exponent, key->exponent_len);
	rv = P11_CALL(t->fn, C_CreateObject, t->session, tmpl.v, tmpl.n, out);
	if (rv == CKR_OK) /* in read-write sessions a wrong handle could destroy what is on the token */
		return careful || t->read_write ? check_made(t, key, label, out, err) : 0;
	*out = CK_INVALID_HANDLE;
	ckr_fail(err, rv, "C_CreateObject", "the wrapping key");
	if (token_wants_kept(t, rv))
		kh_hint(err, TOKEN_HINT_KEPT);
	return -1;
}

/* One of a kept key before it is destroyed, to look for it afterwards; none where there is nothing to look for. */
static size_t label_of(const struct token *t, CK_OBJECT_HANDLE key, char label[OWN_MARK_MAX])
{
	struct attr_read read = {.type = CKA_LABEL, .data = label, .room = OWN_MARK_MAX};
	struct kh_error ignored;

	if (!t->token_objects || attr_read_all(t, key, &read, 1, &ignored) != 0)
		return 0;
	return tmp_is_ours(label, read.len) ? read.len : 0;
}

void wrap_key_destroy(const struct token *t, CK_OBJECT_HANDLE *key)
{
	char label[OWN_MARK_MAX];
	struct own_mark mark = {CKA_LABEL, label, 0};
	CK_RV rv;

	if (*key == CK_INVALID_HANDLE)
		return;
	mark.len = label_of(t, *key, label);
	rv = P11_CALL(t->fn, C_DestroyObject, t->session, *key);
	if (rv != CKR_OK) {
		token_note_stuck(t, "C_DestroyObject", rv);
		log_warning("the wrapping key could not be taken off the token: C_DestroyObject: %s (0x%lX); look for "
			    "keyhaul-tmp-* objects", ckr_name(rv), rv);
	}
	if (mark.len > 0)
		own_check_gone(t, &mark, rv);
	*key = CK_INVALID_HANDLE;
}
