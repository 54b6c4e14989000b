/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "probe_step.h"

#include "attr.h"
#include "base/log.h"
#include "call.h"
#include "ckr.h"
#include "proof_step.h"
#include "unwrap/unwrap.h"

#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 1024

/* The values that a sensitive key must not give out (PKCS#11 v3.1 section 4.9, tables of each key type). */
struct value {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
};
static const struct value secret_values[] = {{CKA_VALUE, "CKA_VALUE"}};
static const struct value rsa_values[] = {
	{CKA_PRIVATE_EXPONENT, "CKA_PRIVATE_EXPONENT"}, {CKA_PRIME_1, "CKA_PRIME_1"}, {CKA_PRIME_2, "CKA_PRIME_2"},
	{CKA_EXPONENT_1, "CKA_EXPONENT_1"}, {CKA_EXPONENT_2, "CKA_EXPONENT_2"}, {CKA_COEFFICIENT, "CKA_COEFFICIENT"},
};
static const struct kind {
	enum keyspec spec;
	const struct value *values;
	size_t n;
} kinds[] = {
	{KEYSPEC_SYMMETRIC_DEFAULT, secret_values, 1},
	{KEYSPEC_HMAC_256, secret_values, 1},
	{KEYSPEC_RSA_2048, rsa_values, sizeof(rsa_values) / sizeof(rsa_values[0])},
	{KEYSPEC_ECC_NIST_P256, secret_values, 1},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct probe_claim preset[PROBE_CLAIMS] = {
	{.name = "sensitive", .words = "values of a CKA_SENSITIVE key cannot be read", .honour = PROBE_NOT_KNOWN},
	{.name = "unextractable", .words = "a key with CKA_EXTRACTABLE false is not wrapped", .honour = PROBE_NOT_KNOWN},
	{.name = "wrap_with_trusted", .words = "CKA_WRAP_WITH_TRUSTED: not wrapped under an untrusted key",
	 .honour = PROBE_NOT_KNOWN},
	{.name = "user_trusted", .words = "the user cannot make a CKA_TRUSTED key", .honour = PROBE_NOT_KNOWN},
};

void probe_settle(struct probe_claim *c, enum probe_honour honour, CK_RV rv, const char *why)
{
	c->honour = honour;
	c->native = rv;
	snprintf(c->native_name, sizeof(c->native_name), "%s", rv != CKR_OK ? ckr_name(rv) : "");
	snprintf(c->why, sizeof(c->why), "%.*s", (int)sizeof(c->why) - 1, why); /* what does not fit is left out */
}

int probe_untried(struct probe_claim *c, const struct kh_error *why, struct kh_error *err)
{
	if (!proof_is_finding(why)) {
		*err = *why;
		return -1;
	}
	probe_settle(c, PROBE_NOT_KNOWN, why->native, why->msg);
	return 0;
}

/* Asks for one value; what comes is wiped at once. True where the token gave it. */
static CK_RV read_value(const struct token *t, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, bool *gave)
{
	unsigned char value[VALUE_MAX];
	CK_ATTRIBUTE a = {type, value, sizeof(value)};
	CK_RV rv = P11_CALL(t->fn, C_GetAttributeValue, t->session, key, &a, 1);

	*gave = rv == CKR_OK && a.ulValueLen != CK_UNAVAILABLE_INFORMATION && a.ulValueLen > 0;
	OPENSSL_cleanse(value, sizeof(value));
	return rv;
}

static bool is_no_value(CK_RV rv)
{
	return rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
	       rv == CKR_ACTION_PROHIBITED;
}

/* 1 where the claim is settled, whatever the other values do. */
static int try_value(const struct token *t, CK_OBJECT_HANDLE key, enum keyspec spec, const struct value *value,
		     struct probe_claim *c, struct kh_error *err)
{
	char why[PROBE_WHY_MAX];
	bool gave = false;
	CK_RV rv = read_value(t, key, value->type, &gave);

	if (token_is_gone(rv))
		return ckr_fail(err, rv, "C_GetAttributeValue", value->name);
	c->stated = BUNDLE_TRUE; /* keygen made sure */
	snprintf(why, sizeof(why), "C_GetAttributeValue gave %s of a sensitive %s key", value->name, keyspec_name(spec));
	if (gave)
		probe_settle(c, PROBE_BROKEN, CKR_OK, why);
	else if (!is_no_value(rv)) /* that it is in trouble is no promise kept */
		probe_settle(c, PROBE_NOT_KNOWN, rv, "C_GetAttributeValue");
	else if (c->honour == PROBE_NOT_KNOWN)
		probe_settle(c, PROBE_HONOURED, rv, rv == CKR_OK ? "C_GetAttributeValue gave none" : "C_GetAttributeValue");
	return c->honour == PROBE_HONOURED ? 0 : 1;
}

static int try_values(const struct token *t, const struct kind *kind, struct probe_claim *c, struct kh_error *err)
{
	const struct keygen_request request = {.spec = kind->spec, .token_object = t->token_objects};
	struct kh_error unmade;
	struct keygen_key key;
	int tried = 0;

	if (keygen_generate(t, &request, &key, &unmade) != 0) {
		if (unmade.native != CKR_MECHANISM_INVALID)
			log_warning("what it says of keys was not tried with %s: %s", keyspec_name(kind->spec), unmade.msg);
		return c->honour == PROBE_NOT_KNOWN || !proof_is_finding(&unmade) ? probe_untried(c, &unmade, err) : 0;
	}
	for (size_t i = 0; i < kind->n && tried == 0; i++)
		tried = try_value(t, key.key, kind->spec, &kind->values[i], c, err);
	keygen_destroy(t, &key);
	return tried;
}

static int try_sensitive(const struct token *t, struct probe_claim *c, struct kh_error *err)
{
	int tried = 0;

	for (size_t i = 0; i < KINDS && tried == 0; i++)
		tried = try_values(t, &kinds[i], c, err);
	return tried < 0 ? -1 : 0;
}

/* A plan that was proven is known to wrap such a key: a refusal is then for what the key says. */
static const struct probe_row *known_to_wrap(const struct probe *p, enum keyspec_kind kind)
{
	for (size_t i = 0; i < p->n_rows; i++)
		if (p->rows[i].verdict == PROBE_PROVEN && keyspec_info(p->rows[i].spec)->kind == kind)
			return &p->rows[i];
	return NULL;
}

static int host_spki(EVP_PKEY *rsa, struct spki *out, struct kh_error *err)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(rsa, &der);
	int ret = len <= 0 ? kh_fail_memory(err) : spki_parse(der, (size_t)len, 0, out, err);

	OPENSSL_free(der);
	return ret;
}

/* That something came out is not that the key did: it is opened, as KMS would. */
static const char *what_came_out(EVP_PKEY *rsa, const struct wrap_plan *plan, const struct wrap_blob *blob)
{
	struct unwrap_report report;
	struct secret *plain = NULL;
	struct kh_error ignored;
	bool opened = unwrap_open(rsa, plan->alg, blob->data, blob->len, &plain, &report, &ignored) == 0;

	secret_free(plain);
	return opened ? "C_WrapKey wrapped it all the same, and it opens" : "C_WrapKey answered CKR_OK, with what does not open";
}

/* Wraps a key that must not be wrapped by the plan that wraps others like it. */
static int try_to_wrap(const struct token *t, const struct probe_row *known, EVP_PKEY *host, const struct spki *rsa,
		       CK_OBJECT_HANDLE target, struct probe_claim *c, struct kh_error *err)
{
	CK_OBJECT_HANDLE wrapping_key = CK_INVALID_HANDLE;
	struct wrap_blob blob;
	struct kh_error why;
	int ret = -1;

	if (wrap_key_create(t, rsa, false, &wrapping_key, &why) != 0)
		return probe_untried(c, &why, err);
	if (wrap_run(t, &known->plan, wrapping_key, rsa->bits, target, &blob, &why) == 0) {
		probe_settle(c, PROBE_BROKEN, CKR_OK, what_came_out(host, &known->plan, &blob));
		ret = 0;
	} else if (!proof_is_finding(&why)) {
		*err = why;
	} else {
		probe_settle(c, why.native == CKR_OK	       ? PROBE_BROKEN
			  : proof_code_is_lasting(why.native) && wrap_plan_spoke_of_target(&known->plan, &why)
				  ? PROBE_HONOURED : PROBE_NOT_KNOWN, why.native, why.msg);
		ret = 0;
	}
	wrap_key_destroy(t, &wrapping_key);
	return ret;
}

/* Whether the token gives the attribute back as it was set. */
static enum bundle_flag stated(enum bundle_flag got, enum bundle_flag set)
{
	return got == BUNDLE_ABSENT ? BUNDLE_ABSENT : got == set ? BUNDLE_TRUE : BUNDLE_FALSE;
}

static int try_flag_of(const struct token *t, const struct probe_row *known, EVP_PKEY *host, const struct spki *rsa,
		    bool stays, struct probe_claim *c, struct kh_error *err)
{
	struct keygen_request request = {.token_object = t->token_objects, .stays = stays, .trusted_only = !stays};
	struct keygen_key made;
	struct kh_error why;
	struct key key;
	int ret;

	request.spec = known->spec;
	if (keygen_generate(t, &request, &made, &why) != 0)
		return probe_untried(c, &why, err);
	ret = key_read(t, made.key, &key, err);
	if (ret == 0) {
		c->stated = stays ? stated(key.extractable, BUNDLE_FALSE) : stated(key.wrap_with_trusted, BUNDLE_TRUE);
		ret = try_to_wrap(t, known, host, rsa, made.key, c, err);
	}
	keygen_destroy(t, &made);
	return ret;
}

/* What one kind of key showed, into what the kinds before it did: the claim is kept where it is with every kind. */
static void join(const struct probe_claim *one, enum keyspec spec, bool first, struct probe_claim *c)
{
	char why[PROBE_WHY_MAX];

	bool honoured = one->honour == PROBE_HONOURED;

	if (!first && honoured && (one->native == c->native || c->honour != PROBE_HONOURED))
		return;
	if (!first && honoured) { /* in another way */
		size_t len = strlen(c->why);

		snprintf(c->why + len, sizeof(c->why) - len, "; %s: %.*s", keyspec_name(spec), PROBE_WHY_MAX / 2, one->why);
		return;
	}
	snprintf(why, sizeof(why), "%.*s", PROBE_WHY_MAX - 1, one->why);
	if (!first) /* which says no more than it did of the others */
		snprintf(why, sizeof(why), "%s: %.*s", keyspec_name(spec), PROBE_WHY_MAX - 64, one->why);
	c->stated = one->stated;
	probe_settle(c, one->honour, one->native, why);
}

/* With each kind that the token was proven to wrap. */
static int try_flag(const struct token *t, const struct probe *p, EVP_PKEY *host, const struct spki *rsa, bool stays,
		    struct probe_claim *c, struct kh_error *err)
{
	static const enum keyspec_kind each[] = {KEYSPEC_AES, KEYSPEC_HMAC, KEYSPEC_RSA, KEYSPEC_EC};
	bool first = true;

	probe_settle(c, PROBE_NOT_KNOWN, CKR_OK, "no way of wrapping is proven, so a refusal would say nothing");
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]) && c->honour != PROBE_BROKEN; i++) {
		const struct probe_row *known = known_to_wrap(p, each[i]);
		struct probe_claim one = *c;

		if (known == NULL)
			continue;
		if (try_flag_of(t, known, host, rsa, stays, &one, err) != 0)
			return -1;
		join(&one, known->spec, first, c);
		first = false;
	}
	return 0;
}

int probe_claims(const struct token *t, EVP_PKEY *rsa, struct probe *p, struct kh_error *err)
{
	struct probe_claim *c = p->claims;
	struct spki spki = {0};
	int ret = -1;

	log_progress("probing what the token says of keys...");
	memcpy(c, preset, sizeof(preset));
	if (host_spki(rsa, &spki, err) == 0 && try_sensitive(t, &c[0], err) == 0 &&
	    try_flag(t, p, rsa, &spki, true, &c[1], err) == 0 && try_flag(t, p, rsa, &spki, false, &c[2], err) == 0 &&
	    probe_trusted(t, &spki, &c[3], err) == 0)
		ret = 0;
	else
		kh_context(err, "what the token says of keys");
	spki_clear(&spki);
	return ret;
}

int probe_user_trusted(const struct token *t, const struct spki *rsa, struct probe_claim *out, struct kh_error *err)
{
	*out = preset[3];
	return probe_trusted(t, rsa, out, err);
}

int probe_trust(const struct token *t, enum keyspec spec, const struct wrap_plan *plan, struct probe_claim *with_trusted,
		struct probe_claim *user_trusted, struct kh_error *err)
{
	const struct keyspec_info *info = keyspec_info(spec);
	const struct probe_row known = {
		.spec = info != NULL && info->kind == KEYSPEC_RSA ? KEYSPEC_RSA_2048 : spec, .plan = *plan};
	EVP_PKEY *rsa = EVP_RSA_gen(proof_rsa_bits(known.spec, plan->alg));
	struct spki spki = {0};
	int ret = -1;

	*with_trusted = preset[2];
	if (rsa == NULL)
		return kh_fail(err, KH_E_SYSTEM, 0, "OpenSSL cannot make an RSA key for a throwaway");
	if (host_spki(rsa, &spki, err) == 0 && try_flag_of(t, &known, rsa, &spki, false, with_trusted, err) == 0)
		ret = probe_user_trusted(t, &spki, user_trusted, err);
	spki_clear(&spki);
	EVP_PKEY_free(rsa);
	return ret;
}
