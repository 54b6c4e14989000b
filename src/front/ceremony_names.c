/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ceremony_names.h"

#include "base/buf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 1024

#define URI_MAX_BYTES 1024 /* a plan's is no longer */
#define TOKEN_LABEL 32	   /* CK_TOKEN_INFO, PKCS#11 v3.1 section 3.2 */

/* HEAD and the text with all but RFC 3986's unreserved characters as %XX. */
static int add_encoded(const char *head, const char *text, struct buf *out, struct kh_error *err)
{
	if (buf_addf(out, "%s", err, head))
		return -1;
	for (; *text; text++) {
		const bool plain = isalnum((unsigned char)*text) || strchr("-._~", *text);

		if (buf_addf(out, plain ? "%c" : "%%%02X", err, (unsigned char)*text))
			return -1;
	}
	return 0;
}

static int take_text(struct buf *b, char **out, struct kh_error *err)
{
	*out = strdup(buf_text(b));
	buf_free(b);
	return *out ? 0 : kh_fail_memory(err);
}

static int add_token(struct ceremony *c, const char *serial, size_t *out, struct kh_error *err)
{
	struct ceremony_token *tokens, *t;
	struct buf uri = BUF_INIT(NAME_MAX_BYTES);

	for (*out = 0; *out < c->n_tokens; ++*out)
		if (strcmp(c->tokens[*out].rule->serial, serial) == 0)
			return 0;
	tokens = realloc(c->tokens, (c->n_tokens + 1) * sizeof(*tokens));
	if (!tokens)
		return kh_fail_memory(err);
	c->tokens = tokens;
	t = &tokens[c->n_tokens];
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < c->policy->n_tokens; i++)
		if (strcmp(c->policy->tokens[i].serial, serial) == 0)
			t->rule = &c->policy->tokens[i];
	c->n_tokens++;
	if (add_encoded("pkcs11:serial=", serial, &uri, err)) {
		buf_free(&uri);
		return -1;
	}
	return take_text(&uri, &t->uri, err);
}

/* The policy asks for the key's id, and says which token it is on. */
static int find_token(struct ceremony *c, const struct plan_key *k, const struct plan_material *m, size_t *out, struct kh_error *err)
{
	char serial[POLICY_SERIAL_MAX], id[URI_MAX_BYTES];
	const struct yamldoc_node *uri = yamldoc_get(m->at, "key_uri");

	if (bundle_uri_value(m->key_uri, "id", id, sizeof(id)) == 0) {
		yamldoc_fail(uri, err, "a key_uri of '%s' has no 'id=', by which a policy's approvers see the key", k->name);
		return kh_hint(err, "keys are made before the day; of the URI that 'keyhaul keys' prints, id= and object= stand here");
	}
	if (policy_token_serial(c->policy, m->key_uri, serial))
		return add_token(c, serial, out, err);
	yamldoc_fail(uri, err, "of the %zu tokens of %s not exactly one can have this key", c->policy->n_tokens, c->policy->path);
	return kh_hint(err, "'token=LABEL' in the URI, and 'label: LABEL' of the one token in the policy");
}

static int check_key(const struct plan_key *k, struct kh_error *err)
{
	if (!k->region[0]) {
		yamldoc_fail(k->at, err, "the key '%s' has no 'region', and its bundle's name would be the host's to say", k->name);
		return kh_hint(err, "write 'region: REGION' into the plan: the steps are made of it and of the policy alone");
	}
	for (size_t i = 0; k->create.at && i < k->n_materials; i++) {
		const struct plan_material *m = &k->materials[i];

		if (!m->key_material_id)
			continue;
		yamldoc_fail(yamldoc_get(m->at, "key_material_id"), err, "'%s' is made on the day, and can have no material of before", k->name);
		return kh_hint(err, "leave 'key_material_id' out, or name the key that has this material by 'key_id' in place of 'create'");
	}
	return 0;
}

static int add_bundle(struct ceremony *c, const struct plan_key *k, size_t material, size_t replica, struct kh_error *err)
{
	struct ceremony_bundle *bundles, *b;
	char name[PLAN_BUNDLE_MAX];
	size_t token = 0;

	if (find_token(c, k, &k->materials[material], &token, err))
		return -1;
	bundles = realloc(c->bundles, (c->n_bundles + 1) * sizeof(*bundles));
	if (!bundles)
		return kh_fail_memory(err);
	c->bundles = bundles;
	b = &bundles[c->n_bundles];
	plan_bundle_name(k, material, replica ? k->create.replicas[replica - 1].region : k->region, name);
	*b = (struct ceremony_bundle){.name = strdup(name), .key = k, .material = material, .replica = replica, .token = token};
	if (!b->name)
		return kh_fail_memory(err);
	c->n_bundles++;
	return 0;
}

static int take_bundles(struct ceremony *c, struct kh_error *err)
{
	for (size_t i = 0; i < plan_count(c->plan); i++) {
		const struct plan_key *k = plan_key(c->plan, i);

		if (check_key(k, err))
			return -1;
		for (size_t r = 0; r <= k->create.n_replicas; r++)
			for (size_t m = 0; m < k->n_materials; m++)
				if (add_bundle(c, k, m, r, err))
					return -1;
	}
	(void)snprintf(c->count, sizeof(c->count), "%zu bundle%s", c->n_bundles, c->n_bundles == 1 ? "" : "s");
	for (size_t i = 0; i < c->n_tokens; i++) {
		struct buf of = BUF_INIT(NAME_MAX_BYTES);

		if ((c->n_tokens > 1 && buf_addf(&of, ", %s", err, c->tokens[i].rule->serial)) || take_text(&of, &c->tokens[i].of, err))
			return -1;
	}
	return 0;
}

/* Two people must not share a file or a token. */
static int check_alone(const struct ceremony *c, const struct ceremony_person *p, struct kh_error *err)
{
	for (const struct ceremony_person *other = c->people; other < p; other++) {
		const bool file = strcasecmp(other->cert, p->cert) == 0;

		if (file || (p->token && strcmp(other->token, p->token) == 0))
			return kh_fail(err, KH_E_USAGE, 0, "%s: '%s' and '%s' would have the same %s %s", c->policy->path,
				       other->who->name, p->who->name, file ? "file" : "token", file ? p->cert : p->token);
	}
	return 0;
}

static int take_names(struct ceremony_person *p, const struct policy_person *who, bool approves, struct kh_error *err)
{
	char file[POLICY_NAME_MAX + 8];
	size_t n = strlen(who->name) < TOKEN_LABEL ? strlen(who->name) : TOKEN_LABEL;

	p->who = who;
	(void)snprintf(file, sizeof(file), "%s.crt", who->name);
	for (char *at = file; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("-._", *at))
			*at = '-';
	if (file[0] == '-' || file[0] == '.')
		file[0] = '_';
	p->cert = strdup(file);
	while (n > 1 && who->name[n - 1] == ' ')
		n--; /* labels are padded with them */
	p->token = approves ? strndup(who->name, n) : NULL;
	return p->cert && (p->token || !approves) ? 0 : kh_fail_memory(err);
}

static int take_person(struct ceremony *c, const struct policy_person *who, bool approves, struct kh_error *err)
{
	struct ceremony_person *p = &c->people[c->n_people];
	struct buf uri = BUF_INIT(NAME_MAX_BYTES);

	c->n_people++;
	if (take_names(p, who, approves, err) || check_alone(c, p, err))
		return -1;
	if ((approves ? add_encoded("pkcs11:token=", p->token, &uri, err) : buf_addf(&uri, "%s", err, c->tokens[0].uri)) ||
	    add_encoded(";object=", who->name, &uri, err)) {
		buf_free(&uri);
		return -1;
	}
	return take_text(&uri, &p->signer, err);
}

int ceremony_names(struct ceremony *c, struct kh_error *err)
{
	const struct policy *p = c->policy;

	if (p->n_tokens == 0) {
		kh_fail(err, KH_E_USAGE, 0, "%s names no token", p->path);
		return kh_hint(err, "the steps name the token by its serial: 'tokens: [{serial: \"...\"}]' in the policy");
	}
	if (take_bundles(c, err))
		return kh_context(err, "%s", c->plan_path);
	c->people = calloc((size_t)p->threshold + 1, sizeof(*c->people));
	if (!c->people)
		return kh_fail_memory(err);
	for (; c->n_approvers < p->threshold; c->n_approvers++)
		if (take_person(c, &p->approvers.v[c->n_approvers], true, err))
			return -1;
	return p->material_signers.n ? take_person(c, &p->material_signers.v[0], false, err) : 0;
}

void ceremony_names_clear(struct ceremony *c)
{
	for (size_t i = 0; i < c->n_bundles; i++)
		free(c->bundles[i].name);
	for (size_t i = 0; i < c->n_tokens; i++) {
		free(c->tokens[i].uri);
		free(c->tokens[i].of);
	}
	for (size_t i = 0; i < c->n_people; i++) {
		free(c->people[i].token);
		free(c->people[i].signer);
		free(c->people[i].cert);
	}
	free(c->bundles);
	free(c->tokens);
	free(c->people);
}
