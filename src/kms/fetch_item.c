/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fetch_item.h"

#include "base/log.h"
#include "bundle/bundle.h"
#include "compare.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ASIDE_MAX 1000

void fetch_item_want(const struct fetch_item *i, const char *plan_sha256, const struct policy *policy, struct fetch_want *out)
{
	const struct plan_key *k = i->place->key;

	*out = (struct fetch_want){.key_id = i->key_id, .spec = k->key_spec, .key_usage = k->key_usage,
				   .algorithm = k->algorithm, .bits = k->wrapping_bits,
				   .key_uri = k->materials[i->material].key_uri, .plan_sha256 = plan_sha256,
				   .policy = policy};
	plan_intent(k, i->material, i->place->replica > 0, &out->intent);
}

static int otherwise(const char *what, const char *is, const char *wanted, struct kh_error *err)
{
	kh_fail(err, KH_E_CHECK, 0, "it is there already, and its %s is %s, not %s as in the plan", what, is ? is : "not said",
		wanted ? wanted : "not said");
	return kh_hint(err, "if the plan is right, move that bundle away and run this again; a bundle of a rehearsal or of another "
			    "plan wants another --out");
}

static int same(const char *what, const char *is, const char *wanted, struct kh_error *err)
{
	return (!is && !wanted) || (is && wanted && strcmp(is, wanted) == 0) ? 0 : otherwise(what, is, wanted, err);
}

static int same_intent(const struct intent *is, const struct intent *wanted, struct kh_error *err)
{
	char a[INTENT_WORDS_MAX], b[INTENT_WORDS_MAX];

	intent_words(is, a, sizeof(a));
	intent_words(wanted, b, sizeof(b));
	return same("intent", a, b, err);
}

/* What is approved is a request under one policy. */
static int same_policy(const char *is, const struct policy *policy, struct kh_error *err)
{
	if (policy ? is && strcmp(is, policy->sha256) == 0 : !is)
		return 0;
	kh_fail(err, KH_E_CHECK, 0, "it is there already, fetched under %s%s, and in force is %s%s",
		is ? "the policy of SHA-256 " : "no policy", is ? is : "", policy ? "that of SHA-256 " : "none",
		policy ? policy->sha256 : "");
	return kh_hint(err, policy ? "move that bundle away and run this again: it is fetched anew, under the policy that is in force"
				   : "give that policy with --policy, or move the bundle away");
}

int fetch_item_check(const struct bundle *b, const struct fetch_item *i, const struct fetch_want *want, bool rehearsal,
		     struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);
	struct kh_error why;

	if (!i->key_id) {
		kh_fail(err, KH_E_CHECK, 0, "it is there already, and its key is not made yet as far as the plan's folder knows");
		return kh_hint(err, "the file NAME.create belongs beside it: put it back, or take another --out");
	}
	if (compare_asked("it is there already", want->key_id, i->place->region, r->kms_key_arn, rehearsal, &why))
		return otherwise("KMS key", r->kms_key_arn, want->key_id, err);
	if (bundle_receipt(b)) /* what was imported may have been planned otherwise then */
		return 0;
	if (same_policy(r->policy_sha256, want->policy, err))
		return -1;
	if (want->spec && same("key_spec", r->key_spec, keyspec_name(want->spec), err))
		return -1;
	if (want->algorithm && same("wrapping_algorithm", r->wrapping_algorithm, wrapalg_name(want->algorithm), err))
		return -1;
	if (same("wrapping_key_spec", r->wrapping_key_spec, wrapalg_bits_name(want->bits), err) ||
	    same("key_uri", r->key_uri, want->key_uri, err))
		return -1;
	return same_intent(&r->intent, &want->intent, err);
}

int fetch_item_aside(const char *path, const char *why, char out[FETCH_ITEM_PATH], int *n, struct kh_error *err)
{
	struct stat st;

	for (*n = 1; *n <= ASIDE_MAX; (*n)++) {
		if (snprintf(out, FETCH_ITEM_PATH, "%s.%s-%d", path, why, *n) >= FETCH_ITEM_PATH)
			return kh_fail(err, KH_E_INPUT, 0, "%.200s...: the name is too long", path);
		if (lstat(out, &st))
			return 0;
	}
	return kh_fail(err, KH_E_INPUT, 0, "%s.%s-1 to -%d are all there: clear them away", path, why, ASIDE_MAX);
}

static int set_aside(const char *path, struct kh_error *err)
{
	char aside[FETCH_ITEM_PATH];
	int n;

	if (fetch_item_aside(path, "expired", aside, &n, err))
		return -1;
	if (rename(path, aside))
		return kh_fail_errno(err, KH_E_SYSTEM, errno, "setting %s aside", path);
	log_debug("%s: past its time, now %s", path, aside);
	return 0;
}

static int judge(struct fetch_item *i, const struct bundle *b, struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);
	const struct bundle_receipt *receipt = bundle_receipt(b);

	(void)snprintf(i->arn, sizeof(i->arn), "%s", r->kms_key_arn);
	if (receipt) {
		i->result = "with a receipt"; /* whether KMS still has it, nobody asked */
		i->imported = true;
		i->until = receipt->valid_to;
		return 0;
	}
	if (i->now >= r->parameters_valid_to)
		return set_aside(i->path, err);
	i->result = "kept";
	i->wrapped = bundle_material(b) != NULL;
	i->until = r->parameters_valid_to;
	return 0;
}

int fetch_item_look(struct fetch_item *i, const struct fetch_want *want, bool rehearsal, struct kh_error *err)
{
	const struct buf *text;
	struct file *file = NULL;
	struct bundle *b = NULL;
	int rc = -1;

	i->result = NULL;
	if (file_open(i->path, BUNDLE_MAX, &file, err))
		return -1;
	text = file_content(file);
	if (!text)
		rc = 0;
	else if (!bundle_parse(buf_text(text), text->len, &b, err) && !fetch_item_check(b, i, want, rehearsal, err))
		rc = judge(i, b, err);
	bundle_free(b);
	file_close(file);
	return rc;
}

int fetch_item_save(struct fetch_item *i, const struct fetch *f, struct file *file, struct kh_error *err)
{
	if (fetch_save(f, file, err))
		return -1;
	i->result = "fetched";
	memcpy(i->arn, f->parameters.arn, sizeof(i->arn));
	i->until = f->parameters.valid_to;
	return 0;
}

int fetch_item_get(struct fetch_item *i, struct fetch *f, struct kh_error *err)
{
	struct file *file = NULL;
	int rc = -1;

	if (file_open(i->path, BUNDLE_MAX, &file, err))
		return -1;
	if (file_content(file)) {
		kh_fail(err, KH_E_AGAIN, 0, "it came to be there meanwhile");
		kh_hint(err, "another fetch works in this folder: wait until it has ended, then run this again");
	} else if (!fetch_ask(f, err)) {
		rc = fetch_item_save(i, f, file, err);
	}
	file_close(file);
	return rc;
}
