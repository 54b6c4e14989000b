/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "wrap.h"

#include "call.h"
#include "ckm.h"
#include "ckr.h"
#include "keygen.h"

#include <openssl/evp.h>
#include <string.h>

#define KEK_BITS 256
#define KWP_LEAST 16 /* bytes (RFC 5649 section 4.1) */
#define RUN_MAX 16

/* PKCS#11 v3.1 section 6.1.22; libp11-kit's header has the mechanism but not its parameters. */
struct rsa_aes_key_wrap_params {
	CK_ULONG aes_key_bits;
	CK_RSA_PKCS_OAEP_PARAMS *oaep;
};

/* PKCS#11 v3.1 section 6.1.8: label empty, told by a NULL pointer; tokens refuse any other way of saying so. */
static int oaep_params(enum wrapalg alg, CK_RSA_PKCS_OAEP_PARAMS *out, struct kh_error *err)
{
	const struct wrapalg_info *info = wrapalg_info(alg);

	if (info == NULL)
		return kh_fail(err, KH_E_CHECK, 0, "no such wrapping algorithm");
	memset(out, 0, sizeof(*out));
	out->source = CKZ_DATA_SPECIFIED;
	out->hashAlg = strcmp(info->hash, "SHA1") == 0 ? CKM_SHA_1 : CKM_SHA256;
	out->mgf = strcmp(info->hash, "SHA1") == 0 ? CKG_MGF1_SHA1 : CKG_MGF1_SHA256;
	return 0;
}

/* Bytes that were not written, zeros, a filler: in RSA or AES ciphertext a run as long comes once in 2^120. */
static bool is_no_ciphertext(const unsigned char *data, size_t len)
{
	size_t run = 1;

	for (size_t i = 1; i < len; i++) {
		run = data[i] == data[i - 1] ? run + 1 : 1;
		if (run == RUN_MAX)
			return true;
	}
	return false;
}

/* One C_WrapKey, and its length held to what it can be: from `least` to the room there is, exactly `least` if `exact`. */
static int wrap_once(const struct token *t, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE target,
		     size_t least, bool exact, struct wrap_blob *out, struct kh_error *err)
{
	char name[CKM_NAME_MAX];
	CK_ULONG len = sizeof(out->data);
	CK_RV rv;

	memset(out->data, 0, sizeof(out->data)); /* what the module does not write is seen, and is nothing of ours */
	rv = P11_CALL_MECH(t->fn, mechanism->mechanism, C_WrapKey, t->session, mechanism, with, target, out->data,
			   &len);
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_WrapKey", ckm_name(mechanism->mechanism, name));
	if (len > sizeof(out->data) || len < least || (exact && len != least)) {
		kh_fail(err, KH_E_TOKEN, 0, "C_WrapKey on %s: CKR_OK with %lu bytes, which cannot be (%s%zu)",
			ckm_name(mechanism->mechanism, name), len, exact ? "" : "at least ", least);
		return kh_hint(err, "%s", CKR_HINT_BROKEN);
	}
	if (is_no_ciphertext(out->data, len)) {
		kh_fail(err, KH_E_TOKEN, 0, "C_WrapKey on %s: CKR_OK with %lu bytes that are no ciphertext (%d equal in a row)",
			ckm_name(mechanism->mechanism, name), len, RUN_MAX);
		return kh_hint(err, "%s", CKR_HINT_BROKEN);
	}
	out->len = len;
	return 0;
}

static int wrap_oaep(const struct token *t, enum wrapalg alg, CK_OBJECT_HANDLE wrapping_key, unsigned bits,
		     CK_OBJECT_HANDLE target, struct wrap_blob *out, struct kh_error *err)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep;
	CK_MECHANISM mechanism = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};

	if (oaep_params(alg, &oaep, err) != 0)
		return -1;
	return wrap_once(t, &mechanism, wrapping_key, target, bits / 8, true, out, err);
}

static int wrap_native(const struct token *t, enum wrapalg alg, CK_OBJECT_HANDLE wrapping_key, unsigned bits,
		       CK_OBJECT_HANDLE target, struct wrap_blob *out, struct kh_error *err)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep;
	struct rsa_aes_key_wrap_params params = {KEK_BITS, &oaep};
	CK_MECHANISM mechanism = {CKM_RSA_AES_KEY_WRAP, &params, sizeof(params)};

	if (oaep_params(alg, &oaep, err) != 0)
		return -1;
	return wrap_once(t, &mechanism, wrapping_key, target, bits / 8 + KWP_LEAST, false, out, err);
}

/* What is wrapped under a key that stays is wrapped for whoever has that key. */
static int destroy_ephemeral(const struct token *t, struct keygen_key *ephemeral, struct kh_error *err)
{
	CK_RV rv = keygen_destroy(t, ephemeral);

	if (rv == CKR_OK)
		return 0;
	if (rv == KEYGEN_STAYS)
		kh_fail(err, KH_E_TOKEN, 0, "C_DestroyObject on the ephemeral key: CKR_OK, and it is on the token still");
	else
		ckr_fail(err, rv, "C_DestroyObject", "the ephemeral key");
	return kh_hint(err, "nothing was written: what is wrapped under a key that stays could be opened with it");
}

/*
 * OAEP of the ephemeral key || RFC 5649 of the target. The ephemeral key wraps this once and is gone: who has one opens
 * the blob. It is read back where the plan is careful, and in read-write sessions, where a wrong handle could destroy a
 * key that is kept.
 */
static int wrap_two_step(const struct token *t, const struct wrap_plan *plan, CK_OBJECT_HANDLE wrapping_key,
			 unsigned bits, CK_OBJECT_HANDLE target, struct wrap_blob *out, struct kh_error *err)
{
	const struct keygen_request request = {
		.spec = KEYSPEC_SYMMETRIC_DEFAULT, .token_object = t->token_objects, .use = CKA_WRAP,
		.unread = !plan->careful && !t->read_write};
	CK_MECHANISM kwp = {plan->kwp, NULL, 0};
	struct keygen_key ephemeral;
	struct wrap_blob inner;
	struct kh_error stays;
	int ret = -1;

	if (keygen_generate(t, &request, &ephemeral, err) != 0)
		return kh_context(err, "ephemeral key");
	if (ephemeral.key == target || ephemeral.key == wrapping_key) { /* costs no call, and is not destroyed */
		kh_fail(err, KH_E_TOKEN, 0, "C_GenerateKey: CKR_OK with the handle of a key that is there already");
		return kh_hint(err, "%s", CKR_HINT_BROKEN);
	}
	if (wrap_once(t, &kwp, ephemeral.key, target, KWP_LEAST, false, &inner, err) != 0 ||
	    wrap_oaep(t, plan->alg, wrapping_key, bits, ephemeral.key, out, err) != 0)
		goto out;
	if (inner.len > sizeof(out->data) - out->len) {
		kh_fail(err, KH_E_TOKEN, 0, "C_WrapKey: %zu bytes are more than any key takes", inner.len);
		goto out;
	}
	memcpy(out->data + out->len, inner.data, inner.len);
	out->len += inner.len;
	ret = 0;
out:
	if (destroy_ephemeral(t, &ephemeral, &stays) != 0 && ret == 0) {
		*err = stays;
		ret = -1;
	}
	return ret;
}

int wrap_run(const struct token *t, const struct wrap_plan *plan, CK_OBJECT_HANDLE wrapping_key, unsigned bits,
	     CK_OBJECT_HANDLE target, struct wrap_blob *out, struct kh_error *err)
{
	out->len = 0;
	switch (plan->way) {
	case WRAP_OAEP:
		return wrap_oaep(t, plan->alg, wrapping_key, bits, target, out, err);
	case WRAP_NATIVE:
		return wrap_native(t, plan->alg, wrapping_key, bits, target, out, err);
	case WRAP_TWO_STEP:
		return wrap_two_step(t, plan, wrapping_key, bits, target, out, err);
	}
	return kh_fail(err, KH_E_CHECK, 0, "no such way of wrapping");
}

int wrap_oaep_sha256(const struct wrap_blob *blob, unsigned bits, unsigned char out[32], struct kh_error *err)
{
	size_t len = blob->len < bits / 8 ? blob->len : bits / 8, n = 0;

	if (EVP_Q_digest(NULL, "SHA256", NULL, blob->data, len, out, &n) <= 0)
		return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot do SHA-256");
	return 0;
}
