/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "cmd_kms.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/prompt.h"
#include "base/text.h"
#include "bundle/result.h"
#include "standing.h"
#include "target.h"
#include "wait.h"

#include <stdio.h>
#include <string.h>

struct delete_opts {
	struct session_opts aws;
	const char *key_id;
	const char *key_material_id;
	bool all;
	bool yes;
	long wait_timeout;
};

/* What is to be deleted, and how the key stands. */
struct deletion {
	const struct delete_opts *opts;
	struct session session;
	struct target target;
	struct standing standing;
	char ids[OPS_MATERIALS_MAX][OPS_MATERIAL_ID_MAX]; /* "" for a key that has one material and no id for it */
	size_t n;
};

#define AT(field) .offset = offsetof(struct delete_opts, field)

static const struct opt_row delete_rows[] = {
	{.name = "key-id", .kind = OPT_TEXT, AT(key_id), .arg = "ID|ARN|ALIAS", .text = "the KMS key"},
	{.name = "key-material-id", .kind = OPT_TEXT, AT(key_material_id), .arg = "HEX",
	 .text = "this one of its materials; the current one if not given"},
	{.name = "all", .kind = OPT_FLAG, AT(all), .text = "every material that is imported"},
	{.name = "yes", .kind = OPT_FLAG, AT(yes), .text = "do not ask on the terminal for the key id"},
	{.name = "wait-timeout", .kind = OPT_NUMBER, AT(wait_timeout), .arg = "SECONDS",
	 .text = "to wait until KMS shows it (120)", .min = 0, .max = 86400, .preset = 120},
};

static int check_options(const struct delete_opts *o, struct kh_error *err)
{
	const char *id = o->key_material_id;

	if (!o->key_id)
		return kh_fail(err, KH_E_USAGE, 0, "--key-id is missing");
	if (id && o->all)
		return kh_fail(err, KH_E_USAGE, 0, "--key-material-id and --all both say what is deleted");
	if (id && (strlen(id) != KMS_KEY_MATERIAL_ID_LEN || strspn(id, "0123456789abcdef") != KMS_KEY_MATERIAL_ID_LEN))
		return kh_fail(err, KH_E_USAGE, 0, "--key-material-id is not 64 hex digits in lower case");
	return 0;
}

static void add(struct deletion *d, const char *id)
{
	(void)snprintf(d->ids[d->n++], OPS_MATERIAL_ID_MAX, "%s", id);
}

/* A key that is not symmetric, or whose materials are not known: as DescribeKey tells. */
static int choose_blind(struct deletion *d, struct kh_error *err)
{
	const struct ops_key *k = &d->standing.key;

	if (d->standing.symmetric && d->opts->all) {
		kh_fail(err, KH_E_KMS, 0, "%s: which materials it has is not known", k->arn);
		return kh_hint(err, "allow kms:ListKeyRotations, or delete them one by one with --key-material-id");
	}
	if (!d->standing.symmetric && d->opts->key_material_id)
		return kh_fail(err, KH_E_USAGE, 0, "%s is a key of %s: its one material has no id", k->arn, k->key_spec);
	if (d->opts->key_material_id)
		add(d, d->opts->key_material_id);
	else if (k->expiration_model[0]) /* which says that there is material */
		add(d, k->material_id);
	return 0;
}

static int choose(struct deletion *d, struct kh_error *err)
{
	const struct ops_materials *m = &d->standing.materials;
	const char *id = d->opts->key_material_id ? d->opts->key_material_id : d->standing.key.material_id;
	const struct ops_material *one = standing_find(&d->standing, id);

	if (strcmp(d->standing.key.origin, "EXTERNAL") != 0) {
		kh_fail(err, KH_E_CHECK, 0, "%s has no imported material: Origin %s", d->target.arn, d->standing.key.origin);
		return kh_hint(err, "'aws kms schedule-key-deletion' deletes a key that KMS made");
	}
	if (!d->standing.listed)
		return choose_blind(d, err);
	if (!one && d->opts->key_material_id) {
		kh_fail(err, KH_E_INPUT, 0, "%s has no material %s", d->target.arn, id);
		return kh_hint(err, "'keyhaul-kms status --key-id %s' lists them", d->target.arn);
	}
	/* the current one last: until then the key can still be used */
	for (size_t i = 0; d->opts->all && i < m->n; i++)
		if (m->v[i].imported && strcmp(m->v[i].state, "CURRENT") != 0)
			add(d, m->v[i].id);
	for (size_t i = 0; d->opts->all && i < m->n; i++)
		if (m->v[i].imported && strcmp(m->v[i].state, "CURRENT") == 0)
			add(d, m->v[i].id);
	if (!d->opts->all && one && one->imported)
		add(d, one->id);
	return 0;
}

static bool is_pending(const struct deletion *d, const char *id)
{
	const struct ops_material *m = standing_find(&d->standing, id);

	return m && strncmp(m->state, "PENDING_", 8) == 0;
}

/* What stops working until the same material is there again. */
static const char *loss(const struct ops_key *k)
{
	if (strcmp(k->key_usage, "SIGN_VERIFY") == 0)
		return "It cannot sign or verify";
	if (strcmp(k->key_usage, "GENERATE_VERIFY_MAC") == 0)
		return "It cannot make or verify MACs";
	if (strcmp(k->key_usage, "KEY_AGREEMENT") == 0)
		return "It cannot derive shared secrets";
	return "What it encrypted cannot be opened";
}

/* The key id has to be typed: what the key encrypted cannot be opened until the same material is there again. */
static int confirm(const struct deletion *d, struct kh_error *err)
{
	char prompt[1024];
	struct arn arn;
	int n;

	if (d->opts->yes)
		return 0;
	if (arn_parse_key(d->target.arn, &arn, err))
		return -1;
	n = d->ids[0][0] ? snprintf(prompt, sizeof(prompt), "This deletes %zu key material%s of %s:\n", d->n, d->n == 1 ? "" : "s",
				    d->target.arn)
			 : snprintf(prompt, sizeof(prompt), "This deletes the key material of %s.\n", d->target.arn);
	for (size_t i = 0; i < d->n && i < 4 && d->ids[i][0]; i++)
		n += snprintf(prompt + n, sizeof(prompt) - (size_t)n, "  %s%s\n", d->ids[i],
			      is_pending(d, d->ids[i]) ? ", which waits for its rotation, in every Region" : "");
	(void)snprintf(prompt + n, sizeof(prompt) - (size_t)n,
		       "%s%s until the same material is imported again.\nType the key id (%s) to go on: ",
		       d->n > 4 ? "  and others\n" : "", loss(&d->standing.key), arn.key_id);
	if (!prompt_confirm(prompt, arn.key_id, err))
		return 0;
	return err->code == KH_E_USAGE ? kh_hint(err, "nothing was deleted; --yes goes on without asking") : -1;
}

/* Of a run that ends before its end; at its end the report tells it. */
static void tell_done(const struct deletion *d, size_t done)
{
	for (size_t i = 0; i < done; i++)
		log_progress("%s: deleted %s", d->target.arn, d->ids[i][0] ? d->ids[i] : "its material");
}

/* What is looked at until it is gone. */
struct going {
	struct deletion *d;
	const char *id;
};

/* Gone is what is not imported any more; of a key without a list, ExpirationModel goes with the material. */
static int is_gone(void *ctx, bool *done, struct kh_error *err)
{
	const struct going *g = ctx;
	struct standing *s = &g->d->standing;
	const struct ops_material *m;

	if (standing_read(&g->d->target.kms, g->d->target.arn, s, err))
		return -1;
	m = standing_find(s, g->id);
	*done = s->listed ? !m || !m->imported : !s->key.expiration_model[0] || strcmp(s->key.material_id, g->id) != 0;
	return 0;
}

static int delete_one(struct deletion *d, const char *id, struct kh_error *err)
{
	struct going going = {d, id};
	struct kh_error why = {0};
	bool gone = false;
	int rc = ops_delete(&d->target.kms, d->target.arn, id, err);

	/* an answer that got lost, and what another try found gone: reading tells */
	if (rc && err->code != KH_E_AGAIN && !kms_is_error(err, "NotFoundException"))
		return -1;
	if (wait_until(&d->target.kms, rc ? 0 : d->opts->wait_timeout, is_gone, &going, &gone, rc ? &why : err))
		return -1;
	if (gone)
		return 0;
	if (!rc) {
		kh_fail(err, KH_E_AGAIN, 0, "%s: accepted, not yet visible", d->target.arn);
		kh_hint(err, "run this again in a while: what is gone is not deleted twice");
	}
	return -1;
}

static int report(struct cmd *c, const struct deletion *d, struct kh_error *err)
{
	const struct ops_key *k = &d->standing.key;
	char state[TEXT_SHOWN(OPS_NAME_MAX)];
	json_t *ids = json_array();

	for (size_t i = 0; i < d->n; i++) {
		if (json_array_append_new(ids, json_string(d->ids[i]))) {
			json_decref(ids);
			ids = NULL; /* result_add's failure, where they are asked for */
		}
		if (cmd_printf(c, err, d->ids[i][0] ? "%s: deleted key material id\n    %s\n" : "%s: deleted its material%s\n",
			       d->target.arn, d->ids[i])) {
			json_decref(ids);
			return -1;
		}
	}
	if (cmd_printf(c, err, "%s%s its KeyState is %s\n", d->n ? " " : d->target.arn,
		       d->n ? "" : ": nothing to delete, the material is not there;",
		       text_shown(k->state, state, sizeof(state)))) {
		json_decref(ids);
		return -1;
	}
	return result_add(c,
			  json_pack("{s:s,s:b,s:s,s:o,s:s}", "item", d->target.arn, "ok", 1, "kms_key_arn", d->target.arn,
				    "deleted", ids, "key_state", k->state),
			  err);
}

static int run_delete(struct cmd *c, struct kh_error *err)
{
	struct deletion d = {.opts = c->opts};
	int rc = -1;

	if (check_options(d.opts, err) || session_open(&d.opts->aws, &d.session, err) ||
	    target_key(&d.session, d.opts->key_id, &d.target, err) ||
	    standing_read(&d.target.kms, d.target.arn, &d.standing, err) || choose(&d, err) ||
	    (d.n && confirm(&d, err)))
		goto out;
	for (size_t i = 0; i < d.n; i++) {
		if (i && cmd_interrupted()) {
			kh_fail(err, KH_E_INTERRUPTED, 0, "interrupted: %zu of %zu materials are deleted", i, d.n);
			tell_done(&d, i);
			goto out;
		}
		if (delete_one(&d, d.ids[i], err)) {
			tell_done(&d, i);
			goto out;
		}
	}
	rc = report(c, &d, err);
out:
	session_close(&d.session);
	return rc;
}

static const struct opt_group groups[] = {
	OPT_GROUP("What is deleted", delete_rows, 0),
	OPT_GROUP("AWS", session_rows, offsetof(struct delete_opts, aws)),
	OPT_GROUPS_END,
};

const struct cmd_row cmd_delete = {
	.verb = "delete",
	.operands = "",
	.needs = "--key-id ID",
	.summary = "deletes imported key material; the KMS key stays, and takes the same material again",
	.groups = groups,
	.opts_size = sizeof(struct delete_opts),
	.run = run_delete,
};
