/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "next.h"

#include "aws/partition.h"
#include "base/clock.h"
#include "base/shell.h"

#include <stdio.h>
#include <string.h>

enum next_stage next_stage(const struct bundle *b)
{
	if (bundle_receipt(b))
		return NEXT_NOTHING;
	return bundle_material(b) ? NEXT_IMPORT : NEXT_WRAP;
}

const char *next_stage_name(enum next_stage stage)
{
	static const char *const names[NEXT_STAGES] = {
		[NEXT_WRAP] = "fetched", [NEXT_IMPORT] = "wrapped", [NEXT_NOTHING] = "imported"};

	return names[stage];
}

bool next_is_expired(const struct bundle *b, int64_t now)
{
	return !bundle_receipt(b) && now >= bundle_request(b)->parameters_valid_to;
}

static int option(const char *name, const char *value, struct buf *out, struct kh_error *err)
{
	const char *const words[] = {name, value, NULL};

	return value ? shell_words(words, out, err) : 0;
}

/* The expiry as it was said; one that is past has to be said anew. */
static int expiry(const struct intent *i, int64_t now, struct buf *out, struct kh_error *err)
{
	char when[CLOCK_TEXT];

	if (i->valid_for) {
		bool days = i->valid_for % 86400 == 0;

		(void)snprintf(when, sizeof(when), "%lld%s", (long long)(i->valid_for / (days ? 86400 : 3600)), days ? "d" : "h");
	} else if (i->valid_to > now) {
		clock_format(i->valid_to, when);
	} else if (i->valid_to) {
		(void)snprintf(when, sizeof(when), "TIME");
	} else {
		return option("--expiration-model", i->expiration_model, out, err);
	}
	return option("--valid-to", when, out, err);
}

/* Where the request came from, unless it is AWS's own. */
static const char *other_endpoint(const struct bundle_request *r)
{
	const char *host = r->endpoint ? strstr(r->endpoint, "://") : NULL;
	char name[256];

	if (!host)
		return NULL;
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(host + 3, ":/"), host + 3);
	return partition_is_aws_host(name) ? NULL : r->endpoint;
}

int next_fetch(const struct bundle *b, const struct intent *i, int64_t now, struct buf *out, struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);
	const char *const words[] = {"keyhaul-kms",	    "fetch",		    "--key-id",		     r->kms_key_arn,
				     "--wrapping-algorithm", r->wrapping_algorithm, "--wrapping-key-spec", r->wrapping_key_spec,
				     NULL};

	if (shell_words(words, out, err) || expiry(i, now, out, err) ||
	    option("--import-type", i->import_type, out, err) || option("--key-material-id", i->key_material_id, out, err) ||
	    option("--key-material-description", i->key_material_description, out, err) ||
	    option("--key-uri", r->key_uri, out, err) || option("--token-serial", r->token_serial, out, err) ||
	    option("--key-spec", r->described == BUNDLE_FALSE ? r->key_spec : NULL, out, err) ||
	    option("--endpoint-url", other_endpoint(r), out, err))
		return -1;
	return option("--out", "NEW.bundle", out, err);
}

int next_refetch(const struct bundle *b, int64_t now, struct buf *out, struct kh_error *err)
{
	const struct bundle_receipt *receipt = bundle_receipt(b);
	struct intent intent = bundle_request(b)->intent;

	if (receipt->key_material_id && keyspec_is_symmetric(bundle_facts(b)->key_spec)) {
		intent.import_type = INTENT_EXISTING;
		intent.key_material_id = receipt->key_material_id;
	}
	if (!intent.expiration_model) {
		intent.expiration_model = receipt->expiration_model;
		intent.valid_to = receipt->valid_to;
	}
	return next_fetch(b, &intent, now, out, err);
}

static int policy_option(const struct next_policy *p, struct buf *out, struct kh_error *err)
{
	return option("--policy", p ? p->option : NULL, out, err);
}

static int approve(const struct next_policy *p, const char *path, struct buf *out, struct kh_error *err)
{
	const char *const words[] = {"keyhaul-token", "approve", "--signer", "pkcs11:token=TOKEN;object=KEY", "--cert", "FILE", NULL};

	return shell_words(words, out, err) || policy_option(p, out, err) || shell_word(path, out, err) ? -1 : 0;
}

static int wrap(const struct bundle_request *r, const struct next_policy *p, const char *path, struct buf *out, struct kh_error *err)
{
	const char *const uri = r->key_uri ? r->key_uri : "pkcs11:token=TOKEN;object=KEY";
	const char *const words[] = {"keyhaul-token", "wrap", "--key", uri, NULL};
	const char *const sign[] = {"--signer", "pkcs11:token=TOKEN;object=KEY", "--cert", "FILE", NULL};

	if (shell_words(words, out, err) || (p && p->sign && shell_words(sign, out, err)) || policy_option(p, out, err))
		return -1;
	return shell_word(path, out, err);
}

static int import(const struct bundle_request *r, const struct next_policy *p, const char *path, struct buf *out, struct kh_error *err)
{
	const char *const words[] = {"keyhaul-kms", "import", NULL};

	if (shell_words(words, out, err) || option("--valid-to", r->intent.expiration_model ? NULL : "TIME", out, err) ||
	    policy_option(p, out, err))
		return -1;
	return shell_word(path, out, err);
}

/* A MAC that the token has yet to answer. */
static bool is_asked(const struct bundle *b)
{
	size_t n;
	const struct bundle_proof *proofs = bundle_proofs(b, &n);

	return n && strcmp(proofs[n - 1].method, "hmac") == 0 && !proofs[n - 1].verdict;
}

/* Which key it is the bundle says, and verify takes it from there. */
static int verify(const struct bundle *b, const char *path, struct buf *out, struct kh_error *err)
{
	const char *const words[] = {"keyhaul-token", "verify", path, NULL};
	const char *const uri = bundle_request(b)->key_uri;
	const char *const named[] = {"keyhaul-token", "verify", "--key", "pkcs11:token=TOKEN;object=KEY", path, NULL};

	return shell_words(uri ? words : named, out, err);
}

int next_command_under(const struct bundle *b, const char *path, int64_t now, const struct next_policy *p, struct buf *out,
		       struct kh_error *err)
{
	const struct bundle_request *r = bundle_request(b);
	struct next_policy told = {.option = "POLICY"};
	size_t approvals;

	(void)bundle_approvals(b, &approvals);
	told.approve = approvals == 0;
	if (!p && r->policy_sha256)
		p = &told;
	if (is_asked(b))
		return verify(b, path, out, err);
	if (next_stage(b) == NEXT_NOTHING)
		return 0;
	if (next_is_expired(b, now))
		return next_fetch(b, &r->intent, now, out, err) || policy_option(p, out, err) ? -1 : 0;
	if (next_stage(b) == NEXT_WRAP)
		return p && p->approve ? approve(p, path, out, err) : wrap(r, p, path, out, err);
	return import(r, p, path, out, err);
}

int next_command(const struct bundle *b, const char *path, int64_t now, struct buf *out, struct kh_error *err)
{
	return next_command_under(b, path, now, NULL, out, err);
}
