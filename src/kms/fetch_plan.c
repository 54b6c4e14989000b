/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "fetch_job.h"
#include "renew_job.h"

#include "base/progress.h"
#include "base/shell.h"
#include "fetch_item.h"
#include "identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int make_folder(const char *path, struct kh_error *err)
{
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return kh_fail_errno(err, KH_E_SYSTEM, errno, "the folder %s", path);
	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		kh_fail(err, KH_E_INPUT, 0, "%s is no folder", path);
		return kh_hint(err, "--out with --plan names the folder of the bundles");
	}
	return 0;
}

/* Which key a plan's one became only its folder says: before a renewal asks for any, it has to be there. */
static int check_folder(const struct plan *plan, const struct fetch_plan_opts *o, struct kh_error *err)
{
	struct stat st;

	for (size_t i = 0; o->renew && i < plan_count(plan); i++) {
		if (!plan_key(plan, i)->create.at || stat(o->out, &st) == 0)
			continue;
		kh_fail(err, KH_E_INPUT, 0, "%s: there is no such folder, and the plan makes '%s' and does not say which it became",
			o->out, plan_key(plan, i)->name);
		return kh_hint(err, "name the folder of 'fetch --plan --out': with --dir to renew, with --out to fetch");
	}
	return 0;
}

/* What the policy forbids of a plan stops all of it, before anything is made or asked for. */
static int check_policy(const struct fetch_jobs *r, const struct place *place, const struct endpoint *endpoint,
			const struct kms *kms, struct kh_error *err)
{
	struct fetch f = {.endpoint = *endpoint, .kms = *kms};
	struct fetch_item item = {.place = place, .key_id = place->key->key_id};
	struct arn arn;
	bool is_arn = item.key_id && arn_kind_of(item.key_id) == ARN_KEY_ARN;

	if (is_arn && arn_parse_key(item.key_id, &arn, err))
		return -1;
	if (is_arn)
		(void)snprintf(arn.region, sizeof(arn.region), "%s", endpoint->region);
	for (; item.material < place->key->n_materials; item.material++) {
		fetch_item_want(&item, plan_sha256(r->plan), r->opts->policy, &f.want);
		if (fetch_check_policy(&f, is_arn ? &arn : NULL, err))
			return kh_context(err, "%s", place->key->name);
	}
	return 0;
}

/* Whose key it would be is known before one is made; the plan's Regions and specs are judged with all else that it says. */
static int check_account(const struct fetch_jobs *r, const struct endpoint *endpoint, bool *asked, struct kh_error *err)
{
	if (*asked)
		return 0;
	*asked = true;
	return identity_may_create(&r->session, endpoint, KEYSPEC_NONE, r->opts->policy, err);
}

/* Every place has its Region and its endpoint, before the first is asked. */
static int check_places(struct fetch_jobs *r, struct kh_error *err)
{
	struct endpoint endpoint;
	struct kms kms;
	bool asked = false;

	for (size_t i = 0; i < r->places.n; i++) {
		struct place *p = &r->places.v[i];
		const struct place *own = p - p->replica; /* its key's first */

		if (session_connect_region(&r->session, p->region, &endpoint, &kms, err))
			return kh_context(err, "%s", p->key->name);
		if (check_policy(r, p, &endpoint, &kms, err))
			return -1;
		if (p->key->create.at && !r->opts->renew && check_account(r, &endpoint, &asked, err))
			return kh_context(err, "%s", p->key->name);
		(void)snprintf(p->region, sizeof(p->region), "%s", endpoint.region);
		if (p->replica && strcmp(p->region, own->region) == 0) {
			yamldoc_fail(p->key->create.replicas[p->replica - 1].at, err,
				     "the Region %s is that of the key itself", p->region);
			return kh_context(err, "%s", r->opts->plan);
		}
	}
	return 0;
}

static int interrupted(const struct fetch_jobs *r, struct kh_error *err)
{
	kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: %zu of %zu bundles were seen to", table_count(r->table),
		r->places.rows);
	return kh_hint(err, "run this again: it does what is left");
}

/* The command for what is left, up to its bundles; wrap runs on the host that has the token, that of the plan's first key. */
static int add_command(const struct fetch_jobs *r, struct buf *out, struct kh_error *err)
{
	static const char *const import[] = {"keyhaul-kms", "import", NULL};
	static const char *const approve[] = {"keyhaul-token", "approve", "--signer", "pkcs11:token=TOKEN;object=KEY", "--cert", "FILE", NULL};
	const char *uri = plan_key(r->plan, 0)->materials[0].key_uri, *token = strstr(uri, "token=");
	const struct policy *policy = r->opts->policy;
	const char *const under[] = {"--policy", policy ? policy->path : NULL, NULL};
	int rc;

	if (r->open == r->wrapped)
		rc = shell_words(import, out, err);
	else if (policy && policy->threshold > 0)
		rc = shell_words(approve, out, err);
	else
		rc = buf_addf(out, "keyhaul-token wrap --token 'pkcs11:%.*s'", err, token ? (int)strcspn(token, ";'") : 11,
			      token ? token : "token=TOKEN");
	if (rc || !policy || strcmp(policy->path, POLICY_HOST_PATH) == 0) /* the host's counts without */
		return rc;
	return shell_words(under, out, err);
}

static int print_next(const struct fetch_jobs *r, struct kh_error *err)
{
	struct buf command = BUF_INIT(16384);
	int rc;

	if (strchr(r->opts->out, '\'') || r->opts->out[0] == '-' || strchr(r->opts->plan, '\'') ||
	    table_count(r->table) == r->failed)
		return 0;
	if (!r->open && (r->opts->renew || r->failed))
		return 0;
	if (!r->open)
		return cmd_printf(r->c, err, "next: nothing; 'keyhaul-kms status --plan %s --dir %s' tells how they stand\n",
				  r->opts->plan, r->opts->out);
	if (r->wrapped && r->wrapped < r->open &&
	    cmd_printf(r->c, err, "%zu wrapped already, to be imported; %zu to be wrapped first\n", r->wrapped, r->open - r->wrapped))
		return -1;
	rc = add_command(r, &command, err);
	if (!rc)
		rc = cmd_printf(r->c, err, "next: %s '%s'/*.bundle\n", buf_text(&command), r->opts->out);
	buf_free(&command);
	return rc;
}

static int run_all(struct fetch_jobs *r, struct kh_error *err)
{
	size_t n = plan_count(r->plan), begun = 0;
	int rc;

	progress_begin("fetching", 0, r->places.rows);
	rc = session_run(&r->session, n, (size_t)r->opts->jobs, r->opts->renew ? renew_job : fetch_job, r, &begun, err);
	progress_end();
	if (rc)
		return -1;
	if (begun < n && r->fatal.code == KH_OK)
		r->fatal.code = KH_E_INTERRUPTED;
	if (r->fatal.code == KH_OK)
		return table_end(r->table, "bundle", err) ? -1 : print_next(r, err);
	(void)table_rest(r->table, err); /* what was done is told all the same */
	*err = r->fatal;
	return err->code == KH_E_INTERRUPTED ? interrupted(r, err) : -1;
}

int fetch_plan(struct cmd *c, const struct fetch_plan_opts *o, struct kh_error *err)
{
	struct fetch_jobs r = {.c = c, .opts = o};
	int rc = -1;

	if (!*o->out)
		return kh_fail(err, KH_E_USAGE, 0, "--out is empty");
	if (plan_read(o->plan, &r.plan, err))
		goto out;
	if (plan_check_times(r.plan, c->now, err)) {
		kh_context(err, "%s", o->plan);
		goto out;
	}
	if (places_of(r.plan, o->plan, &r.places, err) || check_folder(r.plan, o, err) || make_folder(o->out, err) ||
	    table_open(c, o->csv, r.places.rows, &r.table, err) || session_open(o->aws, &r.session, err) ||
	    check_places(&r, err))
		goto out;
	rc = run_all(&r, err);
out:
	session_close(&r.session);
	table_free(r.table);
	places_free(&r.places);
	plan_free(r.plan);
	return rc;
}
