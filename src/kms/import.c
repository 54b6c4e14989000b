/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "import.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "bundle/next.h"
#include "bundle/told.h"
#include "compare.h"
#include "policy/approvers.h"
#include "target.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define GRACE 300	 /* seconds after an import in which not yet visible is more likely than deleted */
#define GRACE_WAIT 10	 /* seconds that are waited then */
#define LOST_WAIT 8	 /* seconds in which an import whose answer got lost may still show */

/* What CloudTrail and ListKeyRotations then show: which blob it was. */
static int describe_blob(struct import *i, struct kh_error *err)
{
	const struct bundle_blob *blob = &bundle_material(i->bundle)->encrypted_key_material;
	unsigned char digest[FILE_DIGEST];
	char hex[2 * FILE_DIGEST + 1];

	if (!keyspec_is_symmetric(bundle_facts(i->bundle)->key_spec) || i->intent.key_material_description)
		return 0;
	if (file_sha256(blob->data, blob->len, digest, err))
		return -1;
	hex_encode(digest, sizeof(digest), hex);
	(void)snprintf(i->description, sizeof(i->description), "sha256:%s", hex);
	i->intent.key_material_description = i->description;
	return 0;
}

/* All that the bundle and the options tell by themselves. */
static int check_offline(const struct import_run *run, struct import *i, struct kh_error *err)
{
	const struct bundle_request *request = bundle_request(i->bundle);
	const struct bundle_facts *facts = bundle_facts(i->bundle);
	const struct bundle_material *material = bundle_material(i->bundle);

	if (!material) {
		kh_fail(err, KH_E_INPUT, 0, "there is no key material in it yet");
		return kh_hint(err, "wrap a key into it with 'keyhaul-token wrap', then import");
	}
	if (bundle_check_time(i->bundle, run->now, err) || policy_check_material(run->policy, i->bundle, err) ||
	    (run->policy && approvers_check(run->policy, i->bundle, material->wrapped_at, err)) ||
	    approvers_check_material(run->policy, i->bundle, run->now, err) ||
	    intent_merge(&request->intent, &run->intent, &i->intent, err) ||
	    describe_blob(i, err) || intent_check(&i->intent, facts->key_spec, run->now, err) ||
	    wrapalg_check(facts->key_spec, facts->algorithm, facts->wrapping_bits, &facts->arn, err) ||
	    wrapalg_check_blob(facts->key_spec, facts->algorithm, facts->wrapping_bits,
			       material->encrypted_key_material.len, err))
		return -1;
	if (material->key.kept == BUNDLE_FALSE && strcmp(i->intent.expiration_model, INTENT_EXPIRES) == 0 &&
	    !run->opts->yes) {
		kh_fail(err, KH_E_CHECK, 0, "the token did not keep this key, and the import expires: it could never be "
			"imported again");
		return kh_hint(err, request->intent.expiration_model
					    ? "the bundle says so, and no option changes it: say --yes, or fetch again and wrap a key that is kept"
					    : "import with --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE, or say --yes");
	}
	return 0;
}

int import_open_session(struct import_run *run, struct kh_error *err)
{
	if (run->opened)
		return 0;
	if (session_open(&run->opts->aws, &run->session, err)) {
		session_close(&run->session);
		return -1;
	}
	run->opened = true;
	return 0;
}

int import_read_policy(struct import_run *run, struct kh_error *err)
{
	if (!run->policy_read && policy_in_force(POLICY_HOST_PATH, run->opts->policy, &run->policy, err))
		return -1;
	run->policy_read = true;
	return 0;
}

void import_run_end(struct import_run *run)
{
	if (run->opened)
		session_close(&run->session);
	policy_free(run->policy);
}

static int connect(struct import_run *run, struct import *i, struct kh_error *err)
{
	if (import_open_session(run, err))
		return -1;
	if (session_connect(&run->session, bundle_request(i->bundle)->kms_key_arn, &i->endpoint, &i->kms, err))
		return -1;
	return target_check(&run->opts->aws, &i->endpoint, i->bundle, err);
}

/* DescribeKey against the request, and for NEW_KEY_MATERIAL what is there before. */
static int look_before(struct import *i, struct kh_error *err)
{
	struct settle *s = &i->settle;
	bool is_new = i->intent.import_type && strcmp(i->intent.import_type, INTENT_NEW) == 0;

	s->described = ops_describe(&i->kms, s->request->kms_key_arn, &s->before, err) == 0;
	if (!s->described && !kms_is_denied(err))
		return -1;
	if (!s->described)
		log_warning("DescribeKey is denied: ARN, KeySpec, KeyUsage, MultiRegion, Origin and KeyState are not compared "
			    "with the request");
	else if (compare_key(s->request, &s->before, err))
		return -1;
	if (!is_new)
		return 0;
	if (s->request->plan_sha256 && s->described && !s->before.material_id[0] &&
	    strcmp(s->before.state, "PendingImport") == 0) {
		kh_fail(err, KH_E_CHECK, 0, "%s has no material yet, and this is not its first by the plan", s->before.arn);
		return kh_hint(err, "import the bundle of the key's first material, then this one");
	}
	if (settle_list(&i->kms, s->request->kms_key_arn, &s->before_materials, &s->listed, err))
		return -1;
	if (!s->listed)
		log_warning("that no other material waits for its rotation is not checked: %s", err->msg);
	return 0;
}

/* A span becomes a time by KMS's own clock; then the rules are asked once more by it. */
static int fix_times(struct import *i, struct kh_error *err)
{
	int64_t now = kms_now(&i->kms);

	if (i->intent.valid_for) {
		i->intent.valid_to = now + i->intent.valid_for;
		i->intent.valid_for = 0;
	}
	if (bundle_check_fetched(i->bundle, now, err) || bundle_check_time(i->bundle, now, err) ||
	    intent_check(&i->intent, bundle_facts(i->bundle)->key_spec, now, err))
		return kh_context(err, "by KMS's clock");
	return 0;
}

/* The one material that NEW_KEY_MATERIAL can have left behind in a run that was stopped; NULL for none. */
static const char *left_behind(const struct import *i)
{
	const struct settle *s = &i->settle;

	if (s->listed && s->before_materials.n != 1)
		return NULL;
	return s->before.material_id[0] ? s->before.material_id : NULL;
}

static int confirm(struct import *i, const char *id, struct ops_imported *done, struct kh_error *err)
{
	if (settle_confirm(&i->settle, id, done, err))
		return -1;
	log_warning("KMS has this very material already%s%s", id[0] ? ": key material id " : "", id);
	if (!done->material_id[0])
		(void)snprintf(done->material_id, sizeof(done->material_id), "%s", id);
	i->result = IMPORT_SETTLED;
	return 0;
}

/*
 * An answer got lost: KMS is asked what came of it, and what it shows must prove to be this material: anyone may have
 * imported meanwhile. `err` holds why, and stays where that is not known.
 */
static int settle_lost(struct import *i, struct ops_imported *done, struct kh_error *err)
{
	enum settle_seen seen = SETTLE_NOT_YET;
	char id[OPS_MATERIAL_ID_MAX] = "";
	struct kh_error why;

	log_progress("the answer got lost; asking KMS what came of it");
	if (!settle_unknown(&i->settle, &seen, id, &why) && seen == SETTLE_THERE) {
		log_warning("the import's answer got lost, and KMS shows material: %s", err->msg);
		if (!confirm(i, id, done, &why))
			return 0;
		if (why.code == KH_E_CHECK) { /* another public key */
			*err = why;
			return -1;
		}
		if (kms_is_error(&why, "IncorrectKeyMaterialException")) {
			*err = why;
			kh_context(err, "KMS HAS ANOTHER MATERIAL, imported by somebody else meanwhile");
			return kh_hint(err, "find out who imported what ('ImportKeyMaterial' in CloudTrail) before anything else");
		}
	}
	/* also where what answered was no KMS: the request was sent, and KMS may have been behind it */
	if (err->code == KH_E_AGAIN || err->code == KH_E_KMS) {
		kh_hint(err, "%srun this again%s", err->code == KH_E_KMS ? "look at endpoint and proxy, then " : "", seen == SETTLE_UNSEEN ? "; kms:DescribeKey and kms:ListKeyRotations would show it"
								     : ": nothing can be imported twice");
		kh_context(err, "whether KMS took the material is not known");
	}
	return -1;
}

static int not_this_one(const char *pending, struct kh_error *err)
{
	if (!kms_is_error(err, "IncorrectKeyMaterialException"))
		return -1;
	kh_context(err, "another material (%s) waits for its rotation", pending);
	return kh_hint(err, "'aws kms rotate-key-on-demand' makes it current, 'aws kms delete-imported-key-material' with its "
			    "id drops it; then fetch, wrap and import again");
}

/* Sends it, and sees to it that the result is known. */
static int submit(struct import *i, struct ops_imported *done, struct kh_error *err)
{
	const struct settle *s = &i->settle;
	bool is_new = i->intent.import_type && strcmp(i->intent.import_type, INTENT_NEW) == 0;
	const char *pending = is_new && s->listed ? settle_pending(&s->before_materials) : NULL;
	struct kh_error why;

	if (pending) /* KMS takes no other while one waits; it may be this one */
		return confirm(i, pending, done, err) ? not_this_one(pending, err) : 0;
	if (!ops_import(&i->kms, s->request, s->material, &i->intent, done, err))
		return 0;
	if (done->outcome == KMS_UNKNOWN)
		return settle_lost(i, done, err);
	if (is_new && kms_is_error(err, "IncorrectKeyMaterialException") && left_behind(i) &&
	    !confirm(i, left_behind(i), done, &why))
		return 0;
	return -1;
}

static int write_receipt(struct import *i, const struct ops_imported *done, struct kh_error *err)
{
	char digest[BUNDLE_DIGEST_HEX];
	const struct bundle_receipt receipt = {
		.key_material_id = done->material_id[0] ? done->material_id : NULL,
		.expiration_model = i->intent.expiration_model,
		.valid_to = i->intent.valid_to,
		.import_type = i->intent.import_type,
		.endpoint = i->endpoint.url,
		.request_id = done->request_id[0] ? done->request_id : NULL,
		.imported_at = kms_now(&i->kms),
		.material_sha256 = digest,
	};
	int rc;

	(void)snprintf(digest, sizeof(digest), "%s", bundle_material_sha256(i->bundle));
	session_aside(i->session, true);
	rc = bundle_set_receipt(i->bundle, &receipt, err) || bundle_save(i->bundle, i->file, err) ? -1 : 0;
	session_aside(i->session, false);
	if (rc) {
		kh_context(err, "KMS has the material, and the receipt could not be written");
		return kh_hint(err, "make room or mend the folder, then run this again: it finishes");
	}
	return 0;
}

/* The sections may have moved with the receipt; what is asked afterwards points to them anew. */
static void point(struct import *i)
{
	i->settle.kms = &i->kms;
	i->settle.request = bundle_request(i->bundle);
	i->settle.facts = bundle_facts(i->bundle);
	i->settle.material = bundle_material(i->bundle);
	i->settle.intent = &i->intent;
}

static int not_visible_yet(struct kh_error *err)
{
	kh_fail(err, KH_E_AGAIN, 0, "accepted, not yet visible: the receipt is written");
	return kh_hint(err, "run this again in a while: it looks once more, and imports nothing twice");
}

static int watch(struct import *i, const char *material_id, long seconds, struct kh_error *err)
{
	enum settle_seen seen = SETTLE_NOT_YET;

	if (settle_wait(&i->settle, material_id, seconds, &seen, err))
		return kh_context(err, "accepted, and the receipt is written");
	if (seen == SETTLE_NOT_YET)
		return not_visible_yet(err);
	i->visible = seen == SETTLE_THERE;
	if (!i->visible)
		log_warning("accepted; whether KMS shows it cannot be seen: DescribeKey or ListKeyRotations is denied");
	return settle_public_key(&i->settle, &i->compared, err);
}

static int gone(const struct bundle *b, int64_t now, struct kh_error *err)
{
	struct buf command = BUF_INIT(4096);
	char at[CLOCK_TEXT];

	if (!next_refetch(b, now, &command, err)) {
		clock_format(bundle_receipt(b)->imported_at, at);
		kh_fail(err, KH_E_CHECK, 0, "imported at %s, and KMS does not have it (any more)", at);
		kh_hint(err, "deleted or expired: fetch again, wrap the same key again, and import that: %s", buf_text(&command));
	}
	buf_free(&command);
	return -1;
}

/* A receipt says that it was imported: then only whether KMS still has it counts. */
static int already(const struct import_run *run, struct import *i, struct kh_error *err)
{
	const struct bundle_receipt *receipt = bundle_receipt(i->bundle);
	enum settle_seen seen = SETTLE_THERE;
	bool fresh = run->now < receipt->imported_at + GRACE;
	int64_t until = i->kms.pace.now_ms(i->kms.pace.ctx) + GRACE_WAIT * 1000;

	i->result = IMPORT_ALREADY;
	for (;;) {
		if (settle_held(&i->settle, receipt, &seen, err))
			return -1;
		if (seen != SETTLE_NOT_YET || !fresh || i->kms.pace.stop(i->kms.pace.ctx) ||
		    i->kms.pace.now_ms(i->kms.pace.ctx) >= until)
			break;
		i->kms.pace.wait_ms(i->kms.pace.ctx, 1000);
	}
	i->visible = seen == SETTLE_THERE;
	if (i->visible || seen == SETTLE_UNSEEN)
		return 0;
	if (seen == SETTLE_NOT_YET && fresh && receipt->key_material_id)
		return not_visible_yet(err);
	return gone(i->bundle, run->now, err);
}

/* What a receipt says is done; options that say otherwise would be taken for it. */
static int check_receipt(const struct import_run *run, const struct bundle *b, struct kh_error *err)
{
	if (!bundle_check_intent(b, &run->intent, err))
		return 0;
	return kh_hint(err, "leave the option out; 'keyhaul inspect' shows the receipt, and to change it fetch and wrap again");
}

static int again(struct import_run *run, struct import *i, struct kh_error *err)
{
	if (check_receipt(run, i->bundle, err))
		return -1;
	if (connect(run, i, err))
		return -1;
	point(i);
	return already(run, i, err);
}

static int first(struct import_run *run, struct import *i, struct kh_error *err)
{
	struct ops_imported done = {0};

	if (import_read_policy(run, err) || check_offline(run, i, err))
		return -1;
	told_warn(file_path(i->file), i->bundle);
	if (connect(run, i, err))
		return -1;
	point(i);
	if (look_before(i, err) || fix_times(i, err) || submit(i, &done, err) || write_receipt(i, &done, err))
		return -1;
	point(i);
	return watch(i, done.material_id, run->opts->wait_timeout, err);
}

/* The digest that was read aloud where the key was wrapped: the only thing here that the bundle does not say itself. */
static int check_digest(const struct import_run *run, const struct import *i, struct kh_error *err)
{
	const char *wanted = run->opts->material_sha256, *is = bundle_material_sha256(i->bundle);

	if (!wanted || strcasecmp(wanted, is) == 0)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "the material's SHA-256 is %s, not that of --material-sha256", is[0] ? is : "none");
	return kh_hint(err, "what 'keyhaul-token wrap' printed belongs to another bundle, or this one was changed on its way: "
			    "compare 'keyhaul inspect' on both hosts, and import nothing before they agree");
}

int import_open(struct import_run *run, const char *path, struct import *out, struct kh_error *err)
{
	memset(out, 0, sizeof(*out));
	out->session = &run->session;
	return bundle_open(path, &out->file, &out->bundle, err); /* names it itself */
}

int import_opened(struct import_run *run, const char *path, struct import *i, struct kh_error *err)
{
	i->settle.lost_wait = run->opts->wait_timeout < LOST_WAIT ? run->opts->wait_timeout : LOST_WAIT;
	if (check_digest(run, i, err) || (bundle_receipt(i->bundle) ? again(run, i, err) : first(run, i, err)))
		return kh_context(err, "%s", path);
	return 0;
}

int import_bundle(struct import_run *run, const char *path, struct import *out, struct kh_error *err)
{
	return import_open(run, path, out, err) || import_opened(run, path, out, err) ? -1 : 0;
}

void import_clear(struct import *i)
{
	bundle_free(i->bundle);
	file_close(i->file);
	memset(i, 0, sizeof(*i));
}
