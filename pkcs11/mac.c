/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "mac.h"

#include "call.h"
#include "ckr.h"

#include <stdio.h>

static CK_MECHANISM_TYPE mechanism_of(enum keyspec spec)
{
	switch (spec) {
	case KEYSPEC_HMAC_224:
		return CKM_SHA224_HMAC;
	case KEYSPEC_HMAC_384:
		return CKM_SHA384_HMAC;
	case KEYSPEC_HMAC_512:
		return CKM_SHA512_HMAC;
	default:
		return CKM_SHA256_HMAC;
	}
}

static int failed(const char *call, CK_RV rv, struct kh_error *err)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s", ckr_name(rv));
	kh_fail(err, KH_E_TOKEN, rv, "%s: %s (0x%lX)", call, name, rv);
	kh_name(err, name);
	return rv == CKR_KEY_FUNCTION_NOT_PERMITTED || rv == CKR_KEY_TYPE_INCONSISTENT || rv == CKR_MECHANISM_INVALID
		       ? kh_hint(err, "the token makes no MAC with this key (CKA_SIGN, mechanism): the answer cannot be compared")
		       : -1;
}

int mac_sign(const struct token *t, const struct key *k, enum keyspec spec, const unsigned char *message, size_t len,
	     unsigned char out[MAC_MAX], size_t *out_len, struct kh_error *err)
{
	CK_MECHANISM mechanism = {mechanism_of(spec), NULL, 0};
	CK_ULONG n = MAC_MAX;
	CK_RV rv = P11_CALL_MECH(t->fn, mechanism.mechanism, C_SignInit, t->session, &mechanism, k->handle);

	if (rv != CKR_OK)
		return failed("C_SignInit", rv, err);
	rv = P11_CALL_MECH(t->fn, mechanism.mechanism, C_Sign, t->session, (CK_BYTE *)(uintptr_t)message, (CK_ULONG)len, out,
			   &n);
	if (rv != CKR_OK)
		return failed("C_Sign", rv, err);
	if (n == 0 || n > MAC_MAX)
		return kh_fail(err, KH_E_TOKEN, 0, "C_Sign: a MAC of %lu bytes", (unsigned long)n);
	*out_len = n;
	return 0;
}
