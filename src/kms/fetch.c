/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fetch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "bundle/spki.h"
#include "compare.h"

#include <string.h>

#define SKEW 60 /* seconds that two clocks may differ without a word */

/* An intent may leave the expiry to import; what it says must hold. */
int fetch_check_intent(const struct intent *intent, enum keyspec spec, int64_t now, struct kh_error *err)
{
	return intent->expiration_model ? intent_check(intent, spec, now, err) : intent_check_form(intent, spec, err);
}

static int denied(struct fetch *f, struct kh_error *err)
{
	enum arn_kind kind = arn_kind_of(f->want.key_id);

	if (kind == ARN_ALIAS_NAME || kind == ARN_ALIAS_ARN)
		return kh_hint(err, "an alias can only be resolved by DescribeKey: allow kms:DescribeKey, or give the key's "
				    "ARN and --key-spec");
	if (!f->want.spec)
		return kh_hint(err, "allow kms:DescribeKey, or say the key's spec with --key-spec (key_spec in a plan)");
	log_warning("DescribeKey is denied: that the key is %s and takes imported material is not checked",
		    keyspec_name(f->want.spec));
	f->spec = f->want.spec;
	return 0;
}

static int check_described(struct fetch *f, struct kh_error *err)
{
	const struct ops_key *k = &f->key;
	enum keyspec spec = KEYSPEC_NONE;

	if (strcmp(k->origin, "EXTERNAL") != 0 || k->key_store[0]) {
		kh_fail(err, KH_E_CHECK, 0, "%s takes no imported material: Origin %s%s%s", k->arn, k->origin,
			k->key_store[0] ? ", custom key store " : "", k->key_store);
		return kh_hint(err, "'keyhaul-kms create' makes a key with Origin EXTERNAL");
	}
	if (strcmp(k->state, "PendingImport") != 0 && strcmp(k->state, "Enabled") != 0 &&
	    strcmp(k->state, "Disabled") != 0) {
		kh_fail(err, KH_E_CHECK, 0, "%s takes no import now: KeyState %s", k->arn, k->state);
		return kh_hint(err, strcmp(k->state, "PendingDeletion") == 0
					    ? "'aws kms cancel-key-deletion' keeps the key"
					    : "'aws kms describe-key' shows the state; try again when it is PendingImport");
	}
	if (keyspec_parse(k->key_spec, &spec, err)) {
		err->code = KH_E_CHECK;
		return kh_context(err, "%s", k->arn);
	}
	if (f->want.spec && spec != f->want.spec) {
		kh_fail(err, KH_E_CHECK, 0, "%s is a key of %s, not of %s", k->arn, k->key_spec, keyspec_name(f->want.spec));
		return kh_hint(err, "check --key-id, or leave --key-spec out");
	}
	if (f->want.key_usage && k->key_usage[0] && strcmp(f->want.key_usage, k->key_usage) != 0)
		return kh_fail(err, KH_E_CHECK, 0, "%s is a key for %s, not for %s", k->arn, k->key_usage, f->want.key_usage);
	f->spec = spec;
	return 0;
}

static int describe(struct fetch *f, struct kh_error *err)
{
	if (!ops_describe(&f->kms, f->want.key_id, &f->key, err)) {
		f->described = true;
		if (compare_asked("DescribeKey", f->want.key_id, f->endpoint.region, f->key.arn,
				  endpoint_is_loopback(&f->endpoint), err))
			return -1;
		return check_described(f, err);
	}
	memset(&f->key, 0, sizeof(f->key));
	return kms_is_denied(err) ? denied(f, err) : -1;
}

/* The ARN asked for, as far as it is known: DescribeKey's, or what --key-id itself says. */
static int check_answered_arn(const struct fetch *f, struct arn *arn, struct kh_error *err)
{
	const char *asked = f->key.arn[0] ? f->key.arn : f->want.key_id;

	if (compare_asked("GetParametersForImport", asked, f->endpoint.region, f->parameters.arn,
			  endpoint_is_loopback(&f->endpoint), err))
		return -1;
	return arn_parse_key(f->parameters.arn, arn, err);
}

/* Nothing of the answer is believed before it was looked at. */
static int check_parameters(struct fetch *f, struct kh_error *err)
{
	const struct ops_parameters *p = &f->parameters;
	struct spki spki = {0};
	char until[CLOCK_TEXT];
	struct arn arn;

	if (check_answered_arn(f, &arn, err) || session_check_rehearsal(&f->endpoint, &arn, err) ||
	    wrapalg_check(f->spec, f->algorithm, f->want.bits, &arn, err))
		return -1;
	if (spki_parse((const unsigned char *)p->public_key.data, p->public_key.len, f->want.bits, &spki, err)) {
		err->code = err->code == KH_E_INPUT ? KH_E_KMS : err->code;
		kh_context(err, "GetParametersForImport: the reply's PublicKey");
		return kh_hint(err, "what answers at %.200s is not KMS, or something in between changes its replies",
			       f->endpoint.url);
	}
	spki_clear(&spki);
	clock_format(p->valid_to, until);
	if (p->valid_to <= kms_now(&f->kms))
		return kh_fail(err, KH_E_CHECK, 0, "GetParametersForImport: parameters that were good until %s", until);
	if (p->valid_to > kms_now(&f->kms) + KMS_PARAMETERS_LIFETIME + SKEW)
		log_warning("the parameters are said to be good until %s, longer than KMS gives them", until);
	if (!p->tls_verified && !arn_is_rehearsal(&arn))
		log_warning("%s answers without verified TLS for account %s: is it a tunnel of yours?", f->endpoint.url,
			    arn.account);
	return 0;
}

/* A profile is of one token: what the request says of its own has to be of that one. It only chooses, so that is a warning. */
static int compare_profile(const struct fetch_want *w, struct kh_error *err)
{
	const struct {
		const char *name, *has;
	} said[] = {{"token", w->profile->token.label}, {"manufacturer", w->profile->token.manufacturer},
		    {"model", w->profile->token.model}, {"serial", w->profile->token.serial}};
	struct buf text = BUF_INIT(256);
	char value[64];
	int rc = 0;

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]) && rc == 0; i++) {
		const char *serial = strcmp(said[i].name, "serial") == 0 ? w->token_serial : NULL, *wanted = serial;

		if (!wanted && w->key_uri && bundle_uri_value(w->key_uri, said[i].name, value, sizeof(value)))
			wanted = value;
		if (!wanted || !said[i].has)
			continue;
		buf_free(&text);
		rc = text_percent(wanted, strlen(wanted), &text, err);
		if (rc == 0 && strcmp(buf_text(&text), said[i].has) != 0)
			log_warning("%s is of another token than the request: %s=%s, not %s", w->profile_path, said[i].name,
				    said[i].has, buf_text(&text));
	}
	buf_free(&text);
	return rc;
}

/* Nobody's choice is the best that KMS takes; a profile's the best that the token was proven to do. */
static int choose(struct fetch *f, const struct arn *arn, struct kh_error *err)
{
	const struct fetch_want *w = &f->want;

	f->algorithm = w->algorithm ? w->algorithm : wrapalg_best(f->spec);
	if (!w->algorithm && w->profile &&
	    tokenprofile_choose(w->profile, f->spec, w->bits, arn, &f->algorithm, &f->chosen, err))
		return kh_context(err, "%s", w->profile_path);
	return w->profile && f->chosen ? compare_profile(w, err) : 0;
}

int fetch_ask(struct fetch *f, struct kh_error *err)
{
	bool is_arn = arn_kind_of(f->want.key_id) == ARN_KEY_ARN;
	struct arn arn;

	/* a rehearsal's answer counts from this machine alone: by its address, not by a name */
	f->kms.local_only = f->kms.local_only || endpoint_is_loopback(&f->endpoint);
	if (is_arn && (arn_parse_key(f->want.key_id, &arn, err) || session_check_rehearsal(&f->endpoint, &arn, err)))
		return -1;
	if (fetch_check_policy(f, is_arn ? &arn : NULL, err) || describe(f, err))
		return -1;
	if ((f->described && arn_parse_key(f->key.arn, &arn, err)) || choose(f, f->described ? &arn : NULL, err) ||
	    (f->described && session_check_rehearsal(&f->endpoint, &arn, err)) ||
	    wrapalg_check(f->spec, f->algorithm, f->want.bits, f->described ? &arn : NULL, err) ||
	    fetch_check_intent(&f->want.intent, f->spec, kms_now(&f->kms), err) ||
	    fetch_check_policy(f, f->described || is_arn ? &arn : NULL, err))
		return -1;
	if (ops_parameters(&f->kms, f->described ? f->key.arn : f->want.key_id, wrapalg_name(f->algorithm),
			   wrapalg_bits_name(f->want.bits), &f->parameters, err))
		return -1;
	return check_parameters(f, err);
}

static struct bundle_blob blob_of(const struct buf *b)
{
	return (struct bundle_blob){(const unsigned char *)b->data, b->len};
}

int fetch_save(const struct fetch *f, struct file *file, struct kh_error *err)
{
	const struct ops_parameters *p = &f->parameters;
	char serial[POLICY_SERIAL_MAX];
	const struct bundle_request request = {
		.kms_key_arn = p->arn,
		.key_spec = keyspec_name(f->spec),
		.wrapping_algorithm = wrapalg_name(f->algorithm),
		.wrapping_key_spec = wrapalg_bits_name(f->want.bits),
		.public_key = blob_of(&p->public_key),
		.import_token = blob_of(&p->import_token),
		.parameters_valid_to = p->valid_to,
		.fetched_at = kms_now(&f->kms),
		.generator = "keyhaul-kms " VERSION,
		.key_usage = f->key.key_usage[0] ? f->key.key_usage : NULL,
		.multi_region = !f->described ? BUNDLE_ABSENT : f->key.multi_region ? BUNDLE_TRUE : BUNDLE_FALSE,
		.described = f->described ? BUNDLE_TRUE : BUNDLE_FALSE,
		.endpoint = f->endpoint.url,
		.tls_verified = p->tls_verified ? BUNDLE_TRUE : BUNDLE_FALSE,
		.request_id = p->request_id[0] ? p->request_id : NULL,
		.key_uri = f->want.key_uri,
		.token_serial = fetch_token_serial(&f->want, serial),
		.policy_sha256 = f->want.policy ? f->want.policy->sha256 : NULL,
		.plan_sha256 = f->want.plan_sha256,
		.intent = f->want.intent,
	};
	struct bundle *b = NULL;
	int rc = bundle_new(&request, &b, err);

	if (!rc && f->want.policy)
		rc = policy_check_request(f->want.policy, bundle_request(b), bundle_facts(b), kms_now(&f->kms), err);
	if (!rc)
		rc = bundle_save(b, file, err);
	else if (err->code == KH_E_INPUT) { /* what we were asked for was checked before anything was sent */
		err->code = KH_E_KMS;
		kh_context(err, "KMS's reply contradicts itself");
		kh_hint(err, "is %s KMS's own endpoint? Nothing was written", f->endpoint.url);
	}
	bundle_free(b);
	return rc;
}

void fetch_clear(struct fetch *f)
{
	ops_parameters_clear(&f->parameters);
}
