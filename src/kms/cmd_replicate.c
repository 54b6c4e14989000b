/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "bundle/jsontext.h"
#include "bundle/result.h"
#include "fetch.h"
#include "ops_make.h"
#include "standing.h"
#include "tags.h"
#include "target.h"
#include "wait.h"

#include <stdio.h>
#include <string.h>

struct replicate_opts {
	struct session_opts aws;
	struct intent_opts intent;
	const char *key_id;
	const char *replica_region;
	const char *policy;
	bool default_policy;
	const char *description;
	struct opt_list tags;
	const char *out;
	const char *wrapping_algorithm;
	const char *wrapping_key_spec;
	const char *key_uri;
	long wait_timeout;
};

/* What is found out on the way to a replica and its bundle. */
struct replication {
	const struct replicate_opts *opts;
	struct session session;
	struct session_opts elsewhere; /* for the replica: --region is the primary's */
	struct target primary, replica;
	struct standing standing; /* the primary's, then the replica's */
	size_t materials;	  /* that the primary has, and the replica needs; 0: not told */
	bool was_there;
	struct fetch fetch;
};

#define AT(field) .offset = offsetof(struct replicate_opts, field)

static const struct opt_row replicate_rows[] = {
	{.name = "key-id", .kind = OPT_TEXT, AT(key_id), .arg = "ID|ARN|ALIAS", .text = "the multi-Region primary key"},
	{.name = "replica-region", .kind = OPT_TEXT, AT(replica_region), .arg = "REGION", .text = "where the replica is made"},
	{.name = "policy", .kind = OPT_INPUT, AT(policy), .arg = "FILE", .text = "its key policy"},
	{.name = "default-policy", .kind = OPT_FLAG, AT(default_policy), .text = "KMS's default policy: one of the two must be said"},
	{.name = "description", .kind = OPT_TEXT, AT(description), .arg = "TEXT", .text = "what the replica is for"},
	{.name = "tags", .kind = OPT_LIST, AT(tags), .arg = "TAG...", .text = "TagKey=K,TagValue=V ..., or a JSON list"},
	{.name = "wait-timeout", .kind = OPT_NUMBER, AT(wait_timeout), .arg = "SECONDS",
	 .text = "to wait until the replica is made (120)", .min = 0, .max = 86400, .preset = 120},
};

static const struct opt_row bundle_rows[] = {
	{.name = "out", .kind = OPT_OUTPUT, AT(out), .arg = "BUNDLE",
	 .text = "fetch a bundle for the replica into this file, which must not exist"},
	{.name = "wrapping-algorithm", .kind = OPT_CHOICE, AT(wrapping_algorithm), .arg = "ALGORITHM",
	 .choices = wrapalg_names, .text = "the best for the key's spec if not given"},
	{.name = "wrapping-key-spec", .kind = OPT_CHOICE, AT(wrapping_key_spec), .arg = "SPEC",
	 .choices = wrapalg_bits_names, .text = "RSA_4096 if not given"},
	{.name = "key-uri", .kind = OPT_URI, AT(key_uri), .arg = "URI",
	 .text = "the token's key that it is meant for; wrap then takes no other"},
};

static int read_options(struct replication *r, struct kh_error *err)
{
	const struct replicate_opts *o = r->opts;
	struct fetch_want *w = &r->fetch.want;

	if (!o->key_id || !o->replica_region)
		return kh_fail(err, KH_E_USAGE, 0, "--%s is missing", o->key_id ? "replica-region" : "key-id");
	if (!partition_region_valid(o->replica_region))
		return kh_fail(err, KH_E_USAGE, 0, "--replica-region '%.60s' is no Region", o->replica_region);
	if ((o->policy != NULL) == o->default_policy) {
		kh_fail(err, KH_E_USAGE, 0, o->policy ? "--policy and --default-policy contradict each other"
						      : "neither --policy nor --default-policy is said");
		return kh_hint(err, "ReplicateKey does not copy the primary's policy: name a file, or say --default-policy");
	}
	if (!o->out && (o->wrapping_algorithm || o->wrapping_key_spec || o->key_uri))
		return kh_fail(err, KH_E_USAGE, 0, "there is no --out that this would be fetched into");
	if ((o->wrapping_algorithm && wrapalg_parse(o->wrapping_algorithm, &w->algorithm, err)) ||
	    wrapalg_bits_parse(o->wrapping_key_spec ? o->wrapping_key_spec : "RSA_4096", &w->bits, err) ||
	    intent_from_opts(&o->intent, &w->intent, err))
		return -1;
	if (o->key_uri && bundle_check_uri(o->key_uri, err))
		return kh_context(err, "--key-uri");
	w->key_uri = o->key_uri;
	return 0;
}

static int add_policy(const char *path, json_t *body, struct kh_error *err)
{
	struct buf text = BUF_INIT(KMS_POLICY_MAX);
	json_error_t why;
	json_t *check = NULL;
	bool no_memory;
	int rc = file_read(path, &text, err);

	if (rc)
		goto out;
	check = jsontext_read(buf_text(&text), text.len, 0, &why);
	no_memory = !check && json_error_code(&why) == json_error_out_of_memory;
	if (!no_memory && !json_is_object(check))
		rc = kh_fail(err, KH_E_INPUT, 0, "--policy: %s is no JSON object", path);
	else if (no_memory || json_object_set_new(body, "Policy", json_stringn(buf_text(&text), text.len)))
		rc = kh_fail_memory(err);
out:
	json_decref(check);
	buf_free(&text);
	return rc;
}

static int make_body(const struct replicate_opts *o, json_t *body, struct kh_error *err)
{
	json_t *tags = NULL;

	if (!body)
		return kh_fail_memory(err);
	if (o->policy && add_policy(o->policy, body, err))
		return -1;
	if (o->description && json_object_set_new(body, "Description", json_string(o->description)))
		return kh_fail(err, KH_E_USAGE, 0, "--description is not UTF-8");
	if (o->tags.n && tags_parse(&o->tags, &tags, err))
		return -1;
	return tags && json_object_set_new(body, "Tags", tags) ? kh_fail_memory(err) : 0;
}

static size_t count_materials(const struct standing *s)
{
	size_t n = 0;

	for (size_t i = 0; s->listed && i < s->materials.n; i++)
		n += s->materials.v[i].imported;
	return n;
}

/* The primary, and the ARN that its replica in the Region has or will have. */
static int find_keys(struct replication *r, char replica[ARN_MAX], struct kh_error *err)
{
	const struct standing *s = &r->standing;
	struct arn arn;

	if (target_key(&r->session, r->opts->key_id, &r->primary, err) ||
	    standing_read(&r->primary.kms, r->primary.arn, &r->standing, err) ||
	    arn_parse_key(r->primary.arn, &arn, err))
		return -1;
	if (!s->key.multi_region || strcmp(s->set.primary, r->primary.arn) != 0) {
		kh_fail(err, KH_E_CHECK, 0, "%s is no multi-Region primary key%s%s", r->primary.arn,
			s->set.primary[0] ? ", that is " : "", s->set.primary);
		return kh_hint(err, s->set.primary[0] ? "name the primary" : "a key is made multi-Region with 'keyhaul-kms create "
			       "--multi-region', and not afterwards");
	}
	r->materials = count_materials(s);
	(void)snprintf(replica, ARN_MAX, "arn:%s:kms:%s:%s:key/%s", arn.partition, r->opts->replica_region, arn.account,
		       arn.key_id);
	for (size_t i = 0; i < s->set.n; i++)
		r->was_there = r->was_there || strcmp(s->set.replicas[i], replica) == 0;
	return 0;
}

/* The way to the replica, found before it is made: whatever is wrong with it is told before anything is. */
static int find_replica(struct replication *r, const char *arn, struct kh_error *err)
{
	r->elsewhere = r->opts->aws;
	r->elsewhere.region = NULL; /* its ARN says it */
	r->session.opts = &r->elsewhere;
	return target_key(&r->session, arn, &r->replica, err);
}

/* Made, as far as the replica's Region itself shows it. */
static int look_made(void *ctx, bool *done, struct kh_error *err)
{
	struct replication *r = ctx;

	if (standing_read(&r->replica.kms, r->replica.arn, &r->standing, err))
		return kms_is_error(err, "NotFoundException") ? 0 : -1;
	*done = strcmp(r->standing.key.state, "Creating") != 0;
	return 0;
}

/* What the policy says of the replica, and of the bundle that is wanted for it, before anything is made. */
static int check_policy(struct replication *r, struct kh_error *err)
{
	struct fetch *f = &r->fetch;
	struct arn arn;

	if (!f->want.policy)
		return 0;
	if (arn_parse_key(r->replica.arn, &arn, err) || keyspec_parse(r->standing.key.key_spec, &f->spec, err) ||
	    policy_check_key_made(f->want.policy, &arn, f->spec, err))
		return -1;
	if (!r->opts->out)
		return 0;
	return session_connect(&r->session, r->replica.arn, &f->endpoint, &f->kms, err) || fetch_check_policy(f, &arn, err) ? -1 : 0;
}

static int make_replica(struct replication *r, struct kh_error *err)
{
	json_t *body = json_object();
	char arn[ARN_MAX];
	bool made = false;
	int rc = -1;

	if (make_body(r->opts, body, err) || find_keys(r, arn, err) || find_replica(r, arn, err) || check_policy(r, err))
		goto out;
	if (r->was_there)
		log_warning("%s is there already: its policy, description and tags stay as they are", arn);
	else if (ops_replicate(&r->primary.kms, r->primary.arn, r->opts->replica_region, body, err))
		goto out;
	if (wait_until(&r->replica.kms, r->opts->wait_timeout, look_made, r, &made, err))
		goto out;
	if (made) {
		rc = 0;
	} else {
		kh_fail(err, KH_E_AGAIN, 0, "%s is being made, and not ready yet", arn);
		kh_hint(err, "run this again in a while: no second one is made");
	}
out:
	json_decref(body);
	return rc;
}

static int fetch_bundle(struct replication *r, struct file *file, struct kh_error *err)
{
	struct fetch *f = &r->fetch;

	f->want.key_id = r->replica.arn;
	if (session_connect(&r->session, r->replica.arn, &f->endpoint, &f->kms, err) || fetch_ask(f, err) ||
	    fetch_save(f, file, err)) {
		kh_context(err, "the replica %s is there, its bundle is not", r->replica.arn);
		return err->code == KH_E_CHECK ? kh_hint(err, "when that is put right, run this again: no second replica is made") : -1;
	}
	return 0;
}

static int report(struct cmd *c, const struct replication *r, struct kh_error *err)
{
	const char *out = r->opts->out;
	char state[TEXT_SHOWN(OPS_NAME_MAX)];

	if (cmd_printf(c, err, "%s\n  %s of %s, KeyState %s\n", r->replica.arn,
		       r->was_there ? "was there already: a replica" : "a replica", r->primary.arn,
		       text_shown(r->standing.key.state, state, sizeof(state))) ||
	    (r->materials > 1 && cmd_printf(c, err, "  the primary has %zu materials: each is to be imported here\n",
					    r->materials)) ||
	    (out && cmd_printf(c, err, "%s: a request for it; wrap the primary's key into it\n", out)) ||
	    (!out && cmd_printf(c, err, "next: keyhaul-kms fetch --key-id %s --out BUNDLE\n", r->replica.arn)))
		return -1;
	return result_add(c,
			  jsontext_pack("{s:s,s:b,s:s,s:s,s:s,s:b,s:s*}", "item", r->replica.arn, "ok", 1, "kms_key_arn",
				    r->replica.arn, "primary_arn", r->primary.arn, "key_state", r->standing.key.state,
				    "was_there", (int)r->was_there, "bundle", out),
			  err);
}

/* What is there is never overwritten. */
static int open_new(const char *path, struct file **file, struct kh_error *err)
{
	if (!path)
		return 0;
	if (file_open(path, BUNDLE_MAX, file, err))
		return -1;
	if (!file_content(*file))
		return 0;
	kh_fail(err, KH_E_INPUT, 0, "%s is there already", path);
	return kh_hint(err, "nothing is overwritten: name another --out, or move that one away");
}

static int run_replicate(struct cmd *c, struct kh_error *err)
{
	struct replication r = {.opts = c->opts};
	struct policy *policy = NULL;
	struct file *file = NULL;
	int rc = -1;

	if (read_options(&r, err) || policy_in_force(POLICY_HOST_PATH, NULL, &policy, err))
		return -1;
	r.fetch.want.policy = policy; /* --policy is the replica's key policy here */
	if (open_new(r.opts->out, &file, err) || session_open(&r.opts->aws, &r.session, err) ||
	    make_replica(&r, err) || (file && fetch_bundle(&r, file, err)))
		goto out;
	rc = report(c, &r, err);
out:
	fetch_clear(&r.fetch);
	session_close(&r.session);
	file_close(file);
	policy_free(policy);
	return rc;
}

static const struct opt_group groups[] = {
	OPT_GROUP("The replica", replicate_rows, 0),
	OPT_GROUP("Its bundle", bundle_rows, 0),
	OPT_GROUP("What the import is meant to say", intent_rows, offsetof(struct replicate_opts, intent)),
	OPT_GROUP("AWS", session_rows, offsetof(struct replicate_opts, aws)),
	OPT_GROUPS_END,
};

const struct cmd_row cmd_replicate = {
	.verb = "replicate",
	.operands = "",
	.needs = "--key-id ID --replica-region REGION",
	.summary = "makes a replica of a multi-Region key in another Region, and a bundle for it",
	.groups = groups,
	.opts_size = sizeof(struct replicate_opts),
	.run = run_replicate,
};
