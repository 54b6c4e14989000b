/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "ceremony_names.h"

#include "base/buf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 1024

/* The value of an attribute in the path of a PKCS#11 URI that was checked, percent-encoded as it stands; NULL: not there. */
static const char *attribute(const char *uri, const char *name, size_t *len)
{
	const size_t n = strlen(name);

	for (const char *at = strchr(uri, ':'); at && *at && *at != '?'; at = strpbrk(at, ";?")) {
		at++;
		if (strncmp(at, name, n) == 0 && at[n] == '=') {
			*len = strcspn(at + n + 1, ";?");
			return at + n + 1;
		}
	}
	return NULL;
}

static int label_of(const struct plan_key *k, char **out, struct kh_error *err)
{
	size_t len = 0, id = 0, n = 0;
	const char *uri = k->materials[0].key_uri ? k->materials[0].key_uri : "", *at = attribute(uri, "object", &len);
	char *label;

	if (!at || len == 0 || !attribute(uri, "id", &id) || id == 0) {
		yamldoc_fail(k->at, err, "the key '%s' has no key_uri with 'object=' and 'id='", k->name);
		return kh_hint(err, "keys are made before the day; their URIs are as 'keyhaul keys' prints them");
	}
	label = calloc(1, len + 1);
	if (!label)
		return kh_fail_memory(err);
	for (size_t i = 0; i < len; i++) {
		char hex[3] = {at[i], '\0', '\0'};

		if (at[i] == '%' && i + 2 < len) {
			memcpy(hex, at + i + 1, 2);
			hex[0] = (char)strtoul(hex, NULL, 16);
			i += 2;
		}
		label[n++] = hex[0];
	}
	*out = label;
	return 0;
}

static int check_key(const struct plan_key *k, struct kh_error *err)
{
	const char *why = k->n_materials != 1	 ? "several materials: they are imported on as many days"
			  : k->create.n_replicas ? "replicas: they are imported once the first Region has its material"
			  : !k->region[0]	 ? "no region: its bundle's name is not known"
			  : !k->key_spec	 ? "no key_spec"
						 : NULL;

	if (!why)
		return 0;
	yamldoc_fail(k->at, err, "the key '%s' has %s", k->name, why);
	return kh_hint(err, "a step sheet is for keys of one Region and one material: a plan of its own for the rest");
}

static int take_keys(struct ceremony *c, struct kh_error *err)
{
	const size_t n = plan_count(c->plan);

	c->bundles = calloc(n + 1, sizeof(*c->bundles));
	c->labels = calloc(n + 1, sizeof(*c->labels));
	if (!c->bundles || !c->labels)
		return kh_fail_memory(err);
	for (; c->n_keys < n; c->n_keys++) {
		const struct plan_key *k = plan_key(c->plan, c->n_keys);
		char name[PLAN_BUNDLE_MAX];

		if (check_key(k, err) || label_of(k, &c->labels[c->n_keys], err))
			return -1;
		plan_bundle_name(k, 0, k->region, name);
		c->bundles[c->n_keys] = strdup(name);
		if (!c->bundles[c->n_keys])
			return kh_fail_memory(err);
	}
	return 0;
}

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

static int take_token(struct ceremony *c, struct kh_error *err)
{
	struct buf uri = BUF_INIT(NAME_MAX_BYTES);
	char serial[POLICY_SERIAL_MAX];

	if (!policy_token_serial(c->policy, "pkcs11:", serial)) {
		kh_fail(err, KH_E_USAGE, 0, "%s does not name exactly one token", c->policy->path);
		return kh_hint(err, "the steps name the token by its serial: 'tokens: [{serial: \"...\"}]' in the policy");
	}
	if (add_encoded("pkcs11:serial=", serial, &uri, err)) {
		buf_free(&uri);
		return -1;
	}
	return take_text(&uri, &c->token, err);
}

/* What the person's token and files are called; two people must not share them. */
static int take_person(struct ceremony *c, const struct policy_person *who, bool approves, struct kh_error *err)
{
	struct ceremony_person *p = &c->people[c->n_people];
	struct buf uri = BUF_INIT(NAME_MAX_BYTES);
	char file[POLICY_NAME_MAX + 8];

	c->n_people++;
	p->who = who;
	(void)snprintf(file, sizeof(file), "%s.crt", who->name);
	for (char *at = file; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("-._", *at))
			*at = '-';
	if (file[0] == '-' || file[0] == '.')
		file[0] = '_';
	for (size_t i = 0; i + 1 < c->n_people; i++)
		if (strcmp(c->people[i].cert, file) == 0)
			return kh_fail(err, KH_E_USAGE, 0, "%s: '%s' and '%s' would have the same file %s", c->policy->path,
				       c->people[i].who->name, who->name, file);
	p->cert = strdup(file);
	if (!p->cert)
		return kh_fail_memory(err);
	if ((approves ? add_encoded("pkcs11:token=", who->name, &uri, err) : buf_addf(&uri, "%s", err, c->token)) ||
	    add_encoded(";object=", who->name, &uri, err)) {
		buf_free(&uri);
		return -1;
	}
	return take_text(&uri, &p->signer, err);
}

int ceremony_names(struct ceremony *c, struct kh_error *err)
{
	const struct policy *p = c->policy;

	if (take_token(c, err) || take_keys(c, err))
		return -1;
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
	for (size_t i = 0; c->bundles && c->labels && i <= c->n_keys; i++) {
		free(c->bundles[i]);
		free(c->labels[i]);
	}
	for (size_t i = 0; i < c->n_people; i++) {
		free(c->people[i].signer);
		free(c->people[i].cert);
	}
	free((void *)c->bundles);
	free((void *)c->labels);
	free(c->people);
	free(c->token);
}
