/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "attr.h"
#include "base/log.h"
#include "call.h"
#include "ckr.h"
#include "tmp.h"
#include "wrap.h"

#include <string.h>

int wrap_key_create(const struct token *t, const struct spki *key, CK_OBJECT_HANDLE *out, struct kh_error *err)
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
	if (rv == CKR_OK)
		return 0;
	*out = CK_INVALID_HANDLE;
	ckr_fail(err, rv, "C_CreateObject", "the wrapping key");
	if (!t->token_objects && (rv == CKR_ATTRIBUTE_VALUE_INVALID || rv == CKR_TEMPLATE_INCONSISTENT ||
				  rv == CKR_FUNCTION_NOT_SUPPORTED))
		kh_hint(err, "a device without session objects needs --token-objects");
	return -1;
}

void wrap_key_destroy(const struct token *t, CK_OBJECT_HANDLE *key)
{
	CK_RV rv;

	if (*key == CK_INVALID_HANDLE)
		return;
	rv = P11_CALL(t->fn, C_DestroyObject, t->session, *key);
	if (rv != CKR_OK)
		log_warning("the wrapping key could not be taken off the token: C_DestroyObject: %s (0x%lX); look for "
			    "keyhaul-tmp-* objects", ckr_name(rv), rv);
	*key = CK_INVALID_HANDLE;
}
