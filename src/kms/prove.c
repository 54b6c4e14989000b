/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "prove.h"

#include "base/log.h"
#include "bundle/next.h"

#include <stdio.h>
#include <string.h>

int prove_add(struct prove *p, const struct bundle_proof *proof, struct kh_error *err)
{
	struct bundle_proof whole = *proof;
	char digest[BUNDLE_DIGEST_HEX];

	(void)snprintf(digest, sizeof(digest), "%s", bundle_material_sha256(p->bundle));
	whole.material_sha256 = digest;
	whole.at = kms_now(&p->target.kms);
	whole.by = "keyhaul-kms " VERSION;
	return bundle_set_proof(p->bundle, BUNDLE_PROOFS_MAX, &whole, err);
}

/*
 * The second bundle is another blob of the same key for the same KMS key, has not been imported, and says nothing but what
 * KMS has of the material, `is`.
 */
static int check_second(const struct prove *p, const struct intent *is, struct kh_error *err)
{
	struct bundle *b = NULL;
	struct intent merged;
	struct kh_error why;
	int rc = bundle_read(p->second, &b, err);

	if (rc)
		return -1;
	if (strcmp(bundle_request(b)->kms_key_arn, p->target.arn) != 0) {
		rc = kh_fail(err, KH_E_USAGE, 0, "%s is for %s, not %s", p->second, bundle_request(b)->kms_key_arn,
			     p->target.arn);
	} else if (bundle_receipt(b)) {
		rc = kh_fail(err, KH_E_CHECK, 0, "%s was imported already: a proof takes a fresh one each time", p->second);
		kh_hint(err, "fetch once more, and wrap the same key into it");
	} else if (intent_merge(&bundle_request(b)->intent, is, &merged, &why)) {
		rc = kh_fail(err, KH_E_CHECK, 0, "%s says itself what its import is meant to say: %s", p->second, why.msg);
		kh_hint(err, "fetch it without --valid-to, --expiration-model, --import-type and --key-material-id, or where a policy asks "
			     "for them with what KMS has: the proof imports what is there already, with the expiry that it has");
	}
	bundle_free(b);
	return rc;
}

/* The same import once more: which material, and the expiry that it has in KMS now. */
static int intent_of(const struct prove *p, struct intent *out, struct kh_error *err)
{
	const struct bundle_receipt *receipt = bundle_receipt(p->bundle);
	const struct ops_material *m;

	if (!receipt || !receipt->key_material_id) {
		kh_fail(err, KH_E_CHECK, 0, "there is no receipt that names its material in KMS");
		return kh_hint(err, "import it first");
	}
	m = standing_find(&p->standing, receipt->key_material_id);
	if (!p->standing.listed)
		return kh_fail(err, KH_E_KMS, 0, "the expiry of its material is not known: ListKeyRotations is not allowed");
	if (!m || !m->imported) {
		kh_fail(err, KH_E_CHECK, 0, "KMS does not have its material %s (any more)", receipt->key_material_id);
		return kh_hint(err, "fetch again, wrap the same key again, and import that: it is taken only if it is the same");
	}
	*out = (struct intent){.expiration_model = m->valid_to ? INTENT_EXPIRES : INTENT_DOES_NOT_EXPIRE,
			       .valid_to = m->valid_to, .import_type = INTENT_EXISTING,
			       .key_material_id = receipt->key_material_id,
			       .key_material_description = m->description[0] ? m->description : NULL};
	return 0;
}

/* Its receipt is of this run, and of the same material: what KMS answered to anything else proves nothing. */
static int check_receipt(const struct import *i, const char *id, struct kh_error *err)
{
	const struct bundle_receipt *receipt = bundle_receipt(i->bundle);

	if (i->result != IMPORT_ALREADY && receipt && receipt->key_material_id && strcmp(receipt->key_material_id, id) == 0)
		return 0;
	return kh_fail(err, KH_E_KMS, 0, "KMS did not say that what it took is the material %s: nothing is proven", id);
}

/* Nothing was asked, so nothing is wrong with the key: the alarm's status is not for this. */
static int needs_second(const struct prove *p, struct kh_error *err)
{
	const struct intent nothing = {0};
	struct buf command = BUF_INIT(4096);

	if (next_fetch(p->bundle, &nothing, kms_now(&p->target.kms), &command, err)) {
		buf_free(&command);
		return -1;
	}
	kh_fail(err, KH_E_USAGE, 0, "not proven: needs --by, a second wrap of the same symmetric key");
	kh_hint(err, "run %s, wrap the same key into it, and name it with --by: it is imported as the same material once more",
		buf_text(&command));
	buf_free(&command);
	return -1;
}

/* KMS takes the material once more only if it is the one that it has under that id. */
static int prove_symmetric(struct prove *p, struct kh_error *err)
{
	struct intent own = p->run->intent;
	struct import i;
	int rc;

	if (!p->second)
		return needs_second(p, err);
	if (intent_of(p, &p->run->intent, err) || check_second(p, &p->run->intent, err)) {
		p->run->intent = own;
		return -1;
	}
	log_warning("this writes to KMS: the material is imported once more into %s, as what it is, with the expiry it has",
		    p->target.arn);
	rc = import_bundle(p->run, p->second, &i, err);
	if (!rc)
		rc = check_receipt(&i, p->run->intent.key_material_id, err);
	import_clear(&i);
	p->run->intent = own;
	if (rc && !kms_is_error(err, "IncorrectKeyMaterialException"))
		return -1;
	p->verdict = rc ? "no" : "yes";
	p->method = "reimport";
	return prove_add(p, &(struct bundle_proof){.method = p->method, .verdict = p->verdict}, err);
}

static int check_second_is_needed(const struct prove *p, struct kh_error *err)
{
	if (!p->second || keyspec_is_symmetric(bundle_facts(p->bundle)->key_spec))
		return 0;
	return kh_fail(err, KH_E_USAGE, 0, "--by is for symmetric keys, and this is %s",
		       bundle_request(p->bundle)->key_spec);
}

static int ask(struct prove *p, struct kh_error *err)
{
	if (!bundle_material(p->bundle)) {
		kh_fail(err, KH_E_INPUT, 0, "there is no key material in it yet");
		return kh_hint(err, "wrap a key into it, and import it, before this is asked");
	}
	if (check_second_is_needed(p, err) || target_bundle(&p->run->session, p->bundle, &p->target, err) ||
	    standing_read(&p->target.kms, p->target.arn, &p->standing, err))
		return -1;
	switch (keyspec_info(bundle_facts(p->bundle)->key_spec)->kind) {
	case KEYSPEC_RSA:
	case KEYSPEC_EC:
		return prove_public(p, err);
	case KEYSPEC_HMAC:
		return prove_mac(p, err);
	case KEYSPEC_AES:
	default:
		return prove_symmetric(p, err);
	}
}

int prove_bundle(struct import_run *run, const char *path, const char *second, struct prove *out, struct kh_error *err)
{
	memset(out, 0, sizeof(*out));
	out->run = run;
	out->path = path;
	out->second = second;
	if (bundle_open(path, &out->file, &out->bundle, err))
		return -1;
	if (ask(out, err) || bundle_save(out->bundle, out->file, err))
		return kh_context(err, "%s", path);
	return 0;
}

void prove_clear(struct prove *p)
{
	bundle_free(p->bundle);
	file_close(p->file);
	p->bundle = NULL;
	p->file = NULL;
}
