/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "key.h"

#include "call.h"
#include "ckr.h"
#include "tmp.h"

#include <stdio.h>
#include <string.h>

#define PARAMS_ROOM 512

/* What is read besides the facts themselves, to tell size and spec. */
struct raw {
	CK_BBOOL flags[9];
	CK_ULONG value_len;
	unsigned char params[PARAMS_ROOM];
};

/* The order of the one call: what every key has first, for modules that stop at what they do not have. */
enum { R_CLASS, R_TYPE, R_TOKEN, R_PRIVATE, R_LABEL, R_ID, R_SENSITIVE, R_EXTRACTABLE, R_MODIFIABLE, R_LOCAL,
       R_ALWAYS_SENSITIVE, R_NEVER_EXTRACTABLE, R_KEY_GEN, R_WRAP_WITH_TRUSTED, R_CHECK_VALUE, R_VALUE_LEN,
       R_EC_PARAMS, R_MODULUS, R_EXPONENT, R_PUBLIC_INFO, READS };

static unsigned rsa_bits(const unsigned char *modulus, size_t len)
{
	unsigned bits;

	while (len && !*modulus) {
		modulus++;
		len--;
	}
	bits = (unsigned)len * 8;
	for (unsigned char top = len ? *modulus : 0xFF; len && !(top & 0x80); top = (unsigned char)(top << 1))
		bits--;
	return bits;
}

static enum keyspec spec_of_curve(const unsigned char *params, size_t len)
{
	for (int i = KEYSPEC_NONE + 1; i < KEYSPECS; i++) {
		const struct keyspec_info *info = keyspec_info((enum keyspec)i);

		if (info->kind == KEYSPEC_EC && info->params_len == len && memcmp(info->params, params, len) == 0)
			return (enum keyspec)i;
	}
	return KEYSPEC_NONE;
}

static enum keyspec spec_of_size(enum keyspec_kind kind, unsigned bits)
{
	for (int i = KEYSPEC_NONE + 1; i < KEYSPECS; i++) {
		const struct keyspec_info *info = keyspec_info((enum keyspec)i);

		if (info->kind == kind && info->bits == bits)
			return (enum keyspec)i;
	}
	return KEYSPEC_NONE;
}

/* The types of generic secrets, and the one size that HMAC types of one hash may have (0: any). */
static const struct {
	CK_KEY_TYPE type;
	unsigned bits;
} hmac_types[] = {{CKK_GENERIC_SECRET, 0}, {CKK_SHA224_HMAC, 224}, {CKK_SHA256_HMAC, 256}, {CKK_SHA384_HMAC, 384},
		  {CKK_SHA512_HMAC, 512}};

static void set_spec(struct key *k, const struct attr_read *reads, const struct raw *raw)
{
	const struct keyspec_info *info;

	k->bits = reads[R_VALUE_LEN].there && raw->value_len <= ATTR_VALUE_MAX ? (unsigned)raw->value_len * 8 : 0;
	for (size_t i = 0; i < sizeof(hmac_types) / sizeof(hmac_types[0]); i++)
		if (hmac_types[i].type == k->type && (!hmac_types[i].bits || hmac_types[i].bits == k->bits))
			k->spec = spec_of_size(KEYSPEC_HMAC, k->bits);
	if (k->type == CKK_AES && (k->bits == 128 || k->bits == 256))
		k->spec = KEYSPEC_SYMMETRIC_DEFAULT;
	if (k->type == CKK_RSA) {
		k->bits = rsa_bits(k->modulus, k->modulus_len);
		k->spec = spec_of_size(KEYSPEC_RSA, k->bits);
	}
	if (k->type == CKK_EC) {
		k->spec = spec_of_curve(raw->params, reads[R_EC_PARAMS].len);
		info = keyspec_info(k->spec);
		k->bits = info ? info->bits : 0;
	}
}

static void set_facts(struct key *k, const struct attr_read *reads)
{
	k->label_len = reads[R_LABEL].len;
	k->label[k->label_len] = '\0';
	k->id_len = reads[R_ID].len;
	k->token_object = attr_flag(&reads[R_TOKEN]);
	k->is_private = attr_flag(&reads[R_PRIVATE]);
	k->modifiable = attr_flag(&reads[R_MODIFIABLE]);
	k->local = attr_flag(&reads[R_LOCAL]);
	k->sensitive = attr_flag(&reads[R_SENSITIVE]);
	k->always_sensitive = attr_flag(&reads[R_ALWAYS_SENSITIVE]);
	k->extractable = attr_flag(&reads[R_EXTRACTABLE]);
	k->never_extractable = attr_flag(&reads[R_NEVER_EXTRACTABLE]);
	k->wrap_with_trusted = attr_flag(&reads[R_WRAP_WITH_TRUSTED]);
	k->has_key_gen_mechanism = reads[R_KEY_GEN].len == sizeof(k->key_gen_mechanism) &&
				   k->key_gen_mechanism != CK_UNAVAILABLE_INFORMATION;
	k->check_value_len = reads[R_CHECK_VALUE].len;
	k->modulus_len = reads[R_MODULUS].len;
	k->exponent_len = reads[R_EXPONENT].len;
	k->public_info_len = reads[R_PUBLIC_INFO].len;
}

static int no_class(CK_OBJECT_HANDLE handle, struct kh_error *err)
{
	kh_fail(err, KH_E_TOKEN, 0, "C_GetAttributeValue on object 0x%lX: the token does not say what it is (CKA_CLASS)",
		handle);
	return kh_hint(err, "%s", CKR_HINT_BROKEN);
}

/* A label that is not there, or has no room: the code speaks of all attributes together, the length does not. */
static bool has_long_label(const struct token *t, CK_OBJECT_HANDLE handle)
{
	CK_ATTRIBUTE a = {CKA_LABEL, NULL, 0};
	CK_RV rv = P11_CALL(t->fn, C_GetAttributeValue, t->session, handle, &a, 1);

	return rv == CKR_OK && a.ulValueLen != CK_UNAVAILABLE_INFORMATION && a.ulValueLen > KEY_LABEL_MAX;
}

int key_read(const struct token *t, CK_OBJECT_HANDLE handle, struct key *out, struct kh_error *err)
{
	struct raw raw;
	struct attr_read reads[READS] = {
		[R_CLASS] = ATTR_READ(CKA_CLASS, out->object_class),
		[R_TYPE] = ATTR_READ(CKA_KEY_TYPE, out->type),
		[R_TOKEN] = ATTR_READ(CKA_TOKEN, raw.flags[0]),
		[R_PRIVATE] = ATTR_READ(CKA_PRIVATE, raw.flags[1]),
		[R_LABEL] = {.type = CKA_LABEL, .data = out->label, .room = KEY_LABEL_MAX},
		[R_ID] = ATTR_READ(CKA_ID, out->id),
		[R_SENSITIVE] = ATTR_READ(CKA_SENSITIVE, raw.flags[2]),
		[R_EXTRACTABLE] = ATTR_READ(CKA_EXTRACTABLE, raw.flags[3]),
		[R_MODIFIABLE] = ATTR_READ(CKA_MODIFIABLE, raw.flags[4]),
		[R_LOCAL] = ATTR_READ(CKA_LOCAL, raw.flags[5]),
		[R_ALWAYS_SENSITIVE] = ATTR_READ(CKA_ALWAYS_SENSITIVE, raw.flags[6]),
		[R_NEVER_EXTRACTABLE] = ATTR_READ(CKA_NEVER_EXTRACTABLE, raw.flags[7]),
		[R_KEY_GEN] = ATTR_READ(CKA_KEY_GEN_MECHANISM, out->key_gen_mechanism),
		[R_WRAP_WITH_TRUSTED] = ATTR_READ(CKA_WRAP_WITH_TRUSTED, raw.flags[8]),
		[R_CHECK_VALUE] = ATTR_READ(CKA_CHECK_VALUE, out->check_value),
		[R_VALUE_LEN] = ATTR_READ(CKA_VALUE_LEN, raw.value_len),
		[R_EC_PARAMS] = ATTR_READ(CKA_EC_PARAMS, raw.params),
		[R_MODULUS] = ATTR_READ(CKA_MODULUS, out->modulus),
		[R_EXPONENT] = ATTR_READ(CKA_PUBLIC_EXPONENT, out->exponent),
		[R_PUBLIC_INFO] = ATTR_READ(CKA_PUBLIC_KEY_INFO, out->public_info),
	};

	memset(out, 0, sizeof(*out));
	if (attr_read_all(t, handle, reads, READS, err))
		return -1;
	out->handle = handle;
	if (reads[R_CLASS].len != sizeof(out->object_class))
		return no_class(handle, err);
	if (reads[R_TYPE].len != sizeof(out->type))
		out->type = CK_UNAVAILABLE_INFORMATION; /* no key: a certificate, data */
	set_facts(out, reads);
	out->label_is_long = !reads[R_LABEL].there && has_long_label(t, handle);
	set_spec(out, reads, &raw);
	return 0;
}

const char *key_type_name(CK_KEY_TYPE type, char out[24])
{
	switch (type) {
	case CKK_AES:
		return "AES";
	case CKK_GENERIC_SECRET:
		return "GENERIC_SECRET";
	case CKK_RSA:
		return "RSA";
	case CKK_EC:
		return "EC";
	default:
		(void)snprintf(out, 24, "0x%lX", type);
		return out;
	}
}

/* Why KMS imports no such key at all. */
static void why_no_spec(const struct key *k, char why[KEY_WHY_MAX])
{
	char type[24];

	if (k->type == CKK_EC)
		(void)snprintf(why, KEY_WHY_MAX, "KMS imports EC keys on P-256, P-384, P-521 and secp256k1 only");
	else if (k->type == CKK_RSA)
		(void)snprintf(why, KEY_WHY_MAX, "KMS imports RSA keys of 2048, 3072 and 4096 bits, not %u", k->bits);
	else if (k->type == CKK_AES && k->bits)
		(void)snprintf(why, KEY_WHY_MAX, "KMS imports AES keys of 256 bits (128 in aws-cn), not %u", k->bits);
	else if (k->type == CKK_GENERIC_SECRET && k->bits)
		(void)snprintf(why, KEY_WHY_MAX, "KMS imports HMAC keys of 224, 256, 384 and 512 bits, not %u", k->bits);
	else if (k->type == CKK_AES || k->type == CKK_GENERIC_SECRET)
		(void)snprintf(why, KEY_WHY_MAX, "the token does not tell its size");
	else
		(void)snprintf(why, KEY_WHY_MAX, "KMS imports no keys of type %s", key_type_name(k->type, type));
}

bool key_is_haulable(const struct key *k, char why[KEY_WHY_MAX])
{
	why[0] = '\0';
	if (k->spec == KEYSPEC_NONE)
		why_no_spec(k, why);
	else if (tmp_is_ours(k->label, k->label_len))
		(void)snprintf(why, KEY_WHY_MAX, "a temporary object of keyhaul's, that `keyhaul-token clean` removes");
	else if (k->extractable == BUNDLE_FALSE)
		(void)snprintf(why, KEY_WHY_MAX, "not extractable (CKA_EXTRACTABLE is false); `keyhaul-token lock` and "
						 "`probe` tell whether the token keeps to that");
	else if (k->sensitive != BUNDLE_TRUE)
		(void)snprintf(why, KEY_WHY_MAX, "not sensitive (CKA_SENSITIVE is %s): only with --allow-non-sensitive",
			       k->sensitive == BUNDLE_FALSE ? "false" : "not told");
	return why[0] == '\0';
}
