/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "bundle/result.h"
#include "commands.h"
#include "describe.h"
#include "keys_table.h"
#include "session.h"
#include "trusted_list.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

struct keys_opts {
	const char *token;
	struct token_opts token_opts;
};

static const struct opt_row rows[] = {
	{.name = "token", .kind = OPT_URI, .offset = offsetof(struct keys_opts, token), .arg = "URI",
	 .text = "the token; object=, id= and type= show only the keys that fit"},
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	TOKEN_OPT_GROUP(offsetof(struct keys_opts, token_opts)),
	OPT_GROUPS_END,
};

struct listing {
	struct cmd *c;
	size_t n;
	struct keys_table table;
	struct trust_key *trusted;
	size_t n_trusted;
};

/* Whose private halves open the key. */
static json_t *describe(const struct listing *l, const struct token *t, const struct key *k)
{
	json_t *out = describe_key(t, k);

	if (out && k->wrap_with_trusted == BUNDLE_TRUE &&
	    json_object_set_new(out, "trusted_keys", trusted_list_json_all(l->trusted, l->n_trusted))) {
		json_decref(out);
		out = NULL;
	}
	return out;
}

static int take(const struct token *t, const struct key *k, void *arg, struct kh_error *err)
{
	struct listing *l = arg;

	l->n++;
	return l->c->common.json ? result_add(l->c, describe(l, t, k), err) : keys_table_add(&l->table, t, k, err);
}

static int show(struct listing *l, struct kh_error *err)
{
	if (l->c->common.json)
		return 0;
	return keys_table_show(l->c, &l->table, err) ? -1 : trusted_list_show(l->c, l->trusted, l->n_trusted, err);
}

/* A token that knows no CKA_TRUSTED: it cannot be asked, and its keys are listed all the same. */
static bool knows_no_trust(CK_RV rv)
{
	return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID || rv == CKR_TEMPLATE_INCONSISTENT;
}

static int find_trusted(struct listing *l, const struct token *t, struct kh_error *err)
{
	if (!trust_find(t, NULL, &l->trusted, &l->n_trusted, err))
		return 0;
	if (err->code != KH_E_TOKEN || !knows_no_trust(err->native))
		return -1;
	log_warning("%s", err->msg);
	return 0;
}

/* A token without keys is one thing, a name that none of them has another. */
static int tell_none(struct cmd *c, const struct key_query *q, struct kh_error *err)
{
	if (!q->label && !q->id && !q->has_class)
		return cmd_printf(c, err, "no secret or private keys\n");
	kh_fail(err, KH_E_INPUT, 0, "no key of the token has the object=, id= or type= that --token says");
	return kh_hint(err, "leave them out to see all of its keys");
}

static int run(struct cmd *c, struct kh_error *err)
{
	const struct keys_opts *o = c->opts;
	struct listing l = {.c = c};
	struct key_query query;
	struct session s;
	int rc = -1;

	if (!o->token)
		return kh_fail(err, KH_E_USAGE, 0, "--token is missing");
	if (session_open(o->token, &o->token_opts, false, &s, err) || key_query_from_uri(s.uri, &query, err) ||
	    find_trusted(&l, &s.token, err) || key_each(&s.token, &query, take, &l, err))
		goto out;
	if (o->token_opts.no_login && s.token.info.flags & CKF_LOGIN_REQUIRED)
		log_warning("nobody is logged in: private keys are not shown");
	rc = l.n ? show(&l, err) : tell_none(c, &query, err);
out:
	keys_table_free(&l.table);
	free(l.trusted);
	session_close(&s);
	return rc;
}

const struct cmd_row cmd_keys = {
	.verb = "keys",
	.operands = "",
	.needs = "--token URI",
	.summary = "list the keys on a token and whether each can be hauled",
	.groups = groups,
	.opts_size = sizeof(struct keys_opts),
	.run = run,
};
