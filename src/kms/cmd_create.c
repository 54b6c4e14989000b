/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "base/file.h"
#include "base/log.h"
#include "bundle/jsontext.h"
#include "bundle/result.h"
#include "compare.h"
#include "creation.h"
#include "identity.h"
#include "ops.h"
#include "session.h"
#include "tags.h"

#include <stdio.h>
#include <string.h>

struct create_opts {
	struct session_opts aws;
	const char *key_spec;
	const char *key_usage;
	const char *description;
	struct opt_list tags;
	const char *policy;
	bool multi_region;
	bool bypass;
	const char *out;
};

static const char *const usages[] = {"ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", NULL};

#define AT(field) .offset = offsetof(struct create_opts, field)

static const struct opt_row create_rows[] = {
	{.name = "key-spec", .kind = OPT_TEXT, AT(key_spec), .arg = "SPEC", .text = "such as SYMMETRIC_DEFAULT, RSA_3072"},
	{.name = "key-usage", .kind = OPT_CHOICE, AT(key_usage), .arg = "USAGE", .choices = usages,
	 .text = "must be said for RSA and NIST curves"},
	{.name = "description", .kind = OPT_TEXT, AT(description), .arg = "TEXT", .text = "what the key is for"},
	{.name = "tags", .kind = OPT_LIST, AT(tags), .arg = "TAG...", .text = "TagKey=K,TagValue=V ..., or a JSON list"},
	{.name = "policy", .kind = OPT_TEXT, AT(policy), .arg = "JSON", .text = "the key policy, or file://PATH"},
	{.name = "multi-region", .kind = OPT_FLAG, AT(multi_region), .text = "a multi-Region primary key"},
	{.name = "bypass-policy-lockout-safety-check", .kind = OPT_FLAG, AT(bypass),
	 .text = "take a policy that locks oneself out"},
	{.name = "out", .kind = OPT_OUTPUT, AT(out), .arg = "FILE",
	 .text = "what is known of the key, from before it is made; run again with it, none is made twice"},
};

static int set(json_t *body, const char *name, json_t *value, struct kh_error *err)
{
	if (!json_object_set_new(body, name, value))
		return 0;
	return jsontext_lacked() ? kh_fail_memory(err) : kh_fail(err, KH_E_USAGE, 0, "%s: not UTF-8", name);
}

static json_t *string(const char *text)
{
	return jsontext_string(text, strlen(text));
}

static int set_spec(const struct create_opts *o, json_t *body, struct kh_error *err)
{
	enum keyspec spec = KEYSPEC_NONE;
	const char *usage = o->key_usage;

	if (!o->key_spec) {
		kh_fail(err, KH_E_USAGE, 0, "--key-spec is missing");
		return kh_hint(err, "such as --key-spec SYMMETRIC_DEFAULT; keyhaul-kms create --help");
	}
	if (keyspec_parse(o->key_spec, &spec, err))
		return -1;
	usage = usage ? usage : keyspec_info(spec)->usage;
	if (!usage) {
		kh_fail(err, KH_E_USAGE, 0, "--key-usage is missing: a key of %s can have more than one", o->key_spec);
		return kh_hint(err, "--key-usage SIGN_VERIFY, or ENCRYPT_DECRYPT (RSA), KEY_AGREEMENT (curves)");
	}
	return set(body, "KeySpec", string(o->key_spec), err) || set(body, "KeyUsage", string(usage), err) ||
			       set(body, "Origin", string("EXTERNAL"), err)
		       ? -1
		       : 0;
}

static int set_policy(const char *policy, json_t *body, struct kh_error *err)
{
	struct buf text = BUF_INIT(KMS_POLICY_MAX);
	json_error_t why;
	json_t *check = NULL;
	int rc = -1;

	if (strncmp(policy, "file://", 7) == 0 ? file_read(policy + 7, &text, err)
					       : buf_add(&text, policy, strlen(policy), err)) {
		kh_context(err, "--policy");
		goto out;
	}
	check = jsontext_read(buf_text(&text), text.len, 0, &why);
	if (!check && json_error_code(&why) == json_error_out_of_memory) {
		kh_fail_memory(err);
		goto out;
	}
	if (!json_is_object(check)) {
		kh_fail(err, KH_E_USAGE, 0, "--policy is no JSON object");
		kh_hint(err, "a policy's text, or file://PATH of one");
		goto out;
	}
	rc = set(body, "Policy", jsontext_string(buf_text(&text), text.len), err);
out:
	json_decref(check);
	buf_free(&text);
	return rc;
}

static int make_body(const struct create_opts *o, json_t *body, struct kh_error *err)
{
	json_t *tags = NULL;

	if (!body)
		return kh_fail_memory(err);
	if (set_spec(o, body, err) || (o->policy && set_policy(o->policy, body, err)))
		return -1;
	if (o->description && strlen(o->description) > KMS_DESCRIPTION_MAX)
		return kh_fail(err, KH_E_USAGE, 0, "--description is longer than %d bytes", KMS_DESCRIPTION_MAX);
	if (o->description && set(body, "Description", string(o->description), err))
		return -1;
	if (o->multi_region && set(body, "MultiRegion", json_true(), err))
		return -1;
	if (o->bypass && set(body, "BypassPolicyLockoutSafetyCheck", json_true(), err))
		return -1;
	if (o->tags.n && (tags_parse(&o->tags, &tags, err) || set(body, "Tags", tags, err)))
		return -1;
	return 0;
}

/* A key may be there that nobody knows the ARN of. */
static int not_known(enum kms_outcome outcome, struct kh_error *err)
{
	if (outcome != KMS_UNKNOWN)
		return -1;
	kh_context(err, "whether a key was made is not known");
	return kh_hint(err, "look for it before trying again (CreateKey makes another each time): the newest key with Origin "
			    "EXTERNAL and KeyState PendingImport in 'aws kms list-keys' and 'aws kms describe-key'; with --out "
			    "FILE it is found by itself");
}

static int report(struct cmd *c, const struct ops_key *key, const char *result, struct kh_error *err)
{
	if (cmd_printf(c, err, "%s\n", key->arn))
		return -1;
	return result_add(c,
			  jsontext_pack("{s:s,s:b,s:s,s:s,s:s*,s:s*,s:s*,s:b}", "item", key->arn, "ok", 1, "result", result,
				    "kms_key_arn", key->arn, "key_spec", key->key_spec[0] ? key->key_spec : NULL, "key_usage",
				    key->key_usage[0] ? key->key_usage : NULL, "key_state", key->state[0] ? key->state : NULL,
				    "multi_region", (int)key->multi_region),
			  err);
}

/* A key of an earlier run is what is asked for now; what became of it since is its own matter. */
static int check_there(const json_t *body, const struct endpoint *endpoint, const struct ops_key *key, struct kh_error *err)
{
	struct ops_key as_new = *key;

	(void)snprintf(as_new.state, sizeof(as_new.state), "PendingImport");
	if (!compare_created(body, endpoint->region, &as_new, err))
		return 0;
	return kh_hint(err, "give what it was made with, or name another --out for another key");
}

/* With the file: the id is on disk before CreateKey is sent, and a lost answer is settled by reading. */
static int create_noted(struct cmd *c, const char *path, const json_t *body, const struct endpoint *endpoint, struct kms *kms,
			struct kh_error *err)
{
	struct creation note = {0};
	struct ops_key key = {.arn = ""};
	bool before;
	int rc = -1;

	if (creation_open(path, &note, err))
		goto out;
	before = note.arn[0] != '\0';
	if (creation_key(&note, body, endpoint, kms, err)) {
		kh_context(err, "%s", path);
		goto out;
	}
	if (ops_describe(kms, note.arn, &key, err)) {
		memset(&key, 0, sizeof(key));
		memcpy(key.arn, note.arn, sizeof(key.arn));
		if (!kms_is_denied(err) && !kms_is_error(err, "NotFoundException"))
			goto out;
		log_warning("%s: what became of it is not looked at: %s", key.arn, err->msg);
	} else if (check_there(body, endpoint, &key, err)) {
		kh_context(err, "%s", path);
		goto out;
	}
	rc = report(c, &key, before ? "made before" : "made", err);
out:
	creation_close(&note);
	return rc;
}

static int create_once(struct cmd *c, const json_t *body, const struct endpoint *endpoint, struct kms *kms, struct kh_error *err)
{
	enum kms_outcome outcome = KMS_UNSENT;
	struct ops_key key;

	if (ops_create(kms, body, &key, &outcome, err))
		return not_known(outcome, err);
	return compare_created(body, endpoint->region, &key, err) ? -1 : report(c, &key, "made", err);
}

static int run_create(struct cmd *c, struct kh_error *err)
{
	const struct create_opts *o = c->opts;
	json_t *body = json_object();
	struct session session = {0};
	struct policy *policy = NULL;
	enum keyspec spec = KEYSPEC_NONE;
	struct endpoint endpoint;
	struct kms kms;
	int rc = -1;

	/* --policy is the key policy here */
	if (!make_body(o, body, err) && !keyspec_parse(o->key_spec, &spec, err) &&
	    !policy_in_force(POLICY_HOST_PATH, NULL, &policy, err) && !session_open(&o->aws, &session, err) &&
	    !session_connect(&session, NULL, &endpoint, &kms, err) && !identity_may_create(&session, &endpoint, spec, policy, err))
		rc = o->out ? create_noted(c, o->out, body, &endpoint, &kms, err) : create_once(c, body, &endpoint, &kms, err);
	session_close(&session);
	policy_free(policy);
	json_decref(body);
	return rc;
}

static const struct opt_group groups[] = {
	OPT_GROUP("The key", create_rows, 0),
	OPT_GROUP("AWS", session_rows, offsetof(struct create_opts, aws)),
	OPT_GROUPS_END,
};

const struct cmd_row cmd_create = {
	.verb = "create",
	.operands = "",
	.needs = "--key-spec SPEC",
	.summary = "makes a KMS key that waits for imported material (Origin EXTERNAL), and prints its ARN",
	.groups = groups,
	.opts_size = sizeof(struct create_opts),
	.run = run_create,
};
