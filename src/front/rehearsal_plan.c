/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "rehearsal.h"

#include "aws/arn.h"
#include "base/file.h"
#include "base/log.h"
#include "bundle/bundle.h"
#include "derive.h"
#include "document.h"
#include "step.h"
#include "yaml/yamlfield.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define URI_BYTES 1024 /* a plan's is no longer */

/* A change's text, which it points to until the file is made. */
struct texts {
	char **v;
	size_t n;
};

static const struct {
	const char *name, *rehearsed;
} algorithms[] = {
	{"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"},
	{"RSA_AES_KEY_WRAP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1"},
};

const char *rehearsal_algorithm(const char *name)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return algorithms[i].rehearsed;
	return NULL;
}

/* Takes the text over, also where it fails. */
static int keep(struct texts *x, char *text, struct kh_error *err)
{
	char **v = text ? realloc((void *)x->v, (x->n + 1) * sizeof(*v)) : NULL;

	if (!v) {
		free(text);
		return kh_fail_memory(err);
	}
	x->v = v;
	v[x->n++] = text;
	return 0;
}

static enum keyspec spec_of(const struct plan_key *k)
{
	return k->key_spec ? k->key_spec : KEYSPEC_SYMMETRIC_DEFAULT; /* as keyhaul-sim takes it */
}

/* The day's URI with another id, and the throwaway token's label where it has one. */
static int other_uri(const char *day, const char *made, const char *token, char **out, struct kh_error *err)
{
	const char *id = strstr(made, "id=");
	struct buf b = BUF_INIT(4 * URI_BYTES);
	int rc = buf_addf(&b, "pkcs11:", err);

	while (id && id[-1] != ':' && id[-1] != ';')
		id = strstr(id + 1, "id=");
	for (const char *at = day + strlen("pkcs11:"); !rc && *at; at += strcspn(at, ";"), at += *at == ';') {
		const char *between = b.len > strlen("pkcs11:") ? ";" : "";

		if (strncmp(at, "token=", 6) == 0)
			rc = buf_addf(&b, "%stoken=%s", err, between, token);
		else if (strncmp(at, "id=", 3) == 0 && id)
			rc = buf_addf(&b, "%s%.*s", err, between, (int)strcspn(id, ";?"), id);
		else
			rc = buf_addf(&b, "%s%.*s", err, between, (int)strcspn(at, ";"), at);
	}
	*out = rc ? NULL : strdup(buf_text(&b));
	buf_free(&b);
	return rc || *out ? rc : kh_fail_memory(err);
}

/* The label that the URI says; else one that tells the key from the others. */
static void label_of(const struct ceremony_bundle *b, char out[URI_BYTES])
{
	if (bundle_uri_value(b->key->materials[b->material].key_uri, "object", out, URI_BYTES) == 0)
		(void)snprintf(out, URI_BYTES, "%s.%zu", b->key->name, b->material + 1);
}

/* Makes the key in the throwaway token, in no transcript; `*out` is the caller's. */
static int make_key(const struct ceremony_bundle *b, const struct throwaway *t, char **out, struct kh_error *err)
{
	const struct plan_material *m = &b->key->materials[b->material];
	const struct throwaway_token *on = &t->tokens[b->token];
	char token[64], label[URI_BYTES];
	const char *const words[] = {"keyhaul", "generate", "--json", "--token", token, "--pin-file", t->pin_file, "--label",
				     label, "--key-spec", keyspec_name(spec_of(b->key)), NULL};
	struct kh_error why;
	const char *uri = NULL;
	json_t *doc = NULL;
	struct step s;
	int rc = -1;

	label_of(b, label);
	(void)snprintf(token, sizeof(token), "pkcs11:serial=%.48s", on->serial);
	step_begin(&s, "keyhaul", "generate");
	s.whole = words;
	if (unsetenv("KEYHAUL_TRANSCRIPT") || step_run(&s, err) || document_read(&s, &doc, err))
		goto out;
	uri = json_string_value(json_object_get(json_array_get(json_object_get(doc, "results"), 0), "uri"));
	if (s.status || !uri) {
		enum kh_code code = s.status ? step_code(s.status) : KH_E_SYSTEM;

		kh_fail(err, code, 0, "%sno key '%.200s' in the throwaway token", code == KH_E_INTERRUPTED ? "interrupted: " : "", label);
		if (code != KH_E_INTERRUPTED && document_error(doc, &why))
			(void)kh_context(err, "%.300s", why.msg);
		goto out;
	}
	rc = other_uri(m->key_uri, uri, on->label, out, err);
out:
	json_decref(doc);
	step_end(&s);
	return rc;
}

/* The URI of one that the plan named before in the same words; NULL for none. */
static const char *made_before(const struct ceremony *day, size_t i, const struct texts *x)
{
	const char *uri = day->bundles[i].key->materials[day->bundles[i].material].key_uri;

	for (size_t k = 0; k < i; k++) {
		const struct ceremony_bundle *b = &day->bundles[k];

		if (b->token == day->bundles[i].token && spec_of(b->key) == spec_of(day->bundles[i].key) &&
		    strcmp(b->key->materials[b->material].key_uri, uri) == 0)
			return x->v[k];
	}
	return NULL;
}

/* One text for each bundle, so that they have the same numbers; a replica's key is its primary's. */
static int change_uris(struct derive *d, const struct ceremony *day, const struct throwaway *t, struct texts *x, struct kh_error *err)
{
	for (size_t i = 0; i < day->n_bundles; i++) {
		const struct ceremony_bundle *b = &day->bundles[i];
		const char *before = made_before(day, i, x);
		char *uri = before ? strdup(before) : NULL;

		if (!before && make_key(b, t, &uri, err))
			return -1;
		if (keep(x, uri, err))
			return -1;
		if (b->replica == 0 && derive_add(d, yamldoc_get(b->key->materials[b->material].at, "key_uri"), uri, err))
			return -1;
	}
	return 0;
}

static int change_account(struct derive *d, const struct plan_key *k, struct texts *x, struct kh_error *err)
{
	char *text = NULL;
	struct arn arn;

	if (!k->key_id || arn_kind_of(k->key_id) != ARN_KEY_ARN)
		return 0;
	if (arn_parse_key(k->key_id, &arn, err))
		return -1;
	if (asprintf(&text, "arn:%s:kms:%s:" ARN_REHEARSAL_ACCOUNT ":key/%s", arn.partition, arn.region, arn.key_id) < 0)
		return kh_fail_memory(err);
	return keep(x, text, err) ? -1 : derive_add(d, yamldoc_get(k->at, "key_id"), text, err);
}

/* SoftHSM has no OAEP but that with SHA-1: also where the plan leaves it to the best. */
static int change_algorithm(struct derive *d, const struct plan_key *k, struct texts *x, bool *other, struct kh_error *err)
{
	const char *to = rehearsal_algorithm(wrapalg_name(k->algorithm ? k->algorithm : wrapalg_best(spec_of(k))));
	char *text = NULL;

	if (!to)
		return 0;
	*other = true;
	if (k->algorithm)
		return derive_add(d, yamldoc_get(k->at, "wrapping_algorithm"), to, err);
	if (asprintf(&text, "wrapping_algorithm: %s", to) < 0)
		return kh_fail_memory(err);
	return keep(x, text, err) ? -1 : derive_member(d, k->at, text, err);
}

static int change_all(struct derive *d, const struct ceremony *day, const struct throwaway *t, struct texts *x, bool *other,
		      struct kh_error *err)
{
	if (change_uris(d, day, t, x, err))
		return -1;
	for (size_t i = 0; i < plan_count(day->plan); i++) {
		const struct plan_key *k = plan_key(day->plan, i);

		if (change_account(d, k, x, err) || change_algorithm(d, k, x, other, err))
			return -1;
		if (!k->key_spec)
			log_warning("the plan does not say the key_spec of '%s': it is rehearsed as %s", k->name, keyspec_name(spec_of(k)));
	}
	return 0;
}

int rehearsal_plan(const struct ceremony *day, const struct throwaway *t, const struct buf *text, struct buf *out, bool *other,
		   struct kh_error *err)
{
	struct texts x = {.n = 0};
	struct derive d = {.n = 0};
	int rc = -1;

	*other = false;
	if (change_all(&d, day, t, &x, other, err))
		goto out;
	rc = derive_text(&d, buf_text(text), text->len, out, err) ? kh_context(err, "%s", day->plan_path) : 0;
out:
	for (size_t i = 0; i < x.n; i++)
		free(x.v[i]);
	free((void *)x.v);
	derive_clear(&d);
	return rc;
}

static int copy_policy(const char *plan, const char *name, const char *host, struct kh_error *err)
{
	struct buf path = BUF_INIT(THROWAWAY_PATH), text = BUF_INIT(PLAN_MAX);
	char there[THROWAWAY_PATH + 64];
	int rc = -1;

	(void)snprintf(there, sizeof(there), "%s/%s", host, name);
	if (access(there, F_OK) == 0)
		return 0;
	if (!yamlfield_beside(plan, name, &path, err) && !file_read(buf_text(&path), &text, err))
		rc = throwaway_write(host, name, &text, err);
	buf_free(&path);
	buf_free(&text);
	return rc;
}

int rehearsal_key_policies(const struct ceremony *day, const char *plan, const char *host, struct kh_error *err)
{
	for (size_t i = 0; i < plan_count(day->plan); i++) {
		const struct plan_create *c = &plan_key(day->plan, i)->create;

		if (c->policy && copy_policy(plan, c->policy, host, err))
			return -1;
		for (size_t r = 0; r < c->n_replicas; r++)
			if (c->replicas[r].policy && copy_policy(plan, c->replicas[r].policy, host, err))
				return -1;
	}
	return 0;
}
