/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle_check.h"

#include "base/clock.h"
#include "spki.h"

#include <string.h>

static int bad(struct kh_error *err, const char *path, const char *what)
{
	return kh_fail(err, KH_E_INPUT, 0, "%s: %s", path, what);
}

/* The same fault in a file is a fault of the file, whatever it is on a command line. */
static int in_file(struct kh_error *err, const char *path)
{
	if (err->code == KH_E_USAGE)
		err->code = KH_E_INPUT;
	return kh_context(err, "%s", path);
}

static int check_usage(const struct bundle_request *r, enum keyspec spec, struct kh_error *err)
{
	enum keyspec_kind kind = keyspec_info(spec)->kind;
	const char *usage = r->key_usage;
	bool fits;

	if (!usage)
		return 0;
	switch (kind) {
	case KEYSPEC_AES:
		fits = strcmp(usage, "ENCRYPT_DECRYPT") == 0;
		break;
	case KEYSPEC_HMAC:
		fits = strcmp(usage, "GENERATE_VERIFY_MAC") == 0;
		break;
	case KEYSPEC_RSA:
		fits = strcmp(usage, "ENCRYPT_DECRYPT") == 0 || strcmp(usage, "SIGN_VERIFY") == 0;
		break;
	case KEYSPEC_EC:
	default:
		fits = strcmp(usage, "SIGN_VERIFY") == 0 ||
		       (strcmp(usage, "KEY_AGREEMENT") == 0 && spec != KEYSPEC_ECC_SECG_P256K1);
	}
	return fits ? 0 : kh_fail(err, KH_E_INPUT, 0, "request.key_usage: a %s key cannot have %s", r->key_spec, usage);
}

int bundle_check_request(const struct bundle_request *r, struct bundle_facts *facts, struct kh_error *err)
{
	if (arn_parse_key(r->kms_key_arn, &facts->arn, err) || keyspec_parse(r->key_spec, &facts->key_spec, err) ||
	    wrapalg_parse(r->wrapping_algorithm, &facts->algorithm, err) ||
	    wrapalg_bits_parse(r->wrapping_key_spec, &facts->wrapping_bits, err))
		return in_file(err, "request");
	if (wrapalg_check(facts->key_spec, facts->algorithm, facts->wrapping_bits, &facts->arn, err))
		return kh_context(err, "request.wrapping_algorithm");
	if (check_usage(r, facts->key_spec, err))
		return -1;
	if (spki_parse(r->public_key.data, r->public_key.len, facts->wrapping_bits, &facts->wrapping_key, err)) {
		kh_context(err, "request.public_key");
		return kh_hint(err, "do not wrap to it: fetch again, and ask who gave this bundle out");
	}
	if (r->multi_region != BUNDLE_ABSENT &&
	    (r->multi_region == BUNDLE_TRUE) != (strncmp(facts->arn.key_id, "mrk-", 4) == 0))
		return bad(err, "request.multi_region", "not what the key's ARN says");
	if (intent_check_form(&r->intent, facts->key_spec, err))
		return in_file(err, "request.intent");
	return 0;
}

static const char *key_type(enum keyspec_kind kind)
{
	static const char *const types[] = {
		[KEYSPEC_AES] = "AES", [KEYSPEC_HMAC] = "GENERIC_SECRET", [KEYSPEC_RSA] = "RSA", [KEYSPEC_EC] = "EC"};

	return types[kind];
}

static int check_key(const struct bundle_material *m, const struct bundle_facts *facts, struct kh_error *err)
{
	const struct keyspec_info *spec = keyspec_info(facts->key_spec);
	size_t secret = keyspec_secret_len(facts->key_spec, arn_is_china(&facts->arn));
	int64_t bits = secret ? (int64_t)secret * 8 : (int64_t)spec->bits;

	if (strcmp(m->key.type, key_type(spec->kind)) != 0)
		return kh_fail(err, KH_E_INPUT, 0, "material.key.type: %s, but the request is for %s", m->key.type, spec->name);
	if (m->key.size != bits)
		return kh_fail(err, KH_E_INPUT, 0, "material.key.size: %lld bits, but a %s key has %lld here",
			       (long long)m->key.size, spec->name, (long long)bits);
	if (m->public_key.data && spki_check_material(m->public_key.data, m->public_key.len, spec->name, err))
		return kh_context(err, "material.public_key");
	return 0;
}

static int check_proof(const struct bundle_material *m, const struct bundle_facts *facts, struct kh_error *err)
{
	const struct wrapalg_info *alg = wrapalg_info(facts->algorithm);
	enum keyspec_kind kind = keyspec_info(facts->key_spec)->kind;
	bool pkcs8 = kind == KEYSPEC_RSA || kind == KEYSPEC_EC;

	if (strcmp(m->proof.oaep_hash, alg->hash) != 0 || strcmp(m->proof.mgf_hash, alg->hash) != 0)
		return bad(err, "material.proof", "its hashes are not the request's algorithm's");
	if (m->proof.kek_bits != (alg->two_layer ? 256 : 0))
		return bad(err, "material.proof.kek_bits", alg->two_layer ? "not 256" : "there is one layer");
	if (!m->proof.pkcs8 != !pkcs8)
		return bad(err, "material.proof.pkcs8", pkcs8 ? "missing" : "a secret has none");
	if (pkcs8 && (strcmp(m->proof.pkcs8, "rsa-two-prime") == 0) != (kind == KEYSPEC_RSA))
		return bad(err, "material.proof.pkcs8", "not the shape of the request's key spec");
	return 0;
}

int bundle_check_material(const struct bundle_material *m, const struct bundle_facts *facts, const char *request_sha256,
			  struct kh_error *err)
{
	if (strcmp(m->request_sha256, request_sha256) != 0) {
		kh_fail(err, KH_E_CHECK, 0, "material.request_sha256: the key was wrapped for another request");
		return kh_hint(err, "the sections of two bundles were mixed, or the request was changed after wrapping: take the "
				    "bundle that wrap wrote, or wrap again");
	}
	if (wrapalg_check_blob(facts->key_spec, facts->algorithm, facts->wrapping_bits, m->encrypted_key_material.len,
			       err))
		return kh_context(err, "material.encrypted_key_material");
	if (check_key(m, facts, err))
		return -1;
	return check_proof(m, facts, err);
}

int bundle_check_approval(const struct bundle_approval *a, const char *request_sha256, struct kh_error *err)
{
	if (strcmp(a->request_sha256, request_sha256) == 0)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "approvals.approval.request_sha256: '%s' approved another request", a->approver);
	return kh_hint(err, "the sections of two bundles were mixed, or the request was changed after it was approved: take the "
			    "bundle that was approved, or have this one approved");
}

int bundle_check_told(const struct bundle_told *told, int64_t fetched_at, int64_t end, const char *section, struct kh_error *err)
{
	int64_t said = 0;

	if (!told->said)
		return 0;
	if (clock_parse(told->said, &said, err))
		return kh_context(err, "%s.told_now", section);
	if (said < fetched_at)
		return kh_fail(err, KH_E_INPUT, 0, "%s.told_now: before the request was fetched", section);
	return said < end ? 0 : kh_fail(err, KH_E_INPUT, 0, "%s.told_now: past the time that the request's parameters have", section);
}

int bundle_check_receipt(const struct bundle_receipt *r, const struct bundle_facts *facts, const char *material_sha256,
			 struct kh_error *err)
{
	bool expires = strcmp(r->expiration_model, INTENT_EXPIRES) == 0;

	if (strcmp(r->material_sha256, material_sha256) != 0) {
		kh_fail(err, KH_E_CHECK, 0, "receipt.material_sha256: the receipt is of other material");
		return kh_hint(err, "the sections of two bundles were mixed: take the bundle that import wrote");
	}
	if (expires != (r->valid_to != 0))
		return bad(err, "receipt.valid_to", expires ? "missing" : "the material does not expire");
	if (r->import_type && !keyspec_is_symmetric(facts->key_spec))
		return bad(err, "receipt.import_type", "on symmetric keys only");
	return 0;
}

int bundle_check_proof(const struct bundle_proof *p, const char *material_sha256, struct kh_error *err)
{
	bool asks = strcmp(p->method, "signature") == 0 || strcmp(p->method, "hmac") == 0;

	if (strcmp(p->material_sha256, material_sha256) != 0) {
		kh_fail(err, KH_E_CHECK, 0, "proofs.material_sha256: a proof is of other material");
		return kh_hint(err, "the sections of two bundles were mixed: take the bundle that prove wrote");
	}
	if (asks != (p->challenge.data != NULL) || (asks && !p->answer.data))
		return bad(err, "proofs", asks ? "a challenge without its answer" : "a method that has no challenge");
	if (!p->verdict && strcmp(p->method, "hmac") != 0)
		return bad(err, "proofs.verdict", "missing: the token is asked for a MAC only");
	return 0;
}
