/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "field_table.h"

#include "aws/limits.h"
#include "base/clock.h"
#include "bundle_fields.h"
#include "bundle_json.h"
#include "form.h"

#include <ctype.h>
#include <string.h>

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])
#define INSIDE(table) .fields = (table), .n_fields = sizeof(table) / sizeof((table)[0])
#define REQ(member) .offset = offsetof(struct bundle_request, member)
#define MAT(member) .offset = offsetof(struct bundle_material, member)
#define MECH(member) .offset = offsetof(struct bundle_mechanism, member)
#define RCPT(member) .offset = offsetof(struct bundle_receipt, member)
#define APR(member) .offset = offsetof(struct bundle_approval, member)
#define PRF(member) .offset = offsetof(struct bundle_proof, member)
#define MUST .required = true

static int check_arn(const char *text, struct kh_error *err)
{
	struct arn arn;

	return arn_parse_key(text, &arn, err);
}

static int check_wrapping_spec(const char *text, struct kh_error *err)
{
	unsigned bits;

	return wrapalg_bits_parse(text, &bits, err);
}

static int check_usage(const char *text, struct kh_error *err)
{
	static const char *const usages[] = {"ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT",
					     NULL};

	return form_one_of(text, usages, err);
}

static int check_hash(const char *text, struct kh_error *err)
{
	static const char *const hashes[] = {"SHA1", "SHA256", NULL};

	return form_one_of(text, hashes, err);
}

static int check_key_type(const char *text, struct kh_error *err)
{
	static const char *const types[] = {"AES", "GENERIC_SECRET", "RSA", "EC", NULL};

	return form_one_of(text, types, err);
}

static int check_role(const char *text, struct kh_error *err)
{
	static const char *const roles[] = {"wrap", "wrap-kek", "wrap-target", NULL};

	return form_one_of(text, roles, err);
}

static int check_pkcs8(const char *text, struct kh_error *err)
{
	static const char *const shapes[] = {"named-curve", "named-curve+public-key", "rsa-two-prime", NULL};

	return form_one_of(text, shapes, err);
}

static int check_model(const char *text, struct kh_error *err)
{
	static const char *const models[] = {INTENT_EXPIRES, INTENT_DOES_NOT_EXPIRE, NULL};

	return form_one_of(text, models, err);
}

static int check_import_type(const char *text, struct kh_error *err)
{
	static const char *const types[] = {INTENT_NEW, INTENT_EXISTING, NULL};

	return form_one_of(text, types, err);
}

static int check_method(const char *text, struct kh_error *err)
{
	static const char *const methods[] = {"public-key", "signature", "hmac", "reimport", NULL};

	return form_one_of(text, methods, err);
}

static int check_verdict(const char *text, struct kh_error *err)
{
	static const char *const verdicts[] = {"yes", "no", NULL};

	return form_one_of(text, verdicts, err);
}

static int check_sha256_or_none(const char *text, struct kh_error *err)
{
	return strcmp(text, "none") == 0 ? 0 : form_sha256(text, err);
}

/* A time that stays text: a host without a clock may well say 1970-01-01T00:00:00Z, and 0 is absent. */
static int check_time(const char *text, struct kh_error *err)
{
	int64_t t;

	return clock_parse(text, &t, err);
}

static int check_mechanism(const char *text, struct kh_error *err)
{
	size_t len = strlen(text);
	size_t fit = strncmp(text, "CKM_", 4) == 0 ? strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
		   : strncmp(text, "0x", 2) == 0 ? 2 + strspn(text + 2, "0123456789ABCDEFabcdef") : 0;

	return fit == len && len > 2 ? 0 : kh_fail(err, KH_E_INPUT, 0, "'%.64s' is no mechanism: CKM_... or 0x...", text);
}

/* A base URL of KMS: scheme, host, port, path; no user, query or fragment. */
static int check_endpoint(const char *text, struct kh_error *err)
{
	size_t scheme = strncmp(text, "https://", 8) == 0 ? 8 : strncmp(text, "http://", 7) == 0 ? 7 : 0;

	if (!scheme || !(isalnum((unsigned char)text[scheme]) || text[scheme] == '[') || strpbrk(text, " @?#\\\"'<>"))
		return kh_fail(err, KH_E_INPUT, 0, "'%.128s' is not the URL of an endpoint", text);
	return 0;
}

static const struct field intent[] = {
	{"expiration_model", FIELD_TEXT, REQ(intent.expiration_model), .max = 64, .check = check_model},
	{"valid_to", FIELD_TIME, REQ(intent.valid_to)},
	{"valid_for", FIELD_INTEGER, REQ(intent.valid_for), .max = KMS_VALID_TO_MAX},
	{"import_type", FIELD_TEXT, REQ(intent.import_type), .max = 64, .check = check_import_type},
	{"key_material_id", FIELD_TEXT, REQ(intent.key_material_id), .max = 64, .check = form_sha256},
	{"key_material_description", FIELD_TEXT, REQ(intent.key_material_description), .max = 256},
};

static const struct field request[] = {
	{"kms_key_arn", FIELD_TEXT, MUST, REQ(kms_key_arn), .max = ARN_MAX, .check = check_arn},
	{"key_spec", FIELD_TEXT, MUST, REQ(key_spec), .max = 64, .check = form_key_spec},
	{"wrapping_algorithm", FIELD_TEXT, MUST, REQ(wrapping_algorithm), .max = 64, .check = form_algorithm},
	{"wrapping_key_spec", FIELD_TEXT, MUST, REQ(wrapping_key_spec), .max = 64, .check = check_wrapping_spec},
	{"public_key", FIELD_BLOB, MUST, REQ(public_key), .max = KMS_PUBLIC_KEY_MAX},
	{"import_token", FIELD_BLOB, MUST, REQ(import_token), .max = KMS_IMPORT_TOKEN_MAX},
	{"parameters_valid_to", FIELD_TIME, MUST, REQ(parameters_valid_to)},
	{"fetched_at", FIELD_TIME, MUST, REQ(fetched_at)},
	{"generator", FIELD_TEXT, MUST, REQ(generator), .max = 64},
	{"key_usage", FIELD_TEXT, REQ(key_usage), .max = 64, .check = check_usage},
	{"multi_region", FIELD_FLAG, REQ(multi_region)},
	{"described", FIELD_FLAG, REQ(described)},
	{"endpoint", FIELD_TEXT, REQ(endpoint), .max = 512, .check = check_endpoint},
	{"tls_verified", FIELD_FLAG, REQ(tls_verified)},
	{"request_id", FIELD_TEXT, REQ(request_id), .max = 128},
	{"key_uri", FIELD_TEXT, REQ(key_uri), .max = 1024, .check = bundle_check_uri},
	{"token_serial", FIELD_TEXT, REQ(token_serial), .max = 48},
	{"policy_sha256", FIELD_TEXT, REQ(policy_sha256), .max = 64, .check = form_sha256},
	{"plan_sha256", FIELD_TEXT, REQ(plan_sha256), .max = 64, .check = form_sha256},
	{"intent", FIELD_OBJECT, INSIDE(intent)},
};

static const struct field token[] = {
	{"label", FIELD_TEXT, MAT(token.label), .max = 96},
	{"model", FIELD_TEXT, MAT(token.model), .max = 48},
	{"manufacturer", FIELD_TEXT, MAT(token.manufacturer), .max = 96},
	{"serial", FIELD_TEXT, MAT(token.serial), .max = 48},
	{"firmware", FIELD_TEXT, MAT(token.firmware), .max = 32},
	{"hardware", FIELD_FLAG, MAT(token.hardware)},
};

static const struct field key[] = {
	{"label", FIELD_TEXT, MAT(key.label), .max = 1024},
	{"id", FIELD_TEXT, MAT(key.id), .max = 1024, .check = form_hex},
	{"type", FIELD_TEXT, MUST, MAT(key.type), .max = 32, .check = check_key_type},
	{"size", FIELD_INTEGER, MUST, MAT(key.size), .max = 4096},
	{"kept", FIELD_FLAG, MAT(key.kept)},
	{"sensitive", FIELD_FLAG, MAT(key.sensitive)},
	{"always_sensitive", FIELD_FLAG, MAT(key.always_sensitive)},
	{"extractable", FIELD_FLAG, MAT(key.extractable)},
	{"local", FIELD_FLAG, MAT(key.local)},
	{"key_gen_mechanism", FIELD_TEXT, MAT(key.key_gen_mechanism), .max = 64, .check = check_mechanism},
	{"check_value", FIELD_TEXT, MAT(key.check_value), .max = 64, .check = form_hex},
};

static const struct field mechanism[] = {
	{"name", FIELD_TEXT, MUST, MECH(name), .max = 64, .check = check_mechanism},
	{"number", FIELD_NUMBER, MUST, MECH(number), .max = 0xffffffff},
	{"role", FIELD_TEXT, MUST, MECH(role), .max = 32, .check = check_role},
};

static const struct field proof[] = {
	{"oaep_hash", FIELD_TEXT, MUST, MAT(proof.oaep_hash), .max = 16, .check = check_hash},
	{"mgf_hash", FIELD_TEXT, MUST, MAT(proof.mgf_hash), .max = 16, .check = check_hash},
	{"kek_bits", FIELD_INTEGER, MAT(proof.kek_bits), .max = 256},
	{"pkcs8", FIELD_TEXT, MAT(proof.pkcs8), .max = 32, .check = check_pkcs8},
	{"trailing_zeros", FIELD_INTEGER, MAT(proof.trailing_zeros), .max = 64},
	{"wrapping_bits", FIELD_INTEGER, MUST, MAT(proof.wrapping_bits), .max = 4096},
	{"target_bits", FIELD_INTEGER, MUST, MAT(proof.target_bits), .max = 4096},
	{"warnings", FIELD_TEXTS, MAT(proof.warnings), .max = BUNDLE_WARNINGS_MAX,
	 .count = offsetof(struct bundle_material, proof.n_warnings)},
};

static const struct field material_told[] = {
	{"said", FIELD_TEXT, MUST, MAT(told_now.said), .max = CLOCK_TEXT - 1, .check = check_time},
	{"host_clock", FIELD_TEXT, MUST, MAT(told_now.host_clock), .max = CLOCK_TEXT - 1, .check = check_time},
};

static const struct field material[] = {
	{"encrypted_key_material", FIELD_BLOB, MUST, MAT(encrypted_key_material), .max = KMS_ENCRYPTED_KEY_MATERIAL_MAX},
	{"request_sha256", FIELD_TEXT, MUST, MAT(request_sha256), .max = 64, .check = form_sha256},
	{"token", FIELD_OBJECT, INSIDE(token)},
	{"key", FIELD_OBJECT, MUST, INSIDE(key)},
	{"public_key", FIELD_BLOB, MAT(public_key), .max = KMS_PUBLIC_KEY_MAX},
	{"mechanisms", FIELD_OBJECTS, MUST, MAT(mechanisms), .max = BUNDLE_MECHANISMS_MAX, INSIDE(mechanism),
	 .count = offsetof(struct bundle_material, n_mechanisms), .size = sizeof(struct bundle_mechanism)},
	{"proof", FIELD_OBJECT, MUST, INSIDE(proof)},
	{"policy_sha256", FIELD_TEXT, MUST, MAT(policy_sha256), .max = 64, .check = check_sha256_or_none},
	{"wrapped_at", FIELD_TIME, MUST, MAT(wrapped_at)},
	{"told_now", FIELD_OBJECT, INSIDE(material_told)},
	{"generator", FIELD_TEXT, MUST, MAT(generator), .max = 64},
};

static const struct field receipt[] = {
	{"key_material_id", FIELD_TEXT, RCPT(key_material_id), .max = 64, .check = form_sha256},
	{"expiration_model", FIELD_TEXT, MUST, RCPT(expiration_model), .max = 64, .check = check_model},
	{"valid_to", FIELD_TIME, RCPT(valid_to)},
	{"import_type", FIELD_TEXT, RCPT(import_type), .max = 64, .check = check_import_type},
	{"endpoint", FIELD_TEXT, RCPT(endpoint), .max = 512, .check = check_endpoint},
	{"request_id", FIELD_TEXT, RCPT(request_id), .max = 128},
	{"caller", FIELD_TEXT, RCPT(caller), .max = 512},
	{"imported_at", FIELD_TIME, MUST, RCPT(imported_at)},
	{"material_sha256", FIELD_TEXT, MUST, RCPT(material_sha256), .max = 64, .check = form_sha256},
};

static const struct field approved_told[] = {
	{"said", FIELD_TEXT, MUST, APR(told_now.said), .max = CLOCK_TEXT - 1, .check = check_time},
	{"host_clock", FIELD_TEXT, MUST, APR(told_now.host_clock), .max = CLOCK_TEXT - 1, .check = check_time},
};

static const struct field approved[] = {
	{"request_sha256", FIELD_TEXT, MUST, APR(request_sha256), .max = 64, .check = form_sha256},
	{"policy_sha256", FIELD_TEXT, MUST, APR(policy_sha256), .max = 64, .check = form_sha256},
	{"approver", FIELD_TEXT, MUST, APR(approver), .max = 64},
	{"told_now", FIELD_OBJECT, INSIDE(approved_told)},
};

static const struct field approval[] = {
	{"approval", FIELD_OBJECT, MUST, INSIDE(approved)},
	{"signature", FIELD_BLOB, MUST, APR(signature), .max = BUNDLE_SIGNATURE_MAX},
};

static const struct field answered_told[] = {
	{"said", FIELD_TEXT, MUST, PRF(told_now.said), .max = CLOCK_TEXT - 1, .check = check_time},
	{"host_clock", FIELD_TEXT, MUST, PRF(told_now.host_clock), .max = CLOCK_TEXT - 1, .check = check_time},
};

static const struct field kms_proof[] = {
	{"method", FIELD_TEXT, MUST, PRF(method), .max = 32, .check = check_method},
	{"challenge", FIELD_BLOB, PRF(challenge), .max = 256},
	{"answer", FIELD_BLOB, PRF(answer), .max = 1024},
	{"verdict", FIELD_TEXT, PRF(verdict), .max = 8, .check = check_verdict},
	{"at", FIELD_TIME, MUST, PRF(at)},
	{"told_now", FIELD_OBJECT, INSIDE(answered_told)},
	{"by", FIELD_TEXT, MUST, PRF(by), .max = 64},
	{"material_sha256", FIELD_TEXT, MUST, PRF(material_sha256), .max = 64, .check = form_sha256},
};

const struct fields_section fields_request = {"request", ROWS(request)};
const struct fields_section fields_material = {"material", ROWS(material)};
const struct fields_section fields_receipt = {"receipt", ROWS(receipt)};
const struct fields_section fields_proof = {"proofs", ROWS(kms_proof)};
const struct fields_section fields_approval = {"approvals", ROWS(approval)};
