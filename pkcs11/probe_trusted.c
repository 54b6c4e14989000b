/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "probe_step.h"

#include "attr.h"
#include "call.h"
#include "ckr.h"
#include "proof_step.h"
#include "tmp.h"

#include <string.h>

static CK_RV create_trusted(const struct token *t, const struct spki *rsa, const char *label, CK_OBJECT_HANDLE *out)
{
	struct attr_template tmpl = {.n = 0};

	attr_add_ulong(&tmpl, CKA_CLASS, CKO_PUBLIC_KEY);
	attr_add_ulong(&tmpl, CKA_KEY_TYPE, CKK_RSA);
	attr_add_bool(&tmpl, CKA_TOKEN, false);
	attr_add_bool(&tmpl, CKA_PRIVATE, false);
	attr_add_bytes(&tmpl, CKA_LABEL, label, strlen(label));
	attr_add_bool(&tmpl, CKA_WRAP, true);
	attr_add_bool(&tmpl, CKA_TRUSTED, true);
	attr_add_bytes(&tmpl, CKA_MODULUS, rsa->modulus, rsa->modulus_len);
	attr_add_bytes(&tmpl, CKA_PUBLIC_EXPONENT, rsa->exponent, rsa->exponent_len);
	return P11_CALL(t->fn, C_CreateObject, t->session, tmpl.v, tmpl.n, out);
}

/* To whom it takes an SO the user is nobody. */
static enum probe_honour honour_of(CK_RV rv)
{
	return proof_code_is_lasting(rv) || rv == CKR_USER_NOT_LOGGED_IN ? PROBE_HONOURED : PROBE_NOT_KNOWN;
}

/* Codes that speak of the attribute add nothing to what C_CreateObject said. */
static bool speaks_of_attribute(CK_RV rv)
{
	return rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
	       rv == CKR_TEMPLATE_INCONSISTENT || rv == CKR_ACTION_PROHIBITED;
}

/* What cannot be made trusted may be called so afterwards. */
static int try_to_set(const struct token *t, CK_OBJECT_HANDLE key, struct probe_claim *c, struct kh_error *err)
{
	CK_BBOOL trusted = CK_FALSE;
	struct attr_read read = ATTR_READ(CKA_TRUSTED, trusted);
	struct attr_template tmpl = {.n = 0};
	CK_RV rv;

	if (c->honour != PROBE_HONOURED)
		return 0;
	attr_add_bool(&tmpl, CKA_TRUSTED, true);
	rv = P11_CALL(t->fn, C_SetAttributeValue, t->session, key, tmpl.v, tmpl.n);
	if (token_is_gone(rv))
		return ckr_fail(err, rv, "C_SetAttributeValue", c->name);
	if (rv != CKR_OK) {
		if (!speaks_of_attribute(rv))
			probe_settle(c, honour_of(rv), rv, "C_SetAttributeValue");
		return 0;
	}
	if (attr_read_all(t, key, &read, 1, err) != 0)
		return -1;
	if (attr_flag(&read) != BUNDLE_TRUE)
		return 0;
	c->stated = BUNDLE_TRUE;
	probe_settle(c, PROBE_BROKEN, CKR_OK, "C_SetAttributeValue made one for the user");
	return 0;
}

/* A refusal is for CKA_TRUSTED where the same key without it can be made. */
static int settle_refusal(const struct token *t, const struct spki *rsa, CK_RV rv, struct probe_claim *c, struct kh_error *err)
{
	CK_OBJECT_HANDLE plain = CK_INVALID_HANDLE;
	struct kh_error why;
	int ret;

	if (wrap_key_create(t, rsa, false, &plain, &why) != 0)
		return probe_untried(c, &why, err);
	probe_settle(c, honour_of(rv), rv, "C_CreateObject");
	ret = try_to_set(t, plain, c, err);
	wrap_key_destroy(t, &plain);
	return ret;
}

/* Only the SO may mark a key trusted (PKCS#11 v3.1 section 4.8): who else can, can take what is wrapped under it. */
static int try_trusted_in(const struct token *t, const struct spki *rsa, struct probe_claim *c, struct kh_error *err)
{
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
	CK_BBOOL trusted = CK_FALSE;
	struct attr_read read = ATTR_READ(CKA_TRUSTED, trusted);
	char label[TMP_LABEL];
	int ret;
	CK_RV rv;

	if (tmp_label(label, err) != 0)
		return -1;
	rv = create_trusted(t, rsa, label, &made);
	if (token_is_gone(rv))
		return ckr_fail(err, rv, "C_CreateObject", c->name);
	if (rv != CKR_OK && t->token_objects && rv != CKR_ATTRIBUTE_READ_ONLY) {
		probe_settle(c, PROBE_NOT_KNOWN, rv, "C_CreateObject, perhaps for want of session objects");
		return 0;
	}
	if (rv != CKR_OK)
		return settle_refusal(t, rsa, rv, c, err);
	ret = attr_read_all(t, made, &read, 1, err);
	if (ret == 0) {
		c->stated = attr_flag(&read);
		if (c->stated == BUNDLE_TRUE)
			probe_settle(c, PROBE_BROKEN, CKR_OK, "C_CreateObject made one for the user");
		else
			probe_settle(c, PROBE_HONOURED, CKR_OK, "C_CreateObject made the key, but not a trusted one");
		ret = try_to_set(t, made, c, err);
	}
	wrap_key_destroy(t, &made);
	return ret;
}

/*
 * In a session of its own and as its object, with --token-objects too: SoftHSM keeps half an object of what it refuses
 * to create, which goes with its session, and on the token would stay for good [seen].
 */
int probe_trusted(const struct token *t, const struct spki *rsa, struct probe_claim *c, struct kh_error *err)
{
	struct token own = *t;
	struct kh_error why;
	int ret;

	if (t->info.flags & CKF_LOGIN_REQUIRED && !t->logged_in && !t->was_logged_in) {
		probe_settle(c, PROBE_NOT_KNOWN, CKR_OK, "nobody is logged in who could have tried");
		return 0;
	}
	own.logged_in = false; /* closing it logs nobody out */
	if (token_open(&own, t->read_write, &why) != 0)
		return probe_untried(c, &why, err); /* some tokens have one session */
	ret = try_trusted_in(&own, rsa, c, err);
	token_close(&own);
	return ret;
}
